/*
 * broker_internal - what the files of the broker share.
 */
#ifndef TESTS_SIM_BROKER_INTERNAL_H
#define TESTS_SIM_BROKER_INTERNAL_H

#include "tests/sim/broker.h"
#include "tests/sim/link.h"
#include "tests/sim/world.h"

#define STREAMS_MAX 8u

struct stored {
	char *subject;
	uint8_t *data;
	size_t size;
	int64_t time_ns;
};

/* A Nats-Msg-Id that was seen; sequence 0: of a message that was never stored. */
struct seen_id {
	char id[40];
	uint64_t sequence;
};

struct consumer;

struct stream {
	char name[24];
	char subject[64];
	char republish_to[64]; /* "": nowhere */
	bool full;
	struct stored *messages; /* sequence n is at n - 1 */
	uint64_t count;
	uint64_t capacity;
	struct seen_id *ids;
	uint32_t ids_count;
	uint32_t ids_capacity;
	int64_t disk_free_us; /* when the disk has done what was asked so far */
	/* What goes out on one of these ways stays in order. */
	int64_t acks_until_us;
	int64_t republish_until_us;
	struct consumer *consumers;
};

/* NULL: there is none. */
struct stream *broker_stream(const char *name);
struct stream *broker_stream_at(uint32_t index); /* NULL at the end */
extern struct chance broker_chance;
/* What was asked of a former incarnation is not done any more. */
uint32_t broker_incarnation(void);

/* Sends a copy after delay_us, to who listens then. deliver_to: see link_route. */
void broker_send(const struct wire *wire, const char *deliver_to, int64_t delay_us);
void broker_reply_text(const char *reply, int64_t delay_us, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* broker_api.c: a request to $JS.API. */
void broker_api(const struct wire *wire);

/* broker_consumer.c */
void consumer_create(struct stream *stream, const struct wire *wire, const char *name);
/* False if there is none. */
bool consumer_delete(struct stream *stream, const char *name);
void consumers_remove(struct stream *stream);
/* The stream has something new. */
void consumers_pump(struct stream *stream);
/* A message to $JS.FC: the answer to a flow control request. */
void consumers_go_on(const char *subject);

/* The number behind key, 0 if it is not there; the text behind key up to a quote, "". */
uint64_t broker_number_after(const struct wire *wire, const char *key);
void broker_text_after(char *target, size_t size, const struct wire *wire, const char *key);

#endif
