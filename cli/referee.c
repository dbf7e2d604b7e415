#include "cli/referee.h"

#include <assert.h>
#include <search.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/log.h"
#include "common/memory.h"

/* Everything that one identity ever booked. */
struct holder {
	struct identity identity;
	uint32_t *numbers;
	uint32_t count;
};

struct referee {
	uint64_t n;
	int64_t time_ms;
	uint64_t define_n;
	uint32_t ordinal;
	bool defined;
	struct definition definition;
	enum campaign_state state;
	uint64_t places;
	struct referee_booking *bookings; /* number - 1 */
	uint32_t bookings_count;
	uint32_t bookings_capacity;
	void *holders;   /* tree of struct holder */
	uint32_t *holds; /* numbers in the order in which their holds began */
	uint32_t holds_count;
	uint32_t holds_capacity;
	uint32_t holds_seen;   /* holds before this one have ended */
	uint32_t waiting_seen; /* no booking before this number waits */
	/* Units of bookings that are held, and booked; wishes that wait. */
	uint64_t held;
	uint64_t sold;
	uint32_t waiting;
};

static void *grown(void *rows, uint32_t count, uint32_t *capacity, size_t row_bytes) {
	if (count < *capacity) {
		return rows;
	}
	*capacity = *capacity == 0 ? 1024 : *capacity * 2;
	void *larger = realloc(rows, (size_t)*capacity * row_bytes);
	if (larger == NULL) {
		log_fatal(EX_OSERR, "out_of_memory", "rows=%u", *capacity);
	}
	return larger;
}

static int compare_holders(const void *a, const void *b) {
	return memcmp(a, b, sizeof(struct identity));
}

static struct holder *holder_of(struct referee *referee, const struct identity *identity) {
	struct holder **found = tfind(identity, &referee->holders, compare_holders);
	return found == NULL ? NULL : *found;
}

static void remember_holder(
	struct referee *referee, const struct identity *identity, uint32_t number) {
	struct holder *holder = holder_of(referee, identity);
	if (holder == NULL) {
		holder = memory_new(sizeof *holder);
		holder->identity = *identity;
		tsearch(holder, &referee->holders, compare_holders);
	}
	uint32_t *numbers = realloc(holder->numbers, (holder->count + 1) * sizeof *holder->numbers);
	if (numbers == NULL) {
		log_fatal(EX_OSERR, "out_of_memory", "rows=%u", holder->count + 1);
	}
	holder->numbers = numbers;
	holder->numbers[holder->count++] = number;
}

static struct referee_booking *booking_of(const struct referee *referee, uint32_t number) {
	return &referee->bookings[number - 1];
}

static bool counts(const struct referee_booking *booking) {
	return booking->status == BOOKING_WAITING || booking->status == BOOKING_HELD ||
	       booking->status == BOOKING_BOOKED;
}

static uint64_t available(const struct referee *referee) {
	return referee->definition.units - referee->held - referee->sold;
}

static int64_t hold_ms(const struct referee *referee) {
	return (int64_t)referee->definition.hold_seconds * 1000;
}

/* ---- booking ------------------------------------------------------------------------------------ */

static void describe(
	const struct referee_booking *booking, uint32_t number, struct answer *answer) {
	answer->number = number;
	answer->units = booking->units;
	answer->place = booking->place;
	answer->time_ms = booking->booked_at_ms;
}

static bool answer_repetition(
	struct referee *referee, const struct book_request *wish, struct answer *answer) {
	for (uint8_t i = 0; i < wish->person.identities_count; i++) {
		struct holder *holder = holder_of(referee, &wish->person.identities[i]);
		for (uint32_t k = 0; holder != NULL && k < holder->count; k++) {
			uint32_t number = holder->numbers[k];
			struct referee_booking *booking = booking_of(referee, number);
			if (!counts(booking) ||
				memcmp(&booking->key, &wish->key, sizeof wish->key) != 0) {
				continue;
			}
			describe(booking, number, answer);
			answer->repeated = true;
			answer->verdict = VERDICT_BOOKED;
			if (booking->first_status == BOOKING_HELD) {
				answer->verdict = VERDICT_HELD;
				answer->pay_by_ms = booking->booked_at_ms + hold_ms(referee);
			} else if (booking->first_status == BOOKING_WAITING) {
				answer->verdict = VERDICT_WAITLISTED;
				answer->rank = booking->rank;
			}
			return true;
		}
	}
	return false;
}

