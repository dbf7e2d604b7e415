/*
 * status_line_test - one line, that never is too long for a terminal, and never says less than is true.
 */
#include "tests/load/status_line.h"

#include "tests/unit/unit.h"

#define SECOND_US INT64_C(1000000)

static char buffer[256];

static const char *shown(const struct status *status) {
	struct text text = text_init(buffer, sizeof buffer);
	status_line_append(&text, status);
	assert_false(text.failed);
	return buffer;
}

static void a_run_by_time(void **state) {
	(void)state;
	const struct status status = {
		.now_us = 3 * SECOND_US,
		.run_us = 10 * SECOND_US,
		.rate = 52310,
		.done = 156930,
		.what = " booked",
	};
	assert_string_equal(shown(&status),
		"[====          ]  30 %  52,310/s  156,930 booked  0 failed  0:07 left");
}

static void a_run_that_ends_when_all_people_know(void **state) {
	(void)state;
	const struct status status = {
		.now_us = 30 * SECOND_US,
		.run_us = 600 * SECOND_US,
		.people = 6000000,
		.ended = 1500000,
		.rate = 50000,
		.done = 1500000,
		.what = " booked",
		.failed = 12,
	};
	assert_string_equal(shown(&status),
		"[===           ]  25 %  50,000/s  1,500,000 booked  12 failed  1:30 left");
}

static void what_takes_longer_is_at_its_end(void **state) {
	(void)state;
	const struct status status = {
		.now_us = 12 * SECOND_US, .run_us = 10 * SECOND_US, .what = " answered"};
	assert_string_equal(
		shown(&status), "[==============]  100 %  0/s  0 answered  0 failed  0:00 left");
}

static void the_largest_numbers_fit_a_terminal(void **state) {
	(void)state;
	const struct status status = {
		.now_us = SECOND_US,
		.run_us = 86400 * SECOND_US,
		.rate = UINT64_MAX,
		.done = UINT64_MAX,
		.what = " logged in",
		.failed = UINT64_MAX,
	};
	assert_int_equal(strlen(shown(&status)), STATUS_LINE_COLUMNS_MAX);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_by_time),
		cmocka_unit_test(a_run_that_ends_when_all_people_know),
		cmocka_unit_test(what_takes_longer_is_at_its_end),
		cmocka_unit_test(the_largest_numbers_fit_a_terminal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
