/*
 * clock_test - the clocks run, in the right unit and the right direction.
 */
#include "common/clock.h"

#include <time.h>

#include "tests/unit/unit.h"

static void wall_time_is_now(void **state) {
	(void)state;
	int64_t before_ms = (int64_t)time(NULL) * 1000;
	int64_t wall_ms = clock_wall_ms();
	int64_t wall_us = clock_wall_us();
	/* time() may be a tick behind. */
	assert_in_range(wall_ms, before_ms - 1000, before_ms + 10000);
	assert_in_range(wall_us / 1000, wall_ms, wall_ms + 10000);
}

static void monotonic_time_only_grows(void **state) {
	(void)state;
	int64_t last_us = clock_monotonic_us();
	for (int i = 0; i < 100000; i++) {
		int64_t now_us = clock_monotonic_us();
		assert_true(now_us >= last_us);
		last_us = now_us;
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wall_time_is_now),
		cmocka_unit_test(monotonic_time_only_grows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
