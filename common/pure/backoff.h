/*
 * backoff - how long to wait before the next attempt: doubling, with jitter.
 *
 * Half of the wait is fixed and half is random, so that many that failed together do not come back
 * together. Pure: the randomness comes from a seed of the caller.
 */
#ifndef COMMON_PURE_BACKOFF_H
#define COMMON_PURE_BACKOFF_H

#include <stdint.h>

struct backoff_range {
	uint32_t ms_min; /* at least 2 */
	uint32_t ms_max;
};

struct backoff {
	struct backoff_range range;
	uint32_t ms; /* of the next wait, before jitter */
	uint64_t random;
};

struct backoff backoff_init(struct backoff_range range, uint64_t seed);
/* The wait before the next attempt: from ms / 2 to ms, where ms doubles from call to call. */
uint32_t backoff_next_ms(struct backoff *backoff);
/* An attempt succeeded: the next wait is a short one again. */
void backoff_reset(struct backoff *backoff);

#endif
