/*
 * latency_test - percentiles that are right to 1.6 %, over all magnitudes.
 */
#include "tests/load/latency.h"

#include "tests/unit/unit.h"

static struct latency latency;

static int begin(void **state) {
	(void)state;
	latency = (struct latency){0};
	return 0;
}

static void empty(void **state) {
	(void)state;
	assert_int_equal(latency_quantile(&latency, 0.5), 0);
	assert_int_equal(latency_quantile(&latency, 1), 0);
	assert_int_equal(latency_mean_us(&latency), 0);
}

static void one_value_is_every_quantile(void **state) {
	(void)state;
	for (uint64_t us = 0; us < UINT64_C(1) << 36; us = us * 3 / 2 + 1) {
		latency = (struct latency){0};
		latency_record(&latency, (int64_t)us);
		assert_int_equal(latency_quantile(&latency, 0), us);
		assert_int_equal(latency_quantile(&latency, 0.5), us);
		assert_int_equal(latency_quantile(&latency, 1), us);
		assert_int_equal(latency_mean_us(&latency), us);
	}
}

static void quantiles_of_a_range(void **state) {
	(void)state;
	for (int64_t us = 1; us <= 100000; us++) {
		latency_record(&latency, us);
	}
	static const double shares[] = {0.01, 0.1, 0.5, 0.9, 0.99, 0.999};
	for (size_t i = 0; i < COUNT_OF(shares); i++) {
		double right = shares[i] * 100000;
		double found = (double)latency_quantile(&latency, shares[i]);
		assert_true(found >= right);
		assert_true(found <= right * (1 + 1.0 / 64));
	}
	assert_int_equal(latency_quantile(&latency, 1), 100000);
	assert_int_equal(latency_mean_us(&latency), 50000);
}

static void what_is_out_of_range_goes_to_its_end(void **state) {
	(void)state;
	latency_record(&latency, -5);
	assert_int_equal(latency_quantile(&latency, 1), 0);
	latency_record(&latency, INT64_MAX);
	assert_int_equal(latency.max_us, INT64_MAX);
	assert_int_equal(latency.count, 2);
	assert_true(latency_quantile(&latency, 1) > UINT64_C(1) << 36);
}

static void two_together(void **state) {
	(void)state;
	struct latency other = {0};
	latency_record(&latency, 10);
	latency_record(&other, 30);
	latency_record(&other, 20);
	latency_merge(&latency, &other);
	assert_int_equal(latency.count, 3);
	assert_int_equal(latency_quantile(&latency, 0.34), 20);
	assert_int_equal(latency_quantile(&latency, 1), 30);
	assert_int_equal(latency_mean_us(&latency), 20);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(empty, begin),
		cmocka_unit_test_setup(one_value_is_every_quantile, begin),
		cmocka_unit_test_setup(quantiles_of_a_range, begin),
		cmocka_unit_test_setup(what_is_out_of_range_goes_to_its_end, begin),
		cmocka_unit_test_setup(two_together, begin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
