/*
 * tables - gives the tables of a campaign their memory, and more of it between two steps.
 *
 * Anonymous pages from the kernel: they cost nothing until they are touched, are zeroed, and grow
 * without copying (mremap). Running out of memory is fatal: a sequencer that cannot keep its state
 * cannot decide.
 */
#ifndef SEQUENCER_TABLES_H
#define SEQUENCER_TABLES_H

#include <stddef.h>

#include "sequencer/core/campaign.h"

struct region {
	void *start;
	size_t bytes;
};

struct tables {
	struct region bookings;
	struct region extras;
	struct region links;
	struct region holds;
	struct region slots;
};

void tables_init(struct tables *tables);
void tables_finish(struct tables *tables);

/* Makes sure that the campaign has the capacity that it needs for its next step. */
void tables_provide(
	struct tables *tables, struct campaign *campaign, const struct campaign_capacity *capacity);

#endif
