/*
 * fuzz_definition - any bytes at all, as an admin might publish them, through all of common/json.
 *
 * Beyond not crashing: an error is a sentence of valid UTF-8, and what is accepted is within limits.h.
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct definition definition;
	char error[JSON_ERROR_BYTES];
	if (definition_read(&definition, error, (const char *)data, size)) {
		assert_within_limits(&definition);
	} else {
		assert(error[0] != '\0');
		assert(text_is_utf8(error, strlen(error)));
	}
	return 0;
}
