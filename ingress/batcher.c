/*
 * batcher - the queue of batches of one campaign and kind, and the moves of a batch.
 */
#include "ingress/batcher.h"

#include <assert.h>
#include <string.h>

static_assert(BATCH_BUFFER_BYTES <= BATCH_BYTES_MAX, "a full batch is a legal message");
static_assert(CANCEL_ENTRY_BYTES_MAX <= BOOK_ENTRY_BYTES_MAX, "either kind fits the buffer");

static const struct backoff_range retry_pauses = {BATCHER_RETRY_MS_MIN, BATCHER_RETRY_MS_MAX};

/* ---- the pool, and the one place where a state changes --------------------------------------- */

void batch_pool_init(struct batch_pool *pool, struct batch *all) {
	*pool = (struct batch_pool){.all = all};
	for (size_t i = BATCHES_MAX; i-- > 0;) {
		all[i].next = pool->free;
		pool->free = &all[i];
	}
}

#define TO(state) (1u << (state))

static const uint8_t moves[] = {
	[BATCH_FREE] = TO(BATCH_WAITING),
	[BATCH_WAITING] = TO(BATCH_SENT) | TO(BATCH_FREE),
	[BATCH_SENT] = TO(BATCH_STORED) | TO(BATCH_RETRYING) | TO(BATCH_FREE),
	[BATCH_RETRYING] = TO(BATCH_SENT) | TO(BATCH_FREE),
	[BATCH_STORED] = TO(BATCH_FREE),
};

static void move(struct batch *batch, enum batch_state state) {
	assert(moves[batch->state] & TO(state));
	batch->state = state;
}

static void append(struct batcher *batcher, struct batch *batch) {
	batch->next = NULL;
	if (batcher->last == NULL) {
		batcher->first = batch;
	} else {
		batcher->last->next = batch;
	}
	batcher->last = batch;
}

static void unlink_batch(struct batcher *batcher, const struct batch *batch) {
	struct batch *before = NULL;
	struct batch **link = &batcher->first;
	while (*link != batch) {
		before = *link;
		link = &before->next;
	}
	*link = batch->next;
	if (batcher->last == batch) {
		batcher->last = before;
	}
}

static void release(struct batch *batch) {
	struct batcher *batcher = batch->batcher;
	if (batch->state == BATCH_WAITING) {
		assert(batcher->entries_waiting >= batch->count);
		batcher->entries_waiting -= batch->count;
	} else if (batch->state == BATCH_SENT) {
		batcher->port->forget(batch);
	}
	unlink_batch(batcher, batch);
	move(batch, BATCH_FREE);
	batch->next = batcher->pool->free;
	batcher->pool->free = batch;
}

/* ---- adding ---------------------------------------------------------------------------------- */

void batcher_init(struct batcher *batcher, const struct batcher *given) {
	*batcher = (struct batcher){
		.port = given->port,
		.owner = given->owner,
		.pool = given->pool,
		.kind = given->kind,
	};
}

static struct batch *begin_batch(struct batcher *batcher, int64_t wall_us) {
	struct batch *batch = batcher->pool->free;
	if (batch == NULL) {
		return NULL;
	}
	batcher->pool->free = batch->next;
	move(batch, BATCH_WAITING);
	batch->batcher = batcher;
	batch->n = 0;
	batch->request = 0;
	batch->opened_at_us = wall_us;
	batcher->port->name(batch);
	uint64_t seed;
	memcpy(&seed, batch->id.bytes, sizeof seed);
	batch->backoff = backoff_init(retry_pauses, seed);
	batch->count = 0;
	batch->waiters_count = 0;
	batch->had_to_wait = batcher->first != NULL;
	batch->writer = bytes_writer_init(batch->bytes, sizeof batch->bytes);
	batch_head_encode(&batch->writer, batcher->kind, &batch->id, wall_us);
	append(batcher, batch);
	return batch;
}

/* Whether a new entry would wait for too long. A queue of less than a batch goes with the next one,
 * however long that takes. */
static bool is_congested(const struct batcher *batcher) {
	int64_t rounds = batcher->entries_waiting / BATCH_REQUESTS_MAX;
	return rounds > 0 && (rounds + 1) * batcher->round_us > BATCHER_WAITING_US_MAX;
}

struct batch *batcher_open(struct batcher *batcher, int64_t wall_us) {
	if (batcher->entries_waiting >= BATCHER_WAITING_MAX || is_congested(batcher)) {
		return NULL;
	}
	struct batch *batch = batcher->last;
	if (batch != NULL && batch->state == BATCH_WAITING && batch->count < BATCH_REQUESTS_MAX) {
		return batch;
	}
	return begin_batch(batcher, wall_us);
}

uint16_t batcher_added(struct batcher *batcher, struct batch *batch, struct waiter *waiter) {
	assert(batch->state == BATCH_WAITING);
	assert(!batch->writer.failed);
	uint16_t index = batch->count++;
	batch->waiters[index] = waiter;
	batch->waiters_count++;
	batcher->entries_waiting++;
	return index;
}

