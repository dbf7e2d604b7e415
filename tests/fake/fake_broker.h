/*
 * fake_broker - a broker in memory, on a virtual clock: bus.h without threads or sockets.
 *
 * Link it before the library that has the real one. It answers gets, direct and from the
 * leader, CONSUMER.CREATE, and what is published into a stream, each FAKE_LATENCY_MS later, and delivers
 * a message a millisecond to each consumer; nothing happens but while fake_broker_run turns the clock
 * (fake_clock.h). Things go wrong only when a test says so.
 */
#ifndef TESTS_FAKE_FAKE_BROKER_H
#define TESTS_FAKE_FAKE_BROKER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/bus.h"

#define FAKE_LATENCY_MS 1

struct bus *fake_broker_create(void);
/* Everything that was made on it must be gone. */
void fake_broker_destroy(struct bus *bus);
/* Lets so much time pass. */
void fake_broker_run(struct bus *bus, int64_t ms);
void fake_broker_set_connected(struct bus *bus, bool connected);

/* What goes wrong. Each may be changed at any time. */
struct fake_faults {
	uint32_t lose_replies;    /* the next so many requests are not answered */
	uint32_t lose_deliveries; /* the next so many messages of consumers get lost */
	uint64_t visible_max;     /* replicas have nothing above this; 0: all */
	bool mute;                /* consumers say nothing, not even heartbeats */
	const char *mute_stream;  /* those of this stream; NULL: of none */
};
struct fake_faults *fake_faults(struct bus *bus);

/* Streams are made by the first append. */
void fake_stream_append(struct bus *bus, const char *stream, const char *subject, const char *data);
/* The same for bytes. Returns the sequence. */
uint64_t fake_stream_put(
	struct bus *bus, const char *stream, const char *subject, const void *data, size_t size);
/* Makes a stream that stores what is published to any subject that begins so, and keeps its fence
 * (Nats-Expected-Last-Sequence). */
void fake_stream_take(struct bus *bus, const char *stream, const char *subjects);
/* A message is not there any more, the ones around it are. */
void fake_stream_lose(struct bus *bus, const char *stream, uint64_t sequence);
/* The last so many messages are not there any more, as after a power failure. */
void fake_stream_cut(struct bus *bus, const char *stream, uint64_t count);
/* Deleted; the next append makes it anew. Its consumers are gone. */
void fake_stream_delete(struct bus *bus, const char *stream);

/* The n-th message as republished, for handing in; false if it is not there. */
bool fake_stream_message(
	struct bus *bus, const char *stream, uint64_t sequence, struct bus_message *message);

/* For asserting how much was asked, and that flow control was answered. */
uint32_t fake_broker_requests(const struct bus *bus);
uint32_t fake_broker_publications(const struct bus *bus);
/* Sends a flow control request to every consumer. */
void fake_broker_ask_flow_control(struct bus *bus);

#endif
