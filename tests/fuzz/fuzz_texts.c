/*
 * fuzz_texts - what people and clients type: contacts, booking IDs, tokens, points in time.
 *
 * The first byte says as what the rest is read. Beyond not crashing: reading what was normalised or
 * written again changes nothing, and nobody finds a token.
 */
#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "common/booking_id.h"
#include "common/identity.h"
#include "common/pure/timestamp.h"
#include "common/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct key key = {{7}};

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
	}
}

static void try_phone(const char *text, size_t size) {
	char once[CONTACT_BYTES_MAX + 1];
	char twice[CONTACT_BYTES_MAX + 1];
	if (identity_normalise_phone(once, text, size)) {
		bool valid = identity_normalise_phone(twice, once, strlen(once));
		assert(valid);
		assert(strcmp(once, twice) == 0);
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
	case 'd':
		try_timestamp(text, text_size);
		break;
	default:
		break;
	}
	return 0;
}