static bool refuse_for_limit(
	struct referee *referee, const struct book_request *wish, struct answer *answer) {
	uint32_t limit = referee->definition.units_per_person;
	for (uint8_t i = 0; i < wish->person.identities_count; i++) {
		struct holder *holder = holder_of(referee, &wish->person.identities[i]);
		uint32_t units = 0;
		uint32_t first = 0;
		for (uint32_t k = 0; holder != NULL && k < holder->count; k++) {
			struct referee_booking *booking = booking_of(referee, holder->numbers[k]);
			if (!counts(booking)) {
				continue;
			}
			units += booking->units;
			if (first == 0 || holder->numbers[k] < first) {
				first = holder->numbers[k];
			}
		}
		if (units + wish->units <= limit) {
			continue;
		}
		answer->verdict = units == limit ? VERDICT_ALREADY_BOOKED : VERDICT_OVER_LIMIT;
		if (first != 0) {
			describe(booking_of(referee, first), first, answer);
			answer->status = booking_of(referee, first)->status;
		}
		return true;
	}
	return false;
}

static void add_hold(struct referee *referee, uint32_t number) {
	referee->holds = grown(referee->holds, referee->holds_count, &referee->holds_capacity,
		sizeof *referee->holds);
	referee->holds[referee->holds_count++] = number;
	booking_of(referee, number)->pay_by_ms = referee->time_ms + hold_ms(referee);
}

static void add_booking(struct referee *referee, const struct book_request *wish,
	enum booking_status status, struct answer *answer) {
	referee->bookings = grown(referee->bookings, referee->bookings_count,
		&referee->bookings_capacity, sizeof *referee->bookings);
	uint32_t number = ++referee->bookings_count;
	struct referee_booking *booking = booking_of(referee, number);
	*booking = (struct referee_booking){
		.person = wish->person,
		.key = wish->key,
		.units = wish->units,
		.place = referee->places,
		.decision_n = referee->n,
		.booked_at_ms = referee->time_ms,
		.first_status = status,
		.status = status,
	};
	for (uint8_t i = 0; i < wish->person.identities_count; i++) {
		remember_holder(referee, &wish->person.identities[i], number);
	}
	describe(booking, number, answer);
	answer->account = wish->person.account;
	if (status == BOOKING_BOOKED) {
		referee->sold += wish->units;
		answer->verdict = VERDICT_BOOKED;
	} else if (status == BOOKING_HELD) {
		referee->held += wish->units;
		add_hold(referee, number);
		answer->verdict = VERDICT_HELD;
		answer->pay_by_ms = booking->pay_by_ms;
	} else {
		referee->waiting++;
		booking->rank = referee->waiting;
		answer->verdict = VERDICT_WAITLISTED;
		answer->rank = booking->rank;
	}
}

static void decide_wish(
	struct referee *referee, const struct book_request *wish, struct answer *answer) {
	const struct definition *definition = &referee->definition;
	referee->places++;
	if (!referee->defined) {
		answer->verdict = VERDICT_NOT_OPEN;
	} else if (answer_repetition(referee, wish, answer)) {
		return;
	} else if (referee->state == CAMPAIGN_SCHEDULED) {
		answer->verdict = VERDICT_NOT_OPEN;
	} else if (referee->state == CAMPAIGN_PAUSED) {
		answer->verdict = VERDICT_PAUSED;
	} else if (referee->state == CAMPAIGN_CLOSED) {
		answer->verdict = VERDICT_CLOSED;
	} else if (wish->units < 1 || wish->units > definition->units_per_person) {
		answer->verdict = VERDICT_BAD_UNITS;
	} else if (definition->verification == VERIFICATION_BOTH &&
		   wish->person.identities_count != 2) {
		answer->verdict = VERDICT_NOT_VERIFIED;
	} else if (refuse_for_limit(referee, wish, answer)) {
		return;
	} else if (referee->waiting == 0 && available(referee) >= wish->units) {
		bool free_of_charge = definition->price_paise == 0;
		add_booking(referee, wish, free_of_charge ? BOOKING_BOOKED : BOOKING_HELD, answer);
	} else if (referee->waiting < definition->waiting_list) {
		add_booking(referee, wish, BOOKING_WAITING, answer);
	} else {
		answer->verdict = VERDICT_SOLD_OUT;
	}
}

