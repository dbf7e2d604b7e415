/*
 * connection - the life of one connection: bytes in, requests to the handler, answers out, the end.
 *
 * Inside the server; the application sees server.h. A pool holds what all connections of a server
 * share: one buffer to read into, one to build answers in, the lists, the counts.
 *
 *	              ┌───────────────── complete ─────────────────┐
 *	              │                                            ▼
 *	accepted ──▶ IDLE ──first bytes──▶ READING ──complete──▶ HANDLING ──answered──▶ IDLE
 *	              │                       ▲                    ▲  │
 *	          sent ahead                  │                    │  └─socket full─▶ WRITING ─▶ IDLE
 *	              └──────▶ READY ─────────┴───── complete ─────┘
 *
 *	HANDLING, WRITING ──last answer sent──▶ LINGERING ──peer closed, or time──▶ CLOSING
 *	IDLE ──the drain's grace is over──▶ LINGERING
 *	any ──timeout, error──▶ CLOSING ──libuv let go──▶ free
 *
 * A state is the list that the connection stands on. A list is in the order of arrival, and all on
 * it have the same time to leave it, so the ones that are late are at its head: no timer per
 * connection.
 */
#ifndef INGRESS_CONNECTION_H
#define INGRESS_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "ingress/address.h"
#include "ingress/server.h"

/* What is read at once, and the most that is kept of what a client sent ahead. A whole request
 * fits. */
#define READ_BYTES 16384u
static_assert(READ_BYTES > HTTP_HEAD_BYTES_MAX + HTTP_BODY_BYTES_MAX, "a whole request fits");
/* Answers up to this size are built without allocating. */
#define ANSWER_BYTES 65536u

enum connection_state {
	CONNECTION_FREE,      /* on the pool's free list */
	CONNECTION_IDLE,      /* no byte of a request is here */
	CONNECTION_READY,     /* bytes are here, to be looked at in the next turn of the loop */
	CONNECTION_READING,   /* a part of a request is here */
	CONNECTION_HANDLING,  /* the handler has the exchange */
	CONNECTION_WRITING,   /* the socket did not take the whole answer at once */
	CONNECTION_LINGERING, /* everything is said; the peer is given time to read it and close */
	CONNECTION_CLOSING,   /* libuv was told to close it */
	CONNECTION_STATES,
};

struct connection_pool;
struct kept_request;

struct exchange {
	const struct http_request *request; /* NULL when it is gone */
	struct kept_request *kept;
	void *state;
	void (*closed)(void *state);
	bool keep;         /* the handler asked for it */
	bool without_body; /* HEAD */
};

struct connection {
	uv_tcp_t tcp;
	struct connection_pool *pool;
	struct connection *previous;
	struct connection *next;
	uint64_t since_ms; /* when it came into its state, by the loop's clock */
	struct exchange exchange;
	char *bytes; /* what was read and not used up yet; NULL if nothing */
	uint32_t bytes_used;
	uint32_t bytes_capacity;
	enum connection_state state;
	bool consuming;      /* in consume(): an answer must not start that again */
	bool paused;         /* not reading: bytes are full */
	bool keep_alive;     /* another request may follow the one under way */
	bool peer_finished;  /* the peer will send no more */
	struct address peer; /* unknown until somebody asks */
};

struct connection_list {
	struct connection *first;
	struct connection *last;
	size_t count;
	uint64_t timeout_ms; /* 0: none */
};

struct connection_pool {
	uv_loop_t *loop;
	exchange_handler handler;
	void *context;
	/* A connection is off the hands of libuv; the server may take another one, or end its
	 * drain. */
	void (*released)(void *owner);
	void *owner;

	struct connection_list lists[CONNECTION_STATES];
	struct connection_slab *slabs;
	uv_idle_t turn; /* runs while any connection is READY */
	struct server_counts counts;
	bool draining;           /* every answer says Connection: close */
	uint64_t grace_until_ms; /* draining: until then idle connections may still be used */

	struct http_request request; /* the one that the handler is looking at */
	char date[HTTP_DATE_BYTES];
	char read_buffer[READ_BYTES];
	char answer_buffer[ANSWER_BYTES];
};

void connection_pool_init(
	struct connection_pool *pool, uv_loop_t *loop, const struct server_options *options);
/* From now on every answer is the last of its connection; idle ones close after a grace time. */
void connection_pool_drain(struct connection_pool *pool);
/* Frees memory; nothing may be open. */
void connection_pool_finish(struct connection_pool *pool);
/* Not yet given back by libuv, CLOSING ones included. */
size_t connection_pool_count(const struct connection_pool *pool);

/* A connection that is about to be accepted: FREE to IDLE. NULL if there is no memory. */
struct connection *connection_open(struct connection_pool *pool);
/* It is accepted: reads from now on. */
void connection_start(struct connection *connection);
/* Closes the one that has been idle, or slow, for longest. False if none has been for a while. */
bool connection_evict(struct connection_pool *pool);
/* Ends what took too long; several times a second. */
void connection_sweep(struct connection_pool *pool);
void connection_close(struct connection *connection);

/* For exchange.c. */
void connection_move(struct connection *connection, enum connection_state state);
/* Sends an answer, all at once or as the socket takes it, then goes on with the connection. */
void connection_send(struct connection *connection, const char *bytes, size_t size);
/* Hands a complete request to the handler. bytes: the request's own, size of them. */
void exchange_begin(struct connection *connection, const char *bytes, size_t size);
/* Refuses what is no request, with its status, and closes. */
void exchange_refuse(struct connection *connection, int status);
/* The client went away: tells the handler if it waits. */
void exchange_abandon(struct connection *connection);

#endif
