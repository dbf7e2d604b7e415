#include "ingress/linger.h"

/* Between the two it stays as it is. */
#define BUSY_PERCENT 95
#define EASY_PERCENT 85
#define LINGER_US_MIN 1000

int64_t linger_next_us(int64_t linger_us, int busy_percent) {
	if (busy_percent >= BUSY_PERCENT) {
		int64_t longer_us = linger_us + linger_us / 2 + LINGER_US_MIN;
		return longer_us < LINGER_US_MAX ? longer_us : LINGER_US_MAX;
	}
	if (busy_percent >= EASY_PERCENT) {
		return linger_us;
	}
	int64_t shorter_us = linger_us / 3 * 2;
	return shorter_us < LINGER_US_MIN ? 0 : shorter_us;
}
