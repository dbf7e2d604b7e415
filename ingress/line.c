/*
 * line - the glue between batchers, waiters and the broker.
 */
#include "ingress/line.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/crypto.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/pure/subjects.h"
#include "common/pure/text.h"
#include "common/stream.h"
#include "ingress/measures.h"

/* Long enough for a broker that changes its leader; what was lost is sent again much sooner when
 * the connection breaks. */
#define PUBLISH_TIMEOUT_MS 2000

/* One campaign's. */
struct line {
	struct line *next; /* of all */
	struct line *next_dirty;
	bool dirty; /* entries were added since the last flush */
	struct lines *lines;
	struct campaign *campaign;
	struct batcher book;
	struct batcher cancel;
};

struct lines {
	struct bus *bus;
	struct line *all;
	struct line *dirty;
	int64_t lag_us;    /* running mean */
	int64_t linger_us; /* of all batchers */
	lines_asker asker;
	void *asker_context;
	struct batch_pool batches;
	struct waiters waiters;
	struct decision decision; /* scratch, for one decision at a time */
};

/* ---- what batchers ask for ------------------------------------------------------------------- */

static struct line *line_of(const struct batch *batch) {
	return batch->batcher->owner;
}

static void name(struct batch *batch) {
	crypto_random(&batch->id, sizeof batch->id);
	batch->behind_n = line_of(batch)->campaign->newest_n;
}

static enum batcher_outcome outcome_of(enum stream_outcome outcome) {
	switch (outcome) {
	case STREAM_STORED:
		return BATCHER_STORED;
	case STREAM_UNKNOWN:
	case STREAM_FULL: /* an operator may make room meanwhile */
	case STREAM_MISSING:
		return BATCHER_UNKNOWN;
	case STREAM_CONFLICT:
	case STREAM_REFUSED:
		break;
	}
	return BATCHER_REFUSED;
}

/* Decision n was seen before the batch had a name, so request n was there: what comes later is stored
 * behind it. Else the broker has lost a part of the line, and a ticket would name somebody else's
 * place, whose decision is still remembered here. */
static bool line_went_back(const struct batch *batch, uint64_t sequence) {
	if (sequence > batch->behind_n) {
		return false;
	}
	log_warn("line_went_back",
		"campaign=%s n=%llu decided=%llu hint=\"the broker has lost messages: see "
		"docs/operations.md\"",
		line_of(batch)->campaign->id, (unsigned long long)sequence,
		(unsigned long long)batch->behind_n);
	return true;
}

/* There may be something to send, now or soon: lines_flush looks. */
static void mark_dirty(struct line *line) {
	if (!line->dirty) {
		line->dirty = true;
		line->next_dirty = line->lines->dirty;
		line->lines->dirty = line;
	}
}

static void on_acknowledged(void *context, enum stream_outcome outcome, uint64_t sequence) {
	struct batch *batch = context;
	int64_t now_us = clock_monotonic_us();
	mark_dirty(line_of(batch));
	if (outcome == STREAM_STORED && line_went_back(batch, sequence)) {
		outcome = STREAM_REFUSED;
	}
	if (outcome == STREAM_STORED) {
		histogram_record(&ingress_measures.store_time, now_us - batch->sent_at_us);
	} else {
		ingress_measures.batches_retried++;
		log_warn("batch_not_stored", "outcome=%s requests=%u waiting=%u",
			stream_outcome_name(outcome), batch->count, batch->waiters_count);
	}
	batcher_acknowledged(batch, outcome_of(outcome), sequence, now_us);
}

static void publish(struct batch *batch) {
	char subject[SUBJECT_BYTES_MAX];
	subject_request(subject, line_of(batch)->campaign->id,
		batch->batcher->kind == MESSAGE_BOOK ? LINE_BOOK : LINE_CANCEL);
	char id[BATCH_ID_BYTES * 2 + 1];
	struct text text = text_init(id, sizeof id);
	text_append_hex(&text, batch->id.bytes, sizeof batch->id.bytes);
	const struct bus_publication publication = {
		.subject = subject,
		.data = batch->bytes,
		.size = batch->writer.used,
		.message_id = id,
		.expected_last_sequence = -1,
		.expected_last_subject_sequence = -1,
	};
	ingress_measures.batches_sent++;
	ingress_measures.batch_entries += batch->count;
	batch->request = stream_publish(line_of(batch)->lines->bus, &publication,
		PUBLISH_TIMEOUT_MS, on_acknowledged, batch);
}

static void forget(struct batch *batch) {
	bus_cancel(line_of(batch)->lines->bus, batch->request);
}

