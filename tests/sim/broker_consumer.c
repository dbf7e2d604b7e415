/*
 * broker_consumer - push consumers in the broker's memory: everything from a sequence on, in order.
 *
 *	pumping ──window is full, flow control asked──▶ stalled ──answered──▶ pumping
 *
 * It sends to a subject; while nobody listens there it stops, and it is forgotten after a while. What
 * it sent into a connection that broke it does not send again. After a heartbeat's time without a
 * message it sends a heartbeat.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "tests/sim/broker_internal.h"
#include "tests/sim/trouble.h"

#define HEARTBEAT_US 1000000
#define INACTIVE_US 10000000
#define LAG_US_MAX 300
#define WINDOW_BYTES_MIN 200
#define WINDOW_BYTES_MAX 65536

struct consumer {
	struct consumer *next;
	struct stream *stream;
	char name[72];
	char deliver[WIRE_SUBJECT_BYTES];
	uint64_t position; /* the next message */
	uint64_t delivered;
	uint64_t window_bytes;
	uint64_t outstanding_bytes; /* since flow control was answered */
	uint64_t questions;
	char question[WIRE_SUBJECT_BYTES]; /* flow control that was not answered yet; "": none */
	int64_t until_us;                  /* what it sends stays in order */
	int64_t spoke_us;
	int64_t heard_us; /* when somebody listened last */
	struct world_event *heartbeat;
};

static void free_consumer(struct consumer *consumer) {
	world_cancel(consumer->heartbeat);
	free(consumer);
}

static void unlink_consumer(const struct consumer *consumer) {
	struct consumer **link = &consumer->stream->consumers;
	while (*link != consumer) {
		link = &(*link)->next;
	}
	*link = consumer->next;
}

void consumers_remove(struct stream *stream) {
	while (stream->consumers != NULL) {
		struct consumer *consumer = stream->consumers;
		stream->consumers = consumer->next;
		free_consumer(consumer);
	}
}

static struct consumer *find(const struct stream *stream, const char *name) {
	struct consumer *consumer = stream->consumers;
	while (consumer != NULL && strcmp(consumer->name, name) != 0) {
		consumer = consumer->next;
	}
	return consumer;
}

bool consumer_delete(struct stream *stream, const char *name) {
	struct consumer *consumer = find(stream, name);
	if (consumer == NULL) {
		return false;
	}
	unlink_consumer(consumer);
	free_consumer(consumer);
	return true;
}

/* ---- sending ----------------------------------------------------------------------------------- */

static void send_in_order(struct consumer *consumer, const struct wire *wire) {
	int64_t at_us = world_now_us() + chance_between(&broker_chance, 0, LAG_US_MAX);
	if (at_us < consumer->until_us) {
		at_us = consumer->until_us;
	}
	consumer->until_us = at_us;
	consumer->spoke_us = world_now_us();
	broker_send(wire, consumer->deliver, at_us - world_now_us());
}

static void deliver_next(struct consumer *consumer) {
	const struct stream *stream = consumer->stream;
	const struct stored *stored = &stream->messages[consumer->position - 1];
	struct wire wire = {.data = stored->data, .size = stored->size};
	consumer->delivered++;
	snprintf(wire.subject, sizeof wire.subject, "%s", stored->subject);
	snprintf(wire.reply, sizeof wire.reply,
		"$JS.ACK.%s.%s.1.%" PRIu64 ".%" PRIu64 ".%" PRId64 ".%" PRIu64, stream->name,
		consumer->name, consumer->position, consumer->delivered, stored->time_ns,
		stream->count - consumer->position);
	consumer->position++;
	consumer->outstanding_bytes += stored->size;
	if (trouble_strikes(TROUBLE_DELIVERY_LOST)) {
		return;
	}
	send_in_order(consumer, &wire);
	if (trouble_strikes(TROUBLE_DELIVERY_TWICE)) {
		send_in_order(consumer, &wire);
	}
}

