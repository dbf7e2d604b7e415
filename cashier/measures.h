/*
 * measures - what the cashier counts about itself, for the operator.
 */
#ifndef CASHIER_MEASURES_H
#define CASHIER_MEASURES_H

#include <stddef.h>
#include <stdint.h>

#include "common/metrics.h"
#include "common/payment/call.h"

struct cashier_measures {
	uint64_t decisions; /* read */
	uint64_t webhooks;
	uint64_t webhooks_unreadable;
	uint64_t rounds;
	uint64_t rounds_failed;
	uint64_t answers[PAYMENT_ANSWER_MISCONFIGURED + 1]; /* of the provider, by what they mean */
	uint64_t orders_made;
	uint64_t orders_refused;
	uint64_t orders_too_late;
	uint64_t told; /* payments, to the line */
	uint64_t payments_moved;
	uint64_t payments_by_asking; /* differences: no webhook had told of it */
	uint64_t payments_problems;
	uint64_t refunds_made;
	uint64_t refunds_gone_wrong;
	/* Gauges. */
	uint64_t orders_wanted;
	uint64_t orders_open;
	uint64_t payments_untold;
	uint64_t refunds_due;
	uint64_t refunds_failed;
	uint64_t active; /* 1 or 0, like the next ones */
	uint64_t provider_failing;
	uint64_t database_available;
	uint64_t campaigns_stopped;
	struct histogram call_us;
	struct histogram round_us;
	struct histogram payable_us; /* from the hold in our books to its publication */
};

extern struct cashier_measures cashier_measures;

#define MEASURES_COUNT 32u
extern const struct metric cashier_measures_table[MEASURES_COUNT];

#endif
