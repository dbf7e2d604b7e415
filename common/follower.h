/*
 * follower - delivers the decisions of one campaign from a position on, in order, without a consumer.
 *
 * Listens to what the broker republishes (decided.<c>), and gets what is missing one by one, several
 * at once (FOLLOWER_WINDOW). So it needs no right but to get messages, and a slow follower costs the
 * broker nothing. The program subscribes to SUBJECT_DECIDED_ALL once and hands messages in.
 */
#ifndef COMMON_FOLLOWER_H
#define COMMON_FOLLOWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/bus.h"

/* Gets under way at once: covers a round trip at 20 KB a message; bounds memory to a few MB. */
#ifndef FOLLOWER_WINDOW /* small in tests/sim */
#define FOLLOWER_WINDOW 64u
#endif
/* Without news for so long the next message is asked for, in case the last one was missed. */
#define FOLLOWER_SILENCE_MS 1000

struct follower;

/* Bytes are borrowed for the call. Return false to stop here: the message will be delivered again
 * after follower_resume (a full queue, a database that is down). */
typedef bool (*follower_handler)(
	void *context, uint64_t sequence, const uint8_t *data, size_t size);
/* The stream is shorter than our position: deleted or made anew. The follower has stopped. */
typedef void (*follower_broken_handler)(void *context, const char *reason);

struct follower_options {
	const char *campaign; /* copied */
	uint64_t from;        /* first decision wanted, at least 1 */
	follower_handler handler;
	follower_broken_handler broken;
	void *context;
};

struct follower *follower_create(struct bus *bus, const struct follower_options *options);
/* Not from inside the handler. NULL is allowed. */
void follower_destroy(struct follower *follower);
/* A message on decided.<c> of this campaign. */
void follower_offer(struct follower *follower, const struct bus_message *message);
/* Goes on after the handler returned false. Not from inside the handler. */
void follower_resume(struct follower *follower);
/* The next sequence to be delivered. */
uint64_t follower_position(const struct follower *follower);

#endif
