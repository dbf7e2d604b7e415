/*
 * base64_test - the vectors of RFC 4648, and all that is not base64.
 */
#include "common/pure/base64.h"

#include "tests/unit/unit.h"

static void reads_the_vectors(void **state) {
	(void)state;
	static const struct {
		const char *text;
		const char *bytes;
	} cases[] = {
		{"", ""},
		{"Zg==", "f"},
		{"Zm8=", "fo"},
		{"Zm9v", "foo"},
		{"Zm9vYg==", "foob"},
		{"Zm9vYmE=", "fooba"},
		{"Zm9vYmFy", "foobar"},
		{"+/+/", "\xfb\xff\xbf"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint8_t bytes[16];
		size_t size = 99;
		size_t text_size = strlen(cases[i].text);
		assert_true(base64_decode(bytes, &size, cases[i].text, text_size));
		assert_int_equal(size, strlen(cases[i].bytes));
		assert_memory_equal(bytes, cases[i].bytes, size);
		assert_in_range(size, 0, BASE64_BYTES_MAX(text_size));
	}
}

static void refuses_everything_else(void **state) {
	(void)state;
	static const char *const cases[] = {
		"Z",
		"Zg",
		"Zg=",
		"====",
		"=Zg=",
		"Zg==Zg==",
		"Zm9v\n",
		"Zm-_",
		"Z g=",
		"Zh==" /* bits left over */,
		"Zm9=",
		"Z===",
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint8_t bytes[16];
		size_t size;
		assert_false(base64_decode(bytes, &size, cases[i], strlen(cases[i])));
	}
}

static void reads_every_byte(void **state) {
	(void)state;
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (unsigned value = 0; value < 256; value++) {
		char text[] = {digits[value >> 2], digits[(value & 3) << 4], '=', '=', '\0'};
		uint8_t byte;
		size_t size;
		uint8_t bytes[3];
		assert_true(base64_decode(bytes, &size, text, 4));
		byte = bytes[0];
		assert_int_equal(size, 1);
		assert_int_equal(byte, value);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_vectors),
		cmocka_unit_test(refuses_everything_else),
		cmocka_unit_test(reads_every_byte),
	};
	return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
