/*
 * wish - decides one booking request of a campaign.
 *
 * The questions, in this order: is it a repetition, is the campaign open, is the wish valid, is the
 * limit of each identity kept, are there units, is there a place on the waiting list. Nothing is
 * touched before the answer is known. Part of the core: pure.
 */
#ifndef SEQUENCER_CORE_WISH_H
#define SEQUENCER_CORE_WISH_H

#include "sequencer/core/campaign.h"

/* place: the place in line of this request. */
void wish_decide(struct campaign *campaign, const struct book_request *request, uint64_t place,
	struct answer *answer);

#endif
