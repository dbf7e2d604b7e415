/*
 * backoff_test - waits double, stay in their range, and differ.
 */
#include "common/pure/backoff.h"

#include "tests/unit/unit.h"

static void waits_double_up_to_the_limit(void **state) {
	(void)state;
	static const uint32_t longest_ms[] = {50, 100, 200, 400, 800, 1600, 2000, 2000, 2000};
	for (uint64_t seed = 0; seed < 1000; seed++) {
		struct backoff backoff =
			backoff_init((struct backoff_range){.ms_min = 50, .ms_max = 2000}, seed);
		for (size_t i = 0; i < COUNT_OF(longest_ms); i++) {
			uint32_t ms = backoff_next_ms(&backoff);
			assert_in_range(ms, longest_ms[i] / 2, longest_ms[i]);
		}
		backoff_reset(&backoff);
		assert_in_range(backoff_next_ms(&backoff), 25, 50);
	}
}

static void many_do_not_come_back_together(void **state) {
	(void)state;
	uint32_t counts[1001] = {0};
	for (uint64_t seed = 0; seed < 10000; seed++) {
		struct backoff backoff =
			backoff_init((struct backoff_range){.ms_min = 1000, .ms_max = 1000}, seed);
		counts[backoff_next_ms(&backoff)]++;
	}
	for (size_t ms = 500; ms <= 1000; ms++) {
		assert_in_range(counts[ms], 1, 60); /* 20 on average */
	}
}

static void a_large_limit_does_not_overflow(void **state) {
	(void)state;
	struct backoff backoff =
		backoff_init((struct backoff_range){.ms_min = 2, .ms_max = UINT32_MAX}, 1);
	uint32_t ms = 0;
	for (int i = 0; i < 100; i++) {
		ms = backoff_next_ms(&backoff);
	}
	assert_in_range(ms, UINT32_MAX / 2, UINT32_MAX);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_double_up_to_the_limit),
		cmocka_unit_test(many_do_not_come_back_together),
		cmocka_unit_test(a_large_limit_does_not_overflow),
	};
	return cmocka_run_group_tests_name("backoff", tests, NULL, NULL);
}
