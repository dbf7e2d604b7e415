/*
 * congestion - since when it has been crowded, and the time that goes into refusals.
 */
#include "ingress/congestion.h"

void congestion_init(struct congestion *congestion, int64_t now_us) {
	*congestion = (struct congestion){.counted_at_us = now_us};
}

void congestion_measured(struct congestion *congestion, int64_t waited_us, int64_t now_us) {
	/* Whether this one came while the one before was still true. */
	bool goes_on = now_us - waited_us <= congestion->measured_until_us;
	congestion->measured_at_us = now_us;
	congestion->measured_until_us = now_us + waited_us + CONGESTION_MEASURE_US;
	if (waited_us <= CONGESTION_WAIT_US) {
		congestion->long_since_us = 0;
	} else if (congestion->long_since_us == 0 || !goes_on) {
		/* Not since it came: one long wait may be a process that was frozen, or a crowd that
		 * passes. */
		congestion->long_since_us = now_us;
	}
}

static bool is_crowded(const struct congestion *congestion, int64_t now_us) {
	return congestion->long_since_us != 0 &&
	       congestion->measured_at_us - congestion->long_since_us > CONGESTION_PATIENCE_US &&
	       now_us <= congestion->measured_until_us;
}

bool congestion_admit(struct congestion *congestion, int64_t now_us) {
	/* What a refusal took is known when the next request comes. */
	int64_t passed_us = now_us - congestion->counted_at_us;
	congestion->counted_at_us = now_us;
	congestion->earned_us += passed_us;
	if (congestion->earned_us > CONGESTION_EARNED_US_MAX) {
		congestion->earned_us = CONGESTION_EARNED_US_MAX;
	}
	if (congestion->is_turning_away) {
		congestion->earned_us -= passed_us * CONGESTION_SHARE;
	}
	congestion->is_turning_away = is_crowded(congestion, now_us) && congestion->earned_us > 0;
	return !congestion->is_turning_away;
}
