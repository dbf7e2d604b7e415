/*
 * fuzz_definition - any bytes at all, as an admin might publish them, through all of common/json.
 *
 * Beyond not crashing: an error is a sentence of valid UTF-8; what is accepted is within limits.h; what
 * an admin may publish, every later reader of the line reads as the same; and mails can be made of it.
 */
#include <assert.h>
#include <string.h>

#include "common/definition_json.h"
#include "common/pure/subjects.h"
#include "common/pure/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void assert_within_limits(const struct definition *definition) {
	assert(campaign_id_is_valid(definition->id, strlen(definition->id)));
	assert(definition->title[0] != '\0');
	assert(strlen(definition->currency) == 3);
	assert(definition->units >= 1);
	assert(definition->units <= UNITS_MAX);
	assert(definition->units_per_person >= 1);
	assert(definition->units_per_person <= UNITS_PER_PERSON_MAX);
	assert(definition->price_paise <= PRICE_PAISE_MAX);
	assert((definition->hold_seconds == 0) == (definition->price_paise == 0));
	assert(definition->waiting_list <= WAITING_LIST_MAX);
	assert(definition->closes_by_command || definition->closes_at_ms > definition->opens_at_ms);
}

static void assert_sentence(const char *error) {
	assert(error[0] != '\0');
	assert(text_is_utf8(error, strlen(error)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct definition published;
	struct definition stored;
	char error[JSON_ERROR_BYTES];
	const char *bytes = (const char *)data;
	bool is_stored = definition_read_stored(&stored, error, bytes, size);
	if (is_stored) {
		assert_within_limits(&stored);
		assert(text_is_utf8(stored.title, strlen(stored.title)));
		assert(text_is_utf8(stored.pickup_text, strlen(stored.pickup_text)));
	} else {
		assert_sentence(error);
	}
	if (definition_read(&published, error, bytes, size)) {
		assert(is_stored);
		assert(memcmp(&published, &stored, sizeof stored) == 0);
	} else {
		assert_sentence(error);
	}
	return 0;
}
