/*
 * pace_test - connections, rate and slowing down, on a clock of the test's own.
 */
#include "notifier/pace.h"

#include "tests/unit/unit.h"

#define SECOND INT64_C(1000000)
#define PAUSE_MS_MAX 30000

static void connections_are_bounded(void **state) {
	(void)state;
	struct pace pace = pace_init((struct pace_limits){2, 0, PAUSE_MS_MAX});
	assert_true(pace_allows(&pace, 0));
	pace_started(&pace, 0);
	pace_started(&pace, 0);
	assert_false(pace_allows(&pace, 0));
	assert_int_equal(pace_wait_ms(&pace, 0), -1);
	pace_finished(&pace, true, 0, 0);
	assert_true(pace_allows(&pace, 0));
	assert_int_equal(pace_wait_ms(&pace, 0), 0);
}

static void a_rate_holds_over_time(void **state) {
	(void)state;
	struct pace pace = pace_init((struct pace_limits){1000, 50, PAUSE_MS_MAX});
	uint32_t started = 0;
	for (int64_t now = SECOND; now < 11 * SECOND; now += 1000) {
		while (pace_allows(&pace, now)) {
			pace_started(&pace, now);
			pace_finished(&pace, true, now, 0);
			started++;
		}
	}
	assert_in_range(started, 500, 507);
}

static void a_rate_says_when_the_next_may_go(void **state) {
	(void)state;
	struct pace pace = pace_init((struct pace_limits){10, 1, PAUSE_MS_MAX});
	int64_t now = SECOND;
	pace_started(&pace, now);
	assert_false(pace_allows(&pace, now));
	int64_t wait_ms = pace_wait_ms(&pace, now);
	assert_in_range(wait_ms, 800, 1000);
	assert_false(pace_allows(&pace, now + wait_ms * 1000 - 1000));
	assert_true(pace_allows(&pace, now + wait_ms * 1000));
}

static void refuse(struct pace *pace, int64_t now) {
	pace_started(pace, now);
	pace_finished(pace, false, now, 0);
}

static void a_provider_that_fails_is_asked_rarely(void **state) {
	(void)state;
	struct pace pace = pace_init((struct pace_limits){16, 0, PAUSE_MS_MAX});
	int64_t now = SECOND;
	for (uint32_t i = 1; i < PACE_FAILURES_IN_A_ROW_MAX; i++) {
		refuse(&pace, now);
		assert_false(pace_is_slow(&pace));
	}
	refuse(&pace, now);
	assert_true(pace_is_slow(&pace));
	for (int64_t pause_ms = PACE_PAUSE_MS_MIN; pause_ms < 4 * PAUSE_MS_MAX; pause_ms *= 2) {
		int64_t want_ms = pause_ms < PAUSE_MS_MAX ? pause_ms : PAUSE_MS_MAX;
		assert_false(pace_allows(&pace, now));
		assert_int_equal(pace_wait_ms(&pace, now), want_ms);
		now += want_ms * 1000;
		assert_true(pace_allows(&pace, now));
		pace_started(&pace, now);
		assert_false(pace_allows(&pace, now)); /* one at a time */
		pace_finished(&pace, false, now, 0);
	}
	now += PAUSE_MS_MAX * 1000;
	pace_started(&pace, now);
	pace_finished(&pace, true, now, 0);
	assert_false(pace_is_slow(&pace));
	assert_true(pace_allows(&pace, now));
}

static void one_success_between_failures_keeps_the_pace(void **state) {
	(void)state;
	struct pace pace = pace_init((struct pace_limits){16, 0, PAUSE_MS_MAX});
	for (int i = 0; i < 1000; i++) {
		pace_started(&pace, 0);
		pace_finished(&pace, i % (int)PACE_FAILURES_IN_A_ROW_MAX == 0, 0, 0);
		assert_false(pace_is_slow(&pace));
	}
}

/* Sixteen were under way when it began to fail: the last of them say nothing new. */
static void stragglers_do_not_lengthen_the_pause(void **state) {
	(void)state;
	struct pace pace = pace_init((struct pace_limits){16, 0, PAUSE_MS_MAX});
	for (uint32_t i = 0; i < PACE_FAILURES_IN_A_ROW_MAX - 1; i++) {
		refuse(&pace, 0);
	}
	for (int i = 0; i < 16; i++) {
		pace_started(&pace, 0);
	}
	for (int i = 0; i < 16; i++) {
		pace_finished(&pace, false, 1000, 0);
	}
	assert_int_equal(pace_wait_ms(&pace, 1000), PACE_PAUSE_MS_MIN);
}

static void pauses_have_jitter(void **state) {
	(void)state;
	struct pace pace = pace_init((struct pace_limits){1, 0, PAUSE_MS_MAX});
	for (uint32_t i = 0; i < PACE_FAILURES_IN_A_ROW_MAX - 1; i++) {
		refuse(&pace, 0);
	}
	pace_started(&pace, 0);
	pace_finished(&pace, false, 0, PACE_PAUSE_MS_MIN / 4);
	assert_int_equal(pace_wait_ms(&pace, 0), PACE_PAUSE_MS_MIN + PACE_PAUSE_MS_MIN / 4);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connections_are_bounded),
		cmocka_unit_test(a_rate_holds_over_time),
		cmocka_unit_test(a_rate_says_when_the_next_may_go),
		cmocka_unit_test(a_provider_that_fails_is_asked_rarely),
		cmocka_unit_test(one_success_between_failures_keeps_the_pace),
		cmocka_unit_test(stragglers_do_not_lengthen_the_pause),
		cmocka_unit_test(pauses_have_jitter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