/* ---- cancelling and paying ---------------------------------------------------------------------- */

static bool is_owner(const struct referee_booking *booking, const struct person *person) {
	for (uint8_t i = 0; i < booking->person.identities_count; i++) {
		for (uint8_t k = 0; k < person->identities_count; k++) {
			if (memcmp(&booking->person.identities[i], &person->identities[k],
				    sizeof(struct identity)) == 0) {
				return true;
			}
		}
	}
	return false;
}

static void take_back(struct referee *referee, struct referee_booking *booking) {
	if (booking->status == BOOKING_WAITING) {
		referee->waiting--;
	} else if (booking->status == BOOKING_HELD) {
		referee->held -= booking->units;
	} else if (booking->status == BOOKING_BOOKED) {
		referee->sold -= booking->units;
	}
}

static void decide_cancel(
	struct referee *referee, const struct cancel_request *request, struct answer *answer) {
	if (request->number > referee->bookings_count ||
		!is_owner(booking_of(referee, request->number), &request->person)) {
		answer->verdict = VERDICT_NOT_FOUND;
		return;
	}
	struct referee_booking *booking = booking_of(referee, request->number);
	if (booking->status == BOOKING_CANCELLED) {
		answer->verdict = VERDICT_CANCELLED;
		answer->number = request->number;
		answer->repeated = true;
	} else if (!referee->definition.cancellable || !counts(booking)) {
		answer->verdict = VERDICT_NOT_CANCELLABLE;
	} else {
		take_back(referee, booking);
		booking->status = BOOKING_CANCELLED;
		answer->verdict = VERDICT_CANCELLED;
		answer->number = request->number;
	}
}

static bool may_have_more(struct referee *referee, const struct referee_booking *booking) {
	for (uint8_t i = 0; i < booking->person.identities_count; i++) {
		struct holder *holder = holder_of(referee, &booking->person.identities[i]);
		uint32_t units = booking->units;
		for (uint32_t k = 0; holder != NULL && k < holder->count; k++) {
			struct referee_booking *other = booking_of(referee, holder->numbers[k]);
			units += counts(other) ? other->units : 0u;
		}
		if (units > referee->definition.units_per_person) {
			return false;
		}
	}
	return true;
}

static void decide_payment(
	struct referee *referee, const struct pay_request *request, struct answer *answer) {
	answer->number = request->number;
	answer->payment = request->payment;
	if (request->number > referee->bookings_count) {
		answer->verdict = VERDICT_NOT_FOUND;
		return;
	}
	struct referee_booking *booking = booking_of(referee, request->number);
	uint64_t price = (uint64_t)booking->units * referee->definition.price_paise;
	bool captured = request->outcome == PAYMENT_CAPTURED;
	if (price == 0 || (captured && request->amount_paise != price)) {
		answer->verdict = VERDICT_PAYMENT_MISMATCH;
		return;
	}
	if (!captured) {
		answer->verdict = VERDICT_PAYMENT_NOTED;
	} else if (booking->status == BOOKING_BOOKED &&
		   memcmp(&booking->payment, &request->payment, sizeof booking->payment) == 0) {
		answer->verdict = VERDICT_PAID;
		answer->repeated = true;
	} else if (booking->status == BOOKING_HELD ||
		   (booking->status == BOOKING_RELEASED && referee->waiting == 0 &&
			   available(referee) >= booking->units &&
			   may_have_more(referee, booking))) {
		take_back(referee, booking);
		booking->status = BOOKING_BOOKED;
		booking->payment = request->payment;
		referee->sold += booking->units;
		answer->verdict = VERDICT_PAID;
	} else {
		if (booking->status == BOOKING_RELEASED) {
			booking->status = BOOKING_REFUND_DUE;
		}
		answer->verdict = VERDICT_REFUND_DUE;
	}
}

