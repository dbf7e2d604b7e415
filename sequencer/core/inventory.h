/*
 * inventory - counts the units of one campaign.
 *
 * Pure: an answer depends only on the arguments. Every move is all or nothing.
 *
 * Invariant: units_available + units_held + units_sold == units_total.
 */
#ifndef SEQUENCER_CORE_INVENTORY_H
#define SEQUENCER_CORE_INVENTORY_H

#include <stdbool.h>
#include <stdint.h>

struct inventory {
	uint32_t units_total;
	uint32_t units_available;
	uint32_t units_held;
	uint32_t units_sold;
};

void inventory_init(struct inventory *inventory, uint32_t units_total);

/* Available to held, or to sold. False, and nothing moved, if too few are available. units is at
 * least 1: a wish for nothing is refused before it comes here. */
bool inventory_hold(struct inventory *inventory, uint32_t units);
bool inventory_sell(struct inventory *inventory, uint32_t units);

/* Units that a hold or a booking has, so they are there: anything else is a bug. */
void inventory_sell_held(struct inventory *inventory, uint32_t units);
void inventory_release_held(struct inventory *inventory, uint32_t units);
void inventory_release_sold(struct inventory *inventory, uint32_t units);

#endif
