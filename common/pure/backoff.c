#include "common/pure/backoff.h"

#include <assert.h>

struct backoff backoff_init(struct backoff_range range, uint64_t seed) {
	assert(range.ms_min >= 2);
	assert(range.ms_min <= range.ms_max);
	return (struct backoff){.range = range, .ms = range.ms_min, .random = seed};
}

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t next_random(struct backoff *backoff) {
	backoff->random += UINT64_C(0x9e3779b97f4a7c15);
	uint64_t z = backoff->random;
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint32_t backoff_next_ms(struct backoff *backoff) {
	uint32_t ms = backoff->ms;
	backoff->ms = ms > backoff->range.ms_max / 2 ? backoff->range.ms_max : 2 * ms;
	uint32_t half = ms / 2;
	return half + (uint32_t)(next_random(backoff) % (ms - half + 1));
}

void backoff_reset(struct backoff *backoff) {
	backoff->ms = backoff->range.ms_min;
}
