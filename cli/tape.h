/*
 * tape - reads a stream from its first message to its last, one message at a time.
 *
 * Direct gets, TAPE_WINDOW of them under way, so that reading is fast and memory bounded. What was
 * appended after tape_open is not read.
 */
#ifndef CLI_TAPE_H
#define CLI_TAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/session.h"

#define TAPE_WINDOW 64u

struct tape;

struct tape_message {
	uint64_t sequence;
	int64_t time_ms;     /* when the broker stored it */
	const uint8_t *data; /* until the next tape_next */
	size_t size;
};

/* NULL, said on standard error, if there is no such stream. */
struct tape *tape_open(struct session *session, const char *stream);
/* NULL is allowed. */
void tape_close(struct tape *tape);
/* The sequence of the last message that will be read; 0 if the stream is empty. */
uint64_t tape_last(const struct tape *tape);
/* False at the end, or, said on standard error, if the broker does not give a message that must be
 * there (tape_failed). */
bool tape_next(struct tape *tape, struct tape_message *message);
bool tape_failed(const struct tape *tape);

#endif
