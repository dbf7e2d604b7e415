#include "tests/sim/accounts.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "tests/sim/world.h"

/* From the proof to the queue: mostly before the booking, sometimes long after it. */
#define WAY_US_MIN 100
#define WAY_US_MAX INT64_C(4000000)
#define TWICE_PPM 50000

struct entry {
	struct verified_contact contact;
	int64_t there_us;
	bool acknowledged;
};

static struct entry *entries;
static size_t entries_count;
static size_t entries_capacity;
static struct chance chance;

void accounts_begin(void) {
	chance = chance_for("accounts");
}

void accounts_end(void) {
	free(entries);
	entries = NULL;
	entries_count = 0;
	entries_capacity = 0;
}

void accounts_append(const struct verified_contact *contact) {
	if (entries_count == entries_capacity) {
		entries_capacity = entries_capacity == 0 ? 256 : 2 * entries_capacity;
		entries = realloc(entries, entries_capacity * sizeof *entries);
		assert(entries != NULL);
	}
	entries[entries_count++] = (struct entry){
		.contact = *contact,
		.there_us = world_now_us() + chance_duration_us(&chance, WAY_US_MIN, WAY_US_MAX),
	};
}

size_t accounts_take(struct verified_contact *contacts, size_t *names, size_t count_max) {
	size_t count = 0;
	for (size_t i = 0; i < entries_count && count < count_max; i++) {
		const struct entry *entry = &entries[i];
		if (!entry->acknowledged && entry->there_us <= world_now_us()) {
			contacts[count] = entry->contact;
			names[count++] = i;
		}
	}
	return count;
}

void accounts_acknowledge(const size_t *names, size_t count) {
	for (size_t i = 0; i < count; i++) {
		/* An acknowledgement that is lost. */
		entries[names[i]].acknowledged = !chance_ppm(&chance, TWICE_PPM);
	}
}

size_t accounts_left(void) {
	size_t left = 0;
	for (size_t i = 0; i < entries_count; i++) {
		left += !entries[i].acknowledged;
	}
	return left;
}
