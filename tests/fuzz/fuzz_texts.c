/*
 * fuzz_texts - what people and clients type: contacts, booking IDs, tokens, points in time, base64.
 *
 * The first byte says as what the rest is read. Beyond not crashing: reading what was normalised or
 * written again changes nothing; who is accepted at the door can be stored and written to; nobody
 * finds a token, and one that is accepted has exactly one spelling.
 */
#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "common/booking_id.h"
#include "common/identity.h"
#include "common/json.h"
#include "common/pure/base64.h"
#include "common/pure/timestamp.h"
#include "common/token.h"
#include "notifier/mime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TOKEN_MAC_BYTES 16u

static const struct key key = {{7}};

/* The ingress asserts it when it stores a code and a proof. */
static void assert_can_be_stored(enum channel channel, const char *contact) {
	struct code_message message = {.channel = channel, .code = "042137", .locale = "en"};
	memcpy(message.contact, contact, strlen(contact) + 1);
	uint8_t bytes[512];
	size_t size = code_message_encode(&message, bytes, sizeof bytes);
	assert(size > 0);
}

static void try_email(const char *text, size_t size) {
	char once[CONTACT_BYTES_MAX + 1];
	char twice[CONTACT_BYTES_MAX + 1];
	bool valid = identity_normalise_email(once, text, size);
	if (valid) {
		valid = identity_normalise_email(twice, once, strlen(once));
		assert(valid);
		assert(strcmp(once, twice) == 0);
		valid = identity_deliverable_email(once, text, size);
		assert(valid);
		assert_can_be_stored(CHANNEL_EMAIL, once);
		assert(mime_address_is_plain(once));
	}
}

static void try_phone(const char *text, size_t size) {
	char once[CONTACT_BYTES_MAX + 1];
	char twice[CONTACT_BYTES_MAX + 1];
	if (identity_normalise_phone(once, text, size)) {
		bool valid = identity_normalise_phone(twice, once, strlen(once));
		assert(valid);
		assert(strcmp(once, twice) == 0);
		assert_can_be_stored(CHANNEL_SMS, once);
	}
}

static void try_booking_id(const char *text, size_t size) {
	struct booking_name name;
	if (booking_id_read(&name, &key, text, size) &&
		name.campaign_ordinal <= CAMPAIGN_ORDINAL_MAX) {
		char id[BOOKING_ID_SIZE];
		booking_id_write(id, &key, name);
		struct booking_name again;
		bool valid = booking_id_read(&again, &key, id, strlen(id));
		assert(valid);
		assert(again.number == name.number);
	}
}

static void try_token(const char *text, size_t size) {
	const struct token_keys keys = {.count = 1, .keys = {{.id = 1, .key = key}}};
	struct token token;
	enum token_outcome outcome = token_read(&token, &keys, text, size, 0);
	assert(outcome == TOKEN_INVALID);
}

/* The bytes of a token up to its MAC, which is right: as from a program that went wrong. */
static void try_sealed_token(const char *text, size_t size) {
	const struct token_keys keys = {.count = 1, .keys = {{.id = 1, .key = key}}};
	uint8_t packed[128];
	char sealed[TOKEN_SIZE + 128] = "fc1.";
	if (size > sizeof packed - TOKEN_MAC_BYTES) {
		return;
	}
	memcpy(packed, text, size);
	struct part part = {packed, size};
	crypto_mac(packed + size, TOKEN_MAC_BYTES, &key, "token", &part, 1);
	base64url_encode(sealed + strlen(sealed), packed, size + TOKEN_MAC_BYTES);
	struct token token;
	if (token_read(&token, &keys, sealed, strlen(sealed), 0) != TOKEN_INVALID) {
		char again[TOKEN_SIZE];
		token_write(again, &keys, &token);
		assert(strcmp(again, sealed) == 0);
	}
}

static void try_base64(const char *text, size_t size) {
	uint8_t bytes[512];
	char again[BASE64URL_SIZE(sizeof bytes)];
	size_t used = base64url_decode(bytes, sizeof bytes, text, size);
	if (used != SIZE_MAX) {
		base64url_encode(again, bytes, used);
		assert(strlen(again) == size);
		assert(memcmp(again, text, size) == 0);
	}
	if (BASE64_BYTES_MAX(size) <= sizeof bytes && base64_decode(bytes, &used, text, size)) {
		assert(used <= BASE64_BYTES_MAX(size));
		assert((used + 2) / 3 * 4 == size);
	}
}

/* Any valid text comes back out of the JSON that it was written into. */
static void try_json_text(const char *text, size_t size) {
	char buffer[8192];
	struct text json = text_init(buffer, sizeof buffer);
	if (!text_is_utf8(text, size) || (size > 0 && memchr(text, '\0', size) != NULL) ||
		size > 1024) {
		return;
	}
	text_append(&json, "{\"a\":");
	text_append_json(&json, text, size);
	text_append_char(&json, '}');
	assert(!json.failed);
	struct json_object object;
	json_init(&object, json.start, json.used);
	const char *again = json_string(&object, "a", 1024);
	assert(!object.failed);
	assert(strlen(again) == size);
	assert(memcmp(again, text, size) == 0);
	json_finish(&object);
}

static void try_timestamp(const char *text, size_t size) {
	int64_t time_ms;
	if (timestamp_parse(text, size, &time_ms)) {
		char buffer[64];
		struct text written = text_init(buffer, sizeof buffer);
		timestamp_append(&written, time_ms, 0);
		assert(!written.failed);
		int64_t again_ms = -1;
		bool valid = timestamp_parse(buffer, written.used, &again_ms);
		assert(valid);
		assert(again_ms == time_ms);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	if (size == 0) {
		return 0;
	}
	const char *text = (const char *)data + 1;
	size_t text_size = size - 1;
	switch (data[0]) {
	case 'e':
		try_email(text, text_size);
		break;
	case 'p':
		try_phone(text, text_size);
		break;
	case 'b':
		try_booking_id(text, text_size);
		break;
	case 't':
		try_token(text, text_size);
		break;
	case 'T':
		try_sealed_token(text, text_size);
		break;
	case '6':
		try_base64(text, text_size);
		break;
	case 'j':
		try_json_text(text, text_size);
		break;
	case 'd':
		try_timestamp(text, text_size);
		break;
	default:
		break;
	}
	return 0;
}
