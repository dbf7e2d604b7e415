/*
 * messages_decision - the answers: one decision for each request.
 *
 * A campaign of millions writes millions of answers, so what a reader can work out is left out: place
 * and time of a fresh answer follow from its index, the line's position and the decision's time.
 */
#include "common/pure/messages.h"

#include <assert.h>

#include "common/pure/messages_entry.h"
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
 * cancelled:
 *	number			4	from 1
 * paid, refund_due, payment_noted, payment_mismatch; not_found, if the request is a pay:
 *	number			4	from 1
 *	payment			16
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

/* Whoever told of a payment hears which one each answer is about, whatever became of it. */
static bool answer_names_payment(const struct decision *decision, enum verdict verdict) {
	return (verdict >= VERDICT_PAID && verdict <= VERDICT_PAYMENT_MISMATCH) ||
	       (verdict == VERDICT_NOT_FOUND && decision->request_kind == MESSAGE_PAY);
}

static bool verdict_names_first_booking(enum verdict verdict) {
	return verdict == VERDICT_ALREADY_BOOKED || verdict == VERDICT_OVER_LIMIT;
}

/* The bytes of an answer behind its first one, which says what kind of answer it is. */
static size_t answer_bytes_behind(const struct decision *decision, const struct answer *answer) {
	enum verdict verdict = answer->verdict;
	if (verdict_is_wish(verdict)) {
		size_t behind = 1u + 4u + (answer->repeated ? 8u + 8u : ACCOUNT_BYTES);
		return behind + (verdict == VERDICT_HELD ? 8u : 0u) +
		       (verdict == VERDICT_WAITLISTED ? 4u : 0u);
	}
	if (verdict_names_first_booking(verdict)) {
		return 1u + 4u + 8u + 8u + 1u;
	}
	if (answer_names_payment(decision, verdict)) {
		return 4u + PAYMENT_BYTES;
	}
	return verdict == VERDICT_CANCELLED ? 4u : 0u;
}

/* Place of the entry with this index among all requests of the campaign. */
static uint64_t place_of(const struct decision *decision, uint16_t index) {
	return decision->line_position - decision->count + index + 1;
}

static void wish_put(uint8_t **at, const struct answer *answer) {
	put_u8(at, answer->units);
	put_u32(at, answer->number);
	if (answer->repeated) {
		put_u64(at, answer->place);
		put_u64(at, (uint64_t)answer->time_ms);
	} else {
		put(at, answer->account.bytes, ACCOUNT_BYTES);
	}
	if (answer->verdict == VERDICT_HELD) {
		put_u64(at, (uint64_t)answer->pay_by_ms);
	} else if (answer->verdict == VERDICT_WAITLISTED) {
		put_u32(at, answer->rank);
	}
}

/* Each of these takes the fields of an answer; false if one is out of range. */

static bool wish_take(const uint8_t **at, const struct decision *decision, uint16_t index,
	struct answer *answer) {
	answer->units = take_u8(at);
	answer->number = take_u32(at);
	if (answer->repeated) {
		answer->place = take_u64(at);
		answer->time_ms = (int64_t)take_u64(at);
	} else {
		take(at, answer->account.bytes, ACCOUNT_BYTES);
		answer->place = place_of(decision, index);
		answer->time_ms = decision->time_ms;
	}
	bool complete = true;
	if (answer->verdict == VERDICT_HELD) {
		answer->pay_by_ms = (int64_t)take_u64(at);
		complete = is_time_ms(answer->pay_by_ms);
	} else if (answer->verdict == VERDICT_WAITLISTED) {
		answer->rank = take_u32(at);
		complete = answer->rank >= 1;
	}
	bool asked_for = answer->repeated || decision->request_kind == MESSAGE_BOOK;
	return complete && asked_for && answer->units >= 1 &&
	       answer->units <= UNITS_PER_PERSON_MAX && answer->number >= 1 && answer->place >= 1 &&
	       is_time_ms(answer->time_ms);
}

static void first_booking_put(uint8_t **at, const struct answer *answer) {
	put_u8(at, answer->units);
	put_u32(at, answer->number);
	put_u64(at, answer->place);
	put_u64(at, (uint64_t)answer->time_ms);
	put_u8(at, (uint8_t)answer->status);
}

