/*
 * metrics - counters, gauges and latency histograms, printed as Prometheus text (version 0.0.4).
 *
 * Declared statically in tables; updated from the loop thread only, so they are plain integers.
 * Histograms are log-linear: 16 buckets to each power of two of microseconds (error below 7 %),
 * printed as cumulative buckets, in seconds.
 */
#ifndef COMMON_METRICS_H
#define COMMON_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "common/pure/text.h"

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

#define HISTOGRAM_BUCKETS 512u

struct histogram {
	uint64_t count;
	uint64_t sum_us;
	uint32_t buckets[HISTOGRAM_BUCKETS];
};

struct metric {
	const char *name;   /* "firstcome_bookings_total"; rows with one name stand together */
	const char *labels; /* "verdict=\"booked\"" or "" */
	const char *help;
	enum metric_type type;
	uint64_t *value; /* counter, gauge */
	struct histogram *histogram;
};

void histogram_record(struct histogram *histogram, int64_t us);
/* The value, in microseconds, that the given share (0 to 1) of all records does not exceed; 0 without
 * records. */
uint64_t histogram_quantile(const struct histogram *histogram, double share);

void metrics_print(struct text *text, const struct metric *metrics, size_t count);

#endif
