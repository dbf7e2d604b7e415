/*
 * turnover - how units come back and go on: cancelling, paying, expiry, promotion.
 *
 * A unit that is given back goes to the head of the waiting list before anybody else can have it.
 * Part of the core: pure.
 */
#ifndef SEQUENCER_CORE_TURNOVER_H
#define SEQUENCER_CORE_TURNOVER_H

#include "sequencer/core/campaign.h"

void turnover_cancel(
	struct campaign *campaign, const struct cancel_request *request, struct answer *answer);
void turnover_pay(
	struct campaign *campaign, const struct pay_request *request, struct answer *answer);

/* Lets expire what is due at campaign->time_ms, then promotes who can be promoted, while the
 * decision has room for effects. */
void turnover_settle(struct campaign *campaign, struct decision *decision);

/* True if settling again would do something at once. */
bool turnover_is_unsettled(const struct campaign *campaign);
/* When the next hold expires; INT64_MAX if none does. */
int64_t turnover_due_ms(const struct campaign *campaign);

#endif
