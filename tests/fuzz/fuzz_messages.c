/*
 * fuzz_messages - any bytes at all, as they might stand in a stream, and every decoder.
 *
 * Beyond not crashing: what is accepted has exactly one spelling, so encoding it again gives the very
 * same bytes; who reads only the head of a decision, or one answer of it, reads what is in the whole;
 * and a decision that can be read is one that the fulfiller's plan takes, or refuses with a sentence.
 */
#include <assert.h>
#include <string.h>

#include "common/pure/messages.h"
#include "common/pure/messages_payment.h"
#include "fulfiller/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct request request;
static struct decision decision;
static struct decision head;
static struct plan plan;
static uint8_t again[STREAM_MESSAGE_BYTES_MAX];

static void assert_same(const uint8_t *data, size_t size, size_t again_size) {
	assert(again_size == size);
	assert(memcmp(again, data, size) == 0);
}

static void assert_same_head(const struct decision *part, const struct decision *whole) {
	assert(part->n == whole->n);
	assert(part->time_ms == whole->time_ms);
	assert(part->define_n == whole->define_n);
	assert(part->line_position == whole->line_position);
	assert(part->request_kind == whole->request_kind);
	assert(part->state == whole->state);
	assert(part->opened_at_us == whole->opened_at_us);
	assert(part->count == whole->count);
	assert(part->effects_count == whole->effects_count);
	assert(part->effects_before == whole->effects_before);
	assert(part->ordinal == whole->ordinal);
	assert(memcmp(&part->batch, &whole->batch, sizeof part->batch) == 0);
	assert(memcmp(&part->counters, &whole->counters, sizeof part->counters) == 0);
	assert(memcmp(part->digest, whole->digest, DIGEST_BYTES) == 0);
}

static void assert_same_answer(const struct answer *part, const struct answer *whole) {
	assert(part->verdict == whole->verdict);
	assert(part->status == whole->status);
	assert(part->repeated == whole->repeated);
	assert(part->units == whole->units);
	assert(part->number == whole->number);
	assert(part->rank == whole->rank);
	assert(part->place == whole->place);
	assert(part->time_ms == whole->time_ms);
	assert(part->pay_by_ms == whole->pay_by_ms);
	assert(memcmp(&part->account, &whole->account, sizeof part->account) == 0);
	assert(memcmp(&part->payment, &whole->payment, sizeof part->payment) == 0);
}

/* Each answer by itself, also of a decision whose whole cannot be read, and one that is not there. */
static void try_answers(const uint8_t *data, size_t size, bool whole) {
	struct answer answer;
	for (uint16_t i = 0; i < head.count; i++) {
		bool found = decision_decode_answer(&head, i, data, size, &answer);
		assert(found || !whole);
		if (whole) {
			assert_same_answer(&answer, &decision.answers[i]);
		}
	}
	assert(!decision_decode_answer(&head, head.count, data, size, &answer));
}

/* The position, the counts and the rows move on with a decision, or nothing does. */
static void try_plan(const struct decision *whole) {
	plan_init(&plan, whole->ordinal);
	plan_restart(&plan, whole->n - 1);
	const char *problem = plan_add(&plan, whole);
	if (problem == NULL) {
		assert(plan.last_n == whole->n);
		assert(plan.bookings.count <= whole->count);
		assert(plan.changes.count <= (uint32_t)whole->count + whole->effects_count);
		assert(plan.refunds_count <= plan.changes.count);
		assert(plan.definition_size == whole->definition_size);
	} else {
		assert(problem[0] != '\0');
		assert(plan_is_empty(&plan));
	}
	plan_finish(&plan);
}

static void try_decision(const uint8_t *data, size_t size) {
	bool whole = decision_decode(&decision, data, size);
	if (whole) {
		size_t body_size = decision_encode_body(&decision, again, sizeof again);
		memcpy(again + body_size, decision.digest, DIGEST_BYTES);
		assert_same(data, size, body_size + DIGEST_BYTES);
		try_plan(&decision);
	}
	bool has_head = decision_decode_head(&head, data, size);
	assert(has_head || !whole);
	if (whole) {
		assert_same_head(&head, &decision);
	}
	if (has_head) {
		try_answers(data, size, whole);
	}
}

static void try_contacts_and_codes(const uint8_t *data, size_t size) {
	struct verified_contact contact;
	if (verified_contact_decode(&contact, data, size)) {
		assert_same(data, size, verified_contact_encode(&contact, again, sizeof again));
	}
	struct code_message code;
	if (code_message_decode(&code, data, size)) {
		assert_same(data, size, code_message_encode(&code, again, sizeof again));
	}
	struct code_state state;
	if (code_state_decode(&state, data, size)) {
		assert_same(data, size, code_state_encode(&state, again, sizeof again));
	}
}

static void try_payments(const uint8_t *data, size_t size) {
	struct payment_event event;
	if (payment_event_decode(&event, data, size)) {
		assert_same(data, size, payment_event_encode(&event, again, sizeof again));
	}
	struct payable payable;
	if (payable_decode(&payable, data, size)) {
		assert_same(data, size, payable_encode(&payable, again, sizeof again));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	if (request_decode(&request, data, size)) {
		assert_same(data, size, request_encode(&request, again, sizeof again));
	}
	try_decision(data, size);
	try_contacts_and_codes(data, size);
	try_payments(data, size);
	return 0;
}
