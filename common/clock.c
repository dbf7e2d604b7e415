/*
 * clock - the two clocks of the kernel.
 */
#include "common/clock.h"

#include <assert.h>
#include <time.h>

static int64_t read_us(clockid_t clock) {
	struct timespec now;
	int failed = clock_gettime(clock, &now);
	assert(!failed);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_wall_us(void) {
	return read_us(CLOCK_REALTIME);
}

int64_t clock_wall_ms(void) {
	return clock_wall_us() / 1000;
}

int64_t clock_monotonic_us(void) {
	return read_us(CLOCK_MONOTONIC);
}
