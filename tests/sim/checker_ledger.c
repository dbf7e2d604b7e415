/*
 * checker_ledger - the ledger holds what was decided, all of it, once.
 *
 * From the decisions in the streams it works out what the rows must be, without the plan and the store
 * of the fulfiller, and compares.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "fulfiller/owners.h"
#include "tests/sim/accounts.h"
#include "tests/sim/broker.h"
#include "tests/sim/checker.h"
#include "tests/sim/fulfiller_node.h"
#include "tests/sim/ledger.h"
#include "tests/sim/node.h"
#include "tests/sim/stage.h"

#define ROWS_MAX 16384u

/* What the decisions of one campaign make. */
struct expected {
	const struct stage_campaign *campaign;
	size_t bookings_count; /* booking number i + 1 is at i */
	struct ledger_booking bookings[ROWS_MAX];
	size_t changes_count;
	struct ledger_change changes[ROWS_MAX];
	struct decision last;
};

/* ---- what there must be ------------------------------------------------------------------------ */

static struct ledger_booking *booking_of(struct expected *expected, uint32_t number) {
	return number >= 1 && number <= expected->bookings_count ? &expected->bookings[number - 1]
								 : NULL;
}

static void expect_booking(struct expected *expected, const struct decision *decision,
	const struct answer *answer, enum booking_status status) {
	if (answer->number != expected->bookings_count + 1 ||
		expected->bookings_count == ROWS_MAX) {
		violation(ZERO_DIVERGED,
			"%s: decision %" PRIu64 " makes booking %" PRIu32 ", not %zu",
			expected->campaign->id, decision->n, answer->number,
			expected->bookings_count + 1);
		return;
	}
	expected->bookings[expected->bookings_count++] = (struct ledger_booking){
		.campaign = expected->campaign->ordinal,
		.number = answer->number,
		.account = answer->account,
		.status = status,
		.units = answer->units,
		.place = answer->place,
		.decision_n = decision->n,
		.booked_at_us = answer->time_ms * 1000,
		.pay_by_us = status == BOOKING_HELD ? answer->pay_by_ms * 1000 : 0,
		.rank = status == BOOKING_WAITING ? answer->rank : 0,
	};
}

/* A payment that has to go back changes a booking only if its hold had been released. */
static void expect_change(struct expected *expected, const struct decision *decision,
	const struct ledger_change *change) {
	struct ledger_booking *booking = booking_of(expected, change->number);
	if (booking == NULL) {
		violation(ZERO_DIVERGED,
			"%s: decision %" PRIu64 " changes booking %" PRIu32 ", which nobody made",
			expected->campaign->id, decision->n, change->number);
		return;
	}
	if (change->status == BOOKING_REFUND_DUE && booking->status != BOOKING_RELEASED) {
		return;
	}
	booking->status = change->status;
	booking->pay_by_us = change->pay_by_us != 0 ? change->pay_by_us : booking->pay_by_us;
	if (expected->changes_count < ROWS_MAX) {
		expected->changes[expected->changes_count++] = *change;
	}
}

static void expect_effect(struct expected *expected, const struct decision *decision,
	const struct effect *effect, uint32_t *position) {
	struct ledger_change change = {
		.campaign = expected->campaign->ordinal,
		.decision_n = decision->n,
		.position = (*position)++,
		.number = effect->number,
		.status = effect->kind == EFFECT_RELEASED          ? BOOKING_RELEASED
			  : effect->kind == EFFECT_PROMOTED_BOOKED ? BOOKING_BOOKED
								   : BOOKING_HELD,
		.cause = (int)effect->kind,
		.pay_by_us = effect->pay_by_ms * 1000,
		.changed_at_us = decision->time_ms * 1000,
	};
	expect_change(expected, decision, &change);
}

static void expect_answer(struct expected *expected, const struct decision *decision,
	const struct answer *answer, uint32_t *position) {
	static const enum booking_status made[] = {
		[VERDICT_BOOKED] = BOOKING_BOOKED,
		[VERDICT_HELD] = BOOKING_HELD,
		[VERDICT_WAITLISTED] = BOOKING_WAITING,
	};
	static const enum booking_status changed[] = {
		[VERDICT_CANCELLED] = BOOKING_CANCELLED,
		[VERDICT_PAID] = BOOKING_BOOKED,
		[VERDICT_REFUND_DUE] = BOOKING_REFUND_DUE,
	};
	size_t verdict = (size_t)answer->verdict;
	if (answer->repeated) {
		return;
	}
	if (verdict < sizeof made / sizeof *made && made[verdict] != 0) {
		expect_booking(expected, decision, answer, made[verdict]);
	} else if (verdict < sizeof changed / sizeof *changed && changed[verdict] != 0) {
		struct ledger_change change = {
			.campaign = expected->campaign->ordinal,
			.decision_n = decision->n,
			.position = (*position)++,
			.number = answer->number,
			.status = changed[verdict],
			.cause = (int)verdict,
			.changed_at_us = decision->time_ms * 1000,
		};
		expect_change(expected, decision, &change);
	}
}

