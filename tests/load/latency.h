/*
 * latency - how long answers took, counted in buckets, so that percentiles cost no memory.
 *
 * Log-linear, the idea of HdrHistogram (Gil Tene): each power of two of microseconds is cut into 64
 * equal buckets, so every value is known to 1.6 %, from 1 us to 19 hours. common/metrics.h has the
 * same with 16 buckets, which is right for a program's metrics and too coarse for a benchmark.
 */
#ifndef TESTS_LOAD_LATENCY_H
#define TESTS_LOAD_LATENCY_H

#include <stdint.h>

#define LATENCY_BUCKETS 2048u

struct latency {
	uint64_t count;
	uint64_t sum_us;
	uint64_t max_us;
	uint32_t buckets[LATENCY_BUCKETS];
};

/* What is negative counts as 0. */
void latency_record(struct latency *latency, int64_t us);
/* Adds what another one has counted. */
void latency_merge(struct latency *into, const struct latency *from);
/* The value, in microseconds, that the given share (0 to 1) of all records does not exceed; never
 * above the largest record. 0 without records. */
uint64_t latency_quantile(const struct latency *latency, double share);
uint64_t latency_mean_us(const struct latency *latency);

#endif
