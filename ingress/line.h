/*
 * line - puts requests into the lines of all campaigns, and brings their answers back.
 *
 *	line_book ──▶ batcher ──▶ req.<c>.book ──▶ (sequencer) ──▶ decided.<c> ──▶ lines_decided
 *	                 waiter ◀── decided, or its patience ended ──▶ its handler, once
 *
 * A request of the batcher's is published with an acknowledgement; nobody is told that a request is
 * in the line before that. When the wait that a client asked for is over, a request that is stored
 * gets a ticket; one that is not gets LINE_LATE, after LINE_STORE_US at least. The request may
 * still be decided then: with the same Idempotency-Key the client gets that answer.
 */
#ifndef INGRESS_LINE_H
#define INGRESS_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/bus.h"
#include "ingress/batcher.h"
#include "ingress/campaigns.h"
#include "ingress/waiters.h"

/* How long a client with little patience (Prefer: wait=0) waits for the acknowledgement. */
#define LINE_STORE_US 1000000

enum line_outcome {
	LINE_DECIDED, /* decision and answer are there */
	LINE_QUEUED,  /* stored as entry index of request n, not decided yet */
	LINE_LATE,    /* not known to be stored */
	LINE_REFUSED, /* not stored, and never will be: for an operator to mend */
};

struct line_answer {
	enum line_outcome outcome;
	uint64_t n;
	uint16_t index;
	const struct decision *decision; /* borrowed for the call */
	const struct answer *answer;
};

struct lines;

struct lines *lines_create(struct bus *bus);
void lines_destroy(struct lines *lines);

/* Who asks, and how long that one waits. */
struct line_request {
	struct campaign *campaign;
	int64_t wait_us; /* for a decision; at most WAITERS_DEADLINE_US_MAX */
	waiter_handler handler;
};

/* The caller fills in call, context and wait_seconds of the waiter. NULL: too much is waiting
 * already. handler is not called from inside. */
struct waiter *line_book(
	struct lines *lines, const struct line_request *request, const struct book_request *entry);
struct waiter *line_cancel(struct lines *lines, const struct line_request *request,
	const struct cancel_request *entry);
/* The client went away: handler will not be called. */
void line_abandon(struct waiter *waiter);

/* A decision of this campaign; head has no answers. */
void lines_decided(struct lines *lines, struct campaign *campaign, const struct decision *head,
	const uint8_t *bytes, size_t size);
/* Sends what was added, if it is time. Once in each turn of the loop, after the sockets were read (turns.h).
 * True: something waits for nothing but the time; call again in a millisecond. */
bool lines_flush(struct lines *lines);
void lines_tick(struct lines *lines, int64_t now_us);

/* How long a decision takes at the moment, from sending to seeing it; microseconds. */
int64_t lines_lag_us(const struct lines *lines);

/* How long batches wait for company from now on (linger.h); not at all at the start. */
void lines_set_linger(struct lines *lines, int64_t linger_us);

/* Someone has to get a decision that did not come by itself; bytes go to news_offer. */
typedef void (*lines_asker)(void *context, struct campaign *campaign, uint64_t n);
void lines_set_asker(struct lines *lines, lines_asker asker, void *context);

#endif