/* ---- answering ------------------------------------------------------------------------------- */

/* The waiter leaves its batch and is told; it is free after that. */
static void answer_waiter(struct waiter *waiter, const struct line_answer *answer) {
	struct waiters *waiters = &waiter->lines->waiters;
	batcher_leave(waiter->batch, waiter->index);
	waiter->batch = NULL;
	histogram_record(&ingress_measures.answer_time, clock_monotonic_us() - waiter->arrived_us);
	waiter->handler(waiter, answer);
	waiters_give_back(waiters, waiter);
}

static void stored(struct batch *batch) {
	for (uint16_t i = 0; i < batch->count; i++) {
		struct waiter *waiter = batch->waiters[i];
		if (waiter != NULL && waiter->has_waited) {
			answer_waiter(
				waiter, &(struct line_answer){
						.outcome = LINE_QUEUED, .n = batch->n, .index = i});
		}
	}
}

static void tell_all(struct batch *batch, enum line_outcome outcome) {
	for (uint16_t i = 0; i < batch->count; i++) {
		if (batch->waiters[i] != NULL) {
			answer_waiter(batch->waiters[i],
				&(struct line_answer){.outcome = outcome, .index = i});
		}
	}
}

static void refused(struct batch *batch) {
	log_warn("batch_refused",
		"campaign=%s requests=%u do=\"see the broker's log: the stream is "
		"missing, sealed or not permitted\"",
		line_of(batch)->campaign->id, batch->count);
	tell_all(batch, LINE_REFUSED);
}

static void ask(struct batch *batch) {
	struct line *line = line_of(batch);
	ingress_measures.decisions_asked++;
	line->lines->asker(line->lines->asker_context, line->campaign, batch->n);
}

static void expire(struct waiter *waiter, int64_t now_us) {
	const struct batch *batch = waiter->batch;
	struct line_answer answer = {.index = waiter->index};
	if (batch->state == BATCH_STORED) {
		answer.outcome = LINE_QUEUED;
		answer.n = batch->n;
	} else if (now_us < waiter->arrived_us + LINE_STORE_US) {
		waiter->has_waited = true;
		waiters_set_deadline(
			&waiter->lines->waiters, waiter, waiter->arrived_us + LINE_STORE_US);
		return;
	} else {
		answer.outcome = LINE_LATE;
	}
	answer_waiter(waiter, &answer);
}

static void tell_decided(struct batch *batch, const struct decision *decision) {
	for (uint16_t i = 0; i < batch->count; i++) {
		if (batch->waiters[i] != NULL) {
			answer_waiter(batch->waiters[i], &(struct line_answer){
								 .outcome = LINE_DECIDED,
								 .n = decision->n,
								 .index = i,
								 .decision = decision,
								 .answer = &decision->answers[i],
							 });
		}
	}
}

