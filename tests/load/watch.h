/*
 * watch - looks at the counts of a campaign from time to time while it is under load, as anybody can.
 *
 * A look that gets no answer is left out: what is missing is seen in the picture.
 */
#ifndef TESTS_LOAD_WATCH_H
#define TESTS_LOAD_WATCH_H

#include <stdint.h>

#include "tests/load/counts.h"

struct watch_look {
	int64_t at_us;
	uint64_t left;
};

struct watch {
	const char *address;
	const char *campaign; /* NULL: there is none to look at */
	int64_t pause_us;
	uint32_t count;
	struct watch_look looks[COUNTS_SLICES_MAX];
};

/* Looks, if it is time to. */
void watch_look(struct watch *watch, int64_t now_us);

#endif