/* ---- time --------------------------------------------------------------------------------------- */

static void add_effect(
	struct decision *decision, enum effect_kind kind, uint32_t number, int64_t pay_by_ms) {
	decision->effects[decision->effects_count++] = (struct effect){
		.kind = kind,
		.number = number,
		.pay_by_ms = pay_by_ms,
	};
}

static void let_holds_expire(struct referee *referee, struct decision *decision) {
	while (decision->effects_count < EFFECTS_MAX &&
		referee->holds_seen < referee->holds_count) {
		uint32_t number = referee->holds[referee->holds_seen];
		struct referee_booking *booking = booking_of(referee, number);
		if (booking->status == BOOKING_HELD) {
			if (booking->pay_by_ms > referee->time_ms) {
				return;
			}
			take_back(referee, booking);
			booking->status = BOOKING_RELEASED;
			add_effect(decision, EFFECT_RELEASED, number, 0);
		}
		referee->holds_seen++;
	}
}

static void promote_waiting(struct referee *referee, struct decision *decision) {
	while (referee->state == CAMPAIGN_OPEN && referee->waiting > 0 &&
		decision->effects_count < EFFECTS_MAX) {
		uint32_t number = referee->waiting_seen + 1;
		while (booking_of(referee, number)->status != BOOKING_WAITING) {
			number++;
		}
		referee->waiting_seen = number - 1;
		struct referee_booking *booking = booking_of(referee, number);
		if (booking->units > available(referee)) {
			return;
		}
		referee->waiting--;
		if (referee->definition.price_paise == 0) {
			booking->status = BOOKING_BOOKED;
			referee->sold += booking->units;
			add_effect(decision, EFFECT_PROMOTED_BOOKED, number, 0);
		} else {
			booking->status = BOOKING_HELD;
			referee->held += booking->units;
			add_hold(referee, number);
			add_effect(decision, EFFECT_PROMOTED_HELD, number, booking->pay_by_ms);
		}
	}
}

static void open_and_close(struct referee *referee) {
	const struct definition *definition = &referee->definition;
	if (!referee->defined) {
		return;
	}
	if (referee->state == CAMPAIGN_SCHEDULED && !definition->opens_by_command &&
		definition->opens_at_ms <= referee->time_ms) {
		referee->state = CAMPAIGN_OPEN;
	}
	if (!definition->closes_by_command && definition->closes_at_ms <= referee->time_ms) {
		referee->state = CAMPAIGN_CLOSED;
	}
}

/* ---- define and control ------------------------------------------------------------------------- */

static enum verdict decide_define(struct referee *referee, const struct request *request,
	const struct definition *definition, struct decision *decision) {
	if (definition == NULL || referee->state != CAMPAIGN_SCHEDULED ||
		(referee->defined && referee->ordinal != request->define.ordinal)) {
		return VERDICT_REFUSED;
	}
	referee->defined = true;
	referee->definition = *definition;
	referee->ordinal = request->define.ordinal;
	referee->define_n = request->n;
	decision->definition = request->define.json;
	decision->definition_size = request->define.json_size;
	open_and_close(referee);
	return VERDICT_ACCEPTED;
}

static enum verdict decide_control(struct referee *referee, enum control_command command) {
	enum campaign_state from = referee->state;
	bool by_command = referee->definition.opens_by_command;
	if (!referee->defined) {
		return VERDICT_REFUSED;
	}
	if (command == CONTROL_START && from == CAMPAIGN_SCHEDULED && by_command) {
		referee->state = CAMPAIGN_OPEN;
	} else if (command == CONTROL_PAUSE && from == CAMPAIGN_OPEN) {
		referee->state = CAMPAIGN_PAUSED;
	} else if (command == CONTROL_RESUME && from == CAMPAIGN_PAUSED) {
		referee->state = CAMPAIGN_OPEN;
	} else if (command == CONTROL_CLOSE && from != CAMPAIGN_CLOSED) {
		referee->state = CAMPAIGN_CLOSED;
	} else {
		return VERDICT_REFUSED;
	}
	return VERDICT_ACCEPTED;
}

