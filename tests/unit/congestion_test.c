/*
 * congestion_test - crowds that pass, queues that stand, and the time that refusals may take.
 */
#include "ingress/congestion.h"

#include "tests/unit/unit.h"

#define SECOND_US INT64_C(1000000)
#define LONG_US (CONGESTION_WAIT_US + 1)

static struct congestion congestion;
static int64_t now_us;

static int begin(void **state) {
	(void)state;
	now_us = 50 * SECOND_US;
	congestion_init(&congestion, now_us);
	return 0;
}

struct served {
	unsigned answered;
	unsigned turned_away;
};

/* Requests, one after the other, for so long; an answer takes 40 us, a refusal 20 us. What they
 * waited is measured every 10 ms. */
static struct served serve(int64_t duration_us, int64_t waited_us) {
	struct served served = {0};
	int64_t measured_us = now_us;
	for (int64_t end_us = now_us + duration_us; now_us < end_us;) {
		if (now_us - measured_us >= 10000) {
			measured_us = now_us;
			congestion_measured(&congestion, waited_us, now_us);
		}
		if (congestion_admit(&congestion, now_us)) {
			served.answered++;
			now_us += 40;
		} else {
			served.turned_away++;
			now_us += 20;
		}
	}
	return served;
}

static void nobody_is_turned_away_where_nobody_waits(void **state) {
	(void)state;
	struct served served = serve(5 * SECOND_US, CONGESTION_WAIT_US);
	assert_int_equal(served.turned_away, 0);
	assert_int_equal(served.answered, 5 * SECOND_US / 40);
}

static void a_crowd_that_passes_is_let_in(void **state) {
	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(serve(CONGESTION_PATIENCE_US, LONG_US).turned_away, 0);
		assert_int_equal(serve(50000, 1000).turned_away, 0);
	}
}

static void a_process_that_was_frozen_turns_nobody_away(void **state) {
	(void)state;
	serve(SECOND_US, 1000);
	now_us += 30 * SECOND_US;
	congestion_measured(&congestion, 30 * SECOND_US, now_us);
	assert_int_equal(serve(9000, 0).turned_away, 0);
	assert_int_equal(serve(SECOND_US, 1000).turned_away, 0);
}

static void a_queue_that_stands_is_cut(void **state) {
	(void)state;
	assert_int_equal(serve(CONGESTION_PATIENCE_US, LONG_US).turned_away, 0);
	assert_true(serve(SECOND_US, LONG_US).turned_away > 0);
}

static void the_work_that_counts_goes_on(void **state) {
	(void)state;
	serve(2 * CONGESTION_PATIENCE_US, LONG_US);
	struct served served = serve(10 * SECOND_US, LONG_US);
	/* One part of the time, to a percent or so, goes into refusals. */
	int64_t refusals_us = served.turned_away * INT64_C(20);
	assert_in_range(refusals_us, 10 * SECOND_US / CONGESTION_SHARE * 98 / 100,
		10 * SECOND_US / CONGESTION_SHARE * 102 / 100);
}

static void it_ends_with_the_first_that_did_not_wait(void **state) {
	(void)state;
	serve(5 * SECOND_US, LONG_US);
	congestion_measured(&congestion, 0, now_us);
	assert_int_equal(serve(CONGESTION_PATIENCE_US / 2, LONG_US).turned_away, 0);
}

/* What is measured at a request is known only after it. */
static void who_comes_seldom_is_not_turned_away(void **state) {
	(void)state;
	for (int64_t pause_us = 1000; pause_us < 10 * SECOND_US; pause_us = pause_us * 5 / 4) {
		assert_true(congestion_admit(&congestion, now_us));
		congestion_measured(&congestion, 20, now_us + 20);
		now_us += pause_us;
	}
}

static void what_was_measured_long_ago_says_nothing(void **state) {
	(void)state;
	serve(5 * SECOND_US, LONG_US);
	now_us += 2 * LONG_US + CONGESTION_MEASURE_US;
	assert_true(congestion_admit(&congestion, now_us));
	assert_int_equal(serve(CONGESTION_PATIENCE_US / 2, LONG_US).turned_away, 0);
}

#define STORY(test) cmocka_unit_test_setup(test, begin)

int main(void) {
	const struct CMUnitTest tests[] = {
		STORY(nobody_is_turned_away_where_nobody_waits),
		STORY(a_crowd_that_passes_is_let_in),
		STORY(a_process_that_was_frozen_turns_nobody_away),
		STORY(a_queue_that_stands_is_cut),
		STORY(the_work_that_counts_goes_on),
		STORY(it_ends_with_the_first_that_did_not_wait),
		STORY(who_comes_seldom_is_not_turned_away),
		STORY(what_was_measured_long_ago_says_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
