/*
 * progress_test - the line that watch draws on a terminal.
 */
#include "tests/unit/unit.h"

#include "cli/progress.h"

static void counts_have_a_comma_after_every_three_digits(void **state) {
	(void)state;
	static const struct {
		uint64_t count;
		const char *text;
	} cases[] = {
		{0, "0"},
		{999, "999"},
		{1000, "1,000"},
		{1001, "1,001"},
		{6000000, "6,000,000"},
		{UINT64_MAX, "18,446,744,073,709,551,615"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char bytes[32];
		struct text text = text_init(bytes, sizeof bytes);
		progress_append_count(&text, cases[i].count);
		assert_string_equal(text.start, cases[i].text);
	}
}

static void lines_fit_their_width(void **state) {
	(void)state;
	static const struct {
		struct counters counters; /* available, held, sold, waiting */
		uint32_t columns;
		const char *text;
	} cases[] = {
		{{100, 0, 0, 0}, 80,
			"fry  open  [                                       ]  0 of 100 sold (0.0 "
			"%)  "
			"9/s"},
		{{50, 0, 50, 0}, 58, "fry  open  [███████▌       ]  50 of 100 sold (50.0 %)  9/s"},
		{{0, 0, 100, 0}, 55, "fry  open  [██████████]  100 of 100 sold (100.0 %)  9/s"},
		{{0, 0, 100, 0}, 54, "fry  open  100 of 100 sold (100.0 %)  9/s"},
		{{1, 0, 999, 0}, 50, "fry  open  999 of 1,000 sold (99.9 %)  9/s"},
		{{10, 20, 70, 3000}, 66,
			"fry  open  70 of 100 sold (70.0 %)  9/s  held 20  waiting 3,000"},
		{{0, 0, 100, 0}, 20, "fry  open  100 of 10"},
		{{0, 0, 0, 0}, 60, "fry  open  [                     ]  0 of 0 sold (0.0 %)  9/s"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char bytes[512];
		struct text text = text_init(bytes, sizeof bytes);
		const struct progress progress = {
			.campaign = "fry",
			.state = CAMPAIGN_OPEN,
			.counters = cases[i].counters,
			.sold_a_second = 9,
		};
		progress_append(&text, &progress, cases[i].columns);
		assert_string_equal(text.start, cases[i].text);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_have_a_comma_after_every_three_digits),
		cmocka_unit_test(lines_fit_their_width),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
