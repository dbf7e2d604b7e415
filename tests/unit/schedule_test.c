/*
 * schedule_test - every request of a run is somebody's, in time, and once.
 */
#include "tests/load/schedule.h"

#include "tests/unit/unit.h"

#include <stdlib.h>

/* All workers together have each request exactly once, and each has its own in the order of time. */
static void check_shares(const struct schedule *given) {
	struct schedule schedule = *given;
	uint64_t count = 0;
	uint8_t *seen = calloc(schedule.count, 1);
	assert_non_null(seen);
	for (schedule.worker = 0; schedule.worker < schedule.workers; schedule.worker++) {
		uint64_t total = schedule_total(&schedule);
		int64_t before_us = 0;
		for (uint64_t i = 0; i < total; i++) {
			uint64_t index = schedule_index(&schedule, i);
			int64_t due_us = schedule_due_us(&schedule, i);
			assert_true(index < schedule.count);
			assert_int_equal(seen[index]++, 0);
			assert_true(due_us >= before_us);
			before_us = due_us;
		}
		count += total;
	}
	assert_int_equal(count, schedule.count);
	free(seen);
}

static void workers_share_a_run(void **state) {
	(void)state;
	static const uint64_t counts[] = {1, 2, 3, 7, 100, 1001};
	for (size_t i = 0; i < COUNT_OF(counts); i++) {
		for (uint32_t workers = 1; workers <= 5; workers++) {
			struct schedule schedule = {.kind = SCHEDULE_STEADY,
				.count = counts[i],
				.rate = 1000,
				.mean_us = 1000,
				.workers = workers};
			check_shares(&schedule);
			schedule.kind = SCHEDULE_RUSH;
			check_shares(&schedule);
			schedule.kind = SCHEDULE_CLOSED;
			check_shares(&schedule);
		}
	}
}

static void a_steady_one_keeps_its_rate(void **state) {
	(void)state;
	const struct schedule schedule = {
		.kind = SCHEDULE_STEADY, .count = 1000000, .rate = 30000, .workers = 1};
	assert_int_equal(schedule_due_us(&schedule, 0), 0);
	assert_int_equal(schedule_due_us(&schedule, 3), 100);
	assert_int_equal(schedule_due_us(&schedule, 30000), 1000000);
	assert_int_equal(schedule_due_us(&schedule, 600000), 20000000); /* nothing adds up */
}

static void half_of_a_rush_comes_within_its_half_life(void **state) {
	(void)state;
	const struct schedule schedule = {
		.kind = SCHEDULE_RUSH, .count = 10000, .mean_us = 1000000, .workers = 1};
	assert_true(schedule_due_us(&schedule, 0) < 100);
	assert_in_range(schedule_due_us(&schedule, 5000), 692000, 694000); /* ln 2 */
	assert_in_range(schedule_due_us(&schedule, 9999), 9000000, 11000000);
}

static void all_of_a_closed_loop_is_due(void **state) {
	(void)state;
	const struct schedule schedule = {
		.kind = SCHEDULE_CLOSED, .count = UINT64_MAX / 2, .workers = 3, .worker = 2};
	assert_int_equal(schedule_due_us(&schedule, 1000000000000), 0);
	assert_true(schedule_total(&schedule) > UINT64_MAX / 7);
}

static void a_worker_may_have_nothing_to_do(void **state) {
	(void)state;
	const struct schedule schedule = {
		.kind = SCHEDULE_CLOSED, .count = 2, .workers = 3, .worker = 2};
	assert_int_equal(schedule_total(&schedule), 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workers_share_a_run),
		cmocka_unit_test(a_steady_one_keeps_its_rate),
		cmocka_unit_test(half_of_a_rush_comes_within_its_half_life),
		cmocka_unit_test(all_of_a_closed_loop_is_due),
		cmocka_unit_test(a_worker_may_have_nothing_to_do),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
