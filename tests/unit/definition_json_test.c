/*
 * definition_json_test - defaults, every key, and the sentence an admin reads when something is wrong.
 */
#include "common/definition_json.h"

#include "common/crypto.h"
#include "common/pure/text.h"
#include "tests/unit/unit.h"

#define NEEDED "\"id\":\"burger\",\"title\":\"Burger\",\"units\":500"

static struct definition definition;
static char error[JSON_ERROR_BYTES];

static bool reads(const char *json) {
	return definition_read(&definition, error, json, strlen(json));
}

static void three_keys_are_enough(void **state) {
	(void)state;
	assert_true(reads("{" NEEDED "}"));
	assert_string_equal(definition.id, "burger");
	assert_string_equal(definition.title, "Burger");
	assert_string_equal(definition.pickup_text, "");
	assert_string_equal(definition.time_zone, "UTC");
	assert_string_equal(definition.currency, "INR");
	assert_int_equal(definition.units, 500);
	assert_int_equal(definition.units_per_person, 1);
	assert_int_equal(definition.price_paise, 0);
	assert_int_equal(definition.hold_seconds, 0);
	assert_int_equal(definition.waiting_list, 0);
	assert_int_equal(definition.rules, RULES_NEWEST);
	assert_int_equal(definition.verification, VERIFICATION_EITHER);
	assert_false(definition.cancellable);
	assert_true(definition.opens_by_command);
	assert_true(definition.closes_by_command);
	assert_int_equal(definition.opens_at_ms, 0);
	assert_int_equal(definition.closes_at_ms, 0);
}

static void reads_every_key(void **state) {
	(void)state;
	assert_true(reads("{\"id\":\"gold-2026\",\"title\":"
			  "\"\xe0\xa4\xac\xe0\xa4\xb0\xe0\xa5\x8d\",\"units\":"
			  "1000000000,\"units_per_person\":100,\"price_paise\":1000000000,"
			  "\"currency\":\"EUR\",\"opens_at\":\"2026-11-22T18:00:00+05:30\","
			  "\"closes_at\":\"2026-11-22T13:00:00Z\",\"hold_seconds\":86400,"
			  "\"waiting_list\":100000000,\"cancellable\":true,"
			  "\"verification\":\"both\",\"time_zone\":\"Asia/Kolkata\","
			  "\"pickup_text\":\"Show the ID\\nat any counter.\",\"rules\":1}"));
	assert_string_equal(definition.id, "gold-2026");
	assert_int_equal(definition.units, UNITS_MAX);
	assert_int_equal(definition.units_per_person, UNITS_PER_PERSON_MAX);
	assert_int_equal(definition.price_paise, PRICE_PAISE_MAX);
	assert_string_equal(definition.currency, "EUR");
	assert_int_equal(definition.opens_at_ms, INT64_C(1795350600000));
	assert_int_equal(definition.closes_at_ms, INT64_C(1795352400000));
	assert_false(definition.opens_by_command);
	assert_false(definition.closes_by_command);
	assert_int_equal(definition.hold_seconds, HOLD_SECONDS_MAX);
	assert_int_equal(definition.waiting_list, WAITING_LIST_MAX);
	assert_true(definition.cancellable);
	assert_int_equal(definition.verification, VERIFICATION_BOTH);
	assert_string_equal(definition.time_zone, "Asia/Kolkata");
	assert_string_equal(definition.pickup_text, "Show the ID\nat any counter.");
}

static void defaults_depend_on_the_price(void **state) {
	(void)state;
	assert_true(reads("{" NEEDED ",\"price_paise\":100}"));
	assert_int_equal(definition.hold_seconds, 600);
	assert_true(reads("{" NEEDED ",\"price_paise\":100,\"hold_seconds\":1}"));
	assert_int_equal(definition.hold_seconds, 1);
	assert_true(reads("{" NEEDED ",\"closes_at\":\"2026-11-22T13:00:00Z\"}"));
	assert_true(definition.opens_by_command);
	assert_true(reads("{" NEEDED ",\"opens_at\":null}")); /* null: left out */
	assert_true(definition.opens_by_command);
}

static void knows_all_verifications(void **state) {
	(void)state;
	assert_true(reads("{" NEEDED ",\"verification\":\"email\"}"));
	assert_int_equal(definition.verification, VERIFICATION_EMAIL);
	assert_true(reads("{" NEEDED ",\"verification\":\"phone\"}"));
	assert_int_equal(definition.verification, VERIFICATION_PHONE);
	assert_true(reads("{" NEEDED ",\"verification\":\"either\"}"));
	assert_int_equal(definition.verification, VERIFICATION_EITHER);
}

