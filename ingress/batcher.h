/*
 * batcher - collects requests of one campaign and kind into batches, and sends one at a time.
 *
 * Pure: time is an argument, and messages leave through a port, so a test is the bus and the clock.
 * A batch is sent as soon as nothing of this batcher is in flight: an idle line answers at once,
 * and a busy one grows its batches by itself. Where processors are short its owner lets it wait some
 * milliseconds more (linger.h), so that more requests share what a batch costs. A batch is stored or
 * refused as a whole; it keeps its bytes and its id on every try, so that JetStream stores it once.
 *
 *	            room, ours turn            acknowledged
 *	free ─add─▶ waiting ───────▶ sent ─────────────────▶ stored
 *	              │              │  ▲                       │
 *	              │      unknown ▼  │ later                 │
 *	              │            retrying                     │
 *	              ▼              │                          ▼
 *	            free ◀───────────┴── nobody waits, refused, or decided (from any state)
 *
 * In flight is what was sent and has no decision yet. Where decisions stall (a fail-over of the
 * sequencer), the acknowledgement is enough to send the next: people still get their place in line.
 * A batch that nobody waits for any more is not sent, and not tried again.
 */
#ifndef INGRESS_BATCHER_H
#define INGRESS_BATCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/pure/backoff.h"
#include "common/pure/bytes.h"
#include "common/pure/messages.h"

/* From the acknowledgement on; a decision takes a few milliseconds where nothing is wrong. */
#define BATCHER_STALL_US 250000
/* A decision that did not come by itself is asked for this often. */
#define BATCHER_ASK_US 500000
/* Pauses between tries, with jitter. */
#define BATCHER_RETRY_MS_MIN 50u
#define BATCHER_RETRY_MS_MAX 1000u
/* Entries that wait for their turn: what memory is there for. */
#ifndef BATCHER_WAITING_MAX /* small in tests/sim */
#define BATCHER_WAITING_MAX 16384u
#endif
/* Nobody is let in behind a queue that takes longer: the answer would come when the client, who
 * waits a second if he did not say otherwise, has gone. Told at once he loses less. */
#define BATCHER_WAITING_US_MAX 800000
/* Where batches are smaller than this it is not these requests that keep the processors busy, and they
 * do not linger. */
#ifndef BATCHER_LINGER_COUNT_MIN /* small in tests/sim */
#define BATCHER_LINGER_COUNT_MIN 32u
#endif
/* Batches of all campaigns together: 38 MB, of which only what is used becomes memory. */
#ifndef BATCHES_MAX /* small in tests/sim */
#define BATCHES_MAX 512u
#endif

#define BATCH_BUFFER_BYTES (BATCH_HEAD_BYTES + BATCH_REQUESTS_MAX * BOOK_ENTRY_BYTES_MAX)

enum batch_state { BATCH_FREE, BATCH_WAITING, BATCH_SENT, BATCH_RETRYING, BATCH_STORED };

struct waiter;
struct batcher;

struct batch {
	struct batch *next; /* in its batcher, in the order of sending; or in the pool */
	struct batcher *batcher;
	enum batch_state state;
	struct batch_id id;
	uint64_t n;           /* stored: its sequence in the line */
	uint64_t behind_n;    /* the owner's: the line had so many requests before it was named */
	uint64_t request;     /* sent: how the port names the publication */
	int64_t opened_at_us; /* wall clock; goes into the message */
	int64_t sent_at_us;   /* last time */
	int64_t due_at_us;    /* retrying: when; stored: when to ask for the decision */
	int64_t stored_at_us;
	struct backoff backoff; /* of the tries */
	uint16_t count;         /* entries */
	uint16_t waiters_count; /* entries that somebody waits for */
	bool had_to_wait;       /* others were there before it */
	struct bytes_writer writer;
	struct waiter *waiters[BATCH_REQUESTS_MAX]; /* NULL: gone, or answered */
	uint8_t bytes[BATCH_BUFFER_BYTES];
};

/* Batches to take from and give back to. */
struct batch_pool {
	struct batch *all; /* BATCHES_MAX of them, zeroed; the caller's */
	struct batch *free;
};

void batch_pool_init(struct batch_pool *pool, struct batch *all);

/* What a batcher asks for; batch->batcher->owner says whose it is. */
struct batcher_port {
	/* An id that no other batch ever has. */
	void (*name)(struct batch *batch);
	/* Publish batch->bytes (batch->writer.used of them) with batch->id as message id, set
	 * batch->request, and call batcher_acknowledged later, not from inside. */
	void (*publish)(struct batch *batch);
	/* Whatever is still to come for batch->request is not wanted any more. */
	void (*forget)(struct batch *batch);
	/* The batch has its place in the line. */
	void (*stored)(struct batch *batch);
	/* It will never have one: tell those who wait. */
	void (*refused)(struct batch *batch);
	/* Its decision did not come: get decision batch->n. Not from inside. */
	void (*ask)(struct batch *batch);
};

struct batcher {
	const struct batcher_port *port;
	void *owner;
	struct batch_pool *pool;
	enum message_kind kind; /* MESSAGE_BOOK or MESSAGE_CANCEL */
	bool stalled;           /* decisions are late: an acknowledgement is enough */
	uint32_t entries_waiting;
	int64_t sent_at_us;  /* the batch before */
	uint16_t sent_count; /* its requests */
	int64_t linger_us;   /* the owner's: from one batch to the next, unless it is full */
	int64_t round_us; /* from one batch to the next, on the mean lately; 0: nobody has to wait */
	struct batch *first; /* stored, then at most one sent or retrying, then waiting ones */
	struct batch *last;
};

/* Give kind, owner, port and pool; the rest is zero. */
void batcher_init(struct batcher *batcher, const struct batcher *given);

/* Room for one more entry at the end of the queue: batch->writer takes its encoding, then call
 * batcher_added. NULL: too much is waiting already, or it goes too slowly. wall_us: the time that a
 * new batch bears. */
struct batch *batcher_open(struct batcher *batcher, int64_t wall_us);
/* Returns the index of the entry that was written. */
uint16_t batcher_added(struct batcher *batcher, struct batch *batch, struct waiter *waiter);
/* Nobody waits for this entry any more. */
void batcher_leave(struct batch *batch, uint16_t index);

/* Sends the next batch if it is its turn. Call when entries were added. True: it waits for nothing but
 * the time; call again in a millisecond. */
bool batcher_flush(struct batcher *batcher, int64_t now_us);

enum batcher_outcome {
	BATCHER_STORED,
	BATCHER_UNKNOWN, /* stored or not: the same again */
	BATCHER_REFUSED, /* not stored, and never will be */
};
/* n: its sequence, if stored. May flush. */
void batcher_acknowledged(
	struct batch *batch, enum batcher_outcome outcome, uint64_t n, int64_t now_us);

/* The batch that a decision answers; NULL if it is not ours, or nobody waits for it any more. */
struct batch *batcher_find(const struct batcher *batcher, const struct batch_id *id);
/* Everybody in it was answered; the batch is gone. Flush after it. */
void batcher_decided(struct batch *batch);

/* Tries again, asks, notices a stall. Every few ten milliseconds. */
void batcher_tick(struct batcher *batcher, int64_t now_us);

#endif
