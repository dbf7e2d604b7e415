/*
 * server - listens, accepts and drains. With connection.c, which reads, writes and times out, and
 * exchange.c, which hands requests to the application, it is the only libuv code of the ingress
 * besides main.c.
 *
 * Handlers get an exchange, one request and its answer, and answer it now or later, from the loop
 * thread, exactly once. One request at a time for each connection: bytes of a pipelined next one
 * wait.
 * Everything is bounded: connections, head and body (http.h), time for a request to arrive, idle
 * time, time for a slow reader to take an answer, requests and new connections in one turn of the
 * loop. What an idle connection costs is one struct; buffers are there only while a request is
 * incomplete or an answer does not fit the socket.
 * Fatal: an address that cannot be listened on. Dealt with: everything that a client does.
 */
#ifndef INGRESS_SERVER_H
#define INGRESS_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ingress/address.h"
#include "ingress/http.h"

struct uv_loop_s;
struct server;
struct exchange;

typedef void (*exchange_handler)(void *context, struct exchange *exchange);

struct server_options {
	const char *listen;       /* "127.0.0.1:8080", "[::1]:8080" or "0.0.0.0:80" */
	bool reuse_port;          /* several processes listen on one port */
	uint32_t connections_max; /* above it an idle or slow one makes room, or new ones wait */
	int head_timeout_ms;      /* from the first byte of a request to its last */
	int idle_timeout_ms;      /* between requests */
	int write_timeout_ms;     /* for an answer to be taken */
	exchange_handler handler;
	void *context;
};

struct server_counts {
	uint64_t accepted;
	uint64_t refused; /* could not be accepted: no descriptors, no memory */
	uint64_t evicted; /* idle and slow ones that made room for new ones */
	uint64_t requests;
	uint64_t bad_requests;
	uint64_t timeouts;    /* of heads and of writes */
	uint64_t connections; /* now */
};

/* Listens. Exits with a clear line if it cannot. Raises the process's limit of open files to what
 * it may be, and lowers connections_max to what then fits. */
struct server *server_create(struct uv_loop_s *loop, const struct server_options *options);
/* Begins no new handshake, takes those connections that had begun theirs, then closes the listener;
 * answers what is under way, and what still comes on open connections within seconds, with
 * Connection: close; then calls done once. */
void server_drain(struct server *server, void (*done)(void *context), void *context);
/* After done; or, where the drain took too long, when the loop does not run any more: then what is
 * still open is left to the end of the process. NULL is allowed. */
void server_destroy(struct server *server);
const struct server_counts *server_counts(const struct server *server);

/* The request; borrowed until the answer, or until the handler returned and exchange_keep was not
 * called: who answers later copies what it needs, or calls exchange_keep first. */
const struct http_request *exchange_request(const struct exchange *exchange);
/* Keeps the request's bytes until the answer. When the handler returns they move: take slices anew
 * from exchange_request after that. */
void exchange_keep(struct exchange *exchange);
/* The address of the client: the peer's, or, where the peer is a proxy on this machine, the last
 * one in X-Forwarded-For. Only while there is a request. */
struct address exchange_client(struct exchange *exchange);

/* Who does not answer inside the handler says so with this, and where the handler's state is while
 * it waits. closed is called if the client goes away before the answer; the exchange is gone after
 * it, and must not be answered. A client that has only finished sending (half-close) is still
 * there. */
void exchange_wait(struct exchange *exchange, void *state, void (*closed)(void *state));
void *exchange_state(const struct exchange *exchange);

/* Answers, exactly once; the exchange is gone after it. Copies what it needs. The body is left out
 * by itself where the request was a HEAD. */
void exchange_answer(struct exchange *exchange, const struct http_response *response);

#endif
