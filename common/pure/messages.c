/*
 * messages - requests and their batches, and the names of enumerators. Decisions are in
 * messages_decision.c, contacts and codes in messages_contacts.c.
 */
#include "common/pure/messages.h"

#include <assert.h>
#include <string.h>

#include "common/pure/messages_wire.h"
#include "common/pure/text.h"

uint8_t message_kind(const uint8_t *bytes, size_t size) {
	return size >= MESSAGE_PREFIX_BYTES && bytes[0] == MESSAGE_VERSION ? bytes[1] : 0;
}

/* ---- person --------------------------------------------------------------------------------------
 *
 *	account			16
 *	count of identities	1	1 to IDENTITIES_MAX
 *	identity		16	count times; all different
 */
static void person_encode(struct bytes_writer *writer, const struct person *person) {
	assert(person->identities_count >= 1);
	assert(person->identities_count <= IDENTITIES_MAX);
	bytes_write(writer, person->account.bytes, ACCOUNT_BYTES);
	bytes_write_u8(writer, person->identities_count);
	bytes_write(writer, person->identities, (size_t)person->identities_count * IDENTITY_BYTES);
}

static_assert(sizeof(struct identity) == IDENTITY_BYTES, "identities are copied as one array");
static_assert(IDENTITIES_MAX == 2, "person_decode compares two identities");

static void person_decode(struct bytes_reader *reader, struct person *person) {
	bytes_read(reader, person->account.bytes, ACCOUNT_BYTES);
	uint8_t count = read_u8_within(reader, 1, IDENTITIES_MAX);
	if (reader->failed) {
		return;
	}
	person->identities_count = count;
	bytes_read(reader, person->identities, (size_t)count * IDENTITY_BYTES);
	if (count == 1) {
		memset(&person->identities[1], 0, IDENTITY_BYTES);
	} else if (memcmp(&person->identities[0], &person->identities[1], IDENTITY_BYTES) == 0) {
		reader->failed = true;
	}
}

/* ---- batches: book, cancel, pay ------------------------------------------------------------------
 *
 *	version			1
 *	kind			1
 *	count of entries	2	1 to BATCH_REQUESTS_MAX
 *	batch id		16
 *	opened at, us		8
 *	entries
 */
#define BATCH_COUNT_OFFSET MESSAGE_PREFIX_BYTES

static_assert(BATCH_HEAD_BYTES == MESSAGE_PREFIX_BYTES + 2 + BATCH_ID_BYTES + 8, "as drawn above");

static bool is_batch(enum message_kind kind) {
	return kind == MESSAGE_BOOK || kind == MESSAGE_CANCEL || kind == MESSAGE_PAY;
}

void batch_head_encode(struct bytes_writer *writer, enum message_kind kind,
	const struct batch_id *batch, int64_t opened_at_us) {
	assert(is_batch(kind));
	assert(writer->used == 0);
	bytes_write_u8(writer, MESSAGE_VERSION);
	bytes_write_u8(writer, (uint8_t)kind);
	bytes_write_u16(writer, 0);
	bytes_write(writer, batch->bytes, BATCH_ID_BYTES);
	bytes_write_u64(writer, (uint64_t)opened_at_us);
}

void batch_head_finish(struct bytes_writer *writer, uint16_t count) {
	assert(count >= 1);
	assert(count <= BATCH_REQUESTS_MAX);
	if (!writer->failed) {
		struct bytes_writer patch =
			bytes_writer_init(writer->start + BATCH_COUNT_OFFSET, 2);
		bytes_write_u16(&patch, count);
	}
}

static void batch_head_decode(struct bytes_reader *reader, struct request *request) {
	request->count = read_u16_within(reader, 1, BATCH_REQUESTS_MAX);
	bytes_read(reader, request->batch.bytes, BATCH_ID_BYTES);
	request->opened_at_us = read_time_us(reader);
}

/*	person			33 or 49
 *	request key		16
 *	units			1	any
 */
void book_request_encode(struct bytes_writer *writer, const struct book_request *entry) {
	person_encode(writer, &entry->person);
	bytes_write(writer, entry->key.bytes, REQUEST_KEY_BYTES);
	bytes_write_u8(writer, entry->units);
}

static void book_request_decode(struct bytes_reader *reader, struct book_request *entry) {
	person_decode(reader, &entry->person);
	bytes_read(reader, entry->key.bytes, REQUEST_KEY_BYTES);
	entry->units = bytes_read_u8(reader);
}

/*	person			33 or 49
 *	booking number		4	from 1
 */
