/*
 * measures - what the fulfiller counts about itself, for the operator.
 */
#ifndef FULFILLER_MEASURES_H
#define FULFILLER_MEASURES_H

#include <stddef.h>
#include <stdint.h>

#include "common/metrics.h"

struct fulfiller_measures {
	uint64_t decisions; /* in the ledger */
	uint64_t bookings;
	uint64_t changes;
	uint64_t transactions;
	uint64_t moved; /* plans that another fulfiller, or a doubtful commit, had overtaken */
	uint64_t campaigns_following; /* gauges: campaigns by what this fulfiller does for them */
	uint64_t campaigns_waiting;
	uint64_t campaigns_stopped;
	uint64_t database_available; /* 1 or 0 */
	uint64_t contacts;
	uint64_t contacts_unreadable;
	struct histogram transaction_us; /* from begin to commit */
	struct histogram lag_us;         /* from the decision's log time to its commit */
};

extern struct fulfiller_measures fulfiller_measures;

#define MEASURES_COUNT 13u
extern const struct metric fulfiller_measures_table[MEASURES_COUNT];

#endif
