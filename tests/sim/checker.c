#include "tests/sim/checker.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/comparison.h"
#include "cli/referee.h"
#include "common/crypto.h"
#include "common/definition_json.h"
#include "common/pure/text.h"
#include "tests/sim/broker.h"
#include "tests/sim/counts.h"
#include "tests/sim/node.h"
#include "tests/sim/people.h"
#include "tests/sim/sequencer_node.h"
#include "tests/sim/stage.h"
#include "tests/sim/world.h"

/* More of them say nothing new. */
#define VIOLATIONS_SHOWN 10u

static const char *const zero_names[ZERO_COUNT] = {
	[ZERO_OVERSOLD] = "oversold",
	[ZERO_UNDERSOLD] = "undersold",
	[ZERO_OUT_OF_ORDER] = "out of order",
	[ZERO_LOST] = "acknowledged but lost",
	[ZERO_NOTIFIED_TWICE] = "notified twice",
	[ZERO_DIVERGED] = "diverged",
	[ZERO_STUCK] = "stuck",
};

static uint32_t violations_count;

/* Scratch: too large for a stack. */
static struct request request;
static struct decision decision;
static struct decision expected;

void checker_begin(void) {
	violations_count = 0;
}

uint32_t violations(void) {
	return violations_count;
}

void violation(enum zero zero, const char *format, ...) {
	if (++violations_count > VIOLATIONS_SHOWN) {
		return;
	}
	va_list arguments;
	va_start(arguments, format);
	printf("seed %" PRIu64 ": %s: ", world_seed(), zero_names[zero]);
	vprintf(format, arguments);
	putchar('\n');
	va_end(arguments);
}

static bool read_request(const struct stage_campaign *campaign, uint64_t n) {
	struct broker_message message = broker_message(campaign->requests, n);
	bool readable = request_decode(&request, message.data, message.size);
	request.n = n;
	request.time_ms = message.time_ns / 1000000;
	return readable;
}

static bool read_decision(const struct stage_campaign *campaign, uint64_t n) {
	struct broker_message message = broker_message(campaign->decisions, n);
	return decision_decode(&decision, message.data, message.size);
}

/* ---- done? ------------------------------------------------------------------------------------- */

static bool is_decided(const struct stage_campaign *campaign) {
	uint64_t last = broker_last(campaign->requests);
	struct decision *head = &decision;
	if (campaign->ordinal == 0 || last == 0 || broker_last(campaign->decisions) != last) {
		return false;
	}
	struct broker_message message = broker_message(campaign->decisions, last);
	if (!decision_decode_head(head, message.data, message.size)) {
		return true; /* for checker_run to say */
	}
	bool is_late = !campaign->definition.closes_by_command &&
		       campaign->definition.closes_at_ms * 1000 <= WORLD_EPOCH_US + world_now_us();
	return head->counters.held == 0 && (!is_late || head->state == CAMPAIGN_CLOSED);
}

/* Has followed everything to the end. */
static bool has_followed(const struct node *node, const struct stage_campaign *campaign) {
	const struct feed *feed = sequencer_node_feed(node, campaign->ordinal);
	return feed != NULL && feed_view(feed).verified == broker_last(campaign->requests);
}

bool checker_is_done(void) {
	if (!people_are_done() || !stage_is_done()) {
		return false;
	}
	for (uint32_t i = 0; i < stage_count(); i++) {
		const struct stage_campaign *campaign = stage_campaign(i);
		if (!is_decided(campaign)) {
			return false;
		}
		for (uint32_t j = 0; node_at(j) != NULL; j++) {
			const struct node *node = node_at(j);
			if (!node_is_running(node) ||
				(node->kind == &sequencer_node && !has_followed(node, campaign))) {
				return false;
			}
		}
	}
	return checker_ledger_is_done();
}

/* ---- progress ---------------------------------------------------------------------------------- */

static void check_position(const struct node *node, const struct stage_campaign *campaign) {
	const struct feed *feed = sequencer_node_feed(node, campaign->ordinal);
	if (!node_is_running(node) || feed == NULL) {
		violation(ZERO_STUCK, "%s does not follow %s", node->name, campaign->id);
		return;
	}
	struct feed_view view = feed_view(feed);
	if (view.verified != broker_last(campaign->requests) || view.n != view.verified) {
		violation(ZERO_STUCK,
			"%s is at request %" PRIu64 " and decision %" PRIu64 " of %s, which has "
			"%" PRIu64,
			node->name, view.n, view.verified, campaign->id,
			broker_last(campaign->requests));
	}
}