void cancel_request_encode(struct bytes_writer *writer, const struct cancel_request *entry) {
	assert(entry->number >= 1);
	person_encode(writer, &entry->person);
	bytes_write_u32(writer, entry->number);
}

static void cancel_request_decode(struct bytes_reader *reader, struct cancel_request *entry) {
	person_decode(reader, &entry->person);
	entry->number = read_u32_within(reader, 1, UINT32_MAX);
}

/*	booking number		4	from 1
 *	payment			16
 *	amount, paise		8
 *	outcome			1	enum payment_outcome
 */
void pay_request_encode(struct bytes_writer *writer, const struct pay_request *entry) {
	assert(entry->number >= 1);
	assert(entry->outcome >= PAYMENT_CAPTURED);
	assert(entry->outcome <= PAYMENT_FAILED);
	bytes_write_u32(writer, entry->number);
	bytes_write(writer, entry->payment.bytes, PAYMENT_BYTES);
	bytes_write_u64(writer, entry->amount_paise);
	bytes_write_u8(writer, (uint8_t)entry->outcome);
}

static void pay_request_decode(struct bytes_reader *reader, struct pay_request *entry) {
	entry->number = read_u32_within(reader, 1, UINT32_MAX);
	bytes_read(reader, entry->payment.bytes, PAYMENT_BYTES);
	entry->amount_paise = bytes_read_u64(reader);
	entry->outcome =
		(enum payment_outcome)read_u8_within(reader, PAYMENT_CAPTURED, PAYMENT_FAILED);
}

static void entry_encode(
	struct bytes_writer *writer, const struct request *request, uint16_t index) {
	if (request->kind == MESSAGE_BOOK) {
		book_request_encode(writer, &request->book[index]);
	} else if (request->kind == MESSAGE_CANCEL) {
		cancel_request_encode(writer, &request->cancel[index]);
	} else {
		pay_request_encode(writer, &request->pay[index]);
	}
}

static size_t batch_encode(const struct request *request, uint8_t *bytes, size_t capacity) {
	struct bytes_writer writer = bytes_writer_init(bytes, capacity);
	batch_head_encode(&writer, request->kind, &request->batch, request->opened_at_us);
	for (uint16_t i = 0; i < request->count; i++) {
		entry_encode(&writer, request, i);
	}
	batch_head_finish(&writer, request->count);
	return message_finish(&writer);
}

static void batch_decode(struct bytes_reader *reader, struct request *request) {
	batch_head_decode(reader, request);
	/* A loop for each kind: the kind is asked once, not once an entry. */
	if (request->kind == MESSAGE_BOOK) {
		for (uint16_t i = 0; i < request->count && !reader->failed; i++) {
			book_request_decode(reader, &request->book[i]);
		}
	} else if (request->kind == MESSAGE_CANCEL) {
		for (uint16_t i = 0; i < request->count && !reader->failed; i++) {
			cancel_request_decode(reader, &request->cancel[i]);
		}
	} else {
		for (uint16_t i = 0; i < request->count && !reader->failed; i++) {
			pay_request_decode(reader, &request->pay[i]);
		}
	}
}

/* ---- single requests -----------------------------------------------------------------------------
 *
 *	define	version 1, kind 1, ordinal 4, size of JSON 4, JSON
 */
static size_t define_encode(const struct define_request *define, uint8_t *bytes, size_t capacity) {
	assert(define->ordinal >= 1);
	assert(define->ordinal <= CAMPAIGN_ORDINAL_MAX);
	assert(define->json_size >= 1);
	assert(define->json_size <= DEFINITION_BYTES_MAX);
	struct bytes_writer writer = message_begin(bytes, capacity, MESSAGE_DEFINE);
	bytes_write_u32(&writer, define->ordinal);
	bytes_write_u32(&writer, define->json_size);
	bytes_write(&writer, define->json, define->json_size);
	return message_finish(&writer);
}

static void define_decode(struct bytes_reader *reader, struct define_request *define) {
	define->ordinal = read_u32_within(reader, 1, CAMPAIGN_ORDINAL_MAX);
	define->json_size = read_u32_within(reader, 1, DEFINITION_BYTES_MAX);
	define->json = (const char *)bytes_borrow(reader, define->json_size);
	if (define->json != NULL && !text_is_utf8(define->json, define->json_size)) {
		reader->failed = true;
	}
}

/*	control	version 1, kind 1, command 1 (enum control_command)
 */
