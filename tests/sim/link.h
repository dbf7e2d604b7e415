/*
 * link - one connection between a node and the broker, below the real common/bus.c.
 *
 *	bus_link_send ──▶ queue ──departs──▶ on the way ──▶ broker_receive
 *	bus_link_take ◀── events ◀──arrives── on the way ◀── link_route
 *
 * It is common/bus_link.h: the link thread and cnats, simulated. Each direction is a TCP connection:
 * in order, with latency. A connection that is cut loses an end of what was on its way in each
 * direction, and what still arrives may arrive after the next connection was made. What waits in the
 * queue of a node that freezes departs when it thaws, unless its deadline has passed.
 */
#ifndef TESTS_SIM_LINK_H
#define TESTS_SIM_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct node;

#define WIRE_SUBJECT_BYTES 192u

/* A message on its way, in either direction. */
struct wire {
	char subject[WIRE_SUBJECT_BYTES];
	char reply[WIRE_SUBJECT_BYTES]; /* "": none is wanted */
	/* to the broker */
	char message_id[40];            /* "": none */
	int64_t expected_last_sequence; /* -1: any */
	int64_t deadline_us;            /* of the node's monotonic clock */
	/* from the broker */
	int status; /* 0 unless header-only */
	uint64_t sequence;
	int64_t time_ms;
	char stored_subject[WIRE_SUBJECT_BYTES]; /* Nats-Subject */
	char stalled[WIRE_SUBJECT_BYTES];        /* Nats-Consumer-Stalled */
	char last_stream[24];                    /* Nats-Last-Stream */
	/* both */
	const uint8_t *data; /* borrowed when it is given to link_route */
	size_t size;
};

void links_begin(void);
/* Forgets what is on its way; all nodes are down, and no event is handled after it. */
void links_end(void);
/* The broker is up, and nothing keeps the current node from it. */
bool link_can_be_made(void);

/* To whoever subscribed to the subject (deliver_to: where that is another one than the subject that
 * the receiver sees; else NULL). Copied. False if nobody listens. */
bool link_route(const struct wire *wire, const char *deliver_to);
bool link_has_listener(const char *subject);

/* Breaks the node's connection; it may take it a while to see that. False if it has none. */
bool link_cut(struct node *node);
/* All connections, because the broker has died. */
void links_cut_all(void);
/* Lets nothing through for so long. False if there is no connection. */
bool link_stall(struct node *node, int64_t delay_us);

#endif
