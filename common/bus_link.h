/*
 * bus_link - the cnats side of the bus: threads, sockets and queues, and nothing of the loop.
 *
 *	loop thread          │ link thread                     │ cnats threads
 *	bus_link_send ─queue─▶ subscribes, publishes to socket │
 *	bus_link_take ◀─────────────────queue───────────────────  messages
 *	                     │ connecting ◀─────────────────────  closed
 *
 *	connecting ──connected──▶ serving ──closed, publish failed──▶ connecting (after a pause)
 *
 * The only file that includes nats.h. A connection that broke is never mended by cnats: it is closed
 * and a new one is made, with all subscriptions anew. So there is no buffer that would be replayed
 * later, and no subscription is destroyed while its connection lives. Of several brokers they
 * are tried in their order, each time from the first one on, unless that was just lost.
 */
#ifndef COMMON_BUS_LINK_H
#define COMMON_BUS_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/bus.h"

struct bus_link;

enum bus_event_kind { BUS_EVENT_MESSAGE, BUS_EVENT_CONNECTED, BUS_EVENT_DISCONNECTED };

/* What happened, in its order. */
struct bus_event {
	struct bus_event *next;
	enum bus_event_kind kind;
	uint32_t subscription; /* index, of a message */
	size_t size;           /* counts against BUS_INCOMING_BYTES_MAX */
	struct bus_message message;
};

enum bus_link_result {
	BUS_LINK_QUEUED,
	BUS_LINK_DISCONNECTED,
	BUS_LINK_FULL,
	BUS_LINK_TOO_LARGE, /* for the broker's max_payload */
};

/* Begins to connect. Strings are copied. Exits if cnats cannot be set up or a URL is no URL. */
struct bus_link *bus_link_create(const struct bus_options *options);
/* Sends what is queued for up to flush_ms, then closes. No event after it, and no wake. */
void bus_link_destroy(struct bus_link *link, int flush_ms);

/* Several were given. */
bool bus_link_has_choice(const struct bus_link *link);
/* Gives up this connection, in order to have one with the next broker. */
void bus_link_leave(struct bus_link *link);

/* Waits for the first connection; false if there is none after ms. */
bool bus_link_wait_connected(struct bus_link *link, int ms);
/* wake is called, from any thread, when events are there after there were none. */
void bus_link_on_event(struct bus_link *link, void (*wake)(void *context), void *context);
/* All events so far, oldest first. Each goes back to bus_link_free. */
struct bus_event *bus_link_take(struct bus_link *link);
void bus_link_free(struct bus_link *link, struct bus_event *event);

/* Subscribes, now and on every later connection; returns the index. bounded: messages are dropped
 * and counted when more than BUS_INCOMING_BYTES_MAX wait for the loop. Replies and push deliveries
 * are not: the table of requests and the broker's flow control bound them. */
uint32_t bus_link_subscribe(
	struct bus_link *link, const char *subject, const char *queue, bool bounded);
/* Copies everything. reply: NULL or the subject for answers. What is still queued at deadline_us is
 * not sent any more. */
enum bus_link_result bus_link_send(struct bus_link *link, const struct bus_publication *publication,
	const char *reply, int64_t deadline_us);

/* The value of a header, NULL if there is none; private is that of a bus_message. */
const char *bus_link_header(void *private, const char *name);

void bus_link_count(const struct bus_link *link, struct bus_counters *counters);

#endif
