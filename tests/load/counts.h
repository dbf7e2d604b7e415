/*
 * counts - what a worker has seen: answers by status, what they meant, how long they took, by second too.
 */
#ifndef TESTS_LOAD_COUNTS_H
#define TESTS_LOAD_COUNTS_H

#include <stdatomic.h>
#include <stdint.h>

#include "tests/load/connection.h"
#include "tests/load/latency.h"

#define COUNTS_STATUS_MAX 600u
/* Of longer runs the rest has no line of its own in the timeline. */
#define COUNTS_SECONDS_MAX 900u

/* One second of a run, by the time of the answer. */
struct counts_second {
	uint64_t answered;
	uint64_t booked;
	uint64_t later; /* 429 and 503 */
	uint64_t failed;
	struct latency latency; /* from the sending */
};

struct counts {
	uint64_t due;      /* requests that were meant to be sent */
	uint64_t sent;     /* tries and questions about tickets included */
	uint64_t answered; /* the same, answered */
	uint64_t unsent;   /* given up before there was a connection free for them */
	uint64_t timeouts; /* given up without an answer */
	uint64_t opened;   /* connections */
	uint64_t statuses[COUNTS_STATUS_MAX];
	uint64_t ends[CONNECTION_ENDS]; /* connections that ended, by the reason */
	uint64_t unanswered;            /* questions that their connection took along */
	uint64_t booked;
	uint64_t again;
	uint64_t refused;
	uint64_t queued;
	uint64_t later;
	uint64_t later_without_time; /* 429 and 503 without Retry-After */
	uint64_t wrong;              /* contradictions */
	int64_t ended_us;            /* last answer */
	struct latency from_due;     /* from the moment at which it was meant to be sent */
	struct latency from_sent;
	struct counts_second seconds[COUNTS_SECONDS_MAX];
};

/* Adds what another one has counted. */
void counts_merge(struct counts *into, const struct counts *from);

/* For who looks on while workers work. */
struct counts_live {
	_Atomic uint64_t answered;
	_Atomic uint64_t booked;
	_Atomic uint64_t failed;
};

#endif
