/*
 * metrics - a histogram's arithmetic, and Prometheus text.
 */
#include "common/metrics.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

/* Buckets 0 to 15 hold the values 0 to 15. From there each power of two, [2^(3+g), 2^(4+g)) for the
 * groups g = 1, 2 ..., is cut into 16 equal buckets. */
#define SUB_BUCKETS 16u
#define SUB_BUCKETS_LOG2 4u
/* Printed bounds: powers of two from 2^7 us = 128 us to 2^25 us = 33.6 s. They are edges of buckets,
 * so the counts are exact. */
#define PRINTED_LOG2_MIN 7u
#define PRINTED_LOG2_MAX 25u

static_assert(HISTOGRAM_BUCKETS % SUB_BUCKETS == 0, "whole groups");

static uint32_t floor_log2(uint64_t value) {
	return 63u - (uint32_t)__builtin_clzll(value);
}

static uint32_t bucket_of(uint64_t us) {
	if (us < SUB_BUCKETS) {
		return (uint32_t)us;
	}
	uint32_t group = floor_log2(us) - SUB_BUCKETS_LOG2 + 1;
	uint32_t sub_bucket = (uint32_t)(us >> (group - 1)) & (SUB_BUCKETS - 1);
	uint32_t bucket = group * SUB_BUCKETS + sub_bucket;
	return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

/* The largest value that belongs to the bucket. */
static uint64_t bucket_max(uint32_t bucket) {
	if (bucket < SUB_BUCKETS) {
		return bucket;
	}
	uint32_t group = bucket / SUB_BUCKETS;
	uint64_t sub_bucket = bucket % SUB_BUCKETS;
	return ((SUB_BUCKETS + sub_bucket + 1) << (group - 1)) - 1;
}

void histogram_record(struct histogram *histogram, int64_t us) {
	uint64_t value = us < 0 ? 0 : (uint64_t)us;
	histogram->count++;
	histogram->sum_us += value;
	histogram->buckets[bucket_of(value)]++;
}

uint64_t histogram_quantile(const struct histogram *histogram, double share) {
	assert(share >= 0);
	assert(share <= 1);
	if (histogram->count == 0) {
		return 0;
	}
	double wanted = share * (double)histogram->count;
	uint64_t seen = 0;
	for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += histogram->buckets[i];
		if (seen > 0 && (double)seen >= wanted) {
			return bucket_max(i);
		}
	}
	return bucket_max(HISTOGRAM_BUCKETS - 1);
}

static void print_seconds(struct text *text, uint64_t us) {
	char fraction[7] = ".000000";
	uint64_t rest = us % 1000000;
	for (size_t i = sizeof fraction - 1; i > 0; i--) {
		fraction[i] = (char)('0' + rest % 10);
		rest /= 10;
	}
	text_append_u64(text, us / 1000000);
	text_append_bytes(text, fraction, sizeof fraction);
}

/* name_suffix{labels} and a blank. */
static void print_name(struct text *text, const struct metric *metric, const char *suffix) {
	text_append(text, metric->name);
	text_append(text, suffix);
	if (metric->labels[0] != '\0') {
		text_append_char(text, '{');
		text_append(text, metric->labels);
		text_append_char(text, '}');
	}
	text_append_char(text, ' ');
}

/* Up to the value of the label le, which the caller goes on with. */
static void print_bucket_name(struct text *text, const struct metric *metric) {
	text_append(text, metric->name);
	text_append(text, "_bucket{");
	text_append(text, metric->labels);
	text_append(text, metric->labels[0] == '\0' ? "le=\"" : ",le=\"");
}

static void print_histogram(struct text *text, const struct metric *metric) {
	const struct histogram *histogram = metric->histogram;
	uint64_t seen = 0;
	uint32_t next = 0;
	for (uint32_t log2 = PRINTED_LOG2_MIN; log2 <= PRINTED_LOG2_MAX; log2++) {
		for (; bucket_max(next) < UINT64_C(1) << log2; next++) {
			seen += histogram->buckets[next];
		}
		print_bucket_name(text, metric);
		print_seconds(text, UINT64_C(1) << log2);
		text_append(text, "\"} ");
		text_append_u64(text, seen);
		text_append_char(text, '\n');
	}
	print_bucket_name(text, metric);
	text_append(text, "+Inf\"} ");
	text_append_u64(text, histogram->count);
	text_append_char(text, '\n');
	print_name(text, metric, "_sum");
	print_seconds(text, histogram->sum_us);
	text_append_char(text, '\n');
	print_name(text, metric, "_count");
	text_append_u64(text, histogram->count);
	text_append_char(text, '\n');
}

static void print_family(struct text *text, const struct metric *metric) {
	static const char *const type_names[] = {
		[METRIC_COUNTER] = "counter",
		[METRIC_GAUGE] = "gauge",
		[METRIC_HISTOGRAM] = "histogram",
	};
	text_append(text, "# HELP ");
	text_append(text, metric->name);
	text_append_char(text, ' ');
	text_append(text, metric->help);
	text_append(text, "\n# TYPE ");
	text_append(text, metric->name);
	text_append_char(text, ' ');
	text_append(text, type_names[metric->type]);
	text_append_char(text, '\n');
}

void metrics_print(struct text *text, const struct metric *metrics, size_t count) {
	for (size_t i = 0; i < count; i++) {
		const struct metric *metric = &metrics[i];
		if (i == 0 || strcmp(metric->name, metrics[i - 1].name) != 0) {
			print_family(text, metric);
		}
		if (metric->type == METRIC_HISTOGRAM) {
			print_histogram(text, metric);
		} else {
			print_name(text, metric, "");
			text_append_u64(text, *metric->value);
			text_append_char(text, '\n');
		}
	}
}
