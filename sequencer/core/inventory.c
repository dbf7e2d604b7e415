#include "sequencer/core/inventory.h"

#include <assert.h>

static void assert_balanced(const struct inventory *inventory) {
	uint64_t sum = (uint64_t)inventory->units_available + inventory->units_held +
		       inventory->units_sold;
	assert(sum == inventory->units_total);
}

/* Takes units from one count to another; the caller knows that they are there. */
static void move(struct inventory *inventory, uint32_t *from, uint32_t *to, uint32_t units) {
	assert(units > 0);
	assert(units <= *from);
	assert_balanced(inventory);
	*from -= units;
	*to += units;
	assert_balanced(inventory);
}

void inventory_init(struct inventory *inventory, uint32_t units_total) {
	*inventory = (struct inventory){
		.units_total = units_total,
		.units_available = units_total,
	};
}

bool inventory_hold(struct inventory *inventory, uint32_t units) {
	if (units > inventory->units_available) {
		return false;
	}
	move(inventory, &inventory->units_available, &inventory->units_held, units);
	return true;
}

bool inventory_sell(struct inventory *inventory, uint32_t units) {
	if (units > inventory->units_available) {
		return false;
	}
	move(inventory, &inventory->units_available, &inventory->units_sold, units);
	return true;
}

void inventory_sell_held(struct inventory *inventory, uint32_t units) {
	move(inventory, &inventory->units_held, &inventory->units_sold, units);
}

void inventory_release_held(struct inventory *inventory, uint32_t units) {
	move(inventory, &inventory->units_held, &inventory->units_available, units);
}

void inventory_release_sold(struct inventory *inventory, uint32_t units) {
	move(inventory, &inventory->units_sold, &inventory->units_available, units);
}
