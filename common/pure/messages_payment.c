#include "common/pure/messages_payment.h"

#include <assert.h>
#include <string.h>

#include "common/pure/messages_wire.h"
#include "common/pure/text.h"

static_assert(PAYABLE_JSON_BYTES_MAX <= UINT16_MAX, "the size of the JSON is two bytes");

/* ---- texts ------------------------------------------------------------------------------------- */

static bool is_id_char(char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

static bool is_id(const char *text, size_t size) {
	for (size_t i = 0; i < size; i++) {
		if (!is_id_char(text[i])) {
			return false;
		}
	}
	return true;
}

static bool is_currency(const char *text) {
	for (size_t i = 0; i < PAYMENT_CURRENCY_BYTES - 1; i++) {
		if (text[i] < 'A' || text[i] > 'Z') {
			return false;
		}
	}
	return true;
}

/* On the wire an id is its size (1 byte, 0 if there is none) and its bytes. */
static void id_encode(struct bytes_writer *writer, const char id[PAYMENT_ID_BYTES_MAX + 1]) {
	size_t size = strnlen(id, PAYMENT_ID_BYTES_MAX + 1);
	if (size > PAYMENT_ID_BYTES_MAX || !is_id(id, size)) {
		writer->failed = true;
		return;
	}
	bytes_write_u8(writer, (uint8_t)size);
	bytes_write(writer, id, size);
}

static void id_decode(struct bytes_reader *reader, char id[PAYMENT_ID_BYTES_MAX + 1]) {
	uint8_t size = read_u8_within(reader, 0, PAYMENT_ID_BYTES_MAX);
	size = reader->failed ? 0 : size;
	bytes_read(reader, id, size);
	id[size] = '\0';
	if (!is_id(id, size)) {
		reader->failed = true;
	}
}

/* ---- what a provider told ------------------------------------------------------------------------
 *
 *	version		1
 *	kind		1
 *	event		1	enum payment_event_kind, not other
 *	currency	3	capital letters
 *	amount, paise	8	from 1
 *	time, ms	8
 *	event id	1..65	size 1, then letters, digits, '_' and '-'; these four
 *	payment id	2..65	never empty
 *	order id	1..65
 *	refund id	1..65	not empty where the event is about a refund, else empty
 */

static bool is_refund(const struct payment_event *event) {
	return event->kind >= PAYMENT_EVENT_REFUND_PENDING;
}

static bool event_is_whole(const struct payment_event *event) {
	return event->kind >= PAYMENT_EVENT_FAILED && event->kind <= PAYMENT_EVENT_REFUND_FAILED &&
	       is_currency(event->currency) && event->amount_paise >= 1 &&
	       event->amount_paise <= PAYMENT_AMOUNT_MAX && event->time_ms >= 0 &&
	       event->time_ms <= TIMESTAMP_MS_MAX && event->payment_id[0] != '\0' &&
	       (event->refund_id[0] != '\0') == is_refund(event);
}

size_t payment_event_encode(const struct payment_event *event, uint8_t *bytes, size_t capacity) {
	if (!event_is_whole(event)) {
		return 0;
	}
	struct bytes_writer writer =
		message_begin(bytes, capacity, (enum message_kind)MESSAGE_PAYMENT_EVENT);
	bytes_write_u8(&writer, (uint8_t)event->kind);
	bytes_write(&writer, event->currency, PAYMENT_CURRENCY_BYTES - 1);
	bytes_write_u64(&writer, event->amount_paise);
	bytes_write_u64(&writer, (uint64_t)event->time_ms);
	id_encode(&writer, event->id);
	id_encode(&writer, event->payment_id);
	id_encode(&writer, event->order_id);
	id_encode(&writer, event->refund_id);
	return message_finish(&writer);
}

bool payment_event_decode(struct payment_event *event, const uint8_t *bytes, size_t size) {
	if (message_kind(bytes, size) != MESSAGE_PAYMENT_EVENT) {
		return false;
	}
	struct bytes_reader reader = message_open(bytes, size);
	*event = (struct payment_event){0};
	event->kind = (enum payment_event_kind)read_u8_within(
		&reader, PAYMENT_EVENT_FAILED, PAYMENT_EVENT_REFUND_FAILED);
	bytes_read(&reader, event->currency, PAYMENT_CURRENCY_BYTES - 1);
	event->amount_paise = bytes_read_u64(&reader);
	event->time_ms = read_time_ms(&reader);
	id_decode(&reader, event->id);
	id_decode(&reader, event->payment_id);
	id_decode(&reader, event->order_id);
	id_decode(&reader, event->refund_id);
	return bytes_finished(&reader) && event_is_whole(event);
}

/* ---- how to pay ----------------------------------------------------------------------------------
 *
 *	version		1
 *	kind		1
 *	number		4	booking number, from 1
 *	JSON		4..	size 2, then an object
 */

static bool is_object(const char *json, size_t size) {
	if (size < 2 || size > PAYABLE_JSON_BYTES_MAX || json[0] != '{' || json[size - 1] != '}') {
		return false;
	}
	for (size_t i = 0; i < size; i++) {
		if ((uint8_t)json[i] < ' ') {
			return false;
		}
	}
	return text_is_utf8(json, size);
}

size_t payable_encode(const struct payable *payable, uint8_t *bytes, size_t capacity) {
	if (payable->number == 0 || !is_object(payable->json, payable->json_size)) {
		return 0;
	}
	struct bytes_writer writer =
		message_begin(bytes, capacity, (enum message_kind)MESSAGE_PAYABLE);
	bytes_write_u32(&writer, payable->number);
	bytes_write_u16(&writer, payable->json_size);
	bytes_write(&writer, payable->json, payable->json_size);
	return message_finish(&writer);
}

bool payable_decode(struct payable *payable, const uint8_t *bytes, size_t size) {
	if (message_kind(bytes, size) != MESSAGE_PAYABLE) {
		return false;
	}
	struct bytes_reader reader = message_open(bytes, size);
	payable->number = read_u32_within(&reader, 1, UINT32_MAX);
	payable->json_size = read_u16_within(&reader, 2, PAYABLE_JSON_BYTES_MAX);
	payable->json = (const char *)bytes_borrow(&reader, payable->json_size);
	return bytes_finished(&reader) && is_object(payable->json, payable->json_size);
}
