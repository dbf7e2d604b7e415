/*
 * counts_test - every question is counted once, in its time; memory is the same for any run.
 */
#include "tests/load/counts.h"

#include "tests/unit/unit.h"

#define SECOND_US INT64_C(1000000)

static struct counts counts;
static struct counts others;

static int begin(void **state) {
	(void)state;
	counts = (struct counts){0};
	others = (struct counts){0};
	counts_init(&counts, 10 * SECOND_US);
	counts_init(&others, 10 * SECOND_US);
	return 0;
}

static void slices_are_as_wide_as_the_run_needs(void **state) {
	(void)state;
	static const struct {
		int64_t run_s;
		int64_t slice_us;
	} cases[] = {
		{1, SECOND_US / 4},
		{75, SECOND_US / 4},
		{76, SECOND_US},
		{300, SECOND_US},
		{301, 2 * SECOND_US},
		{86400, 288 * SECOND_US},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		counts_init(&counts, cases[i].run_s * SECOND_US);
		assert_int_equal(counts.slice_us, cases[i].slice_us);
	}
}

static void an_answer_is_counted_where_it_came(void **state) {
	(void)state;
	const struct counts_answer answer = {
		.due_us = 100000, .sent_us = 300000, .now_us = 600000, .status = 201};
	counts_add_answer(&counts, COUNTS_BOOKED, &answer);
	assert_int_equal(counts.answered, 1);
	assert_int_equal(counts.statuses[201], 1);
	assert_int_equal(counts.kinds[COUNTS_BOOKED], 1);
	assert_int_equal(counts.slices[2].kinds[COUNTS_BOOKED], 1);
	assert_int_equal(counts_answered(&counts.slices[2]), 1);
	assert_int_equal(latency_quantile(&counts.from_due, 1), 500000);
	assert_int_equal(latency_quantile(&counts.from_sent, 1), 300000);
	assert_int_equal(latency_quantile(&counts.slices[2].latency, 1), 500000);
	assert_int_equal(counts_slices_used(&counts), 3);
}

static void no_answer_is_not_an_answer(void **state) {
	(void)state;
	counts_add(&counts, COUNTS_FAILED, 0);
	assert_int_equal(counts.kinds[COUNTS_FAILED], 1);
	assert_int_equal(counts_answered(&counts.slices[0]), 0);
	assert_int_equal(counts.answered, 0);
}

static void who_must_come_back_is_told_when(void **state) {
	(void)state;
	struct counts_answer answer = {.status = 503};
	counts_add_answer(&counts, COUNTS_LATER, &answer);
	assert_int_equal(counts.later_without_time, 1);
	answer.has_retry_after = true;
	counts_add_answer(&counts, COUNTS_LATER, &answer);
	assert_int_equal(counts.later_without_time, 1);
}

static void what_is_too_late_or_too_early_is_at_an_end(void **state) {
	(void)state;
	counts_add(&counts, COUNTS_READ, 3600 * SECOND_US);
	counts_add(&counts, COUNTS_READ, -1);
	assert_int_equal(counts.slices[COUNTS_SLICES_MAX - 1].kinds[COUNTS_READ], 1);
	assert_int_equal(counts.slices[0].kinds[COUNTS_READ], 1);
}

static void workers_are_added_up(void **state) {
	(void)state;
	const struct counts_answer early = {.now_us = 100000, .status = 201};
	const struct counts_answer late = {.now_us = 900000, .status = 410};
	counts_add_answer(&counts, COUNTS_BOOKED, &early);
	counts_add_answer(&others, COUNTS_REFUSED, &late);
	others.codes = 3;
	counts_merge(&counts, &others);
	assert_int_equal(counts.answered, 2);
	assert_int_equal(counts.kinds[COUNTS_REFUSED], 1);
	assert_int_equal(counts.slices[0].kinds[COUNTS_BOOKED], 1);
	assert_int_equal(counts.slices[3].kinds[COUNTS_REFUSED], 1);
	assert_int_equal(counts.ended_us, 900000);
	assert_int_equal(counts.from_due.count, 2);
	assert_int_equal(counts.codes, 3);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(slices_are_as_wide_as_the_run_needs, begin),
		cmocka_unit_test_setup(an_answer_is_counted_where_it_came, begin),
		cmocka_unit_test_setup(no_answer_is_not_an_answer, begin),
		cmocka_unit_test_setup(who_must_come_back_is_told_when, begin),
		cmocka_unit_test_setup(what_is_too_late_or_too_early_is_at_an_end, begin),
		cmocka_unit_test_setup(workers_are_added_up, begin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