/* ---- a whole request ---------------------------------------------------------------------------- */

/* A decision has room for the largest batch and for the most effects: only what this one has of answers
 * is cleared, and effects are written whole. */
static void begin(struct referee *referee, uint64_t n, int64_t time_ms, uint16_t count,
	struct decision *decision) {
	memset(decision, 0, offsetof(struct decision, answers));
	memset(decision->answers, 0, count * sizeof decision->answers[0]);
	referee->n = n;
	referee->time_ms = time_ms > referee->time_ms ? time_ms : referee->time_ms;
	open_and_close(referee);
	let_holds_expire(referee, decision);
	promote_waiting(referee, decision);
	decision->effects_before = decision->effects_count;
	decision->count = count;
}

static void finish(const struct referee *referee, struct decision *decision) {
	decision->n = referee->n;
	decision->time_ms = referee->time_ms;
	decision->define_n = referee->define_n;
	decision->line_position = referee->places;
	decision->state = referee->state;
	decision->ordinal = referee->ordinal;
	decision->counters.available = (uint32_t)available(referee);
	decision->counters.held = (uint32_t)referee->held;
	decision->counters.sold = (uint32_t)referee->sold;
	decision->counters.waiting = referee->waiting;
}

static void decide_entries(
	struct referee *referee, const struct request *request, struct decision *decision) {
	decision->batch = request->batch;
	decision->opened_at_us = request->opened_at_us;
	for (uint16_t i = 0; i < request->count; i++) {
		struct answer *answer = &decision->answers[i];
		if (request->kind == MESSAGE_BOOK) {
			decide_wish(referee, &request->book[i], answer);
		} else if (request->kind == MESSAGE_CANCEL) {
			decide_cancel(referee, &request->cancel[i], answer);
		} else {
			decide_payment(referee, &request->pay[i], answer);
		}
	}
}

void referee_decide(struct referee *referee, const struct request *request,
	const struct definition *definition, struct decision *decision) {
	bool is_batch = request->kind == MESSAGE_BOOK || request->kind == MESSAGE_CANCEL ||
			request->kind == MESSAGE_PAY;
	begin(referee, request->n, request->time_ms, is_batch ? request->count : 1, decision);
	decision->request_kind = request->kind;
	if (request->kind == MESSAGE_DEFINE) {
		decision->answers[0].verdict =
			decide_define(referee, request, definition, decision);
	} else if (request->kind == MESSAGE_CONTROL) {
		decision->answers[0].verdict = decide_control(referee, request->command);
	} else if (request->kind == MESSAGE_TICK) {
		decision->answers[0].verdict = VERDICT_ACCEPTED;
	} else {
		decide_entries(referee, request, decision);
	}
	let_holds_expire(referee, decision);
	promote_waiting(referee, decision);
	finish(referee, decision);
}

void referee_decide_unreadable(
	struct referee *referee, uint64_t n, int64_t time_ms, struct decision *decision) {
	begin(referee, n, time_ms, 1, decision);
	decision->answers[0].verdict = VERDICT_UNREADABLE;
	finish(referee, decision);
}

/* ---- life --------------------------------------------------------------------------------------- */

struct referee *referee_create(void) {
	struct referee *referee = memory_new(sizeof *referee);
	referee->state = CAMPAIGN_SCHEDULED;
	return referee;
}

static void free_holder(void *node) {
	struct holder *holder = node;
	free(holder->numbers);
	free(holder);
}

void referee_destroy(struct referee *referee) {
	if (referee == NULL) {
		return;
	}
	tdestroy(referee->holders, free_holder);
	free(referee->bookings);
	free(referee->holds);
	free(referee);
}

uint32_t referee_bookings_count(const struct referee *referee) {
	return referee->bookings_count;
}

const struct referee_booking *referee_booking(const struct referee *referee, uint32_t number) {
	assert(number >= 1);
	assert(number <= referee->bookings_count);
	return booking_of(referee, number);
}

const struct definition *referee_definition(const struct referee *referee) {
	return referee->defined ? &referee->definition : NULL;
}
