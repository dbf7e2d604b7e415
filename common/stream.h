/*
 * stream - JetStream on the bus: publish with an acknowledgement, get a message, make a stream.
 *
 * Outcomes are a closed vocabulary; callers' retries read nothing else. An acknowledgement counts only
 * with a sequence above 0 (a server may answer a duplicate with 0 that it never stored).
 */
#ifndef COMMON_STREAM_H
#define COMMON_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/bus.h"

enum stream_outcome {
	STREAM_STORED,   /* sequence says where (publish), or the message is there (get) */
	STREAM_CONFLICT, /* the expected sequence was not the last one: 10071, 10164 */
	STREAM_MISSING, /* get: no such message (yet), or the broker says that there is no such stream */
	STREAM_UNKNOWN, /* no answer, or not now: it may be stored or not. Send the same again */
	STREAM_FULL,    /* not stored: the stream or the disk is full. Operators must act */
	STREAM_REFUSED, /* not stored, and the same again will be refused too: a bug or a permission */
};

const char *stream_outcome_name(enum stream_outcome outcome);

typedef void (*stream_ack_handler)(void *context, enum stream_outcome outcome, uint64_t sequence);
/* message is NULL unless the outcome is STREAM_STORED; its sequence, its time_ms and the subject that it
 * was stored under are set. One from the leader has no headers. */
typedef void (*stream_get_handler)(
	void *context, enum stream_outcome outcome, const struct bus_message *message);

/* Calls handler exactly once, on the loop, never from inside this call. */
uint64_t stream_publish(struct bus *bus, const struct bus_publication *publication, int timeout_ms,
	stream_ack_handler handler, void *context);

/* Gets one message from any replica (it may lag: then STREAM_MISSING). last_by_subject: NULL, or the
 * subject whose newest message is wanted instead of the one at sequence. A stream that does not exist
 * is silent (2.9) or has no responders: STREAM_UNKNOWN, but STREAM_MISSING from_leader. */
struct stream_get {
	const char *stream;
	uint64_t sequence;
	const char *last_by_subject;
	bool from_leader; /* never stale; needs the right to STREAM.MSG.GET */
};
uint64_t stream_get(struct bus *bus, const struct stream_get *get, int timeout_ms,
	stream_get_handler handler, void *context);

/* Makes a stream, or accepts that it is there with the same configuration (a sealed one is not the same).
 * handler gets STREAM_STORED, _UNKNOWN, _FULL or _REFUSED (logged, with the broker's words). */
struct stream_config {
	const char *name;
	const char *subject;
	const char *republish_to; /* NULL: not republished */
	int64_t max_bytes;        /* a full stream refuses; it never drops */
	int64_t max_age_seconds;  /* 0: for ever */
	int replicas;
	/* For what is soon worthless: with three replicas it is in memory, and outlives any one broker with
	 * its machine, not all three. With one it is as durable as any other. */
	bool fleeting;
	bool work_queue;       /* a message is gone once it was acknowledged */
	bool last_per_subject; /* keeps one message for each subject */
	bool undeletable;      /* refuses to delete and to purge messages */
};
uint64_t stream_create(struct bus *bus, const struct stream_config *config, int timeout_ms,
	stream_ack_handler handler, void *context);

/* What the reply subject of a delivery says
 * ($JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>, or the longer
 * form with domain and account). False if it is no such subject. */
struct stream_delivery {
	uint64_t stream_sequence;
	uint64_t consumer_sequence;
	int64_t time_ms;
	uint64_t pending;     /* messages in the stream after this one */
	const char *consumer; /* borrowed from the reply, not NUL-terminated */
	size_t consumer_size;
};
bool stream_delivery_parse(struct stream_delivery *delivery, const char *reply);

#endif
