/*
 * bus - the connection to NATS, for programs that live on a libuv loop.
 *
 *	loop thread                        link thread           cnats threads
 *	bus_publish, bus_request ──queue──▶ publish to socket
 *	handlers ◀──queue, uv_async───────────────────────────── messages, connection events
 *
 * Why so (tested with libnats 3.4.1 on Debian 12):
 *  - cnats calls block, for seconds when the broker hangs: so the loop never makes one; a thread of
 *    ours does (bus_link.h), fed by a bounded queue.
 *  - destroying a subscription on a live connection may use freed memory: so subscriptions are never
 *    destroyed, and one inbox takes every reply, told apart by a token in its subject.
 *  - what is published while disconnected must not be sent later, when nobody wants it any more: so a
 *    publish without a connection fails; callers retry by their own rules.
 * All functions are for the loop thread. Losing the broker is never fatal: it is reported, and the
 * connection is made again for ever. What the broker refuses for lack of permission is only logged
 * (broker_refused): the request for it times out.
 */
#ifndef COMMON_BUS_H
#define COMMON_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bus;
struct uv_loop_s;

/* Requests waiting for a reply. */
#define BUS_REQUESTS_MAX 16384u
/* Messages waiting for the link thread, and messages of bus_subscribe waiting for the loop. Seconds of
 * the largest load; beyond it sending fails, and what arrives is dropped and counted. */
#define BUS_OUTGOING_BYTES_MAX (64u << 20)
#define BUS_INCOMING_BYTES_MAX (64u << 20)
/* Headers longer than this cannot be given or seen. */
#define BUS_HEADER_BYTES_MAX 128u

struct bus_options {
	/* nats://host:port, several of one cluster separated by commas: the first that answers, and
	 * another one when that is lost, or is cut off from the others (bus_pulse.h) */
	const char *url;
	const char *user; /* also the inbox prefix, _INBOX_<user> */
	const char *password;
	const char *name; /* of this instance, shown by the broker */
};

/* A message from the broker; everything is borrowed for the length of the handler's call. */
struct bus_message {
	const char *subject;
	const char *reply; /* NULL if none is wanted */
	const uint8_t *data;
	size_t size;
	int status;        /* 0, or the status of a header-only message: 100, 404, 408, 409, 503 */
	uint64_t sequence; /* Nats-Sequence of a republished or directly gotten message, else 0 */
	int64_t time_ms;   /* Nats-Time-Stamp of such a message where the broker gives it, else 0 */
	void *private;     /* for bus_header */
};

enum bus_outcome {
	BUS_REPLIED,
	BUS_NO_RESPONDERS, /* nobody listens to that subject */
	BUS_TIMED_OUT,     /* unknown whether it arrived */
	BUS_DISCONNECTED,  /* the connection broke: unknown whether it arrived */
	BUS_OVERLOADED,    /* not sent: too much is waiting already */
};

typedef void (*bus_handler)(void *context, const struct bus_message *message);
/* message is NULL unless the outcome is BUS_REPLIED. */
typedef void (*bus_reply_handler)(
	void *context, enum bus_outcome outcome, const struct bus_message *message);
typedef void (*bus_state_handler)(void *context, bool connected);

/* Connects, trying again for ever with a log line each time; returns once connected, or NULL if
 * *stop became non-zero meanwhile. Call before uv_run. */
struct bus *bus_create(
	struct uv_loop_s *loop, const struct bus_options *options, const volatile int *stop);
/* Flushes what was published for up to two seconds, then closes. Handlers of open requests are not
 * called. The loop must turn once more afterwards (uv_run), then the memory is gone. Not from inside a
 * handler. NULL is allowed. */
void bus_destroy(struct bus *bus);
struct uv_loop_s *bus_loop(const struct bus *bus);
/* Calls the handlers of what has come, now and not in the loop's next turn: for who has so much to do in
 * one turn that answers would wait. Not from inside a handler. */
void bus_look(struct bus *bus);

/* For ever: there is no unsubscribing. queue: name of a queue group, or NULL. */
void bus_subscribe(struct bus *bus, const char *subject, const char *queue, bus_handler handler,
	void *context);
/* Calls handler on the loop at each change from now on, until bus_off_state with the same arguments.
 * When the connection breaks, open requests have got BUS_DISCONNECTED before. */
void bus_on_state(struct bus *bus, bus_state_handler handler, void *context);
void bus_off_state(struct bus *bus, bus_state_handler handler, void *context);
bool bus_is_connected(const struct bus *bus);

struct bus_publication {
	const char
		*subject;  /* tokens and dots, without blanks: anything else is a broken program */
	const char *reply; /* where answers go, an inbox; NULL: none, and always for bus_request */
	const void *data;
	size_t size;
	const char *message_id; /* Nats-Msg-Id, or NULL */
	/* Nats-Expected-Last-Sequence, of the whole stream; -1: no such header */
	int64_t expected_last_sequence;
	/* Nats-Expected-Last-Subject-Sequence; -1: no such header */
	int64_t expected_last_subject_sequence;
};

/* Copies everything. False if it could not be queued (no connection, overload, or larger than the broker
 * allows, which is logged): nothing was sent. */
bool bus_publish(struct bus *bus, const struct bus_publication *publication);
/* Publishes and calls handler exactly once, on the loop, never from inside this call. The return value
 * names the request, for bus_cancel; it is never 0. Not for messages out of a stream by a consumer
 * ($JS.API.CONSUMER.MSG.NEXT): the broker delivers those under their own subject, so only an inbox
 * of their own (bus_inbox_open) can tell for whom they are. */
uint64_t bus_request(struct bus *bus, const struct bus_publication *publication, int timeout_ms,
	bus_reply_handler handler, void *context);
/* The same for a module that wraps requests: context came from malloc, and is freed when the request
 * has ended, by its reply, by bus_cancel or by bus_destroy. */
uint64_t bus_request_owned(struct bus *bus, const struct bus_publication *publication,
	int timeout_ms, bus_reply_handler handler, void *context);
/* Forgets a request: its handler will not be called. Any value is allowed. */
void bus_cancel(struct bus *bus, uint64_t request);

/* An open-ended inbox, for push deliveries and pulls: every message to the subject written to inbox
 * goes to handler until it is closed. */
#define BUS_INBOX_BYTES 96u
uint64_t bus_inbox_open(
	struct bus *bus, char inbox[BUS_INBOX_BYTES], bus_handler handler, void *context);
void bus_inbox_close(struct bus *bus, uint64_t id);

struct bus_counters {
	uint64_t connections;    /* made so far */
	uint64_t dropped;        /* messages that came while too much waited for the loop */
	uint64_t incoming_bytes; /* waiting for the loop */
	uint64_t outgoing_bytes; /* waiting for the link thread */
	uint64_t requests;       /* waiting for a reply */
};
struct bus_counters bus_counters(const struct bus *bus);

/* Copies the value of a header; false if there is none or it is too long. */
bool bus_header(
	const struct bus_message *message, const char *name, char value[BUS_HEADER_BYTES_MAX]);

#endif
