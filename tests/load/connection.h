/*
 * connection - one connection of a client: it is opened, asks, is answered, and ends.
 *
 *	CLOSED ──open──▶ OPENING ──▶ IDLE ◀──ask, answered──▶ ASKING
 *	   ▲                │         │                         │
 *	   └── CLOSING ◀────┴─────────┴── closed by either side ┘
 *
 * One question at a time. What happens is told to the pool's owner, never from inside a call to here.
 * A connection that was closed may be opened again.
 */
#ifndef TESTS_LOAD_CONNECTION_H
#define TESTS_LOAD_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/load/reply.h"

struct uv_loop_s;
struct connection;
struct connection_pool;

/* Why a connection ended. */
enum connection_end {
	CONNECTION_LEFT,      /* by connection_close */
	CONNECTION_UNREACHED, /* could not be opened */
	CONNECTION_RESET,     /* broke */
	CONNECTION_FINISHED,  /* the server closed it in good order */
	CONNECTION_GARBLED,   /* what came was no answer */
	CONNECTION_ENDS,
};

struct connection_events {
	void (*opened)(void *context);
	/* reply is borrowed for the call. Where it says that the connection closes, ended follows. */
	void (*answered)(void *context, const struct reply *reply);
	/* asking: a question is left without an answer. */
	void (*ended)(void *context, enum connection_end why, bool asking);
};

/* address: "127.0.0.1:8080". Exits with a clear line if it is none. */
struct connection_pool *connection_pool_create(
	struct uv_loop_s *loop, const char *address, const struct connection_events *events);
/* All connections must be closed. */
void connection_pool_destroy(struct connection_pool *pool);

/* context: for events. */
struct connection *connection_create(struct connection_pool *pool, void *context);
void connection_destroy(struct connection *connection);

bool connection_is_closed(const struct connection *connection);
bool connection_is_idle(const struct connection *connection);
void connection_open(struct connection *connection);
void connection_ask(struct connection *connection, const char *bytes, size_t size);
void connection_close(struct connection *connection);

#endif
