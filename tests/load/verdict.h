/*
 * verdict - whether what a crowd was told, all in all, can be true.
 *
 * Pure. After a run: no booking ID and no place was given twice; nobody overtook anybody: who had the
 * answer before another one sent the wish stands before that one in the line; and as many
 * units are gone as people were told that they have one.
 */
#ifndef TESTS_LOAD_VERDICT_H
#define TESTS_LOAD_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/load/crowd.h"

/* The counts of a campaign, before and after a run. */
struct verdict_counts {
	uint64_t sold;
	uint64_t available;
};

struct verdict {
	uint64_t winners;
	uint64_t refused;
	uint64_t untold;       /* sent a wish, and do not know what became of it */
	uint64_t ids_twice;    /* booking IDs that a second person has */
	uint64_t places_twice; /* places that a second person has */
	uint64_t inversions; /* people who stand behind somebody who came after they had answers */
	uint64_t sold;       /* by the campaign's own counts */
	bool is_exact;       /* sold = winners, but for those who do not know */
	bool refused_early;  /* people were refused while there was still something */
};

/* False if there is no memory for it. */
bool verdict_find(struct verdict *verdict, const struct crowd *crowd,
	const struct verdict_counts *before, const struct verdict_counts *after);
/* Whether all of it is as it must be. */
bool verdict_is_clean(const struct verdict *verdict);

#endif
