#include "tests/load/agenda.h"

#include <assert.h>
#include <stdlib.h>

#define CAPACITY_MIN 1024u

static bool is_earlier(const struct agenda *agenda, size_t left, size_t right) {
	return agenda->entries[left].due_us < agenda->entries[right].due_us;
}

static void swap(struct agenda *agenda, size_t left, size_t right) {
	struct agenda_entry entry = agenda->entries[left];
	agenda->entries[left] = agenda->entries[right];
	agenda->entries[right] = entry;
}

void agenda_add(struct agenda *agenda, const struct agenda_entry *entry) {
	if (agenda->count == agenda->capacity) {
		agenda->capacity = agenda->capacity == 0 ? CAPACITY_MIN : agenda->capacity * 2;
		agenda->entries =
			reallocarray(agenda->entries, agenda->capacity, sizeof *agenda->entries);
		assert(agenda->entries != NULL);
	}
	size_t at = agenda->count++;
	agenda->entries[at] = *entry;
	while (at > 0 && is_earlier(agenda, at, (at - 1) / 2)) {
		swap(agenda, at, (at - 1) / 2);
		at = (at - 1) / 2;
	}
}

const struct agenda_entry *agenda_first(const struct agenda *agenda) {
	return agenda->count == 0 ? NULL : agenda->entries;
}

struct agenda_entry agenda_take(struct agenda *agenda) {
	assert(agenda->count > 0);
	struct agenda_entry first = agenda->entries[0];
	agenda->count--;
	agenda->entries[0] = agenda->entries[agenda->count];
	size_t at = 0;
	for (size_t child = 1; child < agenda->count; child = 2 * at + 1) {
		if (child + 1 < agenda->count && is_earlier(agenda, child + 1, child)) {
			child++;
		}
		if (!is_earlier(agenda, child, at)) {
			break;
		}
		swap(agenda, child, at);
		at = child;
	}
	return first;
}

void agenda_finish(struct agenda *agenda) {
	free(agenda->entries);
	*agenda = (struct agenda){0};
}
