/*
 * holds - which hold expires next.
 *
 * Every hold of a campaign lasts equally long and log time never goes backwards, so holds expire in
 * the order in which they began: a queue is enough. A hold that was paid or cancelled stays in the
 * queue until it comes to the front; who takes it looks at the booking.
 *
 * Pure. The caller owns the memory and grows it between steps.
 */
#ifndef SEQUENCER_CORE_HOLDS_H
#define SEQUENCER_CORE_HOLDS_H

#include <stdbool.h>
#include <stdint.h>

struct hold {
	int64_t pay_by_ms;
	uint32_t number; /* of the booking */
};

struct holds {
	struct hold *rows;
	uint32_t first;
	uint32_t end;
	uint32_t capacity;
};

/* pay_by_ms is not before that of the last one. The capacity is there, or it is a bug. */
void holds_add(struct holds *holds, struct hold hold);
/* The one at the front; NULL if there is none. */
const struct hold *holds_front(const struct holds *holds);
void holds_drop_front(struct holds *holds);
/* Moves what is left to the beginning of the memory. */
void holds_compact(struct holds *holds);

#endif
