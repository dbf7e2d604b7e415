/*
 * text_test - building, failing as a whole, UTF-8, and numbers as text.
 */
#include "common/pure/text.h"

#include "tests/unit/unit.h"

static void builds(void **state) {
	(void)state;
	char buffer[128];
	struct text text = text_init(buffer, sizeof buffer);
	assert_string_equal(buffer, "");
	text_append(&text, "a=");
	text_append_u64(&text, 0);
	text_append_char(&text, ' ');
	text_append_u64(&text, UINT64_MAX);
	text_append_char(&text, ' ');
	text_append_i64(&text, INT64_MIN);
	text_append_char(&text, ' ');
	text_append_i64(&text, -1);
	text_append_char(&text, ' ');
	text_append_i64(&text, INT64_MAX);
	text_append_char(&text, ' ');
	text_append_hex(&text, (const uint8_t *)"\x00\x9f\xff", 3);
	assert_false(text.failed);
	assert_string_equal(buffer,
		"a=0 18446744073709551615 -9223372036854775808 -1 9223372036854775807 009fff");
	assert_int_equal(text.used, strlen(buffer));
	text_clear(&text);
	assert_string_equal(buffer, "");
}

/* Each row appends in its own way to "ab" in a buffer with room for one more character. */
static void append_string(struct text *text) {
	text_append(text, "cd");
}

static void append_number(struct text *text) {
	text_append_u64(text, 10);
}

static void append_negative(struct text *text) {
	text_append_i64(text, -1);
}

static void append_digits(struct text *text) {
	text_append_hex(text, (const uint8_t *)"\xff", 1);
}

static void append_quoted(struct text *text) {
	text_append_json(text, "", 0);
}

static void what_does_not_fit_changes_nothing(void **state) {
	(void)state;
	static void (*const appends[])(struct text *) = {
		append_string, append_number, append_negative, append_digits, append_quoted};
	for (size_t i = 0; i < COUNT_OF(appends); i++) {
		char buffer[5] = "----";
		struct text text = text_init(buffer, 4);
		text_append(&text, "ab");
		appends[i](&text);
		assert_true(text.failed);
		assert_string_equal(buffer, "ab");
		assert_int_equal(text.used, 2);
		text_append_char(&text, 'c'); /* would fit, but the text has failed */
		assert_string_equal(buffer, "ab");
		text_clear(&text);
		text_append(&text, "abc");
		assert_false(text.failed);
		assert_string_equal(buffer, "abc");
	}
}

static void fills_to_the_last_byte(void **state) {
	(void)state;
	char buffer[7];
	struct text text = text_init(buffer, sizeof buffer);
	text_append_hex(&text, (const uint8_t *)"\x01\x02\x03", 3);
	assert_false(text.failed);
	assert_string_equal(buffer, "010203");
	text_append_bytes(&text, "", 0);
	assert_false(text.failed);
}

static void quotes_json(void **state) {
	(void)state;
	static const struct {
		const char *bytes;
		size_t size;
		const char *want;
	} cases[] = {
		{"", 0, "\"\""},
		{"plain", 5, "\"plain\""},
		{"a\"b\\c", 5, "\"a\\\"b\\\\c\""},
		{"\n\r\t", 3, "\"\\n\\r\\t\""},
		{"\0\x1f\x7f", 3, "\"\\u0000\\u001f\x7f\""},
		{"\xe0\xa4\xac/", 4, "\"\xe0\xa4\xac/\""},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char buffer[64];
		struct text text = text_init(buffer, sizeof buffer);
		text_append_json(&text, cases[i].bytes, cases[i].size);
		assert_false(text.failed);
		assert_string_equal(buffer, cases[i].want);
	}
}

static void knows_utf8(void **state) {
	(void)state;
	static const struct {
		const char *bytes;
		bool want;
	} cases[] = {
		{"", true},
		{"plain", true},
		{"\x7f", true},
		{"\xc2\x80", true},
		{"\xdf\xbf", true},
		{"\xe0\xa0\x80", true},
		{"\xed\x9f\xbf", true},
		{"\xee\x80\x80", true},
		{"\xf0\x90\x80\x80", true},
		{"\xf4\x8f\xbf\xbf", true},
		{"a\xe0\xa4\xac!", true},
		{"\x80", false},             /* begins in the middle */
		{"\xc0\xaf", false},         /* over-long */
		{"\xc1\xbf", false},         /* over-long */
		{"\xe0\x9f\xbf", false},     /* over-long */
		{"\xf0\x8f\xbf\xbf", false}, /* over-long */
		{"\xed\xa0\x80", false},     /* surrogate */
		{"\xed\xbf\xbf", false},     /* surrogate */
		{"\xf4\x90\x80\x80", false}, /* above U+10FFFF */
		{"\xf5\x80\x80\x80", false},
		{"\xff", false},
		{"\xc2", false}, /* cut off */
		{"\xe0\xa4", false},
		{"\xf0\x90\x80", false},
		{"\xc2g", false},
		{"\xe0\xa4g", false},
		{"\xf0\x90\x80g", false},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(
			text_is_utf8(cases[i].bytes, strlen(cases[i].bytes)), cases[i].want);
	}
	assert_true(text_is_utf8("a\0b", 3));
}

static void parses_hex(void **state) {
	(void)state;
	uint8_t target[2] = {7, 7};
	assert_true(text_parse_hex("09aF", 4, target, 2));
	assert_int_equal(target[0], 0x09);
	assert_int_equal(target[1], 0xaf);
	static const char *const wrong[] = {
		"", "0", "00", "00000", "000000", "000g", " 000", "0x00"};
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		assert_false(text_parse_hex(wrong[i], strlen(wrong[i]), target, 2));
		assert_int_equal(target[0], 0x09);
	}
	assert_true(text_parse_hex("", 0, target, 0));
}

static void parses_numbers(void **state) {
	(void)state;
	static const struct {
		const char *digits;
		uint64_t max;
		bool valid;
		uint64_t want;
	} cases[] = {
		{"0", 0, true, 0},
		{"7", 10, true, 7},
		{"10", 10, true, 10},
		{"11", 10, false, 0},
		{"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
		{"18446744073709551616", UINT64_MAX, false, 0},
		{"99999999999999999999", UINT64_MAX, false, 0},
		{"184467440737095516150", UINT64_MAX, false, 0},
		{"", 10, false, 0},
		{"00", 10, false, 0},
		{"07", 10, false, 0},
		{"+7", 10, false, 0},
		{"-7", 10, false, 0},
		{" 7", 10, false, 0},
		{"7 ", 10, false, 0},
		{"7a", 10, false, 0},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint64_t value = 42;
		bool valid = text_parse_u64(
			cases[i].digits, strlen(cases[i].digits), cases[i].max, &value);
		assert_int_equal(valid, cases[i].valid);
		assert_int_equal(value, valid ? cases[i].want : 42);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(builds),
		cmocka_unit_test(what_does_not_fit_changes_nothing),
		cmocka_unit_test(fills_to_the_last_byte),
		cmocka_unit_test(quotes_json),
		cmocka_unit_test(knows_utf8),
		cmocka_unit_test(parses_hex),
		cmocka_unit_test(parses_numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
