/*
 * messages - requests and their batches, and the names of enumerators. Decisions are in
 * messages_decision.c, contacts and codes in messages_contacts.c.
 */
#include "common/pure/messages.h"

#include <assert.h>
#include <string.h>

#include "common/pure/messages_entry.h"
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
static_assert(IDENTITIES_MAX == 2, "person_decode compares two identities");

static size_t person_bytes(const struct person *person) {
	return ACCOUNT_BYTES + 1u + (size_t)person->identities_count * IDENTITY_BYTES;
}

static void person_put(uint8_t **at, const struct person *person) {
	put(at, person->account.bytes, ACCOUNT_BYTES);
	put_u8(at, person->identities_count);
	for (uint8_t i = 0; i < person->identities_count; i++) {
		put(at, person->identities[i].bytes, IDENTITY_BYTES);
	}
}

/* Reads the person that an entry begins with. Returns the bytes_behind bytes that end the entry, NULL
 * if they are not there or the person is not right. */
static const uint8_t *person_decode(
	struct bytes_reader *reader, struct person *person, size_t bytes_behind) {
	const uint8_t *at = bytes_borrow(reader, ACCOUNT_BYTES + 1);
	if (at == NULL) {
		return NULL;
	}
	take(&at, person->account.bytes, ACCOUNT_BYTES);
	uint8_t count = take_u8(&at);
	if (count < 1 || count > IDENTITIES_MAX) {
		reader->failed = true;
		return NULL;
	}
	person->identities_count = count;
	at = bytes_borrow(reader, count * IDENTITY_BYTES + bytes_behind);
	if (at == NULL) {
		return NULL;
	}
	struct identity *identities = person->identities;
	take(&at, identities[0].bytes, IDENTITY_BYTES);
	if (count == 1) {
		identities[1] = (struct identity){0};
		return at;
	}
	take(&at, identities[1].bytes, IDENTITY_BYTES);
	if (memcmp(&identities[0], &identities[1], IDENTITY_BYTES) == 0) {
		reader->failed = true;
		return NULL;
	}
	return at;
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
#define BOOK_BYTES_BEHIND (REQUEST_KEY_BYTES + 1u)

void book_request_encode(struct bytes_writer *writer, const struct book_request *entry) {
	assert(entry->person.identities_count >= 1);
	assert(entry->person.identities_count <= IDENTITIES_MAX);
	uint8_t *at = entry_reserve(writer, person_bytes(&entry->person) + BOOK_BYTES_BEHIND);
	if (at != NULL) {
		person_put(&at, &entry->person);
		put(&at, entry->key.bytes, REQUEST_KEY_BYTES);
		put_u8(&at, entry->units);
	}
}

static void book_request_decode(struct bytes_reader *reader, struct book_request *entry) {
	const uint8_t *at = person_decode(reader, &entry->person, BOOK_BYTES_BEHIND);
	if (at != NULL) {
		take(&at, entry->key.bytes, REQUEST_KEY_BYTES);
		entry->units = take_u8(&at);
	}
}

/*	person			33 or 49
 *	booking number		4	from 1
 */
#define CANCEL_BYTES_BEHIND 4u

void cancel_request_encode(struct bytes_writer *writer, const struct cancel_request *entry) {
	assert(entry->person.identities_count >= 1);
	assert(entry->person.identities_count <= IDENTITIES_MAX);
	assert(entry->number >= 1);
	uint8_t *at = entry_reserve(writer, person_bytes(&entry->person) + CANCEL_BYTES_BEHIND);
	if (at != NULL) {
		person_put(&at, &entry->person);
		put_u32(&at, entry->number);
	}
}

static void cancel_request_decode(struct bytes_reader *reader, struct cancel_request *entry) {
	const uint8_t *at = person_decode(reader, &entry->person, CANCEL_BYTES_BEHIND);
	if (at != NULL) {
		entry->number = take_u32(&at);
		reader->failed = entry->number < 1;
	}
}

/*	booking number		4	from 1
 *	payment			16
 *	amount, paise		8
 *	outcome			1	enum payment_outcome
 */
#define PAY_ENTRY_BYTES (4u + PAYMENT_BYTES + 8u + 1u)

void pay_request_encode(struct bytes_writer *writer, const struct pay_request *entry) {
	assert(entry->number >= 1);
	assert(entry->outcome >= PAYMENT_CAPTURED);
	assert(entry->outcome <= PAYMENT_FAILED);
	uint8_t *at = entry_reserve(writer, PAY_ENTRY_BYTES);
	if (at != NULL) {
		put_u32(&at, entry->number);
		put(&at, entry->payment.bytes, PAYMENT_BYTES);
		put_u64(&at, entry->amount_paise);
		put_u8(&at, (uint8_t)entry->outcome);
	}
}

static void pay_request_decode(struct bytes_reader *reader, struct pay_request *entry) {
	const uint8_t *at = bytes_borrow(reader, PAY_ENTRY_BYTES);
	if (at != NULL) {
		entry->number = take_u32(&at);
		take(&at, entry->payment.bytes, PAYMENT_BYTES);
		entry->amount_paise = take_u64(&at);
		uint8_t outcome = take_u8(&at);
		entry->outcome = (enum payment_outcome)outcome;
		reader->failed =
			entry->number < 1 || outcome < PAYMENT_CAPTURED || outcome > PAYMENT_FAILED;
	}
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
