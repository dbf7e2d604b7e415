/*
 * pace - see pace.h.
 */
#include "notifier/pace.h"

#include <assert.h>

/* With a limit per second, so much may be caught up after a lull. */
#define BURST_US 100000

struct pace pace_init(struct pace_limits limits) {
	assert(limits.connections > 0);
	assert(limits.pause_ms_max >= PACE_PAUSE_MS_MIN);
	return (struct pace){.limits = limits};
}

bool pace_is_slow(const struct pace *pace) {
	return pace->pause_ms > 0;
}

static int64_t allowed_at_us(const struct pace *pace) {
	if (pace_is_slow(pace)) {
		return pace->probe_at_us;
	}
	return pace->limits.per_second == 0 ? 0 : pace->next_start_us - BURST_US;
}

static bool has_connection(const struct pace *pace) {
	return pace->under_way < (pace_is_slow(pace) ? 1 : pace->limits.connections);
}

bool pace_allows(const struct pace *pace, int64_t now_us) {
	return has_connection(pace) && allowed_at_us(pace) <= now_us;
}

void pace_started(struct pace *pace, int64_t now_us) {
	assert(pace_allows(pace, now_us));
	pace->under_way++;
	if (pace->limits.per_second > 0) {
		int64_t from_us = pace->next_start_us > now_us ? pace->next_start_us : now_us;
		pace->next_start_us = from_us + 1000000 / pace->limits.per_second;
	}
}

static void slow_down(struct pace *pace, int64_t now_us, uint32_t random) {
	if (pace_is_slow(pace) && now_us < pace->probe_at_us) {
		return; /* it had started before the pause: no news about the provider */
	}
	pace->pause_ms = pace_is_slow(pace) ? pace->pause_ms * 2 : PACE_PAUSE_MS_MIN;
	if (pace->pause_ms > pace->limits.pause_ms_max) {
		pace->pause_ms = pace->limits.pause_ms_max;
	}
	int64_t jitter_ms = (int64_t)(random % (uint64_t)(pace->pause_ms / 4 + 1));
	pace->probe_at_us = now_us + (pace->pause_ms + jitter_ms) * 1000;
}

void pace_finished(struct pace *pace, bool taken, int64_t now_us, uint32_t random) {
	assert(pace->under_way > 0);
	pace->under_way--;
	if (taken) {
		pace->failures_in_a_row = 0;
		pace->pause_ms = 0;
		return;
	}
	if (pace->failures_in_a_row < PACE_FAILURES_IN_A_ROW_MAX) {
		pace->failures_in_a_row++;
	}
	if (pace->failures_in_a_row == PACE_FAILURES_IN_A_ROW_MAX) {
		slow_down(pace, now_us, random);
	}
}

int64_t pace_wait_ms(const struct pace *pace, int64_t now_us) {
	if (!has_connection(pace)) {
		return -1;
	}
	int64_t wait_us = allowed_at_us(pace) - now_us;
	return wait_us <= 0 ? 0 : (wait_us + 999) / 1000;
}