void batcher_leave(struct batch *batch, uint16_t index) {
	assert(batch->state != BATCH_FREE);
	assert(index < batch->count);
	if (batch->waiters[index] != NULL) {
		batch->waiters[index] = NULL;
		batch->waiters_count--;
	}
}

/* ---- sending --------------------------------------------------------------------------------- */

/* From one batch to the next, where that had to wait; one that goes at once says that none would. */
static void measure_round(const struct batch *batch, int64_t now_us) {
	struct batcher *batcher = batch->batcher;
	int64_t round_us = batch->had_to_wait ? now_us - batcher->sent_at_us : 0;
	batcher->round_us += (round_us - batcher->round_us) / 16;
	batcher->sent_at_us = now_us;
	batcher->sent_count = batch->count;
}

/* Whether it would be a waste to send this batch now: more will have come in a moment. */
static bool is_too_soon(const struct batch *batch, int64_t now_us) {
	const struct batcher *batcher = batch->batcher;
	return batch->count < BATCH_REQUESTS_MAX &&
	       batcher->sent_count >= BATCHER_LINGER_COUNT_MIN &&
	       now_us - batcher->sent_at_us < batcher->linger_us;
}

static void send_batch(struct batch *batch, int64_t now_us) {
	struct batcher *batcher = batch->batcher;
	if (batch->state == BATCH_WAITING) {
		batcher->entries_waiting -= batch->count;
		measure_round(batch, now_us);
		batch_head_finish(&batch->writer, batch->count);
	}
	move(batch, BATCH_SENT);
	batch->sent_at_us = now_us;
	batcher->port->publish(batch);
}

/* Whether this batch keeps the next one from being sent. */
static bool is_in_flight(const struct batch *batch) {
	switch (batch->state) {
	case BATCH_SENT:
	case BATCH_RETRYING:
		return true;
	case BATCH_STORED:
		return !batch->batcher->stalled;
	case BATCH_WAITING:
	case BATCH_FREE:
		break;
	}
	return false;
}

bool batcher_flush(struct batcher *batcher, int64_t now_us) {
	struct batch *next = NULL;
	for (struct batch *batch = batcher->first; batch != NULL; batch = next) {
		next = batch->next;
		if (is_in_flight(batch)) {
			return false;
		}
		if (batch->state != BATCH_WAITING) {
			continue;
		}
		if (batch->waiters_count > 0 && is_too_soon(batch, now_us)) {
			return true;
		}
		if (batch->waiters_count > 0) {
			send_batch(batch, now_us);
			return false;
		}
		release(batch);
	}
	return false;
}

/* ---- what becomes of it ---------------------------------------------------------------------- */

void batcher_acknowledged(
	struct batch *batch, enum batcher_outcome outcome, uint64_t n, int64_t now_us) {
	struct batcher *batcher = batch->batcher;
	assert(batch->state == BATCH_SENT);
	switch (outcome) {
	case BATCHER_STORED:
		assert(n > 0);
		move(batch, BATCH_STORED);
		batch->n = n;
		batch->stored_at_us = now_us;
		batch->due_at_us = now_us + BATCHER_STALL_US;
		batcher->port->stored(batch);
		break;
	case BATCHER_UNKNOWN:
		move(batch, BATCH_RETRYING);
		batch->due_at_us = now_us + (int64_t)backoff_next_ms(&batch->backoff) * 1000;
		break;
	case BATCHER_REFUSED:
		batcher->port->refused(batch);
		release(batch);
		break;
	}
	batcher_flush(batcher, now_us);
}

struct batch *batcher_find(const struct batcher *batcher, const struct batch_id *id) {
	for (struct batch *batch = batcher->first; batch != NULL; batch = batch->next) {
		if (batch->state != BATCH_WAITING && memcmp(&batch->id, id, sizeof *id) == 0) {
			return batch;
		}
	}
	return NULL;
}

void batcher_decided(struct batch *batch) {
	struct batcher *batcher = batch->batcher;
	batcher->stalled = false;
	release(batch);
}

static void tick_stored(struct batch *batch, int64_t now_us) {
	struct batcher *batcher = batch->batcher;
	if (now_us - batch->stored_at_us >= BATCHER_STALL_US) {
		batcher->stalled = true;
	}
	if (batch->waiters_count == 0) {
		if (batcher->stalled) {
			release(batch); /* it holds up nobody, and nobody asks what became of it */
		}
	} else if (now_us >= batch->due_at_us) {
		batch->due_at_us = now_us + BATCHER_ASK_US;
		batcher->port->ask(batch);
	}
}

void batcher_tick(struct batcher *batcher, int64_t now_us) {
	struct batch *next = NULL;
	for (struct batch *batch = batcher->first; batch != NULL; batch = next) {
		next = batch->next;
		if (batch->state == BATCH_STORED) {
			tick_stored(batch, now_us);
		} else if (batch->state == BATCH_RETRYING && now_us >= batch->due_at_us) {
			if (batch->waiters_count > 0) {
				send_batch(batch, now_us);
			} else {
				release(batch);
			}
		}
	}
	batcher_flush(batcher, now_us);
}