static void expect_decision(struct expected *expected, const struct decision *decision) {
	uint32_t position = 0;
	for (uint32_t i = 0; i < decision->effects_before; i++) {
		expect_effect(expected, decision, &decision->effects[i], &position);
	}
	for (uint32_t i = 0; i < decision->count; i++) {
		expect_answer(expected, decision, &decision->answers[i], &position);
	}
	for (uint32_t i = decision->effects_before; i < decision->effects_count; i++) {
		expect_effect(expected, decision, &decision->effects[i], &position);
	}
}

static void read_decisions(struct expected *expected) {
	uint64_t count = broker_last(expected->campaign->decisions);
	for (uint64_t n = 1; n <= count; n++) {
		struct broker_message message = broker_message(expected->campaign->decisions, n);
		if (!decision_decode(&expected->last, message.data, message.size)) {
			violation(ZERO_DIVERGED, "%s: decision %" PRIu64 " cannot be read",
				expected->campaign->id, n);
			return;
		}
		expect_decision(expected, &expected->last);
	}
}

/* ---- what there is ----------------------------------------------------------------------------- */

static bool is_same_booking(const struct ledger_booking *a, const struct ledger_booking *b) {
	return a->number == b->number && a->status == b->status && a->units == b->units &&
	       a->place == b->place && a->decision_n == b->decision_n && a->rank == b->rank &&
	       a->booked_at_us == b->booked_at_us && a->pay_by_us == b->pay_by_us &&
	       memcmp(&a->account, &b->account, sizeof a->account) == 0;
}

static void check_bookings(const struct expected *expected) {
	const char *id = expected->campaign->id;
	size_t count = 0;
	for (size_t i = 0; i < ledger_count(LEDGER_BOOKINGS); i++) {
		const struct ledger_booking *row = ledger_row(LEDGER_BOOKINGS, i);
		count += row->campaign == expected->campaign->ordinal;
	}
	if (count != expected->bookings_count) {
		violation(ZERO_LOST, "%s: the ledger has %zu bookings, %zu were decided", id, count,
			expected->bookings_count);
	}
	for (size_t i = 0; i < expected->bookings_count; i++) {
		const struct ledger_booking *wanted = &expected->bookings[i];
		const struct ledger_booking *row = ledger_booking(wanted->campaign, wanted->number);
		if (row == NULL) {
			violation(ZERO_LOST, "%s: booking %" PRIu32 " is not in the ledger", id,
				wanted->number);
		} else if (!is_same_booking(row, wanted)) {
			violation(ZERO_DIVERGED,
				"%s: booking %" PRIu32 " is %s in the ledger, %s was decided", id,
				wanted->number, booking_status_name(row->status),
				booking_status_name(wanted->status));
		}
	}
}

/* A person's own list is read from these rows. */
static void check_owners(const struct expected *expected) {
	const char *id = expected->campaign->id;
	size_t count = 0;
	for (size_t i = 0; i < ledger_count(LEDGER_OWNERS); i++) {
		const struct ledger_owner *row = ledger_row(LEDGER_OWNERS, i);
		if (row->campaign != expected->campaign->ordinal) {
			continue;
		}
		count++;
		const struct ledger_booking *booking = ledger_booking(row->campaign, row->number);
		uint32_t first = (uint32_t)row->account.bytes[0];
		bool is_long = row->prefix >> OWNERS_FEW_BITS == 1;
		bool fits = (is_long ? row->prefix >> (OWNERS_FEW_BITS - 8) : row->prefix) ==
			    (int64_t)(256 + first);
		if (booking == NULL || !fits ||
			memcmp(&booking->account, &row->account, sizeof row->account) != 0) {
			violation(ZERO_DIVERGED, "%s: booking %" PRIu32 " has a wrong owner", id,
				row->number);
		}
	}
	if (count != expected->bookings_count) {
		violation(ZERO_LOST, "%s: the ledger has %zu owners of %zu bookings", id, count,
			expected->bookings_count);
	}
}

static bool is_same_change(const struct ledger_change *a, const struct ledger_change *b) {
	return !a->removed && a->campaign == b->campaign && a->decision_n == b->decision_n &&
	       a->position == b->position && a->number == b->number && a->status == b->status &&
	       a->cause == b->cause && a->pay_by_us == b->pay_by_us &&
	       a->changed_at_us == b->changed_at_us;
}

