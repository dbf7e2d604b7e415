/*
 * metrics_test - buckets, quantiles, and the exposition text to the letter.
 */
#include "common/metrics.h"

#include "tests/unit/random.h"
#include "tests/unit/unit.h"

static struct histogram histogram;

static void record_all(const int64_t *values, size_t count) {
	memset(&histogram, 0, sizeof histogram);
	for (size_t i = 0; i < count; i++) {
		histogram_record(&histogram, values[i]);
	}
}

static void small_values_are_exact(void **state) {
	(void)state;
	for (int64_t value = 0; value < 32; value++) {
		record_all(&value, 1);
		assert_int_equal(histogram_quantile(&histogram, 1), value);
		assert_int_equal(histogram_quantile(&histogram, 0), value);
		assert_int_equal(histogram.sum_us, value);
	}
}

static void large_values_are_near(void **state) {
	(void)state;
	struct random random = {.state = 1};
	for (int i = 0; i < 100000; i++) {
		int64_t value = (int64_t)(random_next(&random) >> (29 + random_below(&random, 35)));
		record_all(&value, 1);
		uint64_t got = histogram_quantile(&histogram, 0.5);
		assert_true(got >= (uint64_t)value);
		assert_true((double)(got - (uint64_t)value) <= (double)value * 0.07);
	}
}

static void every_value_has_a_bucket(void **state) {
	(void)state;
	static const int64_t values[] = {INT64_MIN, -1, 0, INT64_MAX, INT64_C(1) << 34,
		(INT64_C(1) << 35) - 1, INT64_C(1) << 35, INT64_C(1) << 36};
	record_all(values, COUNT_OF(values));
	assert_int_equal(histogram.count, COUNT_OF(values));
	assert_int_equal(histogram.buckets[0], 3);
	assert_int_equal(histogram.buckets[HISTOGRAM_BUCKETS - 1], 4);
	assert_int_equal(histogram_quantile(&histogram, 1), (INT64_C(1) << 35) - 1);
}

static void quantiles_of_a_hundred(void **state) {
	(void)state;
	memset(&histogram, 0, sizeof histogram);
	assert_int_equal(histogram_quantile(&histogram, 0.5), 0);
	for (int64_t i = 1; i <= 100; i++) {
		histogram_record(&histogram, i % 10);
	}
	assert_int_equal(histogram_quantile(&histogram, 0), 0);
	assert_int_equal(histogram_quantile(&histogram, 0.1), 0);
	assert_int_equal(histogram_quantile(&histogram, 0.11), 1);
	assert_int_equal(histogram_quantile(&histogram, 0.5), 4);
	assert_int_equal(histogram_quantile(&histogram, 0.99), 9);
	assert_int_equal(histogram_quantile(&histogram, 1), 9);
}

static void prints_families_once(void **state) {
	(void)state;
	uint64_t booked = 500;
	uint64_t sold_out = UINT64_MAX;
	uint64_t connections = 0;
	const struct metric metrics[] = {
		{"firstcome_verdicts_total", "verdict=\"booked\"", "Answers.", METRIC_COUNTER,
			&booked, NULL},
		{"firstcome_verdicts_total", "verdict=\"sold_out\"", "Answers.", METRIC_COUNTER,
			&sold_out, NULL},
		{"firstcome_connections", "", "Connections now.", METRIC_GAUGE, &connections, NULL},
	};
	char buffer[1024];
	struct text text = text_init(buffer, sizeof buffer);
	metrics_print(&text, metrics, COUNT_OF(metrics));
	assert_false(text.failed);
	assert_string_equal(buffer,
		"# HELP firstcome_verdicts_total Answers.\n"
		"# TYPE firstcome_verdicts_total counter\n"
		"firstcome_verdicts_total{verdict=\"booked\"} 500\n"
		"firstcome_verdicts_total{verdict=\"sold_out\"} 18446744073709551615\n"
		"# HELP firstcome_connections Connections now.\n"
		"# TYPE firstcome_connections gauge\n"
		"firstcome_connections 0\n");
}

static void assert_has(const char *haystack, const char *needle) {
	if (strstr(haystack, needle) == NULL) {
		fail_msg("no \"%s\" in:\n%s", needle, haystack);
	}
}

static void prints_histograms(void **state) {
	(void)state;
	static const int64_t values[] = {0, 127, 128, 255, 1000000, 33554431, 33554432};
	record_all(values, COUNT_OF(values));
	struct metric metric = {.name = "firstcome_wait_seconds",
		.labels = "",
		.help = "Time.",
		.type = METRIC_HISTOGRAM,
		.histogram = &histogram};
	char buffer[4096];
	struct text text = text_init(buffer, sizeof buffer);
	metrics_print(&text, &metric, 1);
	assert_false(text.failed);
	assert_has(buffer, "# TYPE firstcome_wait_seconds histogram\n"
			   "firstcome_wait_seconds_bucket{le=\"0.000128\"} 2\n"
			   "firstcome_wait_seconds_bucket{le=\"0.000256\"} 4\n");
	assert_has(buffer, "firstcome_wait_seconds_bucket{le=\"0.524288\"} 4\n"
			   "firstcome_wait_seconds_bucket{le=\"1.048576\"} 5\n");
	assert_has(buffer, "firstcome_wait_seconds_bucket{le=\"33.554432\"} 6\n"
			   "firstcome_wait_seconds_bucket{le=\"+Inf\"} 7\n"
			   "firstcome_wait_seconds_sum 68.109373\n"
			   "firstcome_wait_seconds_count 7\n");

	metric.labels = "route=\"book\"";
	text_clear(&text);
	metrics_print(&text, &metric, 1);
	assert_has(buffer, "firstcome_wait_seconds_bucket{route=\"book\",le=\"+Inf\"} 7\n"
			   "firstcome_wait_seconds_sum{route=\"book\"} 68.109373\n");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_values_are_exact),
		cmocka_unit_test(large_values_are_near),
		cmocka_unit_test(every_value_has_a_bucket),
		cmocka_unit_test(quantiles_of_a_hundred),
		cmocka_unit_test(prints_families_once),
		cmocka_unit_test(prints_histograms),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