void checker_explain(void) {
	char who[96] = "";
	uint32_t waiting = people_waiting(who, sizeof who);
	if (waiting > 0) {
		violation(ZERO_STUCK, "%u wishes have no answer, as that of %s", waiting, who);
	}
	for (uint32_t i = 0; i < stage_count(); i++) {
		const struct stage_campaign *campaign = stage_campaign(i);
		for (uint32_t j = 0; node_at(j) != NULL; j++) {
			if (node_at(j)->kind == &sequencer_node) {
				check_position(node_at(j), campaign);
			}
		}
		if (broker_last(campaign->decisions) == broker_last(campaign->requests) &&
			!is_decided(campaign)) {
			violation(ZERO_STUCK,
				"%s still has holds, or is not closed, long after their time",
				campaign->id);
		}
	}
	if (violations() == 0) {
		violation(ZERO_STUCK, "the ledger, or the notices, or the admin and the cashier");
	}
}

static void check_sequencer(const struct node *node, const struct stage_campaign *campaign) {
	const struct feed *feed = sequencer_node_feed(node, campaign->ordinal);
	const char *stopped = feed == NULL ? NULL : feed_view(feed).stopped;
	if (stopped != NULL) {
		violation(ZERO_DIVERGED, "%s stopped %s at %" PRIu64 ": %s", node->name,
			campaign->id, feed_view(feed).n, stopped);
	}
}

/* ---- a second decision ------------------------------------------------------------------------- */

static void decide_again(
	struct referee *referee, const struct stage_campaign *campaign, uint64_t n) {
	char error[JSON_ERROR_BYTES];
	struct definition definition;
	if (!read_request(campaign, n)) {
		referee_decide_unreadable(referee, n, request.time_ms, &expected);
		return;
	}
	bool is_definition = request.kind == MESSAGE_DEFINE &&
			     definition_read_stored(&definition, error, request.define.json,
				     request.define.json_size) &&
			     strcmp(definition.id, campaign->id) == 0 &&
			     request.define.ordinal == campaign->ordinal;
	referee_decide(referee, &request, is_definition ? &definition : NULL, &expected);
}

static void check_digest(
	const struct stage_campaign *campaign, uint64_t n, uint8_t digest[DIGEST_BYTES]) {
	struct broker_message asked = broker_message(campaign->requests, n);
	struct broker_message said = broker_message(campaign->decisions, n);
	const struct part parts[] = {
		{digest, DIGEST_BYTES},
		{asked.data, asked.size},
		{said.data, said.size - DIGEST_BYTES},
	};
	uint8_t next[DIGEST_BYTES];
	crypto_digest(next, sizeof next, parts, sizeof parts / sizeof parts[0]);
	if (memcmp(next, decision.digest, sizeof next) != 0) {
		violation(ZERO_DIVERGED, "decision %" PRIu64 " of %s has another digest", n,
			campaign->id);
	}
	memcpy(digest, next, DIGEST_BYTES);
}

static bool gives(const struct answer *answer) {
	return !answer->repeated &&
	       (answer->verdict == VERDICT_BOOKED || answer->verdict == VERDICT_HELD);
}

/* Which promise a decision breaks that is not the one that it has to be. */
static enum zero zero_of_difference(void) {
	for (uint16_t i = 0; i < decision.count && i < expected.count; i++) {
		const struct answer *said = &decision.answers[i];
		const struct answer *right = &expected.answers[i];
		if (gives(said) && !gives(right)) {
			return ZERO_OVERSOLD;
		}
		if (gives(right) && !gives(said)) {
			return ZERO_UNDERSOLD;
		}
		if (said->number != right->number || said->place != right->place) {
			return ZERO_OUT_OF_ORDER;
		}
	}
	return ZERO_DIVERGED;
}

static void check_decision(
	const struct referee *referee, const struct stage_campaign *campaign, uint64_t n) {
	char words[256];
	struct text difference = text_init(words, sizeof words);
	if (!comparison_equal(&expected, &decision, &difference)) {
		violation(zero_of_difference(), "decision %" PRIu64 " of %s: %s", n, campaign->id,
			difference.start);
	}
	const struct definition *definition = referee_definition(referee);
	const struct counters *counters = &decision.counters;
	uint64_t all = (uint64_t)counters->available + counters->held + counters->sold;
	if (definition != NULL && all != definition->units) {
		violation(all > definition->units ? ZERO_OVERSOLD : ZERO_UNDERSOLD,
			"after decision %" PRIu64 " of %s there are %" PRIu64 " units of %u", n,
			campaign->id, all, definition->units);
	}
}

