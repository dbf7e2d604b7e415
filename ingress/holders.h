/*
 * holders - who may have something in a campaign that gives nothing any more.
 *
 * A campaign is over when it is closed, or when all is sold and nothing can come back. The crowd
 * that comes after that may be many times as large as the campaign, and must not fill the line only
 * to be told so one by one. But whoever has a booking must still get it when asking again. Both
 * promises are kept by a Bloom filter of the identities of all who ever got a booking, a hold or a
 * place on the waiting list:
 *
 *	not in it	has nothing, certainly: is told that it is over, from memory
 *	in it		goes into the line, which knows; and with it one in a hundred strangers
 *
 * The filter is made from the log, the first time that somebody asks after the end; until it is
 * complete everybody goes into the line. The end is final, so a filter that was complete once stays
 * so.
 */
#ifndef INGRESS_HOLDERS_H
#define INGRESS_HOLDERS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/bus.h"
#include "ingress/campaigns.h"

/* Decisions read at the same time. */
#ifndef HOLDERS_WINDOW /* small in tests/sim */
#define HOLDERS_WINDOW 16u
#endif
/* After a get that failed. */
#define HOLDERS_RETRY_US 1000000

struct holders;

/* True if nobody who has nothing can get anything of this campaign any more. */
bool holders_is_over(const struct campaign *campaign);

/* False if none of this person's identities ever got anything of a campaign that is over. Begins to
 * read the log if that was not done yet; then, and until it is done, true. */
bool holders_may_have(
	struct bus *bus, struct campaign *campaign, const struct person *person, int64_t now_us);

/* NULL is allowed. The loop does not run any more. */
void holders_destroy(struct holders *holders);

#endif
