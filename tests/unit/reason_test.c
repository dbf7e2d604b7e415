/*
 * reason_test - whatever a provider says becomes one harmless line that names nobody.
 */
#include "common/pure/reason.h"

#include "tests/unit/unit.h"

static void what_is_kept_names_nobody(void **state) {
	(void)state;
	static const char *const cases[][2] = {
		{"not now", "not now"},
		{"  two\r\nlines\t", "two lines"},
		{"to anna@example.org failed", "to (removed) failed"},
		{"call +919812345678 or 98123-45678", "call (removed) or (removed)"},
		{"(981)234.56.78", "(removed)"},
		{"451 4.7.1 code 123456", "451 4.7.1 code 123456"},
		{"pay_29QQoUBi66xm2f", "pay_29QQoUBi66xm2f"}, /* letters between the digits */
		{"key rzp_test_1 and sk_live", "key (removed) and (removed)"},
		{"say \"no\" \\ \xff", "say ?no? ? ?"},
		{"", ""},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char bytes[64];
		struct text text = text_init(bytes, sizeof bytes);
		reason_append_words(&text, cases[i][0]);
		assert_string_equal(bytes, cases[i][1]);
	}
}

static void what_is_too_long_is_cut(void **state) {
	(void)state;
	char bytes[16];
	struct text text = text_init(bytes, sizeof bytes);
	reason_append_words(&text, "one two three four five");
	assert_string_equal(bytes, "one two three f");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_kept_names_nobody),
		cmocka_unit_test(what_is_too_long_is_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
