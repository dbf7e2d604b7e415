/*
 * exchange - one request and its answer, between a connection and the application (server.h).
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/pure/text.h"
#include "ingress/connection.h"

/* A request that outlives the buffer that it was read into. */
struct kept_request {
	struct http_request request;
	char bytes[];
};

static struct connection *connection_of(struct exchange *exchange) {
	return (struct connection *)((char *)exchange - offsetof(struct connection, exchange));
}

const struct http_request *exchange_request(const struct exchange *exchange) {
	assert(exchange->request != NULL);
	return exchange->request;
}

void exchange_keep(struct exchange *exchange) {
	assert(exchange->request != NULL);
	exchange->keep = true;
}

void exchange_wait(struct exchange *exchange, void *state, void (*closed)(void *state)) {
	assert(closed != NULL);
	exchange->state = state;
	exchange->closed = closed;
}

void *exchange_state(const struct exchange *exchange) {
	return exchange->state;
}

static void find_peer(struct connection *connection) {
	struct sockaddr_storage address = {0};
	int size = sizeof(address);
	/* Fails if the peer is gone by now; then it stays unknown. */
	(void)uv_tcp_getpeername(&connection->tcp, (struct sockaddr *)&address, &size);
	connection->peer = address_of(&address);
}

struct address exchange_client(struct exchange *exchange) {
	struct connection *connection = connection_of(exchange);
	if (!address_is_known(&connection->peer)) {
		find_peer(connection);
	}
	struct address client = connection->peer;
	if (address_is_loopback(&client)) {
		address_forwarded(exchange_request(exchange)->forwarded_for, &client);
	}
	return client;
}

/* The same bytes in another buffer. A slice that points elsewhere (the path "/" of a bare host)
 * stays. */
static void rebase(struct http_slice *slice, const char *from, size_t size, const char *to) {
	uintptr_t start = (uintptr_t)slice->start;
	if (start >= (uintptr_t)from && start < (uintptr_t)from + size) {
		slice->start = to + (start - (uintptr_t)from);
	}
}

/* False if there is no memory. */
static bool keep(struct exchange *exchange, const char *bytes, size_t size) {
	struct kept_request *kept = malloc(sizeof(*kept) + size);
	if (kept == NULL) {
		return false;
	}
	kept->request = *exchange->request;
	memcpy(kept->bytes, bytes, size);
	struct http_slice *const slices[] = {
		&kept->request.path,
		&kept->request.query,
		&kept->request.body,
		&kept->request.host,
		&kept->request.authorization,
		&kept->request.content_type,
		&kept->request.idempotency_key,
		&kept->request.prefer,
		&kept->request.if_none_match,
		&kept->request.forwarded_for,
		&kept->request.accept_encoding,
		&kept->request.accept_language,
	};
	static_assert(sizeof(slices) / sizeof(slices[0]) * sizeof(struct http_slice) ==
			      offsetof(struct http_request, keep_alive) -
				      offsetof(struct http_request, path),
		"every slice of a request is rebased");
	for (size_t i = 0; i < sizeof(slices) / sizeof(slices[0]); i++) {
		rebase(slices[i], bytes, size, kept->bytes);
	}
	exchange->kept = kept;
	exchange->request = &kept->request;
	return true;
}

static void finish(struct exchange *exchange) {
	free(exchange->kept);
	*exchange = (struct exchange){0};
}

void exchange_begin(struct connection *connection, const char *bytes, size_t size) {
	struct connection_pool *pool = connection->pool;
	struct exchange *exchange = &connection->exchange;
	*exchange = (struct exchange){
		.request = &pool->request,
		.without_body = pool->request.method == HTTP_HEAD,
	};
	connection->keep_alive = pool->request.keep_alive;
	pool->counts.requests++;
	connection_move(connection, CONNECTION_HANDLING);
	pool->handler(pool->context, exchange);
	if (connection->state != CONNECTION_HANDLING) {
		return; /* answered, or gone while it was answered */
	}
	/* Somebody who answers later must know when there is nobody to answer. */
	assert(exchange->closed != NULL);
	if (!exchange->keep) {
		exchange->request = NULL;
	} else if (!keep(exchange, bytes, size)) {
		log_warn("request_not_kept", "bytes=%zu hint=\"out of memory\"", size);
		connection_close(connection);
	}
}

void exchange_refuse(struct connection *connection, int status) {
	struct http_response response;
	http_refusal(&response, status);
	connection->exchange = (struct exchange){0};
	connection->keep_alive = false;
	connection_move(connection, CONNECTION_HANDLING);
	exchange_answer(&connection->exchange, &response);
}

void exchange_abandon(struct connection *connection) {
	struct exchange exchange = connection->exchange;
	finish(&connection->exchange);
	if (exchange.closed != NULL) {
		exchange.closed(exchange.state);
	}
}

/* Builds the answer, or, where that cannot be done, one that says so. */
static void build(struct text *text, const struct connection *connection,
	const struct http_response *response) {
	http_write(text, response, connection->pool->date, connection->keep_alive);
	if (text->failed) {
		struct http_response error;
		log_warn("answer_not_built",
			"status=%d hint=\"a header has a control character in it, or is too long\"",
			response->status);
		http_refusal(&error, 500);
		text_clear(text);
		http_write(text, &error, connection->pool->date, connection->keep_alive);
	}
}

/* An answer that does not fit the shared buffer gets one of its own for a moment. */
static void answer_large(struct connection *connection, const struct http_response *response) {
	size_t capacity = response->body_size + HTTP_RESPONSE_HEAD_BYTES_MAX;
	char *buffer = malloc(capacity);
	if (buffer == NULL) {
		log_warn("answer_not_built", "bytes=%zu hint=\"out of memory\"", capacity);
		finish(&connection->exchange);
		connection_close(connection);
		return;
	}
	struct text text = text_init(buffer, capacity);
	build(&text, connection, response);
	finish(&connection->exchange);
	connection_send(connection, text.start, text.used);
	free(buffer);
}

void exchange_answer(struct exchange *exchange, const struct http_response *response) {
	struct connection *connection = connection_of(exchange);
	struct connection_pool *pool = connection->pool;
	assert(connection->state == CONNECTION_HANDLING);
	connection->keep_alive = connection->keep_alive && !pool->draining;
	struct http_response answer = *response;
	answer.without_body = answer.without_body || exchange->without_body;
	if (answer.body_size > ANSWER_BYTES - HTTP_RESPONSE_HEAD_BYTES_MAX) {
		answer_large(connection, &answer);
		return;
	}
	struct text text = text_init(pool->answer_buffer, sizeof(pool->answer_buffer));
	build(&text, connection, &answer);
	finish(exchange); /* not before: the answer may borrow from the request */
	connection_send(connection, text.start, text.used);
}
