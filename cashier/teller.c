#include "cashier/teller.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cashier/measures.h"
#include "common/clock.h"
#include "common/crypto.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/pure/bytes.h"
#include "common/pure/subjects.h"
#include "common/stream.h"
#include "common/wakeup.h"

#define PUBLISH_TIMEOUT_MS 5000
#define AGAIN_MS 500
/* So that the last one is well within the time for which the broker knows a message id. */
#define TRIES_MAX 12u
#define ENTRY_BYTES_MAX 64u

struct told {
	char payment_id[PAYMENT_ID_BYTES_MAX + 1];
	enum pay_state state;
};

struct batch {
	struct teller *teller;
	struct batch *next;
	struct batch **before;
	char campaign_id[CAMPAIGN_ID_BYTES_MAX + 1];
	struct batch_id id;
	char message_id[2 * BATCH_ID_BYTES + 1];
	uint32_t tries;
	uint64_t request; /* 0: none */
	struct wakeup *timer;
	uint8_t *bytes;
	size_t size;
	uint32_t count;
	struct told told[];
};

struct teller {
	struct bus *bus;
	teller_handler handler;
	void *owner;
	struct batch *first;
	uint32_t count;
};

static void publish(void *context);

/* ---- what became of a batch -------------------------------------------------------------------- */

static void free_batch(struct batch *batch) {
	*batch->before = batch->next;
	if (batch->next != NULL) {
		batch->next->before = batch->before;
	}
	batch->teller->count--;
	bus_cancel(batch->teller->bus, batch->request);
	wakeup_destroy(batch->timer);
	free(batch->bytes);
	free(batch);
}

static void end_batch(struct batch *batch, bool stored) {
	struct teller *teller = batch->teller;
	for (uint32_t i = 0; i < batch->count; i++) {
		const struct told *told = &batch->told[i];
		teller->handler(teller->owner, told->payment_id, told->state, stored);
	}
	free_batch(batch);
}

static void on_ack(void *context, enum stream_outcome outcome, uint64_t sequence) {
	struct batch *batch = context;
	(void)sequence;
	batch->request = 0;
	if (outcome == STREAM_STORED) {
		cashier_measures.told += batch->count;
		end_batch(batch, true);
		return;
	}
	batch->tries++;
	if (outcome == STREAM_UNKNOWN && batch->tries < TRIES_MAX) {
		wakeup_after(batch->timer, AGAIN_MS);
		return;
	}
	log_warn("payments_untold",
		"campaign=%s payments=%u outcome=%s hint=\"is the broker up, is the stream of the "
		"campaign full, may the cashier publish to it? they are told again\"",
		batch->campaign_id, batch->count, stream_outcome_name(outcome));
	end_batch(batch, false);
}

static void publish(void *context) {
	struct batch *batch = context;
	char subject[SUBJECT_BYTES_MAX];
	subject_request(subject, batch->campaign_id, LINE_PAY);
	batch->request = stream_publish(batch->teller->bus,
		&(struct bus_publication){
			.subject = subject,
			.data = batch->bytes,
			.size = batch->size,
			.message_id = batch->message_id,
			.expected_last_sequence = -1,
			.expected_last_subject_sequence = -1,
		},
		PUBLISH_TIMEOUT_MS, on_ack, batch);
}

/* ---- making batches ---------------------------------------------------------------------------- */

static void write_bytes(struct batch *batch, const struct tell *tells, size_t count) {
	size_t capacity = BATCH_HEAD_BYTES + count * ENTRY_BYTES_MAX;
	batch->bytes = memory_new(capacity);
	struct bytes_writer writer = bytes_writer_init(batch->bytes, capacity);
	batch_head_encode(&writer, MESSAGE_PAY, &batch->id, clock_wall_us());
	for (size_t i = 0; i < count; i++) {
		struct told *told = &batch->told[i];
		memcpy(told->payment_id, tells[i].payment_id, sizeof told->payment_id);
		told->state = tells[i].state;
		pay_request_encode(&writer, &tells[i].request);
	}
	batch_head_finish(&writer, (uint16_t)count);
	batch->count = (uint32_t)count;
	assert(!writer.failed);
	batch->size = writer.used;
}

/* All of one campaign. */
static struct batch *make_batch(struct teller *teller, const struct tell *tells, size_t count) {
	struct batch *batch = memory_new(sizeof *batch + count * sizeof batch->told[0]);
	batch->teller = teller;
	memcpy(batch->campaign_id, tells[0].campaign_id, sizeof batch->campaign_id);
	crypto_random(batch->id.bytes, sizeof batch->id.bytes);
	struct text message_id = text_init(batch->message_id, sizeof batch->message_id);
	text_append_hex(&message_id, batch->id.bytes, sizeof batch->id.bytes);
	batch->timer = wakeup_create(bus_loop(teller->bus), publish, batch);
	write_bytes(batch, tells, count);
	batch->next = teller->first;
	batch->before = &teller->first;
	if (teller->first != NULL) {
		teller->first->before = &batch->next;
	}
	teller->first = batch;
	teller->count++;
	return batch;
}

/* A run of one campaign, at most a batch long, is one message. */
void teller_tell(struct teller *teller, const struct tell *tells, size_t count) {
	assert(count <= BOOKS_TELLS_MAX);
	while (count > 0) {
		size_t run = 1;
		while (run < count && run < BATCH_REQUESTS_MAX &&
			strcmp(tells[run].campaign_id, tells[0].campaign_id) == 0) {
			run++;
		}
		publish(make_batch(teller, tells, run));
		tells += run;
		count -= run;
	}
}

bool teller_has_room(const struct teller *teller) {
	return teller->count < TELLER_BATCHES_MAX;
}

uint32_t teller_under_way(const struct teller *teller) {
	return teller->count;
}

/* ---- life -------------------------------------------------------------------------------------- */

struct teller *teller_create(struct bus *bus, teller_handler handler, void *owner) {
	struct teller *teller = memory_new(sizeof *teller);
	teller->bus = bus;
	teller->handler = handler;
	teller->owner = owner;
	return teller;
}

void teller_destroy(struct teller *teller) {
	if (teller == NULL) {
		return;
	}
	while (teller->first != NULL) {
		free_batch(teller->first);
	}
	free(teller);
}
