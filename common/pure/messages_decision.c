/*
 * messages_decision - the answers: one decision for each request.
 *
 * A campaign of millions writes millions of answers, so what a reader can work out is left out: place
 * and time of a fresh answer follow from its index, the line's position and the decision's time.
 */
#include "common/pure/messages.h"

#include <assert.h>

#include "common/pure/messages_wire.h"
#include "common/pure/text.h"

/* ---- head ----------------------------------------------------------------------------------------
 *
 *	version			1
 *	kind			1
 *	kind of the request	1	0 if it was unreadable
 *	state			1	0 before the definition
 *	count of answers	2	at most BATCH_REQUESTS_MAX
 *	count of effects	2	at most EFFECTS_MAX
 *	effects before answers	2	at most the count of effects
 *	size of definition	4	0: none
 *	ordinal			4	0 before the definition
 *	n			8	from 1
 *	time, ms		8
 *	define n		8	at most n
 *	line position		8
 *	batch id		16
 *	opened at, us		8
 *	available, held, sold	4 each
 *	waiting			4
 *	definition, answers, effects
 *	digest			32	not part of the body
 */
#define DECISION_HEAD_BYTES 90u

static void head_encode(struct bytes_writer *writer, const struct decision *decision) {
	bytes_write_u8(writer, (uint8_t)decision->request_kind);
	bytes_write_u8(writer, (uint8_t)decision->state);
	bytes_write_u16(writer, decision->count);
	bytes_write_u16(writer, decision->effects_count);
	bytes_write_u16(writer, decision->effects_before);
	bytes_write_u32(writer, decision->definition == NULL ? 0 : decision->definition_size);
	bytes_write_u32(writer, decision->ordinal);
	bytes_write_u64(writer, decision->n);
	bytes_write_u64(writer, (uint64_t)decision->time_ms);
	bytes_write_u64(writer, decision->define_n);
	bytes_write_u64(writer, decision->line_position);
	bytes_write(writer, decision->batch.bytes, BATCH_ID_BYTES);
	bytes_write_u64(writer, (uint64_t)decision->opened_at_us);
	bytes_write_u32(writer, decision->counters.available);
	bytes_write_u32(writer, decision->counters.held);
	bytes_write_u32(writer, decision->counters.sold);
	bytes_write_u32(writer, decision->counters.waiting);
}

static void counters_decode(struct bytes_reader *reader, struct counters *counters) {
	counters->available = read_u32_within(reader, 0, UNITS_MAX);
	counters->held = read_u32_within(reader, 0, UNITS_MAX);
	counters->sold = read_u32_within(reader, 0, UNITS_MAX);
	counters->waiting = read_u32_within(reader, 0, WAITING_LIST_MAX);
	if ((uint64_t)counters->available + counters->held + counters->sold > UNITS_MAX) {
		reader->failed = true;
	}
}

static void head_decode(struct bytes_reader *reader, struct decision *decision) {
	decision->request_kind = (enum message_kind)read_u8_within(reader, 0, MESSAGE_TICK);
	decision->state = (enum campaign_state)read_u8_within(reader, 0, CAMPAIGN_CLOSED);
	decision->count = read_u16_within(reader, 0, BATCH_REQUESTS_MAX);
	decision->effects_count = read_u16_within(reader, 0, EFFECTS_MAX);
	decision->effects_before = read_u16_within(reader, 0, decision->effects_count);
	decision->definition = NULL;
	decision->definition_size = read_u32_within(reader, 0, DEFINITION_BYTES_MAX);
	decision->ordinal = read_u32_within(reader, 0, CAMPAIGN_ORDINAL_MAX);
	decision->n = read_u64_within(reader, 1, UINT64_MAX);
	decision->time_ms = read_time_ms(reader);
	decision->define_n = read_u64_within(reader, 0, decision->n);
	decision->line_position = bytes_read_u64(reader);
	bytes_read(reader, decision->batch.bytes, BATCH_ID_BYTES);
	decision->opened_at_us = read_time_us(reader);
	counters_decode(reader, &decision->counters);
	if (decision->request_kind == MESSAGE_BOOK && decision->line_position < decision->count) {
		reader->failed = true;
	}
}

/* ---- answer --------------------------------------------------------------------------------------
 *
 *	verdict			1	and REPEATED
 * then, for booked, held, waitlisted:
 *	units			1	1 to UNITS_PER_PERSON_MAX
 *	number			4	from 1
 *	fresh: account		16
 *	repeated: place		8	from 1
 *	repeated: time, ms	8
 *	held: pay by, ms	8
 *	waitlisted: rank	4	from 1
 * already_booked, over_limit:
 *	units			1	1 to UNITS_PER_PERSON_MAX
 *	number			4	from 1
 *	place			8	from 1
 *	time, ms		8
 *	status			1	enum booking_status
 * cancelled, paid, refund_due, payment_noted:
 *	number			4	from 1
 *	not cancelled: payment	16
 */
#define REPEATED 0x80u

static bool verdict_is_wish(enum verdict verdict) {
	return verdict == VERDICT_BOOKED || verdict == VERDICT_HELD ||
	       verdict == VERDICT_WAITLISTED;
}