static const struct {
	const char *json;
	const char *error;
} mistakes[] = {
	{"", "not valid JSON at byte 1"},
	{"[]", "must be one JSON object and nothing else"},
	{"{}", "id: is missing"},
	{"{\"id\":\"burger\",\"title\":\"Burger\"}", "units: is missing"},
	{"{\"id\":\"burger\",\"units\":1}", "title: is missing"},
	{"{\"id\":\"Burger\"}",
		"id: must be lower-case letters, digits and '-', with no '-' at the ends"},
	{"{\"id\":\"\"}",
		"id: must be lower-case letters, digits and '-', with no '-' at the ends"},
	{"{\"id\":7}", "id: must be a text of at most 40 bytes"},
	{"{\"id\":\"a\",\"title\":\"\"}", "title: must be one line that says what there is to get"},
	{"{\"id\":\"a\",\"title\":\"  \"}",
		"title: must be one line that says what there is to get"},
	{"{\"id\":\"a\",\"title\":\"a\\nb\"}",
		"title: must be one line that says what there is to get"},
	{"{\"id\":\"a\",\"title\":\"a\\u0085b\"}",
		"title: must be one line that says what there is to get"},
	{"{\"id\":\"a\",\"title\":\"a\\u007fb\"}",
		"title: must be one line that says what there is to get"},
	{"{\"id\":\"a\",\"title\":\"b\",\"units\":0}",
		"units: must be a whole number from 1 to 1000000000"},
	{"{\"id\":\"a\",\"title\":\"b\",\"units\":1000000001}",
		"units: must be a whole number from 1 to 1000000000"},
	{"{\"id\":\"a\",\"title\":\"b\",\"units\":\"500\"}",
		"units: must be a whole number from 1 to 1000000000"},
	{"{" NEEDED ",\"units_per_person\":0}",
		"units_per_person: must be a whole number from 1 to 100"},
	{"{" NEEDED ",\"units_per_person\":101}",
		"units_per_person: must be a whole number from 1 to 100"},
	{"{" NEEDED ",\"price_paise\":-1}",
		"price_paise: must be a whole number from 0 to 1000000000"},
	{"{" NEEDED ",\"price_paise\":99.5}",
		"price_paise: must be a whole number from 0 to 1000000000"},
	{"{" NEEDED ",\"currency\":\"inr\"}",
		"currency: must be three capital letters, like \"INR\" (ISO 4217)"},
	{"{" NEEDED ",\"currency\":\"IN\"}",
		"currency: must be three capital letters, like \"INR\" (ISO 4217)"},
	{"{" NEEDED ",\"currency\":\"INRX\"}", "currency: must be a text of at most 3 bytes"},
	{"{" NEEDED ",\"hold_seconds\":600}", "hold_seconds: must be left out: it is the "
					      "time to pay, and price_paise is 0"},
	{"{" NEEDED ",\"price_paise\":0,\"hold_seconds\":0}",
		"hold_seconds: must be left out: it is the time to pay, and price_paise is "
		"0"},
	{"{" NEEDED ",\"price_paise\":1,\"hold_seconds\":0}",
		"hold_seconds: must be a whole number from 1 to 86400"},
	{"{" NEEDED ",\"waiting_list\":100000001}",
		"waiting_list: must be a whole number from 0 to 100000000"},
	{"{" NEEDED ",\"opens_at\":\"2026-11-22\"}",
		"opens_at: must be a date and time with offset, like "
		"\"2026-11-22T18:00:00+05:30\""},
	{"{" NEEDED ",\"opens_at\":\"2026-11-22T18:00:00\"}",
		"opens_at: must be a date and time with offset, like "
		"\"2026-11-22T18:00:00+05:30\""},
	{"{" NEEDED ",\"opens_at\":\"\"}", "opens_at: must be a date and time with offset, like "
					   "\"2026-11-22T18:00:00+05:30\""},
	{"{" NEEDED ",\"opens_at\":1795350600}", "opens_at: must be a text of at most 64 bytes"},
	{"{" NEEDED ",\"opens_at\":\"2026-11-22T18:00:00Z\",\"closes_at\":"
	 "\"2026-11-22T18:00:00Z\"}",
		"closes_at: must be later than opens_at"},
	{"{" NEEDED ",\"cancellable\":1}", "cancellable: must be true or false"},
	{"{" NEEDED ",\"verification\":\"none\"}",
		"verification: must be \"email\", \"phone\", \"either\" or \"both\""},
	{"{" NEEDED ",\"time_zone\":\"Kolkata\"}",
		"time_zone: must be a name of the IANA database, like \"Asia/Kolkata\""},
	{"{" NEEDED ",\"time_zone\":\"../UTC\"}",
		"time_zone: must be a name of the IANA database, like \"Asia/Kolkata\""},
	{"{" NEEDED ",\"pickup_text\":\"a\\tb\"}",
		"pickup_text: must have no control characters but line ends (\\n)"},
	{"{" NEEDED ",\"rules\":2}", "rules: must be a whole number from 1 to 1"},
	{"{" NEEDED ",\"unit\":1}", "unit: is not a key of this object"},
	{"{" NEEDED ",\"Units\":1}", "Units: is not a key of this object"},
	{"{" NEEDED ",\"units\":1}", "units: is given twice"},
};