/* ---- what people hold in the end --------------------------------------------------------------- */

static bool is_living(const struct referee_booking *booking) {
	return booking->status == BOOKING_BOOKED || booking->status == BOOKING_HELD ||
	       booking->status == BOOKING_WAITING;
}

static bool share_an_identity(const struct person *a, const struct person *b) {
	for (uint8_t i = 0; i < a->identities_count; i++) {
		for (uint8_t j = 0; j < b->identities_count; j++) {
			if (memcmp(&a->identities[i], &b->identities[j], sizeof(struct identity)) ==
				0) {
				return true;
			}
		}
	}
	return false;
}

/* What one identity has, counted from nothing but the bookings. One wish has one booking; but a hold
 * that expired, was asked for again with the same key, and then paid late after all, makes two. */
static void check_limit(const struct referee *referee, const struct stage_campaign *campaign,
	const struct referee_booking *booking) {
	const struct definition *definition = referee_definition(referee);
	for (uint8_t i = 0; i < booking->person.identities_count; i++) {
		const struct person alone = {
			.identities_count = 1, .identities = {booking->person.identities[i]}};
		uint32_t units = 0;
		uint32_t same_key = 0;
		for (uint32_t j = 1; j <= referee_bookings_count(referee); j++) {
			const struct referee_booking *other = referee_booking(referee, j);
			if (is_living(other) && share_an_identity(&alone, &other->person)) {
				units += other->units;
				same_key +=
					memcmp(&other->key, &booking->key, sizeof other->key) == 0;
			}
		}
		bool is_twice = same_key > 1 && definition->price_paise == 0;
		if (units > definition->units_per_person || is_twice) {
			violation(ZERO_OVERSOLD,
				"one person has %u units of %s, and %u bookings for one wish; "
				"allowed are %u and 1",
				units, campaign->id, same_key, definition->units_per_person);
		}
	}
}

static void check_bookings(const struct referee *referee, const struct stage_campaign *campaign) {
	const struct referee_booking *head = NULL;
	uint64_t given = 0;
	for (uint32_t i = 1; i <= referee_bookings_count(referee); i++) {
		const struct referee_booking *booking = referee_booking(referee, i);
		if (booking->status == BOOKING_WAITING && head == NULL) {
			head = booking;
		} else if (is_living(booking) && booking->status != BOOKING_WAITING) {
			given += booking->units;
		}
		if (is_living(booking)) {
			check_limit(referee, campaign, booking);
		}
	}
	const struct definition *definition = referee_definition(referee);
	uint64_t units = definition == NULL ? 0 : definition->units;
	if (given > units) {
		violation(ZERO_OVERSOLD, "%" PRIu64 " units of %s are given, of %" PRIu64, given,
			campaign->id, units);
	} else if (head != NULL && decision.state == CAMPAIGN_OPEN &&
		   head->units <= units - given) {
		violation(ZERO_UNDERSOLD, "%" PRIu64 " units of %s are left, and somebody waits",
			units - given, campaign->id);
	}
}

/* ---- what people were told --------------------------------------------------------------------- */

static bool is_same_answer(const struct answer *a, const struct answer *b) {
	return a->verdict == b->verdict && a->number == b->number && a->units == b->units &&
	       a->place == b->place && a->rank == b->rank && a->time_ms == b->time_ms &&
	       a->pay_by_ms == b->pay_by_ms && a->repeated == b->repeated;
}

/* The request is in the line, at that place, and is that of this person. */
static bool is_in_line(const struct note *note) {
	const struct stage_campaign *campaign = stage_campaign(note->campaign);
	const struct told *told = &note->told;
	if (told->n == 0 || told->n > broker_last(campaign->requests) ||
		!read_request(campaign, told->n) || told->index >= request.count) {
		return false;
	}
	if (note->kind == ASK_BOOK) {
		return request.kind == MESSAGE_BOOK &&
		       memcmp(&request.book[told->index].key, &note->key, sizeof note->key) == 0;
	}
	const struct cancel_request *cancel = &request.cancel[told->index];
	return request.kind == MESSAGE_CANCEL && cancel->number == note->number &&
	       memcmp(&cancel->person.account, &note->who.account, sizeof note->who.account) == 0;
}