/* Cancelling or telling of a payment again changes nothing, and readers must see that. */
static bool verdict_may_repeat(enum verdict verdict) {
	return verdict_is_wish(verdict) || verdict == VERDICT_CANCELLED || verdict == VERDICT_PAID;
}

static bool verdict_is_known(uint8_t verdict) {
	return (verdict >= VERDICT_BOOKED && verdict <= VERDICT_WAITLISTED) ||
	       (verdict >= VERDICT_SOLD_OUT && verdict <= VERDICT_NOT_VERIFIED) ||
	       (verdict >= VERDICT_CANCELLED && verdict <= VERDICT_NOT_CANCELLABLE) ||
	       (verdict >= VERDICT_PAID && verdict <= VERDICT_PAYMENT_MISMATCH) ||
	       (verdict >= VERDICT_ACCEPTED && verdict <= VERDICT_UNREADABLE);
}

/* Place of the entry with this index among all requests of the campaign. */
static uint64_t place_of(const struct decision *decision, uint16_t index) {
	return decision->line_position - decision->count + index + 1;
}

static void wish_encode(
	struct bytes_writer *writer, const struct decision *decision, uint16_t index) {
	const struct answer *answer = &decision->answers[index];
	bytes_write_u8(writer, answer->units);
	bytes_write_u32(writer, answer->number);
	if (answer->repeated) {
		bytes_write_u64(writer, answer->place);
		bytes_write_u64(writer, (uint64_t)answer->time_ms);
	} else {
		assert(decision->request_kind == MESSAGE_BOOK);
		assert(answer->place == place_of(decision, index));
		assert(answer->time_ms == decision->time_ms);
		bytes_write(writer, answer->account.bytes, ACCOUNT_BYTES);
	}
	if (answer->verdict == VERDICT_HELD) {
		bytes_write_u64(writer, (uint64_t)answer->pay_by_ms);
	} else if (answer->verdict == VERDICT_WAITLISTED) {
		bytes_write_u32(writer, answer->rank);
	}
}

static void wish_decode(struct bytes_reader *reader, struct decision *decision, uint16_t index) {
	struct answer *answer = &decision->answers[index];
	answer->units = read_u8_within(reader, 1, UNITS_PER_PERSON_MAX);
	answer->number = read_u32_within(reader, 1, UINT32_MAX);
	if (answer->repeated) {
		answer->place = read_u64_within(reader, 1, UINT64_MAX);
		answer->time_ms = read_time_ms(reader);
	} else {
		bytes_read(reader, answer->account.bytes, ACCOUNT_BYTES);
		answer->place = place_of(decision, index);
		answer->time_ms = decision->time_ms;
		if (decision->request_kind != MESSAGE_BOOK) {
			reader->failed = true;
		}
	}
	if (answer->verdict == VERDICT_HELD) {
		answer->pay_by_ms = read_time_ms(reader);
	} else if (answer->verdict == VERDICT_WAITLISTED) {
		answer->rank = read_u32_within(reader, 1, UINT32_MAX);
	}
}

static void first_booking_encode(struct bytes_writer *writer, const struct answer *answer) {
	bytes_write_u8(writer, answer->units);
	bytes_write_u32(writer, answer->number);
	bytes_write_u64(writer, answer->place);
	bytes_write_u64(writer, (uint64_t)answer->time_ms);
	bytes_write_u8(writer, (uint8_t)answer->status);
}

static void first_booking_decode(struct bytes_reader *reader, struct answer *answer) {
	answer->units = read_u8_within(reader, 1, UNITS_PER_PERSON_MAX);
	answer->number = read_u32_within(reader, 1, UINT32_MAX);
	answer->place = read_u64_within(reader, 1, UINT64_MAX);
	answer->time_ms = read_time_ms(reader);
	answer->status =
		(enum booking_status)read_u8_within(reader, BOOKING_WAITING, BOOKING_REFUND_DUE);
}

static void payment_encode(struct bytes_writer *writer, const struct answer *answer) {
	bytes_write_u32(writer, answer->number);
	bytes_write(writer, answer->payment.bytes, PAYMENT_BYTES);
}

static void payment_decode(struct bytes_reader *reader, struct answer *answer) {
	answer->number = read_u32_within(reader, 1, UINT32_MAX);
	bytes_read(reader, answer->payment.bytes, PAYMENT_BYTES);
}

static void answer_encode(
	struct bytes_writer *writer, const struct decision *decision, uint16_t index) {
	const struct answer *answer = &decision->answers[index];
	assert(verdict_is_known((uint8_t)answer->verdict));
	assert(!answer->repeated || verdict_may_repeat(answer->verdict));
	bytes_write_u8(writer, (uint8_t)(answer->verdict | (answer->repeated ? REPEATED : 0)));
	if (verdict_is_wish(answer->verdict)) {
		wish_encode(writer, decision, index);
	} else if (answer->verdict == VERDICT_ALREADY_BOOKED ||
		   answer->verdict == VERDICT_OVER_LIMIT) {
		first_booking_encode(writer, answer);
	} else if (answer->verdict == VERDICT_CANCELLED) {
		bytes_write_u32(writer, answer->number);
	} else if (answer->verdict >= VERDICT_PAID && answer->verdict <= VERDICT_PAYMENT_NOTED) {
		payment_encode(writer, answer);
	}
}

