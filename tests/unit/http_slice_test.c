/*
 * http_slice_test - the bytes that no line of a head may have, wherever they stand.
 */
#include "ingress/http_slice.h"

#include "tests/unit/unit.h"

/* Every byte at every place: eight are looked at together. */
static void finds_what_no_line_may_have(void **state) {
	(void)state;
	char bytes[20];
	for (size_t size = 0; size <= sizeof(bytes); size++) {
		memset(bytes, 'a', sizeof(bytes));
		assert_int_equal(http_slice_plain(bytes, size), size);
		for (size_t place = 0; place < size; place++) {
			for (unsigned c = 0; c < 256; c++) {
				bool plain = (c >= ' ' && c != 0x7f) || c == '\t';
				bytes[place] = (char)c;
				assert_int_equal(
					http_slice_plain(bytes, size), plain ? size : place);
			}
			bytes[place] = place % 3 == 0 ? '\t' : '\xff'; /* those before it */
		}
	}
}

static void compares_names_in_any_case(void **state) {
	(void)state;
	for (unsigned a = 1; a < 256; a++) {
		for (unsigned b = 1; b < 256; b++) {
			bool letters = (a | 0x20) >= 'a' && (a | 0x20) <= 'z' && a < 0x80;
			const char texts[][2] = {{(char)a, '\0'}, {(char)b, '\0'}};
			bool equal = http_slice_is_word((struct http_slice){texts[0], 1}, texts[1]);
			assert_int_equal(equal, a == b || (letters && (a ^ b) == 0x20));
		}
	}
}

/* Every byte at every place, against every other case of it: eight are compared together. */
static void compares_every_place(void **state) {
	(void)state;
	char a[20];
	char b[20];
	for (size_t size = 1; size <= sizeof(a); size++) {
		for (size_t place = 0; place < size; place++) {
			memset(a, 'x', sizeof(a));
			memset(b, 'X', sizeof(b));
			for (unsigned c = 0; c < 256; c++) {
				bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z' && c < 0x80;
				a[place] = (char)c;
				b[place] = (char)(c ^ 0x20);
				assert_int_equal(http_slice_equals_ignoring_case(
							 (struct http_slice){a, size},
							 (struct http_slice){b, size}),
					letter);
				b[place] = (char)c;
				assert_true(http_slice_equals_ignoring_case(
					(struct http_slice){a, size},
					(struct http_slice){b, size}));
			}
		}
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_no_line_may_have),
		cmocka_unit_test(compares_names_in_any_case),
		cmocka_unit_test(compares_every_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