static void check_note(const struct note *note) {
	const struct stage_campaign *campaign = stage_campaign(note->campaign);
	const struct told *told = &note->told;
	if (!is_in_line(note)) {
		violation(ZERO_LOST,
			"person %u was told of a place in %s, %" PRIu64 ".%u, that has no such "
			"request",
			note->person, campaign->id, told->n, told->index);
		return;
	}
	if (told->kind == TOLD_ANSWER &&
		(told->n > broker_last(campaign->decisions) || !read_decision(campaign, told->n) ||
			told->index >= decision.count ||
			!is_same_answer(&decision.answers[told->index], &told->answer))) {
		violation(ZERO_LOST,
			"person %u was told \"%s\", number %u, by decision %" PRIu64
			".%u of %s, which says something else",
			note->person, verdict_name(told->answer.verdict), told->answer.number,
			told->n, told->index, campaign->id);
	}
}

/* Turned away from memory, because this person cannot have anything. */
static void check_refusal(const struct referee *referee, const struct note *note) {
	if (note->told.verdict == VERDICT_NOT_OPEN) {
		return;
	}
	for (uint32_t i = 1; i <= referee_bookings_count(referee); i++) {
		if (share_an_identity(&referee_booking(referee, i)->person, &note->who)) {
			violation(ZERO_LOST,
				"person %u was told at the door that %s has nothing left, but has "
				"booking %u",
				note->person, stage_campaign(note->campaign)->id, i);
			return;
		}
	}
}

static void check_notes(const struct referee *referee, uint32_t campaign) {
	for (size_t i = 0; i < people_notes_count(); i++) {
		const struct note *note = people_note(i);
		if (note->campaign != campaign) {
			continue;
		}
		if (note->told.kind == TOLD_REFUSED) {
			check_refusal(referee, note);
		} else {
			check_note(note);
		}
	}
}

/* Who asked only after somebody else had been told is behind that one in the line. Notes are in the
 * order of telling. */
static void check_order(uint32_t campaign) {
	for (size_t i = 0; i < people_notes_count(); i++) {
		const struct note *later = people_note(i);
		if (later->campaign != campaign || later->told.kind == TOLD_REFUSED) {
			continue;
		}
		for (size_t j = 0; j < i && people_note(j)->told_us < later->asked_us; j++) {
			const struct note *earlier = people_note(j);
			if (earlier->campaign == campaign && earlier->told.kind != TOLD_REFUSED &&
				earlier->told.n >= later->told.n) {
				violation(ZERO_OUT_OF_ORDER,
					"person %u was told of %" PRIu64
					" of %s before person %u asked, who has %" PRIu64,
					earlier->person, earlier->told.n,
					stage_campaign(campaign)->id, later->person, later->told.n);
				return;
			}
		}
	}
}

/* ---- all of it --------------------------------------------------------------------------------- */

static void check_campaign(uint32_t index) {
	const struct stage_campaign *campaign = stage_campaign(index);
	struct referee *referee = referee_create();
	uint8_t digest[DIGEST_BYTES] = {0};
	uint64_t last = broker_last(campaign->decisions);
	if (last > broker_last(campaign->requests)) {
		violation(ZERO_DIVERGED, "%s has more decisions than requests", campaign->id);
		last = broker_last(campaign->requests);
	}
	for (uint64_t n = 1; n <= last; n++) {
		decide_again(referee, campaign, n);
		if (!read_decision(campaign, n) || decision.n != n) {
			violation(ZERO_DIVERGED, "decision %" PRIu64 " of %s is not one", n,
				campaign->id);
			break;
		}
		counts_decision(&decision);
		check_decision(referee, campaign, n);
		check_digest(campaign, n, digest);
	}
	check_bookings(referee, campaign);
	check_notes(referee, index);
	check_order(index);
	for (uint32_t i = 0; node_at(i) != NULL; i++) {
		if (node_at(i)->kind == &sequencer_node) {
			check_sequencer(node_at(i), campaign);
		}
	}
	referee_destroy(referee);
}

void checker_run(void) {
	for (uint32_t i = 0; i < stage_count(); i++) {
		check_campaign(i);
	}
	checker_ledger();
	checker_notices();
}
