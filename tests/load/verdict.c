#include "tests/load/verdict.h"

#include <stdlib.h>
#include <string.h>

static int compare_ids(const void *left, const void *right) {
	const struct visitor *const *a = left;
	const struct visitor *const *b = right;
	return memcmp((*a)->booking_id, (*b)->booking_id, CROWD_ID_BYTES);
}

static int compare_places(const void *left, const void *right) {
	const struct visitor *const *a = left;
	const struct visitor *const *b = right;
	return ((*a)->place > (*b)->place) - ((*a)->place < (*b)->place);
}

static uint64_t count_equal_neighbours(const struct visitor *const *people, uint64_t count,
	int (*compare)(const void *left, const void *right)) {
	uint64_t equal = 0;
	for (uint64_t i = 1; i < count; i++) {
		equal += compare(&people[i - 1], &people[i]) == 0;
	}
	return equal;
}

/* people: by place. From the back: if anybody behind had the answer before this one sent the wish,
 * this one has overtaken. */
static uint64_t count_inversions(const struct visitor *const *people, uint64_t count) {
	uint64_t inversions = 0;
	int64_t first_told_us = INT64_MAX;
	for (uint64_t i = count; i-- > 0;) {
		inversions += first_told_us < people[i]->first_sent_us;
		if (people[i]->told_us < first_told_us) {
			first_told_us = people[i]->told_us;
		}
	}
	return inversions;
}

static void count_states(struct verdict *verdict, const struct crowd *crowd) {
	for (uint32_t i = 0; i < crowd->count; i++) {
		const struct visitor *one = &crowd->people[i];
		verdict->winners += one->state == VISITOR_BOOKED;
		verdict->refused += one->state == VISITOR_REFUSED;
		verdict->untold += one->state == VISITOR_UNTOLD && one->first_sent_us >= 0;
	}
}

bool verdict_find(struct verdict *verdict, const struct crowd *crowd,
	const struct verdict_counts *before, const struct verdict_counts *after) {
	*verdict = (struct verdict){.sold = after->sold - before->sold};
	count_states(verdict, crowd);
	verdict->is_exact = after->sold >= before->sold && verdict->winners <= verdict->sold &&
			    verdict->sold <= verdict->winners + verdict->untold;
	verdict->refused_early = verdict->refused > 0 && after->available > 0;
	const struct visitor **winners = malloc((verdict->winners + 1) * sizeof *winners);
	if (winners == NULL) {
		return false;
	}
	uint64_t count = 0;
	for (uint32_t i = 0; i < crowd->count; i++) {
		if (crowd->people[i].state == VISITOR_BOOKED) {
			winners[count++] = &crowd->people[i];
		}
	}
	qsort(winners, count, sizeof *winners, compare_ids);
	verdict->ids_twice = count_equal_neighbours(winners, count, compare_ids);
	qsort(winners, count, sizeof *winners, compare_places);
	verdict->places_twice = count_equal_neighbours(winners, count, compare_places);
	verdict->inversions = count_inversions(winners, count);
	free(winners);
	return true;
}

bool verdict_is_clean(const struct verdict *verdict) {
	return verdict->is_exact && !verdict->refused_early && verdict->ids_twice == 0 &&
	       verdict->places_twice == 0 && verdict->inversions == 0;
}
