/*
 * base64_test - the vectors of RFC 4648, every length, and all that is not base64.
 */
#include "common/pure/base64.h"

#include "tests/unit/random.h"
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

/* Every length, so every way to end. */
static void url_round_trips(void **state) {
	(void)state;
	uint8_t bytes[40];
	struct random random = {.state = 1};
	for (size_t i = 0; i < sizeof bytes; i++) {
		bytes[i] = (uint8_t)random_below(&random, 256);
	}
	for (size_t size = 0; size <= sizeof bytes; size++) {
		char encoded[BASE64URL_SIZE(sizeof bytes)];
		base64url_encode(encoded, bytes, size);
		assert_int_equal(strlen(encoded) + 1, BASE64URL_SIZE(size));
		uint8_t decoded[sizeof bytes];
		assert_int_equal(base64url_decode(decoded, size, encoded, strlen(encoded)), size);
		assert_memory_equal(decoded, bytes, size);
		if (size > 0) {
			assert_int_equal(
				base64url_decode(decoded, size - 1, encoded, strlen(encoded)),
				SIZE_MAX);
		}
	}
}

static void url_has_its_own_alphabet(void **state) {
	(void)state;
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	for (unsigned c = 0; c < 256; c++) {
		const char text[] = {(char)c, 'A'};
		const char *digit = c == 0 ? NULL : strchr(digits, (int)c);
		uint8_t byte;
		size_t size = base64url_decode(&byte, 1, text, sizeof text);
		assert_int_equal(size, digit == NULL ? SIZE_MAX : 1);
		if (digit != NULL) {
			assert_int_equal(byte, (digit - digits) << 2);
		}
	}
	char encoded[5];
	base64url_encode(encoded, (const uint8_t *)"\xfb\xff\xfe", 3);
	assert_string_equal(encoded, "-__-");
}

static void url_refuses_what_is_not_canonical(void **state) {
	(void)state;
	static const char *const wrong[] = {
		"A",     /* six bits are no byte */
		"AAAAA", /* neither behind others */
		"AB",    /* bits behind the byte */
		"AAB",   /* bits behind the bytes */
		"AA==",  /* padding */
		"AA=",   /* half of the padding */
		"++++",  /* the other alphabet */
		"////",  /* the other alphabet */
		"AA\n",  /* blanks */
		"AA AA", /* blanks */
		"AAAA!", /* anything else */
		/* Not ASCII; found by fuzz_texts: libsodium would decode it. */
		"d\xfb\xfb\xfb\xfb\xfbw",
	};
	uint8_t decoded[16];
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		assert_int_equal(
			base64url_decode(decoded, sizeof decoded, wrong[i], strlen(wrong[i])),
			SIZE_MAX);
	}
	assert_int_equal(base64url_decode(decoded, sizeof decoded, "AA\0A", 4), SIZE_MAX);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_vectors),
		cmocka_unit_test(refuses_everything_else),
		cmocka_unit_test(reads_every_byte),
		cmocka_unit_test(url_round_trips),
		cmocka_unit_test(url_has_its_own_alphabet),
		cmocka_unit_test(url_refuses_what_is_not_canonical),
	};
	return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
