/*
 * messages_contacts - what is said about contacts and one-time codes.
 *
 * Contacts are checked here once more for what would hurt a reader (control characters, blanks),
 * whatever the sender did; their shape is common/identity.h's business.
 */
#include "common/pure/messages.h"

#include <string.h>

#include "common/pure/messages_wire.h"

/* ---- texts -------------------------------------------------------------------------------------- */

/* On the wire a text is its size (1 byte, from 1) and its bytes; in a struct it ends with a NUL. */

typedef bool (*char_check)(char c);

static bool is_visible_ascii(char c) {
	return c > ' ' && c <= '~';
}

static bool is_locale_char(char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-';
}

static bool is_digit(char c) {
	return c >= '0' && c <= '9';
}

/* Bytes before the NUL, or 0 if there is none, or any character is not allowed. */
static size_t checked_size(const char *text, size_t capacity, char_check allowed) {
	size_t size = strnlen(text, capacity);
	for (size_t i = 0; i < size; i++) {
		if (!allowed(text[i])) {
			return 0;
		}
	}
	return size < capacity ? size : 0;
}

static void text_encode(
	struct bytes_writer *writer, const char *text, size_t capacity, char_check allowed) {
	size_t size = checked_size(text, capacity, allowed);
	if (size == 0) {
		writer->failed = true;
		return;
	}
	bytes_write_u8(writer, (uint8_t)size);
	bytes_write(writer, text, size);
}

static void text_decode(
	struct bytes_reader *reader, char *target, size_t capacity, char_check allowed) {
	uint8_t size = read_u8_within(reader, 1, (uint8_t)(capacity - 1));
	if (reader->failed) {
		return;
	}
	bytes_read(reader, target, size);
	target[size] = '\0';
	if (checked_size(target, capacity, allowed) != size) {
		reader->failed = true;
	}
}

static_assert(CONTACT_BYTES_MAX <= UINT8_MAX, "the size of a contact is one byte");

static bool channel_is_known(enum channel channel) {
	return channel == CHANNEL_EMAIL || channel == CHANNEL_SMS;
}

static enum channel channel_decode(struct bytes_reader *reader) {
	return (enum channel)read_u8_within(reader, CHANNEL_EMAIL, CHANNEL_SMS);
}

/* ---- verified contact ----------------------------------------------------------------------------
 *
 *	version		1
 *	kind		1
 *	account		16
 *	identity	16
 *	channel		1	enum channel
 *	verified, ms	8
 *	linked		1	0 or 1
 *	contact		2..255	size 1, then visible ASCII
 *	locale		2..8	size 1, then letters, digits, '-'
 */
size_t verified_contact_encode(
	const struct verified_contact *contact, uint8_t *bytes, size_t capacity) {
	if (!channel_is_known(contact->channel)) {
		return 0;
	}
	struct bytes_writer writer = message_begin(bytes, capacity, MESSAGE_VERIFIED);
	bytes_write(&writer, contact->account.bytes, ACCOUNT_BYTES);
	bytes_write(&writer, contact->identity.bytes, IDENTITY_BYTES);
	bytes_write_u8(&writer, (uint8_t)contact->channel);
	bytes_write_u64(&writer, (uint64_t)contact->verified_at_ms);
	bytes_write_u8(&writer, contact->linked ? 1 : 0);
	text_encode(&writer, contact->contact, sizeof contact->contact, is_visible_ascii);
	text_encode(&writer, contact->locale, sizeof contact->locale, is_locale_char);
	return message_finish(&writer);
}

bool verified_contact_decode(struct verified_contact *contact, const uint8_t *bytes, size_t size) {
	if (message_kind(bytes, size) != MESSAGE_VERIFIED) {
		return false;
	}
	struct bytes_reader reader = message_open(bytes, size);
	bytes_read(&reader, contact->account.bytes, ACCOUNT_BYTES);
	bytes_read(&reader, contact->identity.bytes, IDENTITY_BYTES);
	contact->channel = channel_decode(&reader);
	contact->verified_at_ms = read_time_ms(&reader);
	contact->linked = read_u8_within(&reader, 0, 1) == 1;
	text_decode(&reader, contact->contact, sizeof contact->contact, is_visible_ascii);
	text_decode(&reader, contact->locale, sizeof contact->locale, is_locale_char);
	return bytes_finished(&reader);
}

/* ---- code to deliver -----------------------------------------------------------------------------
 *
 *	version		1
 *	kind		1
 *	channel		1	enum channel
 *	expires, ms	8
 *	contact		2..255	size 1, then visible ASCII
 *	code		7	size 1, then CODE_DIGITS digits
 *	locale		2..8	size 1, then letters, digits, '-'
 */
size_t code_message_encode(const struct code_message *message, uint8_t *bytes, size_t capacity) {
	if (!channel_is_known(message->channel) ||
		checked_size(message->code, sizeof message->code, is_digit) != CODE_DIGITS) {
		return 0;
	}
	struct bytes_writer writer = message_begin(bytes, capacity, MESSAGE_CODE);
	bytes_write_u8(&writer, (uint8_t)message->channel);
	bytes_write_u64(&writer, (uint64_t)message->expires_at_ms);
	text_encode(&writer, message->contact, sizeof message->contact, is_visible_ascii);
	text_encode(&writer, message->code, sizeof message->code, is_digit);
	text_encode(&writer, message->locale, sizeof message->locale, is_locale_char);
	return message_finish(&writer);
}

bool code_message_decode(struct code_message *message, const uint8_t *bytes, size_t size) {
	if (message_kind(bytes, size) != MESSAGE_CODE) {
		return false;
	}
	struct bytes_reader reader = message_open(bytes, size);
	message->channel = channel_decode(&reader);
	message->expires_at_ms = read_time_ms(&reader);
	text_decode(&reader, message->contact, sizeof message->contact, is_visible_ascii);
	text_decode(&reader, message->code, sizeof message->code, is_digit);
	text_decode(&reader, message->locale, sizeof message->locale, is_locale_char);
	return bytes_finished(&reader) && strlen(message->code) == CODE_DIGITS;
}

/* ---- state of a code -----------------------------------------------------------------------------
 *
 *	version		1
 *	kind		1
 *	nonce		16
 *	created, ms	8
 *	last sent, ms	8
 *	sends		1
 *	tries		1
 */
size_t code_state_encode(const struct code_state *state, uint8_t *bytes, size_t capacity) {
	struct bytes_writer writer = message_begin(bytes, capacity, MESSAGE_CODE_STATE);
	bytes_write(&writer, state->nonce, sizeof state->nonce);
	bytes_write_u64(&writer, (uint64_t)state->created_at_ms);
	bytes_write_u64(&writer, (uint64_t)state->sent_at_ms);
	bytes_write_u8(&writer, state->sends);
	bytes_write_u8(&writer, state->tries);
	return message_finish(&writer);
}

bool code_state_decode(struct code_state *state, const uint8_t *bytes, size_t size) {
	if (message_kind(bytes, size) != MESSAGE_CODE_STATE) {
		return false;
	}
	struct bytes_reader reader = message_open(bytes, size);
	bytes_read(&reader, state->nonce, sizeof state->nonce);
	state->created_at_ms = read_time_ms(&reader);
	state->sent_at_ms = read_time_ms(&reader);
	state->sends = bytes_read_u8(&reader);
	state->tries = bytes_read_u8(&reader);
	return bytes_finished(&reader);
}
