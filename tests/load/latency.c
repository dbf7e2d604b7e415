#include "tests/load/latency.h"

#include <assert.h>

/* Values below SUB_BUCKETS have a bucket each. From there each group is a power of two, cut into
 * SUB_BUCKETS equal buckets. */
#define SUB_BUCKETS 64u
#define SUB_BUCKETS_LOG2 6u

static_assert(1u << SUB_BUCKETS_LOG2 == SUB_BUCKETS, "its logarithm");
static_assert(LATENCY_BUCKETS % SUB_BUCKETS == 0, "whole groups");

static uint32_t bucket_of(uint64_t us) {
	if (us < SUB_BUCKETS) {
		return (uint32_t)us;
	}
	uint32_t group = 63u - (uint32_t)__builtin_clzll(us) - SUB_BUCKETS_LOG2 + 1;
	uint32_t sub_bucket = (uint32_t)(us >> (group - 1)) & (SUB_BUCKETS - 1);
	uint32_t bucket = group * SUB_BUCKETS + sub_bucket;
	return bucket < LATENCY_BUCKETS ? bucket : LATENCY_BUCKETS - 1;
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

void latency_record(struct latency *latency, int64_t us) {
	uint64_t value = us < 0 ? 0 : (uint64_t)us;
	latency->count++;
	latency->sum_us += value;
	latency->max_us = value > latency->max_us ? value : latency->max_us;
	latency->buckets[bucket_of(value)]++;
}

void latency_merge(struct latency *into, const struct latency *from) {
	into->count += from->count;
	into->sum_us += from->sum_us;
	into->max_us = from->max_us > into->max_us ? from->max_us : into->max_us;
	for (uint32_t i = 0; i < LATENCY_BUCKETS; i++) {
		into->buckets[i] += from->buckets[i];
	}
}

uint64_t latency_quantile(const struct latency *latency, double share) {
	assert(share >= 0);
	assert(share <= 1);
	double wanted = share * (double)latency->count;
	uint64_t seen = 0;
	for (uint32_t i = 0; i < LATENCY_BUCKETS && latency->count > 0; i++) {
		seen += latency->buckets[i];
		if (seen > 0 && (double)seen >= wanted) {
			uint64_t value = bucket_max(i);
			return value < latency->max_us ? value : latency->max_us;
		}
	}
	return latency->max_us;
}

uint64_t latency_mean_us(const struct latency *latency) {
	return latency->count == 0 ? 0 : latency->sum_us / latency->count;
}
