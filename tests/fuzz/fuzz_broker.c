/*
 * fuzz_broker - what the broker answers: acknowledgements, stored messages, subjects of deliveries.
 *
 * The first byte says to what the rest is the answer. Beyond not crashing: handlers are called once;
 * something is stored only with a sequence, and a message is there only if it is; what is logged of
 * a refusal cannot end its quotes.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/pure/text.h"
#include "common/pure/timestamp.h"
#include "common/stream.h"
#include "common/stream_reply.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- a bus that holds one request ------------------------------------------------------------ */

static struct {
	bus_reply_handler handler;
	void *context;
} asked;
static const char *subject_header;
static unsigned calls;

uint64_t bus_request_owned(struct bus *bus, const struct bus_publication *publication,
	int timeout_ms, bus_reply_handler handler, void *context) {
	(void)bus;
	(void)timeout_ms;
	assert(publication->subject != NULL);
	asked.handler = handler;
	asked.context = context;
	return 1;
}

bool bus_header(
	const struct bus_message *message, const char *name, char value[BUS_HEADER_BYTES_MAX]) {
	(void)message;
	(void)name;
	snprintf(value, BUS_HEADER_BYTES_MAX, "%s", subject_header);
	return true;
}

static void reply(const struct bus_message *message) {
	calls = 0;
	asked.handler(asked.context, BUS_REPLIED, message);
	free(asked.context);
	assert(calls == 1);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void on_ack(void *context, enum stream_outcome outcome, uint64_t sequence) {
	(void)context;
	calls++;
	assert(outcome != STREAM_STORED || sequence > 0);
}

static void on_created(void *context, enum stream_outcome outcome, uint64_t sequence) {
	(void)context;
	(void)sequence;
	calls++;
	assert(outcome != STREAM_CONFLICT);
	assert(outcome != STREAM_MISSING);
}

static void on_message(
	void *context, enum stream_outcome outcome, const struct bus_message *message) {
	(void)context;
	calls++;
	assert((outcome == STREAM_STORED) == (message != NULL));
	if (message != NULL) {
		assert(message->sequence > 0);
		assert(message->subject != NULL);
		assert(strlen(message->subject) < BUS_HEADER_BYTES_MAX);
		assert(message->time_ms >= 0);
		assert(message->time_ms <= TIMESTAMP_MS_MAX);
		assert(message->size == 0 || message->data != NULL);
	}
}

static void try_ack(const struct bus_message *message) {
	stream_publish(NULL, &(struct bus_publication){.subject = "req.a.book"}, 1, on_ack, NULL);
	reply(message);
}

static void try_create(const struct bus_message *message) {
	const struct stream_config config = {
		.name = "REQ_a", .subject = "req.a.*", .max_bytes = 1, .replicas = 1};
	stream_create(NULL, &config, 1, on_created, NULL);
	reply(message);
}

static void try_get(const struct bus_message *message) {
	stream_get(NULL,
		&(struct stream_get){.stream = "REQ_a", .sequence = 1, .from_leader = true}, 1,
		on_message, NULL);
	reply(message);
}

/* Status and sequence, then the line with the subject, then the message. */
static void try_direct(const struct bus_message *message) {
	struct input input = {message->data, message->size};
	char subject[2 * BUS_HEADER_BYTES_MAX];
	struct bus_message direct = {
		.status = (int)input_byte(&input) * 4,
		.sequence = input_byte(&input),
	};
	input_line(&input, subject, sizeof subject);
	subject_header = subject;
	direct.data = input.bytes;
	direct.size = input.size;
	stream_get(
		NULL, &(struct stream_get){.stream = "DEC_a", .sequence = 1}, 1, on_message, NULL);
	reply(&direct);
}

static void try_words(const struct bus_message *message) {
	struct stream_reply answer;
	stream_reply_read_ack(&answer, message->data, message->size);
	assert(strlen(answer.error) < sizeof answer.error);
	assert(strpbrk(answer.error, "\"\\\n\r") == NULL);
	assert((answer.outcome == STREAM_STORED) == (answer.sequence > 0));
}

static void try_delivery(const struct bus_message *message) {
	char subject[512];
	struct input input = {message->data, message->size};
	struct stream_delivery delivery;
	input_rest(&input, subject, sizeof subject);
	if (!stream_delivery_parse(&delivery, subject)) {
		return;
	}
	size_t size = strlen(subject);
	assert(delivery.consumer >= subject);
	assert(delivery.consumer + delivery.consumer_size <= subject + size);
	assert(memchr(delivery.consumer, '.', delivery.consumer_size) == NULL);
	assert(delivery.time_ms >= 0);
	char again[512];
	snprintf(again, sizeof again,
		"$JS.ACK.s.%.*s.1.%" PRIu64 ".%" PRIu64 ".%" PRId64 "000000.%" PRIu64,
		(int)delivery.consumer_size, delivery.consumer, delivery.stream_sequence,
		delivery.consumer_sequence, delivery.time_ms, delivery.pending);
	struct stream_delivery same;
	bool valid = stream_delivery_parse(&same, again);
	assert(valid == (delivery.time_ms > 0));
	assert(!valid || same.stream_sequence == delivery.stream_sequence);
	assert(!valid || same.time_ms == delivery.time_ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	if (size == 0) {
		return 0;
	}
	const struct bus_message message = {.data = data + 1, .size = size - 1};
	switch (data[0]) {
	case 'a':
		try_ack(&message);
		try_words(&message);
		break;
	case 'c':
		try_create(&message);
		break;
	case 'g':
		try_get(&message);
		break;
	case 'd':
		try_direct(&message);
		break;
	case '$':
		try_delivery(&(struct bus_message){.data = data, .size = size});
		break;
	default:
		break;
	}
	return 0;
}