static void answer_decode(struct bytes_reader *reader, struct decision *decision, uint16_t index) {
	struct answer *answer = &decision->answers[index];
	uint8_t first = bytes_read_u8(reader);
	uint8_t verdict = first & (uint8_t)~REPEATED;
	*answer = (struct answer){
		.verdict = (enum verdict)verdict,
		.repeated = (first & REPEATED) != 0,
	};
	if (!verdict_is_known(verdict) ||
		(answer->repeated && !verdict_may_repeat(answer->verdict))) {
		reader->failed = true;
	} else if (verdict_is_wish(answer->verdict)) {
		wish_decode(reader, decision, index);
	} else if (verdict == VERDICT_ALREADY_BOOKED || verdict == VERDICT_OVER_LIMIT) {
		first_booking_decode(reader, answer);
	} else if (verdict == VERDICT_CANCELLED) {
		answer->number = read_u32_within(reader, 1, UINT32_MAX);
	} else if (verdict >= VERDICT_PAID && verdict <= VERDICT_PAYMENT_NOTED) {
		payment_decode(reader, answer);
	}
}

/* ---- effect --------------------------------------------------------------------------------------
 *
 *	kind				1	enum effect_kind
 *	number				4	from 1
 *	promoted_held: pay by, ms	8
 */
static void effect_encode(struct bytes_writer *writer, const struct effect *effect) {
	bytes_write_u8(writer, (uint8_t)effect->kind);
	bytes_write_u32(writer, effect->number);
	if (effect->kind == EFFECT_PROMOTED_HELD) {
		bytes_write_u64(writer, (uint64_t)effect->pay_by_ms);
	}
}

static void effect_decode(struct bytes_reader *reader, struct effect *effect) {
	effect->kind =
		(enum effect_kind)read_u8_within(reader, EFFECT_RELEASED, EFFECT_PROMOTED_HELD);
	effect->number = read_u32_within(reader, 1, UINT32_MAX);
	effect->pay_by_ms = effect->kind == EFFECT_PROMOTED_HELD ? read_time_ms(reader) : 0;
}

/* ---- decision ---------------------------------------------------------------------------------- */

size_t decision_encode_body(const struct decision *decision, uint8_t *bytes, size_t capacity) {
	assert(decision->count <= BATCH_REQUESTS_MAX);
	assert(decision->effects_count <= EFFECTS_MAX);
	assert(decision->effects_before <= decision->effects_count);
	struct bytes_writer writer = message_begin(bytes, capacity, MESSAGE_DECISION);
	head_encode(&writer, decision);
	if (decision->definition != NULL) {
		assert(decision->definition_size >= 1);
		assert(decision->definition_size <= DEFINITION_BYTES_MAX);
		bytes_write(&writer, decision->definition, decision->definition_size);
	}
	for (uint16_t i = 0; i < decision->count; i++) {
		answer_encode(&writer, decision, i);
	}
	for (uint16_t i = 0; i < decision->effects_count; i++) {
		effect_encode(&writer, &decision->effects[i]);
	}
	return message_finish(&writer);
}

static void definition_borrow(struct bytes_reader *reader, struct decision *decision) {
	if (decision->definition_size == 0) {
		return;
	}
	decision->definition = (const char *)bytes_borrow(reader, decision->definition_size);
	if (decision->definition != NULL &&
		!text_is_utf8(decision->definition, decision->definition_size)) {
		reader->failed = true;
	}
}

bool decision_decode(struct decision *decision, const uint8_t *bytes, size_t size) {
	if (message_kind(bytes, size) != MESSAGE_DECISION) {
		return false;
	}
	struct bytes_reader reader = message_open(bytes, size);
	head_decode(&reader, decision);
	if (reader.failed) {
		return false;
	}
	definition_borrow(&reader, decision);
	for (uint16_t i = 0; i < decision->count && !reader.failed; i++) {
		answer_decode(&reader, decision, i);
	}
	for (uint16_t i = 0; i < decision->effects_count && !reader.failed; i++) {
		effect_decode(&reader, &decision->effects[i]);
	}
	bytes_read(&reader, decision->digest, DIGEST_BYTES);
	return bytes_finished(&reader);
}

bool decision_decode_head(struct decision *decision, const uint8_t *bytes, size_t size) {
	if (message_kind(bytes, size) != MESSAGE_DECISION ||
		size < DECISION_HEAD_BYTES + DIGEST_BYTES) {
		return false;
	}
	struct bytes_reader reader = message_open(bytes, size);
	head_decode(&reader, decision);
	if (reader.failed) {
		return false;
	}
	assert(reader.used == DECISION_HEAD_BYTES);
	decision->definition_size = 0;
	bytes_borrow(&reader, size - DECISION_HEAD_BYTES - DIGEST_BYTES);
	bytes_read(&reader, decision->digest, DIGEST_BYTES);
	return bytes_finished(&reader);
}