static void ask_flow_control(struct consumer *consumer) {
	struct wire wire = {.status = 100};
	snprintf(consumer->question, sizeof consumer->question, "$JS.FC.%s.%s.%" PRIu64,
		consumer->stream->name, consumer->name, ++consumer->questions);
	snprintf(wire.subject, sizeof wire.subject, "%s", consumer->deliver);
	snprintf(wire.reply, sizeof wire.reply, "%s", consumer->question);
	send_in_order(consumer, &wire);
}

/* Sends 409 and forgets the consumer, or forgets it without a word. */
static bool is_lost(struct consumer *consumer) {
	if (trouble_strikes(TROUBLE_CONSUMER_ENDED)) {
		struct wire wire = {.status = 409};
		snprintf(wire.subject, sizeof wire.subject, "%s", consumer->deliver);
		send_in_order(consumer, &wire);
	} else if (!trouble_strikes(TROUBLE_CONSUMER_GONE)) {
		return false;
	}
	unlink_consumer(consumer);
	free_consumer(consumer);
	return true;
}

static void pump(struct consumer *consumer) {
	bool is_heard = link_has_listener(consumer->deliver);
	if (is_heard) {
		consumer->heard_us = world_now_us();
	}
	while (is_heard && consumer->question[0] == '\0' &&
		consumer->position <= consumer->stream->count) {
		deliver_next(consumer);
		if (consumer->outstanding_bytes >= consumer->window_bytes) {
			ask_flow_control(consumer);
		}
	}
}

void consumers_pump(struct stream *stream) {
	for (struct consumer *next, *consumer = stream->consumers; consumer != NULL;
		consumer = next) {
		next = consumer->next;
		if (!is_lost(consumer)) {
			pump(consumer);
		}
	}
}

void consumers_go_on(const char *subject) {
	for (uint32_t i = 0; broker_stream_at(i) != NULL; i++) {
		struct consumer *consumer = broker_stream_at(i)->consumers;
		for (; consumer != NULL; consumer = consumer->next) {
			if (strcmp(consumer->question, subject) == 0) {
				consumer->question[0] = '\0';
				consumer->outstanding_bytes = 0;
				pump(consumer);
				return;
			}
		}
	}
}

/* ---- heartbeats -------------------------------------------------------------------------------- */

static void send_heartbeat(struct consumer *consumer) {
	struct wire wire = {.status = 100};
	snprintf(wire.subject, sizeof wire.subject, "%s", consumer->deliver);
	snprintf(wire.last_stream, sizeof wire.last_stream, "%" PRIu64, consumer->position - 1);
	snprintf(wire.stalled, sizeof wire.stalled, "%s", consumer->question);
	send_in_order(consumer, &wire);
}

static void on_heartbeat(void *context) {
	struct consumer *consumer = context;
	consumer->heartbeat = NULL;
	pump(consumer);
	if (world_now_us() - consumer->heard_us > INACTIVE_US) {
		unlink_consumer(consumer);
		free_consumer(consumer);
		return;
	}
	if (world_now_us() - consumer->spoke_us >= HEARTBEAT_US) {
		send_heartbeat(consumer);
	}
	consumer->heartbeat = world_after(NULL, HEARTBEAT_US, on_heartbeat, consumer);
}

/* One of the same name is there already if the request came twice: that is as good. */
void consumer_create(struct stream *stream, const struct wire *wire, const char *name) {
	if (find(stream, name) != NULL) {
		return;
	}
	struct consumer *consumer = memory_new(sizeof *consumer);
	consumer->stream = stream;
	snprintf(consumer->name, sizeof consumer->name, "%s", name);
	broker_text_after(
		consumer->deliver, sizeof consumer->deliver, wire, "\"deliver_subject\":\"");
	consumer->position = broker_number_after(wire, "\"opt_start_seq\":");
	consumer->window_bytes =
		(uint64_t)chance_duration_us(&broker_chance, WINDOW_BYTES_MIN, WINDOW_BYTES_MAX);
	consumer->heard_us = world_now_us();
	consumer->spoke_us = world_now_us();
	consumer->next = stream->consumers;
	stream->consumers = consumer;
	consumer->heartbeat = world_after(NULL, HEARTBEAT_US, on_heartbeat, consumer);
	pump(consumer);
}