static void says_what_is_wrong(void **state) {
	(void)state;
	for (size_t i = 0; i < COUNT_OF(mistakes); i++) {
		assert_false(reads(mistakes[i].json));
		assert_string_equal(error, mistakes[i].error);
	}
}

static void bounds_every_text(void **state) {
	(void)state;
	static const struct {
		const char *key;
		size_t size_max;
	} cases[] = {{"title", CAMPAIGN_TITLE_BYTES_MAX},
		{"pickup_text", CAMPAIGN_PICKUP_BYTES_MAX}, {"id", CAMPAIGN_ID_BYTES_MAX}};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		for (size_t more = 0; more <= 1; more++) {
			char json[2048];
			struct text text = text_init(json, sizeof json);
			text_append(&text, "{\"units\":1,\"");
			text_append(&text, cases[i].key);
			text_append(&text, "\":\"");
			for (size_t c = 0; c < cases[i].size_max + more; c++) {
				text_append_char(&text, 'x');
			}
			text_append(&text, i == 0   ? "\",\"id\":\"a\"}"
					   : i == 1 ? "\",\"id\":\"a\",\"title\":\"t\"}"
						    : "\",\"title\":\"t\"}");
			assert_int_equal(reads(json), more == 0);
		}
	}
}

static void bounds_the_whole(void **state) {
	(void)state;
	static char json[DEFINITION_BYTES_MAX + 1];
	memset(json, ' ', sizeof json);
	memcpy(json, "{" NEEDED "}", strlen("{" NEEDED "}"));
	assert_true(definition_read(&definition, error, json, DEFINITION_BYTES_MAX));
	assert_false(definition_read(&definition, error, json, DEFINITION_BYTES_MAX + 1));
	assert_string_equal(error, "the definition must have at most 16384 bytes");
}

/* Another machine may know other zones; what the line says must be the same there. */
static void stored_definitions_do_not_ask_the_machine(void **state) {
	(void)state;
	static const char unknown[] = "{" NEEDED ",\"time_zone\":\"Asia/Atlantis\"}";
	assert_false(reads(unknown));
	assert_true(definition_read_stored(&definition, error, unknown, strlen(unknown)));
	assert_string_equal(definition.time_zone, "Asia/Atlantis");
	static const char wrong[] = "{" NEEDED ",\"time_zone\":\"../Atlantis\"}";
	assert_false(definition_read_stored(&definition, error, wrong, strlen(wrong)));
}

/* b2sum -l 256 */
static void hashes_the_bytes_as_published(void **state) {
	(void)state;
	uint8_t hash[DEFINITION_HASH_BYTES];
	definition_hash(hash, "{" NEEDED "}", strlen("{" NEEDED "}"));
	char buffer[2 * DEFINITION_HASH_BYTES + 1];
	struct text text = text_init(buffer, sizeof buffer);
	text_append_hex(&text, hash, sizeof hash);
	assert_string_equal(
		buffer, "c4d4b92b3e2af7028bb1eccc474a5dfc0c3a2d6252d7988c8f8613fbd61a262c");
}

int main(void) {
	crypto_init();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_keys_are_enough),
		cmocka_unit_test(reads_every_key),
		cmocka_unit_test(defaults_depend_on_the_price),
		cmocka_unit_test(knows_all_verifications),
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(bounds_every_text),
		cmocka_unit_test(bounds_the_whole),
		cmocka_unit_test(stored_definitions_do_not_ask_the_machine),
		cmocka_unit_test(hashes_the_bytes_as_published),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
