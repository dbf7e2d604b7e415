/*
 * definition_json - one line for each key, then what the values have to do with each other.
 */
#include "common/definition_json.h"

#include <assert.h>
#include <string.h>

#include "common/crypto.h"
#include "common/pure/subjects.h"
#include "common/pure/text.h"
#include "common/pure/timestamp.h"
#include "common/zone.h"

#define HOLD_SECONDS_DEFAULT 600u
/* For ever: a definition that leaves rules out must not mean something else to a newer program. */
#define RULES_DEFAULT 1u

/* Copies a text that json_string let through, so it fits. */
static void copy(char *target, size_t capacity, const char *source) {
	size_t size = strlen(source);
	assert(size < capacity);
	memcpy(target, source, size + 1);
}

/* True for C0, DEL and (in UTF-8, C2 80 to C2 9F) C1. */
static bool is_control(const char *c) {
	unsigned char byte = (unsigned char)c[0];
	unsigned char next = byte == 0 ? 0 : (unsigned char)c[1];
	return byte < 0x20 || byte == 0x7f || (byte == 0xc2 && next >= 0x80 && next <= 0x9f);
}

static bool has_control(const char *string, const char *allowed) {
	for (const char *c = string; *c != '\0'; c++) {
		if (is_control(c) && strchr(allowed, *c) == NULL) {
			return true;
		}
	}
	return false;
}

static void read_id(struct json_object *object, struct definition *definition) {
	const char *id = json_string(object, "id", CAMPAIGN_ID_BYTES_MAX);
	if (!campaign_id_is_valid(id, strlen(id))) {
		json_fail(object, "id",
			"must be lower-case letters, digits and '-', with no '-' at the ends");
	}
	copy(definition->id, sizeof definition->id, id);
}

typedef bool (*zone_check)(const char *name);

static void read_texts(
	struct json_object *object, struct definition *definition, zone_check zone_is_valid) {
	const char *title = json_string(object, "title", CAMPAIGN_TITLE_BYTES_MAX);
	if (title[strspn(title, " ")] == '\0' || has_control(title, "")) {
		json_fail(object, "title", "must be one line that says what there is to get");
	}
	copy(definition->title, sizeof definition->title, title);

	const char *pickup_text =
		json_string_or(object, "pickup_text", CAMPAIGN_PICKUP_BYTES_MAX, "");
	if (has_control(pickup_text, "\n")) {
		json_fail(object, "pickup_text",
			"must have no control characters but line ends (\\n)");
	}
	copy(definition->pickup_text, sizeof definition->pickup_text, pickup_text);

	const char *time_zone = json_string_or(object, "time_zone", CAMPAIGN_ZONE_BYTES_MAX, "UTC");
	if (!zone_is_valid(time_zone)) {
		json_fail(object, "time_zone",
			"must be a name of the IANA database, like \"Asia/Kolkata\"");
	}
	copy(definition->time_zone, sizeof definition->time_zone, time_zone);
}

static void read_price(struct json_object *object, struct definition *definition) {
	definition->price_paise =
		(uint32_t)json_u64_or(object, "price_paise", 0, PRICE_PAISE_MAX, 0);
	const char *currency = json_string_or(object, "currency", 3, "INR");
	if (strspn(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3) {
		json_fail(object, "currency",
			"must be three capital letters, like \"INR\" (ISO 4217)");
	}
	copy(definition->currency, sizeof definition->currency, currency);

	bool free_of_charge = definition->price_paise == 0;
	if (free_of_charge && json_has(object, "hold_seconds")) {
		json_fail(object, "hold_seconds",
			"must be left out: it is the time to pay, and price_paise is 0");
	}
	definition->hold_seconds = (uint32_t)json_u64_or(object, "hold_seconds", 1,
		HOLD_SECONDS_MAX, free_of_charge ? 0 : HOLD_SECONDS_DEFAULT);
}

/* Reads a point in time; 0 and *by_command where the key is left out. */
static int64_t read_time(struct json_object *object, const char *key, bool *by_command) {
	*by_command = !json_has(object, key);
	const char *time = json_string_or(object, key, 64, "");
	int64_t time_ms = 0;
	if (!*by_command && !timestamp_parse(time, strlen(time), &time_ms)) {
		json_fail(object, key,
			"must be a date and time with offset, like \"2026-11-22T18:00:00+05:30\"");
	}
	return time_ms;
}

static void read_times(struct json_object *object, struct definition *definition) {
	definition->opens_at_ms = read_time(object, "opens_at", &definition->opens_by_command);
	definition->closes_at_ms = read_time(object, "closes_at", &definition->closes_by_command);
	if (!definition->closes_by_command && definition->closes_at_ms <= definition->opens_at_ms) {
		json_fail(object, "closes_at", "must be later than opens_at");
	}
}

static void read_verification(struct json_object *object, struct definition *definition) {
	static const char *const names[] = {
		[VERIFICATION_EMAIL] = "email",
		[VERIFICATION_PHONE] = "phone",
		[VERIFICATION_EITHER] = "either",
		[VERIFICATION_BOTH] = "both",
	};
	const char *name = json_string_or(object, "verification", 16, "either");
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (strcmp(name, names[i]) == 0) {
			definition->verification = (enum verification)i;
			return;
		}
	}
	json_fail(object, "verification", "must be \"email\", \"phone\", \"either\" or \"both\"");
}

static void read_counts(struct json_object *object, struct definition *definition) {
	definition->units = (uint32_t)json_u64(object, "units", 1, UNITS_MAX);
	definition->units_per_person =
		(uint32_t)json_u64_or(object, "units_per_person", 1, UNITS_PER_PERSON_MAX, 1);
	definition->waiting_list =
		(uint32_t)json_u64_or(object, "waiting_list", 0, WAITING_LIST_MAX, 0);
	definition->rules = (uint32_t)json_u64_or(object, "rules", 1, RULES_NEWEST, RULES_DEFAULT);
	definition->cancellable = json_bool_or(object, "cancellable", false);
}

static bool read_definition(struct definition *definition, char error[JSON_ERROR_BYTES],
	const char *bytes, size_t size, zone_check zone_is_valid) {
	*definition = (struct definition){0};
	if (size > DEFINITION_BYTES_MAX) {
		struct text text = text_init(error, JSON_ERROR_BYTES);
		text_append(&text, "the definition must have at most ");
		text_append_u64(&text, DEFINITION_BYTES_MAX);
		text_append(&text, " bytes");
		return false;
	}
	struct json_object object;
	json_init(&object, bytes, size);
	read_id(&object, definition);
	read_texts(&object, definition, zone_is_valid);
	read_counts(&object, definition);
	read_price(&object, definition);
	read_times(&object, definition);
	read_verification(&object, definition);
	json_refuse_unknown(&object);
	memcpy(error, object.error, sizeof object.error);
	bool valid = !object.failed;
	json_finish(&object);
	return valid;
}

bool definition_read(struct definition *definition, char error[JSON_ERROR_BYTES], const char *bytes,
	size_t size) {
	return read_definition(definition, error, bytes, size, zone_is_known);
}

bool definition_read_stored(struct definition *definition, char error[JSON_ERROR_BYTES],
	const char *bytes, size_t size) {
	return read_definition(definition, error, bytes, size, zone_is_plain);
}

void definition_hash(uint8_t hash[DEFINITION_HASH_BYTES], const char *bytes, size_t size) {
	struct part part = {.bytes = bytes, .size = size};
	crypto_digest(hash, DEFINITION_HASH_BYTES, &part, 1);
}
