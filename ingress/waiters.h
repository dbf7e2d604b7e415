/*
 * waiters - exchanges that wait for an answer from the line, and when their patience ends.
 *
 * A pool of fixed size and a wheel of lists: a waiter stands on the list of the tick at which it
 * gives up, so setting and removing a deadline costs nothing, and nothing is allocated while
 * serving. Pure: time is an argument.
 */
#ifndef INGRESS_WAITERS_H
#define INGRESS_WAITERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ingress/call.h"

/* More than the requests of all connections together: a connection has one at a time. */
#define WAITERS_MAX 131072u
#define WAITERS_TICK_US 25000
/* The longest deadline is half a turn of the wheel away. */
#define WAITERS_SLOTS 1024u
#define WAITERS_DEADLINE_US_MAX (WAITERS_SLOTS / 2 * WAITERS_TICK_US)

struct batch;
struct campaign;
struct lines;
struct line_answer;
struct waiter;

/* Called once with what became of it; the waiter is free after it. */
typedef void (*waiter_handler)(struct waiter *waiter, const struct line_answer *answer);

struct waiter {
	struct waiter *next; /* on its list */
	struct waiter *previous;
	uint32_t slot;   /* its list; WAITERS_SLOTS: none */
	uint16_t index;  /* its entry in batch */
	bool has_waited; /* the wait that was asked for is over: a ticket is good enough */
	struct batch *batch;
	struct lines *lines;
	struct campaign *campaign;
	int64_t arrived_us;
	waiter_handler handler;
	/* The handler's own. */
	struct call call;
	void *context;
	int wait_seconds; /* as asked for; -1: was not */
};

struct waiters {
	struct waiter *all; /* WAITERS_MAX of them, zeroed; the caller's */
	struct waiter *free;
	uint32_t used; /* the others were never touched, and are no memory yet */
	struct waiter *slots[WAITERS_SLOTS];
	int64_t ticks;  /* the next tick to look at */
	uint32_t count; /* taken */
};

void waiters_init(struct waiters *waiters, struct waiter *all, int64_t now_us);
/* NULL: none is left. */
struct waiter *waiters_take(struct waiters *waiters);
void waiters_give_back(struct waiters *waiters, struct waiter *waiter);
/* Not earlier than at_us, and a tick later at most. A deadline that was set before is forgotten. */
void waiters_set_deadline(struct waiters *waiters, struct waiter *waiter, int64_t at_us);
/* Takes one whose deadline has come off the wheel; NULL: no more. Call until then. */
struct waiter *waiters_expire(struct waiters *waiters, int64_t now_us);

#endif
