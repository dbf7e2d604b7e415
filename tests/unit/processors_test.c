/*
 * processors_test - what /proc/stat says, and what it does not.
 */
#include "common/processors.h"

#include <string.h>

#include "tests/unit/unit.h"

static int look(struct processors *processors, const char *text) {
	return processors_read(processors, text, strlen(text));
}

static void busy_is_what_was_neither_idle_nor_giving_way(void **state) {
	(void)state;
	struct processors processors = {0};
	assert_int_equal(look(&processors, "cpu  100 100 100 100 100 100 100 100 0 0\n"),
		PROCESSORS_UNKNOWN);
	/* Of 200: nice 20, idle 60, waiting for a disk 20. */
	assert_int_equal(look(&processors, "cpu  130 120 120 160 120 110 110 130 0 0\n"), 50);
	assert_int_equal(look(&processors, "cpu  130 120 120 170 120 110 110 130 0 0\n"), 0);
	assert_int_equal(look(&processors, "cpu  130 120 120 170 120 110 110 140 0 0\n"), 100);
}

static void where_no_time_has_passed_nobody_can_tell(void **state) {
	(void)state;
	struct processors processors = {0};
	static const char text[] = "cpu  1 1 1 1 1 1 1 1 0 0\n";
	look(&processors, text);
	assert_int_equal(look(&processors, text), PROCESSORS_UNKNOWN);
	assert_int_equal(look(&processors, "cpu  9 1 1 0 1 1 1 1 0 0\n"), PROCESSORS_UNKNOWN);
}

static void what_is_something_else_says_nothing(void **state) {
	(void)state;
	static const char *const wrong[] = {
		"",
		"cpu",
		"cpu ",
		"intr 1 2 3 4 5 6 7 8 9",
		"cpu  1 2 3 4 5 6 7",
		"cpu  1 2 3 4 5 6 7 8", /* cut off: may be 80 */
		"cpu  1 2 3 x 5 6 7 8 9 0\n",
		"cpu0 1 2 3 4 5 6 7 8 9 0\n",
	};
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct processors processors = {.total = 1, .idle = 1};
		assert_int_equal(look(&processors, wrong[i]), PROCESSORS_UNKNOWN);
		assert_int_equal(processors.total, 0);
	}
}

static void this_machine_has_processors(void **state) {
	(void)state;
	struct processors processors = {0};
	assert_int_equal(processors_look(&processors), PROCESSORS_UNKNOWN);
	assert_true(processors.total > 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(busy_is_what_was_neither_idle_nor_giving_way),
		cmocka_unit_test(where_no_time_has_passed_nobody_can_tell),
		cmocka_unit_test(what_is_something_else_says_nothing),
		cmocka_unit_test(this_machine_has_processors),
	};
	return cmocka_run_group_tests_name("processors", tests, NULL, NULL);
}
