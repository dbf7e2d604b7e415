#include "tests/load/watch.h"

#include "tests/load/target.h"

void watch_look(struct watch *watch, int64_t now_us) {
	struct verdict_counts counts;
	int64_t next_us =
		watch->count == 0 ? 0 : watch->looks[watch->count - 1].at_us + watch->pause_us;
	if (watch->campaign == NULL || watch->count == COUNTS_SLICES_MAX || now_us < next_us) {
		return;
	}
	if (target_try_counts(&counts, watch->address, watch->campaign)) {
		watch->looks[watch->count++] =
			(struct watch_look){.at_us = now_us, .left = counts.available};
	}
}
