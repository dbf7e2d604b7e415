/*
 * reader_held - messages that arrived while their reader was paused, oldest first.
 *
 * Bounded: when READER_HELD_BYTES_MAX are held the reader leaves its consumer, and makes a new one
 * where it stopped.
 */
#ifndef COMMON_READER_HELD_H
#define COMMON_READER_HELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/reader.h"

#ifndef READER_HELD_BYTES_MAX /* small in tests/sim */
#define READER_HELD_BYTES_MAX (4u << 20)
#endif

struct reader_held_item;

struct reader_held {
	struct reader_held_item *first;
	struct reader_held_item **end;
	size_t bytes;
	uint64_t count;
};

void reader_held_init(struct reader_held *held);
/* Drops everything. */
void reader_held_finish(struct reader_held *held);
/* Copies the message. False if that would be too much. */
bool reader_held_push(struct reader_held *held, const struct reader_message *message);
/* The oldest one, valid until reader_held_drop; false if there is none. */
bool reader_held_peek(const struct reader_held *held, struct reader_message *message);
void reader_held_drop(struct reader_held *held);

#endif
