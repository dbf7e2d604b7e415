/*
 * gsm_test - parts of an SMS, at their edges.
 */
#include "notifier/gsm.h"

#include "tests/unit/unit.h"

static const char *repeated(const char *character, size_t count) {
	static char buffer[4096];
	size_t size = strlen(character);
	assert_true(count * size < sizeof buffer);
	for (size_t i = 0; i < count; i++) {
		memcpy(buffer + i * size, character, size);
	}
	buffer[count * size] = '\0';
	return buffer;
}

static void parts_have_edges(void **state) {
	(void)state;
	static const struct {
		const char *character;
		size_t count;
		struct gsm_size want;
	} cases[] = {
		{"a", 0, {true, 0, 1}},
		{"a", 160, {true, 160, 1}},
		{"a", 161, {true, 161, 2}},
		{"a", 306, {true, 306, 2}},
		{"a", 307, {true, 307, 3}},
		{"\n", 160, {true, 160, 1}},
		{"é", 160, {true, 160, 1}}, /* in the default alphabet */
		{"€", 80, {true, 160, 1}},  /* in the extension table: twice */
		{"€", 81, {true, 162, 2}},
		{"[", 80, {true, 160, 1}},
		{"`", 70, {false, 70, 1}}, /* ASCII, but in neither */
		{"ब", 70, {false, 70, 1}},
		{"ब", 71, {false, 71, 2}},
		{"ब", 134, {false, 134, 2}},
		{"ब", 135, {false, 135, 3}},
		{"🍔", 35, {false, 70, 1}}, /* two UTF-16 units */
		{"🍔", 36, {false, 72, 2}},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct gsm_size got = gsm_measure(repeated(cases[i].character, cases[i].count));
		assert_int_equal(got.is_gsm, cases[i].want.is_gsm);
		assert_int_equal(got.units, cases[i].want.units);
		assert_int_equal(got.parts, cases[i].want.parts);
	}
}

static void one_character_outside_makes_all_of_it_ucs2(void **state) {
	(void)state;
	struct gsm_size size = gsm_measure("Booked: बर्गर [1]");
	assert_false(size.is_gsm);
	assert_int_equal(size.units, 17);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_have_edges),
		cmocka_unit_test(one_character_outside_makes_all_of_it_ucs2),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
