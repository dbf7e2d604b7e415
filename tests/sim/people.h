/*
 * people - persons who want something, ask for it through any ingress, and remember what they were told.
 *
 *	asks ──ticket──▶ polls ──answer──▶ is done with this wish: asks for more, cancels, asks again
 *	 ▲ └──answer──────────────────────▶
 *	 └── later, broken, impatient: the same again (the same key), through another ingress
 *
 * Some click twice; some have two contacts, some share one with somebody else. All of them ask until
 * they have an answer. What they were told is a note: the checker holds each against the streams.
 */
#ifndef TESTS_SIM_PEOPLE_H
#define TESTS_SIM_PEOPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/pure/messages.h"
#include "tests/sim/ingress_node.h"

/* What a person was told once, if it was more than to ask again. */
struct note {
	uint32_t person;
	uint32_t campaign; /* index on the stage */
	enum ask_kind kind;
	struct person who;
	struct request_key key; /* book */
	uint32_t number;        /* cancel */
	int64_t asked_us;       /* when this wish was first asked for */
	int64_t told_us;
	struct told told; /* an answer, a ticket, or a refusal at the door */
};

void people_begin(int64_t until_us);
void people_end(void);
/* Everybody has an answer to everything. */
bool people_are_done(void);
size_t people_notes_count(void);
const struct note *people_note(size_t index);
/* How many still wait for an answer, and one of them as words. */
uint32_t people_waiting(char *target, size_t size);

#endif
