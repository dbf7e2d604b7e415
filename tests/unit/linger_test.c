/*
 * linger_test - the wait grows while processors are busy, and settles.
 */
#include "ingress/linger.h"

#include "tests/unit/unit.h"

#define LOOKS_TO_SETTLE 20u

static int64_t after(int64_t linger_us, unsigned looks, int busy_percent) {
	for (unsigned i = 0; i < looks; i++) {
		linger_us = linger_next_us(linger_us, busy_percent);
	}
	return linger_us;
}

static void it_grows_to_its_limit_within_a_second_of_a_rush(void **state) {
	(void)state;
	int64_t before_us = 0;
	for (unsigned i = 0; i < 1000000 / LINGER_LOOK_US; i++) {
		int64_t next_us = linger_next_us(before_us, 100);
		assert_true(next_us > before_us || next_us == LINGER_US_MAX);
		before_us = next_us;
	}
	assert_int_equal(before_us, LINGER_US_MAX);
}

static void it_ends_where_processors_are_idle(void **state) {
	(void)state;
	assert_int_equal(after(LINGER_US_MAX, LOOKS_TO_SETTLE, 50), 0);
	assert_int_equal(after(0, LOOKS_TO_SETTLE, 50), 0);
}

static void it_stays_where_they_are_just_busy(void **state) {
	(void)state;
	assert_int_equal(after(7000, LOOKS_TO_SETTLE, 90), 7000);
	assert_int_equal(after(0, LOOKS_TO_SETTLE, 90), 0);
}

static void where_nobody_can_tell_nobody_waits(void **state) {
	(void)state;
	assert_int_equal(after(LINGER_US_MAX, LOOKS_TO_SETTLE, -1), 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_grows_to_its_limit_within_a_second_of_a_rush),
		cmocka_unit_test(it_ends_where_processors_are_idle),
		cmocka_unit_test(it_stays_where_they_are_just_busy),
		cmocka_unit_test(where_nobody_can_tell_nobody_waits),
	};
	return cmocka_run_group_tests_name("linger", tests, NULL, NULL);
}
