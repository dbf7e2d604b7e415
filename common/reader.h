/*
 * reader - delivers a stream from a position on, every message once, in order, for ever.
 *
 * A push consumer in the broker's memory, with heartbeats and flow control, made again whenever it
 * falls silent, skips, or the connection was lost; the position is ours. Only the sequencer has the
 * rights for it; others use follower.h.
 *
 *	waiting ──connected──▶ asking ──the same stream──▶ creating ──created──▶ reading
 *	   ▲                     │  └──another or a shorter stream──▶ broken       │
 *	   └───── no answer ─────┴────────────── gap, silence, disconnected ───────┘
 */
#ifndef COMMON_READER_H
#define COMMON_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/bus.h"
#include "common/pure/subjects.h"

struct reader_message {
	uint64_t sequence; /* rises by one from call to call */
	int64_t time_ms;   /* when the broker stored it */
	const char *subject;
	const uint8_t *data; /* borrowed for the call */
	size_t size;
	uint64_t pending; /* messages that the broker had after this one when it sent it */
};

typedef void (*reader_handler)(void *context, const struct reader_message *message);
/* The stream is not what it was: deleted, made anew, or shorter than our position. The reader has
 * stopped; reason is a sentence. */
typedef void (*reader_broken_handler)(void *context, const char *reason);

struct reader;

struct reader_options {
	const char *stream; /* copied */
	uint64_t from;      /* first sequence wanted, at least 1 */
	reader_handler handler;
	reader_broken_handler broken;
	void *context;
};

struct reader *reader_create(struct bus *bus, const struct reader_options *options);
/* Not from inside a handler. NULL is allowed. */
void reader_destroy(struct reader *reader);
/* The handler is not called until reader_resume, which must not be called from inside it. The broker
 * is held back by flow control; what was on its way is kept, up to a bound (reader_held.h). */
void reader_pause(struct reader *reader);
void reader_resume(struct reader *reader);
/* The next sequence to be delivered. */
uint64_t reader_position(const struct reader *reader);

#endif
