/*
 * admission - one time stamp a bucket, four buckets a set, the idlest makes room.
 */
#include "ingress/admission.h"

#include <assert.h>

struct rate {
	int64_t burst;       /* so many at once from a full bucket */
	int64_t interval_us; /* one more each */
};

static const struct rate rates[ADMISSION_RULES] = {
	[ADMISSION_ADDRESS] = {.burst = 20000, .interval_us = 200},
	[ADMISSION_ADDRESS_CODES] = {.burst = 2000, .interval_us = 10000},
	[ADMISSION_ACCOUNT_WRITES] = {.burst = 20, .interval_us = 500000},
	[ADMISSION_ACCOUNT_READS] = {.burst = 20, .interval_us = 500000},
	[ADMISSION_CONTACT] = {.burst = 20, .interval_us = 5000000},
};

/* The slot of who, or the one to give to who: in the same set, and nearest to being full. */
static struct admission_slot *slot_of(struct admission *admission, uint64_t who) {
	struct admission_slot *set =
		admission->slots +
		(size_t)(who % (ADMISSION_SLOTS / ADMISSION_SET)) * ADMISSION_SET;
	struct admission_slot *idlest = set;
	for (size_t i = 0; i < ADMISSION_SET; i++) {
		if (set[i].who == who) {
			return &set[i];
		}
		if (set[i].full_at_us < idlest->full_at_us) {
			idlest = &set[i];
		}
	}
	*idlest = (struct admission_slot){.who = who};
	return idlest;
}

bool admission_take(struct admission *admission, const struct admission_request *request,
	int64_t *retry_after_us) {
	assert(request->rule < ADMISSION_RULES);
	const struct rate *rate = &rates[request->rule];
	/* One person has a bucket for each rule: an odd multiplier keeps them apart. */
	uint64_t who = request->who + (request->rule + 1) * UINT64_C(0x9e3779b97f4a7c15);
	struct admission_slot *slot = slot_of(admission, who);
	int64_t full_at_us =
		slot->full_at_us > request->now_us ? slot->full_at_us : request->now_us;
	int64_t missing_us = full_at_us - request->now_us;
	int64_t allowed_us = (rate->burst - 1) * rate->interval_us;
	if (missing_us > allowed_us) {
		*retry_after_us = missing_us - allowed_us;
		return false;
	}
	slot->full_at_us = full_at_us + rate->interval_us;
	*retry_after_us = 0;
	return true;
}