static size_t control_encode(enum control_command command, uint8_t *bytes, size_t capacity) {
	assert(command >= CONTROL_START);
	assert(command <= CONTROL_CLOSE);
	struct bytes_writer writer = message_begin(bytes, capacity, MESSAGE_CONTROL);
	bytes_write_u8(&writer, (uint8_t)command);
	return message_finish(&writer);
}

static enum control_command control_decode(struct bytes_reader *reader) {
	return (enum control_command)read_u8_within(reader, CONTROL_START, CONTROL_CLOSE);
}

/*	tick	version 1, kind 1
 */
static size_t tick_encode(uint8_t *bytes, size_t capacity) {
	struct bytes_writer writer = message_begin(bytes, capacity, MESSAGE_TICK);
	return message_finish(&writer);
}

/* ---- all requests ------------------------------------------------------------------------------ */

size_t request_encode(const struct request *request, uint8_t *bytes, size_t capacity) {
	if (is_batch(request->kind)) {
		return batch_encode(request, bytes, capacity);
	}
	if (request->kind == MESSAGE_DEFINE) {
		return define_encode(&request->define, bytes, capacity);
	}
	if (request->kind == MESSAGE_CONTROL) {
		return control_encode(request->command, bytes, capacity);
	}
	assert(request->kind == MESSAGE_TICK);
	return tick_encode(bytes, capacity);
}

bool request_decode(struct request *request, const uint8_t *bytes, size_t size) {
	request->kind = (enum message_kind)message_kind(bytes, size);
	request->batch = (struct batch_id){0};
	request->opened_at_us = 0;
	request->count = 0;
	request->command = (enum control_command)0;
	request->define = (struct define_request){0};
	if (request->kind < MESSAGE_DEFINE || request->kind > MESSAGE_TICK) {
		return false;
	}

	struct bytes_reader reader = message_open(bytes, size);
	if (is_batch(request->kind)) {
		batch_decode(&reader, request);
	} else if (request->kind == MESSAGE_DEFINE) {
		define_decode(&reader, &request->define);
	} else if (request->kind == MESSAGE_CONTROL) {
		request->command = control_decode(&reader);
	}
	return bytes_finished(&reader);
}

/* ---- names --------------------------------------------------------------------------------------- */

/* Switches without a default: the compiler asks for a name when an enumerator is added. */

const char *verdict_name(enum verdict verdict) {
	switch (verdict) {
	case VERDICT_BOOKED:
		return "booked";
	case VERDICT_HELD:
		return "held";
	case VERDICT_WAITLISTED:
		return "waitlisted";
	case VERDICT_SOLD_OUT:
		return "sold_out";
	case VERDICT_ALREADY_BOOKED:
		return "already_booked";
	case VERDICT_OVER_LIMIT:
		return "over_limit";
	case VERDICT_NOT_OPEN:
		return "not_open";
	case VERDICT_PAUSED:
		return "paused";
	case VERDICT_CLOSED:
		return "closed";
	case VERDICT_BAD_UNITS:
		return "bad_units";
	case VERDICT_NOT_VERIFIED:
		return "not_verified";
	case VERDICT_CANCELLED:
		return "cancelled";
	case VERDICT_NOT_FOUND:
		return "not_found";
	case VERDICT_NOT_CANCELLABLE:
		return "not_cancellable";
	case VERDICT_PAID:
		return "paid";
	case VERDICT_REFUND_DUE:
		return "refund_due";
	case VERDICT_PAYMENT_NOTED:
		return "payment_noted";
	case VERDICT_PAYMENT_MISMATCH:
		return "payment_mismatch";
	case VERDICT_ACCEPTED:
		return "accepted";
	case VERDICT_REFUSED:
		return "refused";
	case VERDICT_UNREADABLE:
		return "unreadable";
	}
	return "unknown";
}

const char *campaign_state_name(enum campaign_state state) {
	switch (state) {
	case CAMPAIGN_SCHEDULED:
		return "scheduled";
	case CAMPAIGN_OPEN:
		return "open";
	case CAMPAIGN_PAUSED:
		return "paused";
	case CAMPAIGN_CLOSED:
		return "closed";
	}
	return "unknown";
}

const char *booking_status_name(enum booking_status status) {
	switch (status) {
	case BOOKING_WAITING:
		return "waitlisted";
	case BOOKING_HELD:
		return "held";
	case BOOKING_BOOKED:
		return "booked";
	case BOOKING_RELEASED:
		return "released";
	case BOOKING_CANCELLED:
		return "cancelled";
	case BOOKING_REFUND_DUE:
		return "refund_due";
	}
	return "unknown";
}
