/*
 * waiters_test - patience ends in time, in any order, and nobody is lost on the wheel.
 */
#include "ingress/waiters.h"

#include "tests/unit/unit.h"

#include <stdlib.h>

#define SECOND INT64_C(1000000)
#define START (5000 * SECOND)

static struct waiters waiters;

static int begin(void **state) {
	(void)state;
	struct waiter *all = calloc(WAITERS_MAX, sizeof *all);
	assert_non_null(all);
	waiters_init(&waiters, all, START);
	return 0;
}

static int end(void **state) {
	(void)state;
	free(waiters.all);
	return 0;
}

static struct waiter *take(int64_t deadline_us) {
	struct waiter *waiter = waiters_take(&waiters);
	assert_non_null(waiter);
	waiter->arrived_us = deadline_us;
	waiters_set_deadline(&waiters, waiter, deadline_us);
	return waiter;
}

static void deadlines_come_not_early_and_a_tick_late_at_most(void **state) {
	(void)state;
	for (int64_t us = 0; us <= 10 * SECOND; us += 7919) {
		take(START + us);
	}
	uint32_t count = waiters.count;
	for (int64_t now = START; now <= START + 11 * SECOND; now += 3000) {
		struct waiter *waiter;
		while ((waiter = waiters_expire(&waiters, now)) != NULL) {
			assert_true(waiter->arrived_us <= now);
			assert_true(now - waiter->arrived_us <= WAITERS_TICK_US + 3000);
			waiters_give_back(&waiters, waiter);
			count--;
		}
	}
	assert_int_equal(count, 0);
	assert_int_equal(waiters.count, 0);
}

static void who_was_given_back_does_not_expire(void **state) {
	(void)state;
	struct waiter *first = take(START + SECOND);
	struct waiter *middle = take(START + SECOND);
	struct waiter *last = take(START + SECOND);
	waiters_give_back(&waiters, middle);
	assert_ptr_equal(waiters_expire(&waiters, START + 2 * SECOND), last);
	assert_ptr_equal(waiters_expire(&waiters, START + 2 * SECOND), first);
	assert_null(waiters_expire(&waiters, START + 2 * SECOND));
}

static void a_new_deadline_replaces_the_old(void **state) {
	(void)state;
	struct waiter *waiter = take(START + SECOND);
	waiters_set_deadline(&waiters, waiter, START + 3 * SECOND);
	assert_null(waiters_expire(&waiters, START + 2 * SECOND));
	assert_ptr_equal(waiters_expire(&waiters, START + 4 * SECOND), waiter);
}

static void a_deadline_in_the_past_expires_at_the_next_look(void **state) {
	(void)state;
	assert_null(waiters_expire(&waiters, START + 10 * SECOND));
	struct waiter *waiter = take(START);
	assert_ptr_equal(
		waiters_expire(&waiters, START + 10 * SECOND + 2 * WAITERS_TICK_US), waiter);
}

/* The process was stopped for an hour, then a request comes before the first tick. */
static void a_wheel_that_lags_loses_nobody(void **state) {
	(void)state;
	struct waiter *waiter = take(START + 3600 * SECOND + 10 * SECOND);
	assert_ptr_equal(waiters_expire(&waiters, START + 3600 * SECOND), waiter);
	assert_null(waiters_expire(&waiters, START + 3600 * SECOND));
}

static void the_pool_is_bounded(void **state) {
	(void)state;
	for (uint32_t i = 0; i < WAITERS_MAX; i++) {
		take(START + SECOND);
	}
	assert_null(waiters_take(&waiters));
	waiters_give_back(&waiters, waiters_expire(&waiters, START + 2 * SECOND));
	assert_non_null(waiters_take(&waiters));
	assert_null(waiters_take(&waiters));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			deadlines_come_not_early_and_a_tick_late_at_most, begin, end),
		cmocka_unit_test_setup_teardown(who_was_given_back_does_not_expire, begin, end),
		cmocka_unit_test_setup_teardown(a_new_deadline_replaces_the_old, begin, end),
		cmocka_unit_test_setup_teardown(
			a_deadline_in_the_past_expires_at_the_next_look, begin, end),
		cmocka_unit_test_setup_teardown(a_wheel_that_lags_loses_nobody, begin, end),
		cmocka_unit_test_setup_teardown(the_pool_is_bounded, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