void lines_decided(struct lines *lines, struct campaign *campaign, const struct decision *head,
	const uint8_t *bytes, size_t size) {
	struct line *line = campaign->line;
	bool book = head->request_kind == MESSAGE_BOOK;
	if (line == NULL || (!book && head->request_kind != MESSAGE_CANCEL)) {
		return;
	}
	struct batch *batch = batcher_find(book ? &line->book : &line->cancel, &head->batch);
	if (batch == NULL) {
		return;
	}
	int64_t now_us = clock_monotonic_us();
	int64_t lag_us = now_us - batch->sent_at_us;
	histogram_record(&ingress_measures.decide_time, lag_us);
	lines->lag_us += (lag_us - lines->lag_us) / 16;
	if (decision_decode(&lines->decision, bytes, size) &&
		lines->decision.count == batch->count) {
		tell_decided(batch, &lines->decision);
	} else {
		log_warn("decision_does_not_fit", "campaign=%s n=%llu requests=%u", campaign->id,
			(unsigned long long)head->n, batch->count);
		tell_all(batch, LINE_REFUSED);
	}
	batcher_decided(batch);
	mark_dirty(line);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static const struct batcher_port port = {
	.name = name,
	.publish = publish,
	.forget = forget,
	.stored = stored,
	.refused = refused,
	.ask = ask,
};

static struct line *line_for(struct lines *lines, struct campaign *campaign) {
	struct line *line = campaign->line;
	if (line != NULL) {
		return line;
	}
	line = memory_new(sizeof *line);
	*line = (struct line){.next = lines->all, .lines = lines, .campaign = campaign};
	struct batcher given = {
		.port = &port, .owner = line, .pool = &lines->batches, .kind = MESSAGE_BOOK};
	batcher_init(&line->book, &given);
	given.kind = MESSAGE_CANCEL;
	batcher_init(&line->cancel, &given);
	line->book.linger_us = lines->linger_us;
	line->cancel.linger_us = lines->linger_us;
	lines->all = line;
	campaign->line = line;
	return line;
}

/* A waiter and a batch with room, or neither. */
static struct waiter *enter(
	struct line *line, struct batcher *batcher, const struct line_request *request) {
	struct batch *batch = batcher_open(batcher, clock_wall_us());
	struct waiter *waiter = batch == NULL ? NULL : waiters_take(&line->lines->waiters);
	if (waiter == NULL) {
		ingress_measures.line_full++;
		return NULL;
	}
	waiter->batch = batch;
	waiter->lines = line->lines;
	waiter->campaign = request->campaign;
	waiter->handler = request->handler;
	waiter->arrived_us = clock_monotonic_us();
	waiters_set_deadline(&line->lines->waiters, waiter, waiter->arrived_us + request->wait_us);
	return waiter;
}

struct waiter *line_book(
	struct lines *lines, const struct line_request *request, const struct book_request *entry) {
	struct line *line = line_for(lines, request->campaign);
	struct waiter *waiter = enter(line, &line->book, request);
	if (waiter != NULL) {
		book_request_encode(&waiter->batch->writer, entry);
		waiter->index = batcher_added(&line->book, waiter->batch, waiter);
		mark_dirty(line);
	}
	return waiter;
}

struct waiter *line_cancel(struct lines *lines, const struct line_request *request,
	const struct cancel_request *entry) {
	struct line *line = line_for(lines, request->campaign);
	struct waiter *waiter = enter(line, &line->cancel, request);
	if (waiter != NULL) {
		cancel_request_encode(&waiter->batch->writer, entry);
		waiter->index = batcher_added(&line->cancel, waiter->batch, waiter);
		mark_dirty(line);
	}
	return waiter;
}

void line_abandon(struct waiter *waiter) {
	batcher_leave(waiter->batch, waiter->index);
	waiters_give_back(&waiter->lines->waiters, waiter);
}

/* ---- life ------------------------------------------------------------------------------------ */

bool lines_flush(struct lines *lines) {
	if (lines->dirty == NULL) {
		return false;
	}
	int64_t now_us = clock_monotonic_us();
	struct line *next = lines->dirty;
	lines->dirty = NULL;
	while (next != NULL) {
		struct line *line = next;
		next = line->next_dirty;
		line->dirty = false;
		bool book_later = batcher_flush(&line->book, now_us);
		bool cancel_later = batcher_flush(&line->cancel, now_us);
		if (book_later || cancel_later) {
			mark_dirty(line);
		}
	}
	return lines->dirty != NULL;
}

void lines_tick(struct lines *lines, int64_t now_us) {
	struct waiter *waiter;
	while ((waiter = waiters_expire(&lines->waiters, now_us)) != NULL) {
		expire(waiter, now_us);
	}
	ingress_measures.entries_waiting = 0;
	for (struct line *line = lines->all; line != NULL; line = line->next) {
		batcher_tick(&line->book, now_us);
		batcher_tick(&line->cancel, now_us);
		ingress_measures.entries_waiting +=
			line->book.entries_waiting + line->cancel.entries_waiting;
	}
	ingress_measures.waiters = lines->waiters.count;
	lines->lag_us -= lines->lag_us / 512; /* what was slow long ago says nothing */
}

int64_t lines_lag_us(const struct lines *lines) {
	return lines->lag_us;
}

void lines_set_linger(struct lines *lines, int64_t linger_us) {
	lines->linger_us = linger_us;
	for (struct line *line = lines->all; line != NULL; line = line->next) {
		line->book.linger_us = linger_us;
		line->cancel.linger_us = linger_us;
	}
}

void lines_set_asker(struct lines *lines, lines_asker asker, void *context) {
	lines->asker = asker;
	lines->asker_context = context;
}

struct lines *lines_create(struct bus *bus) {
	struct lines *lines = memory_new(sizeof *lines);
	lines->bus = bus;
	batch_pool_init(&lines->batches, memory_new(BATCHES_MAX * sizeof(struct batch)));
	waiters_init(&lines->waiters, memory_new(WAITERS_MAX * sizeof(struct waiter)),
		clock_monotonic_us());
	return lines;
}

void lines_destroy(struct lines *lines) {
	if (lines == NULL) {
		return;
	}
	while (lines->all != NULL) {
		struct line *line = lines->all;
		lines->all = line->next;
		line->campaign->line = NULL;
		free(line);
	}
	free(lines->batches.all);
	free(lines->waiters.all);
	free(lines);
}
