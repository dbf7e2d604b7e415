/*
 * plan - turns decisions into what one transaction writes to the ledger.
 *
 * Pure: a plan depends only on the decisions that were added to it.
 *
 *	in a decision			bookings	booking_changes		campaigns
 *	booked, held, waitlisted	a row, and its owner
 *	cancelled, paid, refund due			a row
 *	each effect					a row
 *	an accepted definition							definition
 *	every decision								position, state, counts
 *
 * Answers that repeat an earlier one, and refusals, write nothing. What a change means for its
 * booking is done by the store, from the rows of booking_changes: so a change may name a booking
 * of the same plan. "Refund due" is a change only where a hold had been released; the plan cannot
 * know that, so the store has a look where refunds_count says so.
 */
#ifndef FULFILLER_PLAN_H
#define FULFILLER_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/pure/messages.h"
#include "fulfiller/owners.h"
#include "fulfiller/rows.h"

/* A plan is full at one of these; the last decision may go beyond. Larger plans are hardly cheaper for
 * each row, a failed transaction is sent again as a whole, and nothing else is done meanwhile. */
#define PLAN_BYTES_FULL (8u << 20)
#ifndef PLAN_ROWS_FULL /* small in tests/sim */
#define PLAN_ROWS_FULL 40000u
#endif

struct plan {
	uint32_t ordinal; /* of the campaign */
	uint64_t base_n;  /* the last decision that is in the ledger already */
	uint64_t last_n;  /* the last decision of this plan */
	/* The campaign as last_n left it. */
	int64_t time_ms;
	enum campaign_state state;
	struct counters counters;
	uint8_t digest[DIGEST_BYTES];
	/* The JSON of the newest definition that was accepted; size 0 if none was. */
	char definition[DEFINITION_BYTES_MAX];
	uint32_t definition_size;
	/* In the order of PLAN_BOOKINGS_COLUMNS and PLAN_CHANGES_COLUMNS. */
	struct rows bookings;
	struct rows changes;
	struct owners owners;   /* of the bookings */
	uint32_t refunds_count; /* changes with the status refund due */
};

#define PLAN_BOOKINGS_COLUMNS                                                                      \
	"campaign, number, account, status, units, place, decision_n, booked_at, pay_by, rank"
#define PLAN_CHANGES_COLUMNS                                                                       \
	"campaign, decision_n, position, number, status, cause, pay_by, changed_at"

void plan_init(struct plan *plan, uint32_t ordinal);
void plan_finish(struct plan *plan);
/* Forgets what was added; the next decision is base_n + 1. */
void plan_restart(struct plan *plan, uint64_t base_n);

/* NULL, or a sentence that says why this decision cannot follow: then the plan is as it was. */
const char *plan_add(struct plan *plan, const struct decision *decision);

bool plan_is_empty(const struct plan *plan);
bool plan_is_full(const struct plan *plan);

#endif
