/*
 * agenda - what people will do later, by time: try again, click once more, ask about a ticket.
 *
 * Pure, but for memory: a binary heap that grows. At equal times any order.
 */
#ifndef TESTS_LOAD_AGENDA_H
#define TESTS_LOAD_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ingress/tickets.h"

struct agenda_entry {
	int64_t due_us;
	int64_t first_due_us; /* of the person's first wish */
	uint32_t person;
	bool again;               /* not a first wish: nothing to do if the person knows by then */
	char ticket[TICKET_SIZE]; /* "": the wish itself */
};

struct agenda {
	struct agenda_entry *entries;
	size_t count;
	size_t capacity;
};

void agenda_add(struct agenda *agenda, const struct agenda_entry *entry);
/* The earliest; NULL if there is none. */
const struct agenda_entry *agenda_first(const struct agenda *agenda);
/* Takes the earliest; there must be one. */
struct agenda_entry agenda_take(struct agenda *agenda);
void agenda_finish(struct agenda *agenda);

#endif
