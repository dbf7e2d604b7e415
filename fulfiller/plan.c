#include "fulfiller/plan.h"

#include <assert.h>
#include <string.h>

#define BOOKINGS_FIELDS 10
#define CHANGES_FIELDS 8

/* booking_changes.cause holds one or the other. */
static_assert((int)EFFECT_PROMOTED_HELD < (int)VERDICT_CANCELLED, "causes are told apart");

void plan_init(struct plan *plan, uint32_t ordinal) {
	*plan = (struct plan){.ordinal = ordinal};
	rows_init(&plan->bookings);
	rows_init(&plan->changes);
	owners_init(&plan->owners);
}

void plan_finish(struct plan *plan) {
	rows_finish(&plan->bookings);
	rows_finish(&plan->changes);
	owners_finish(&plan->owners);
}

void plan_restart(struct plan *plan, uint64_t base_n) {
	plan->base_n = base_n;
	plan->last_n = base_n;
	plan->definition_size = 0;
	rows_clear(&plan->bookings);
	rows_clear(&plan->changes);
	owners_clear(&plan->owners);
	plan->refunds_count = 0;
}

bool plan_is_empty(const struct plan *plan) {
	return plan->last_n == plan->base_n;
}

bool plan_is_full(const struct plan *plan) {
	return plan->bookings.used + plan->changes.used >= PLAN_BYTES_FULL ||
	       plan->bookings.count + plan->changes.count >= PLAN_ROWS_FULL;
}

/* The status that an answer gives to the booking that it makes; 0 if it makes none. */
static enum booking_status made_status(const struct answer *answer) {
	if (answer->repeated) {
		return 0;
	}
	switch ((int)answer->verdict) {
	case VERDICT_BOOKED:
		return BOOKING_BOOKED;
	case VERDICT_HELD:
		return BOOKING_HELD;
	case VERDICT_WAITLISTED:
		return BOOKING_WAITING;
	default:
		return 0;
	}
}

static void add_booking(struct plan *plan, const struct decision *decision,
	const struct answer *answer, enum booking_status status) {
	struct rows *rows = &plan->bookings;
	rows_begin(rows, BOOKINGS_FIELDS);
	rows_i32(rows, (int32_t)plan->ordinal);
	rows_i64(rows, answer->number);
	rows_uuid(rows, answer->account.bytes);
	rows_i16(rows, (int16_t)status);
	rows_i16(rows, answer->units);
	rows_i64(rows, (int64_t)answer->place);
	rows_i64(rows, (int64_t)decision->n);
	rows_time(rows, answer->time_ms);
	if (status == BOOKING_HELD) {
		rows_time(rows, answer->pay_by_ms);
	} else {
		rows_null(rows);
	}
	if (status == BOOKING_WAITING) {
		rows_i64(rows, answer->rank);
	} else {
		rows_null(rows);
	}
	owners_add(&plan->owners, &(struct owner){answer->account, answer->number});
}

struct change {
	uint32_t number;
	enum booking_status status;
	int cause;
	int64_t pay_by_ms; /* 0: the change sets no deadline */
};

static void add_change(struct plan *plan, const struct decision *decision, uint32_t position,
	const struct change *change) {
	struct rows *rows = &plan->changes;
	rows_begin(rows, CHANGES_FIELDS);
	rows_i32(rows, (int32_t)plan->ordinal);
	rows_i64(rows, (int64_t)decision->n);
	rows_i32(rows, (int32_t)position);
	rows_i64(rows, change->number);
	rows_i16(rows, (int16_t)change->status);
	rows_i16(rows, (int16_t)change->cause);
	if (change->pay_by_ms != 0) {
		rows_time(rows, change->pay_by_ms);
	} else {
		rows_null(rows);
	}
	rows_time(rows, decision->time_ms);
	if (change->status == BOOKING_REFUND_DUE) {
		plan->refunds_count++;
	}
}

/* What an answer changes about a booking that was there before; false if nothing. */
static bool answer_change(const struct answer *answer, struct change *change) {
	*change = (struct change){.number = answer->number, .cause = (int)answer->verdict};
	if (answer->repeated) {
		return false;
	}
	switch ((int)answer->verdict) {
	case VERDICT_CANCELLED:
		change->status = BOOKING_CANCELLED;
		return true;
	case VERDICT_PAID:
		change->status = BOOKING_BOOKED;
		return true;
	case VERDICT_REFUND_DUE:
		change->status = BOOKING_REFUND_DUE;
		return true;
	default:
		return false;
	}
}

static struct change effect_change(const struct effect *effect) {
	static const enum booking_status statuses[] = {
		[EFFECT_RELEASED] = BOOKING_RELEASED,
		[EFFECT_PROMOTED_BOOKED] = BOOKING_BOOKED,
		[EFFECT_PROMOTED_HELD] = BOOKING_HELD,
	};
	assert(effect->kind >= EFFECT_RELEASED && effect->kind <= EFFECT_PROMOTED_HELD);
	return (struct change){
		.number = effect->number,
		.status = statuses[effect->kind],
		.cause = (int)effect->kind,
		.pay_by_ms = effect->pay_by_ms,
	};
}

/* Time's effects come before the answers, and the answers' own effects after them. */
static void add_rows(struct plan *plan, const struct decision *decision) {
	uint32_t position = 0;
	for (uint32_t i = 0; i < decision->effects_before; i++) {
		struct change change = effect_change(&decision->effects[i]);
		add_change(plan, decision, position++, &change);
	}
	for (uint32_t i = 0; i < decision->count; i++) {
		const struct answer *answer = &decision->answers[i];
		enum booking_status status = made_status(answer);
		struct change change;
		if (status != 0) {
			add_booking(plan, decision, answer, status);
		} else if (answer_change(answer, &change)) {
			add_change(plan, decision, position++, &change);
		}
	}
	for (uint32_t i = decision->effects_before; i < decision->effects_count; i++) {
		struct change change = effect_change(&decision->effects[i]);
		add_change(plan, decision, position++, &change);
	}
}

static const char *refusal(const struct plan *plan, const struct decision *decision) {
	if (decision->n != plan->last_n + 1) {
		return "its number does not follow the one before";
	}
	if (decision->ordinal != 0 && decision->ordinal != plan->ordinal) {
		return "it belongs to another campaign";
	}
	if (decision->effects_before > decision->effects_count) {
		return "its effects are miscounted";
	}
	if (decision->definition_size > DEFINITION_BYTES_MAX) {
		return "its definition is too long";
	}
	return NULL;
}

const char *plan_add(struct plan *plan, const struct decision *decision) {
	const char *reason = refusal(plan, decision);
	if (reason != NULL) {
		return reason;
	}
	if (decision->definition != NULL) {
		memcpy(plan->definition, decision->definition, decision->definition_size);
		plan->definition_size = decision->definition_size;
	}
	add_rows(plan, decision);
	plan->last_n = decision->n;
	plan->time_ms = decision->time_ms;
	plan->state = decision->state;
	plan->counters = decision->counters;
	memcpy(plan->digest, decision->digest, DIGEST_BYTES);
	assert(!plan_is_empty(plan));
	return NULL;
}
