#include "sequencer/core/holds.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

void holds_add(struct holds *holds, struct hold hold) {
	assert(holds->end < holds->capacity);
	assert(holds->first == holds->end ||
		holds->rows[holds->end - 1].pay_by_ms <= hold.pay_by_ms);
	holds->rows[holds->end++] = hold;
}

const struct hold *holds_front(const struct holds *holds) {
	return holds->first == holds->end ? NULL : &holds->rows[holds->first];
}

void holds_drop_front(struct holds *holds) {
	assert(holds->first < holds->end);
	holds->first++;
}

void holds_compact(struct holds *holds) {
	uint32_t count = holds->end - holds->first;
	if (holds->first > 0 && count > 0) {
		memmove(holds->rows, holds->rows + holds->first, count * sizeof *holds->rows);
	}
	holds->first = 0;
	holds->end = count;
}