static bool first_booking_take(const uint8_t **at, struct answer *answer) {
	answer->units = take_u8(at);
	answer->number = take_u32(at);
	answer->place = take_u64(at);
	answer->time_ms = (int64_t)take_u64(at);
	uint8_t status = take_u8(at);
	answer->status = (enum booking_status)status;
	return answer->units >= 1 && answer->units <= UNITS_PER_PERSON_MAX && answer->number >= 1 &&
	       answer->place >= 1 && is_time_ms(answer->time_ms) && status >= BOOKING_WAITING &&
	       status <= BOOKING_REFUND_DUE;
}

static bool answer_take(const uint8_t **at, const struct decision *decision, uint16_t index,
	struct answer *answer) {
	if (verdict_is_wish(answer->verdict)) {
		return wish_take(at, decision, index, answer);
	}
	if (verdict_names_first_booking(answer->verdict)) {
		return first_booking_take(at, answer);
	}
	if (answer_names_payment(decision, answer->verdict)) {
		answer->number = take_u32(at);
		take(at, answer->payment.bytes, PAYMENT_BYTES);
		return answer->number >= 1;
	}
	if (answer->verdict == VERDICT_CANCELLED) {
		answer->number = take_u32(at);
		return answer->number >= 1;
	}
	return true;
}

static void answer_encode(
	struct bytes_writer *writer, const struct decision *decision, uint16_t index) {
	const struct answer *answer = &decision->answers[index];
	enum verdict verdict = answer->verdict;
	assert(verdict_is_known((uint8_t)verdict));
	assert(!answer->repeated || verdict_may_repeat(verdict));
	uint8_t *at = entry_reserve(writer, 1 + answer_bytes_behind(decision, answer));
	if (at == NULL) {
		return;
	}
	put_u8(&at, (uint8_t)(verdict | (answer->repeated ? REPEATED : 0)));
	if (verdict_is_wish(verdict)) {
		if (!answer->repeated) {
			assert(decision->request_kind == MESSAGE_BOOK);
			assert(answer->place == place_of(decision, index));
			assert(answer->time_ms == decision->time_ms);
		}
		wish_put(&at, answer);
	} else if (verdict_names_first_booking(verdict)) {
		first_booking_put(&at, answer);
	} else if (answer_names_payment(decision, verdict)) {
		put_u32(&at, answer->number);
		put(&at, answer->payment.bytes, PAYMENT_BYTES);
	} else if (verdict == VERDICT_CANCELLED) {
		put_u32(&at, answer->number);
	}
}

/* Reads what kind of answer it is, and borrows its other bytes; NULL if there is no such answer. */
static const uint8_t *answer_borrow(
	struct bytes_reader *reader, const struct decision *decision, struct answer *answer) {
	uint8_t first = bytes_read_u8(reader);
	uint8_t verdict = first & (uint8_t)~REPEATED;
	*answer = (struct answer){
		.verdict = (enum verdict)verdict,
		.repeated = (first & REPEATED) != 0,
	};
	if (!verdict_is_known(verdict) ||
		(answer->repeated && !verdict_may_repeat(answer->verdict))) {
		reader->failed = true;
	}
	return bytes_borrow(reader, answer_bytes_behind(decision, answer));
}

static void answer_decode(struct bytes_reader *reader, const struct decision *decision,
	uint16_t index, struct answer *answer) {
	const uint8_t *at = answer_borrow(reader, decision, answer);
	if (at != NULL && !answer_take(&at, decision, index, answer)) {
		reader->failed = true;
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
		answer_decode(&reader, decision, i, &decision->answers[i]);
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
	bytes_borrow(&reader, size - DECISION_HEAD_BYTES - DIGEST_BYTES);
	bytes_read(&reader, decision->digest, DIGEST_BYTES);
	return bytes_finished(&reader);
}

bool decision_decode_answer(const struct decision *head, uint16_t index, const uint8_t *bytes,
	size_t size, struct answer *answer) {
	assert(size >= DECISION_HEAD_BYTES + DIGEST_BYTES);
	if (index >= head->count) {
		return false;
	}
	struct bytes_reader reader = bytes_reader_init(bytes, size - DIGEST_BYTES);
	bytes_borrow(&reader, DECISION_HEAD_BYTES + (size_t)head->definition_size);
	for (uint16_t i = 0; i < index && !reader.failed; i++) {
		answer_borrow(&reader, head, answer);
	}
	answer_decode(&reader, head, index, answer);
	return !reader.failed;
}