static size_t count_changes(const struct ledger_change *wanted) {
	size_t count = 0;
	for (size_t i = 0; i < ledger_count(LEDGER_CHANGES); i++) {
		count += is_same_change(ledger_row(LEDGER_CHANGES, i), wanted);
	}
	return count;
}

static void check_changes(const struct expected *expected) {
	const char *id = expected->campaign->id;
	size_t count = 0;
	for (size_t i = 0; i < ledger_count(LEDGER_CHANGES); i++) {
		const struct ledger_change *row = ledger_row(LEDGER_CHANGES, i);
		count += !row->removed && row->campaign == expected->campaign->ordinal;
	}
	if (count != expected->changes_count) {
		violation(ZERO_LOST, "%s: the ledger has %zu changes, %zu were decided", id, count,
			expected->changes_count);
	}
	for (size_t i = 0; i < expected->changes_count; i++) {
		const struct ledger_change *wanted = &expected->changes[i];
		if (count_changes(wanted) != 1) {
			violation(ZERO_LOST,
				"%s: the change of booking %" PRIu32 " by decision %" PRIu64
				" to %s is in the ledger %zu times",
				id, wanted->number, wanted->decision_n,
				booking_status_name(wanted->status), count_changes(wanted));
		}
	}
}

static void check_position(const struct expected *expected) {
	const struct stage_campaign *campaign = expected->campaign;
	const struct ledger_campaign *row = ledger_campaign(campaign->ordinal);
	const struct decision *last = &expected->last;
	if (row == NULL) {
		violation(ZERO_LOST, "%s: the ledger does not know it", campaign->id);
	} else if (row->decided_n != last->n) {
		violation(ZERO_STUCK, "%s: the ledger is at decision %" PRIu64 " of %" PRIu64,
			campaign->id, row->decided_n, last->n);
	} else if (memcmp(row->digest, last->digest, DIGEST_BYTES) != 0 ||
		   row->state != last->state ||
		   memcmp(&row->counters, &last->counters, sizeof row->counters) != 0) {
		violation(ZERO_DIVERGED,
			"%s: the ledger's digest, state or counts are not those of decision "
			"%" PRIu64,
			campaign->id, last->n);
	}
}

static void check_fulfillers(void) {
	const struct node *node;
	for (uint32_t i = 0; (node = node_at(i)) != NULL; i++) {
		const char *reason =
			node->kind == &fulfiller_node ? fulfiller_node_stopped(node) : NULL;
		if (reason != NULL) {
			violation(ZERO_STUCK, "%s has stopped a campaign: %s", node->name, reason);
		}
	}
}

/* Whether the line has a definition: without one there is nothing to write a position to. */
static bool is_defined(const struct stage_campaign *campaign) {
	static struct decision head; /* scratch */
	uint64_t last = campaign->ordinal == 0 ? 0 : broker_last(campaign->decisions);
	if (last == 0) {
		return false;
	}
	struct broker_message message = broker_message(campaign->decisions, last);
	return decision_decode_head(&head, message.data, message.size) && head.define_n > 0;
}

void checker_ledger(void) {
	check_fulfillers();
	for (uint32_t i = 0; i < stage_count(); i++) {
		const struct stage_campaign *campaign = stage_campaign(i);
		if (!is_defined(campaign)) {
			continue;
		}
		struct expected *expected = memory_new(sizeof *expected);
		expected->campaign = campaign;
		read_decisions(expected);
		check_position(expected);
		check_bookings(expected);
		check_owners(expected);
		check_changes(expected);
		free(expected);
	}
	if (accounts_left() > 0) {
		violation(ZERO_STUCK, "%zu proven contacts are not in the ledger", accounts_left());
	}
}

/* ---- is it over? ------------------------------------------------------------------------------- */

static bool is_looked_at(uint32_t ordinal, uint64_t n) {
	for (size_t i = 0; i < ledger_count(LEDGER_POSITIONS); i++) {
		const struct ledger_position *position = ledger_row(LEDGER_POSITIONS, i);
		if (position->campaign == ordinal) {
			return position->seen_n == n;
		}
	}
	return false;
}

bool checker_ledger_is_done(void) {
	for (uint32_t i = 0; i < stage_count(); i++) {
		const struct stage_campaign *campaign = stage_campaign(i);
		if (!is_defined(campaign)) {
			continue;
		}
		const struct ledger_campaign *row = ledger_campaign(campaign->ordinal);
		uint64_t last = broker_last(campaign->decisions);
		if (row == NULL || row->decided_n != last ||
			!is_looked_at(campaign->ordinal, last)) {
			return false;
		}
	}
	return accounts_left() == 0 && checker_notices_are_done();
}
