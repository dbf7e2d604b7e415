/*
 * counts - what a worker has seen: what the answers meant, how long they took; all of it by time too.
 *
 * A run is cut into slices, and each has a histogram of its own. They are made wider for longer runs,
 * so that memory is bounded: COUNTS_SLICES_MAX times some 8 KB.
 */
#ifndef TESTS_LOAD_COUNTS_H
#define TESTS_LOAD_COUNTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/load/connection.h"
#include "tests/load/latency.h"

#define COUNTS_STATUS_MAX 600u
#define COUNTS_SLICES_MAX 300u

/* What became of a question: each is counted as one of these. */
enum counts_kind {
	COUNTS_BOOKED,
	COUNTS_AGAIN,     /* told the same as before */
	COUNTS_REFUSED,   /* for good */
	COUNTS_QUEUED,    /* got a ticket, or asked about one that is not decided */
	COUNTS_READ,      /* not about a booking of one's own */
	COUNTS_CODE_SENT, /* a one-time code is on its way */
	COUNTS_LOGGED_IN,
	COUNTS_LATER, /* to be tried again */
	COUNTS_WRONG, /* a contradiction */
	COUNTS_FAILED, /* no answer: the connection ended, or the patience did. All others are answers */
	COUNTS_KINDS,
};

/* A part of the run, by the time of the answer. */
struct counts_slice {
	uint64_t kinds[COUNTS_KINDS];
	struct latency latency; /* from the moment at which it was meant to be sent */
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
	uint64_t kinds[COUNTS_KINDS];
	uint64_t later_without_time; /* 429 and 503 without Retry-After */
	uint64_t codes;              /* one-time codes that arrived */
	int64_t ended_us;            /* last answer */
	struct latency from_due;     /* from the moment at which it was meant to be sent */
	struct latency from_sent;
	struct latency
		to_told; /* from a person's first wish, tries and all, until its end was known */
	struct latency to_code; /* from asking for a code until it was where it was sent to */
	int64_t slice_us;
	struct counts_slice slices[COUNTS_SLICES_MAX];
};

/* counts: zeroed. run_us: how long the run may take; slices that it has no room for are put to the
 * last one. */
void counts_init(struct counts *counts, int64_t run_us);
struct counts_slice *counts_slice_at(struct counts *counts, int64_t now_us);
/* A question ended so, at this time of the run. */
void counts_add(struct counts *counts, enum counts_kind kind, int64_t now_us);
/* An answer came. */
struct counts_answer {
	int64_t due_us;
	int64_t sent_us;
	int64_t now_us;
	int status;
	bool has_retry_after;
};
void counts_add_answer(
	struct counts *counts, enum counts_kind kind, const struct counts_answer *answer);
/* Answers of a slice. */
uint64_t counts_answered(const struct counts_slice *slice);
/* How many slices there are until the last answer. */
uint32_t counts_slices_used(const struct counts *counts);
/* Adds what another one of the same run has counted. */
void counts_merge(struct counts *into, const struct counts *from);
void counts_slice_merge(struct counts_slice *into, const struct counts_slice *from);

/* For who looks on while workers work. */
struct counts_live {
	_Atomic bool stopped; /* by who looks on: nothing is begun any more */
	_Atomic uint64_t answered;
	_Atomic uint64_t done;  /* booked, or logged in */
	_Atomic uint64_t ended; /* people who know how it ended for them */
	_Atomic uint64_t failed;
};

#endif
