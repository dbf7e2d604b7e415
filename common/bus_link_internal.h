/*
 * bus_link_internal - what the two halves of bus_link share: bus_link.c (the owner's side: queues and
 * messages) and bus_link_thread.c (the thread that connects, subscribes and publishes).
 */
#ifndef COMMON_BUS_LINK_INTERNAL_H
#define COMMON_BUS_LINK_INTERNAL_H

#include <nats/nats.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/bus_link.h"

struct outgoing {
	struct outgoing *next;
	natsMsg *message;
	size_t size; /* counts against BUS_OUTGOING_BYTES_MAX */
	int64_t deadline_us;
};

/* Made once, kept for ever; its handle is made anew on each connection. */
struct subscription {
	struct bus_link *link;
	char *subject;
	char *queue;
	uint32_t index;
	bool bounded;
	natsSubscription *handle; /* for the link thread alone */
};

/* Freed when nobody refers to it: the owner, and each cnats callback that may still come. */
struct bus_link {
	natsOptions *options;
	char **servers; /* URLs */
	uint32_t servers_count;
	uint32_t server; /* the one that is served, or tried next; for the link thread alone */
	pthread_t thread;
	atomic_size_t outgoing_bytes;
	atomic_size_t incoming_bytes;
	atomic_size_t payload_bytes_max;
	atomic_uint_fast64_t connections;
	atomic_uint_fast64_t dropped;

	pthread_mutex_t mutex; /* for all that follows */
	pthread_cond_t changed;
	uint32_t references;
	bool ending; /* the owner wants to go: no more events */
	int64_t flush_until_us;
	natsConnection *connection; /* the one that is served */
	bool connected;             /* as the last event said */
	bool lost;                  /* cnats closed the connection, or it was given up */
	struct outgoing *outgoing;
	struct outgoing **outgoing_end;
	struct bus_event *events;
	struct bus_event **events_end;
	struct subscription **subscriptions;
	uint32_t subscriptions_count;
	uint32_t subscribed; /* the first so many are made on this connection */
	void (*wake)(void *context);
	void *wake_context;
};

void bus_link_retain(struct bus_link *link);
/* Frees the link with the last reference. */
void bus_link_release(struct bus_link *link);

/* Frees a list of messages, sent or not. */
void bus_link_free_outgoing(struct bus_link *link, struct outgoing *list);

/* With the mutex held: takes note and tells the loop, if it is news. */
void bus_link_set_connected(struct bus_link *link, bool connected);
/* With the mutex held: appends to the loop's queue. */
void bus_link_post(struct bus_link *link, struct bus_event *event);

/* With the mutex held: waits for a change; false if there was none until until_us. */
bool bus_link_wait(struct bus_link *link, int64_t until_us);
/* A message came from the broker; called by any cnats thread. */
void bus_link_arrived(const struct subscription *subscription, natsMsg *message);

/* The body of the link thread; argument is the link. */
void *bus_link_run(void *argument);
/* Makes link->options and link->servers. Exits on a URL that is none. */
void bus_link_set_options(struct bus_link *link, const struct bus_options *options);

#endif
