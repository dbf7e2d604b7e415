/*
 * admission_test - buckets that empty, fill, are kept apart, and forget before they refuse strangers.
 */
#include "ingress/admission.h"

#include "tests/unit/unit.h"

#include <stdlib.h>

static struct admission admission;

static int begin(void **state) {
	(void)state;
	admission.slots = calloc(ADMISSION_SLOTS, sizeof *admission.slots);
	return admission.slots == NULL;
}

static int end(void **state) {
	(void)state;
	free(admission.slots);
	return 0;
}

static bool ask(enum admission_rule rule, uint64_t who, int64_t now_us, int64_t *retry_after_us) {
	const struct admission_request request = {.rule = rule, .who = who, .now_us = now_us};
	return admission_take(&admission, &request, retry_after_us);
}

/* How many of so many requests at one moment are let in. */
static unsigned burst(enum admission_rule rule, uint64_t who, int64_t now_us) {
	unsigned admitted = 0;
	int64_t retry_after_us;
	while (admitted < 100000 && ask(rule, who, now_us, &retry_after_us)) {
		admitted++;
	}
	return admitted;
}

#define SECOND INT64_C(1000000)
#define START (1000 * SECOND)

static void a_full_bucket_gives_a_burst_then_a_rate(void **state) {
	(void)state;
	assert_int_equal(burst(ADMISSION_ACCOUNT_WRITES, 7, START), 20);
	assert_int_equal(burst(ADMISSION_ACCOUNT_WRITES, 7, START + SECOND / 2 - 1), 0);
	assert_int_equal(burst(ADMISSION_ACCOUNT_WRITES, 7, START + SECOND / 2), 1);
	assert_int_equal(burst(ADMISSION_ACCOUNT_WRITES, 7, START + 3 * SECOND), 5);
	assert_int_equal(burst(ADMISSION_ACCOUNT_WRITES, 7, START + 3600 * SECOND), 20);
}

static void who_is_refused_is_told_when_to_come_back(void **state) {
	(void)state;
	int64_t retry_after_us;
	burst(ADMISSION_ACCOUNT_READS, 8, START);
	assert_false(ask(ADMISSION_ACCOUNT_READS, 8, START, &retry_after_us));
	assert_int_equal(retry_after_us, SECOND / 2);
	assert_false(ask(ADMISSION_ACCOUNT_READS, 8, START + 1000, &retry_after_us));
	assert_int_equal(retry_after_us, SECOND / 2 - 1000);
	assert_true(ask(ADMISSION_ACCOUNT_READS, 8, START + SECOND / 2, &retry_after_us));
	assert_int_equal(retry_after_us, 0);
}

static void a_refusal_does_not_make_the_wait_longer(void **state) {
	(void)state;
	int64_t retry_after_us;
	burst(ADMISSION_CONTACT, 9, START);
	for (int i = 0; i < 1000; i++) {
		assert_false(ask(ADMISSION_CONTACT, 9, START, &retry_after_us));
	}
	assert_int_equal(retry_after_us, 5 * SECOND);
}

static void rules_and_people_have_buckets_of_their_own(void **state) {
	(void)state;
	assert_int_equal(burst(ADMISSION_ACCOUNT_WRITES, 100, START), 20);
	assert_int_equal(burst(ADMISSION_ACCOUNT_WRITES, 101, START), 20);
	assert_int_equal(burst(ADMISSION_ACCOUNT_READS, 100, START), 20);
	assert_int_equal(burst(ADMISSION_ADDRESS_CODES, 100, START), 2000);
	assert_int_equal(burst(ADMISSION_ADDRESS, 100, START), 20000);
}

static void a_full_set_forgets_the_idlest_and_admits_everybody(void **state) {
	(void)state;
	const uint64_t sets = ADMISSION_SLOTS / ADMISSION_SET;
	burst(ADMISSION_ACCOUNT_WRITES, 5, START); /* the busiest */
	int64_t retry_after_us;
	for (uint64_t i = 1; i <= 50; i++) {
		assert_true(ask(ADMISSION_ACCOUNT_WRITES, 5 + i * sets, START, &retry_after_us));
	}
	assert_false(ask(ADMISSION_ACCOUNT_WRITES, 5, START, &retry_after_us));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_full_bucket_gives_a_burst_then_a_rate, begin, end),
		cmocka_unit_test_setup_teardown(
			who_is_refused_is_told_when_to_come_back, begin, end),
		cmocka_unit_test_setup_teardown(
			a_refusal_does_not_make_the_wait_longer, begin, end),
		cmocka_unit_test_setup_teardown(
			rules_and_people_have_buckets_of_their_own, begin, end),
		cmocka_unit_test_setup_teardown(
			a_full_set_forgets_the_idlest_and_admits_everybody, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
