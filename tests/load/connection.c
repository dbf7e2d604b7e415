#include "tests/load/connection.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <uv.h>

#include "common/memory.h"
#include "ingress/address.h"

enum connection_state { CLOSED, OPENING, IDLE, ASKING, CLOSING };

struct connection {
	uv_tcp_t tcp;
	uv_connect_t connect;
	struct connection_pool *pool;
	void *context;
	char *bytes; /* of an answer that came in pieces; NULL if there are none */
	size_t bytes_used;
	enum connection_state state;
	enum connection_end why;
	bool was_asking;
};

struct connection_pool {
	uv_loop_t *loop;
	struct sockaddr_storage address;
	struct connection_events events;
	char buffer[REPLY_BYTES_MAX]; /* to read into; what is whole is never copied */
};

static uv_stream_t *stream_of(struct connection *connection) {
	return (uv_stream_t *)&connection->tcp;
}

/* ---- the end --------------------------------------------------------------------------------- */

static void on_closed(uv_handle_t *handle) {
	struct connection *connection = handle->data;
	connection->state = CLOSED;
	connection->pool->events.ended(
		connection->context, connection->why, connection->was_asking);
}

static void end(struct connection *connection, enum connection_end why) {
	if (connection->state == CLOSED || connection->state == CLOSING) {
		return;
	}
	connection->was_asking = connection->state == ASKING;
	connection->why = why;
	connection->state = CLOSING;
	free(connection->bytes);
	connection->bytes = NULL;
	connection->bytes_used = 0;
	uv_close((uv_handle_t *)&connection->tcp, on_closed);
}

void connection_close(struct connection *connection) {
	end(connection, CONNECTION_LEFT);
}

bool connection_is_closed(const struct connection *connection) {
	return connection->state == CLOSED;
}

bool connection_is_idle(const struct connection *connection) {
	return connection->state == IDLE;
}

/* ---- reading --------------------------------------------------------------------------------- */

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
	struct connection *connection = handle->data;
	(void)suggested;
	if (connection->bytes == NULL) {
		*buffer = uv_buf_init(connection->pool->buffer, REPLY_BYTES_MAX);
	} else {
		*buffer = uv_buf_init(connection->bytes + connection->bytes_used,
			(unsigned)(REPLY_BYTES_MAX - connection->bytes_used));
	}
}

/* A rest that does not make an answer is kept; there is room for the largest. */
static void keep(struct connection *connection, const char *bytes, size_t size) {
	if (connection->bytes == NULL) {
		connection->bytes = memory_new(REPLY_BYTES_MAX);
		memcpy(connection->bytes, bytes, size);
	}
	connection->bytes_used = size;
}

static void take(struct connection *connection, const char *bytes, size_t size) {
	struct reply reply;
	switch (connection->state == ASKING ? reply_read(&reply, bytes, size) : REPLY_BROKEN) {
	case REPLY_INCOMPLETE:
		keep(connection, bytes, size);
		return;
	case REPLY_COMPLETE:
		if (reply.size == size) {
			break;
		}
		end(connection, CONNECTION_GARBLED); /* more than was asked for */
		return;
	case REPLY_BROKEN:
		end(connection, CONNECTION_GARBLED);
		return;
	}
	char *kept = connection->bytes;
	connection->bytes = NULL;
	connection->bytes_used = 0;
	connection->state = IDLE;
	if (reply.closes) {
		end(connection, CONNECTION_FINISHED);
	}
	connection->pool->events.answered(connection->context, &reply);
	free(kept);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer) {
	struct connection *connection = stream->data;
	if (size < 0) {
		end(connection, size == UV_EOF ? CONNECTION_FINISHED : CONNECTION_RESET);
	} else if (size > 0 && connection->bytes == NULL) {
		take(connection, buffer->base, (size_t)size);
	} else if (size > 0) {
		take(connection, connection->bytes, connection->bytes_used + (size_t)size);
	}
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void on_connected(uv_connect_t *connect, int status) {
	struct connection *connection = connect->data;
	if (connection->state != OPENING) {
		return; /* closed meanwhile */
	}
	if (status != 0 || uv_read_start(stream_of(connection), on_allocate, on_read) != 0) {
		end(connection, CONNECTION_UNREACHED);
		return;
	}
	connection->state = IDLE;
	connection->pool->events.opened(connection->context);
}

void connection_open(struct connection *connection) {
	assert(connection->state == CLOSED);
	int error = uv_tcp_init(connection->pool->loop, &connection->tcp);
	assert(error == 0);
	connection->tcp.data = connection;
	connection->connect.data = connection;
	connection->state = OPENING;
	error = uv_tcp_connect(&connection->connect, &connection->tcp,
		(const struct sockaddr *)&connection->pool->address, on_connected);
	if (error != 0) {
		end(connection, CONNECTION_UNREACHED); /* no descriptors or no ports are left */
	}
}

void connection_ask(struct connection *connection, const char *bytes, size_t size) {
	assert(connection->state == IDLE);
	connection->state = ASKING;
	uv_buf_t buffer = uv_buf_init((char *)bytes, (unsigned)size);
	/* All at once: nothing of ours can be in an idle connection's socket. */
	if (uv_try_write(stream_of(connection), &buffer, 1) != (int)size) {
		end(connection, CONNECTION_RESET);
	}
}

/* ---- life ------------------------------------------------------------------------------------ */

struct connection_pool *connection_pool_create(
	uv_loop_t *loop, const char *address, const struct connection_events *events) {
	struct connection_pool *pool = memory_new(sizeof *pool);
	socklen_t size;
	pool->loop = loop;
	pool->events = *events;
	if (!address_parse(address, &pool->address, &size)) {
		fprintf(stderr, "load: \"%s\" is no address: write 127.0.0.1:8080 or [::1]:8080\n",
			address);
		exit(EX_USAGE);
	}
	return pool;
}

void connection_pool_destroy(struct connection_pool *pool) {
	free(pool);
}

struct connection *connection_create(struct connection_pool *pool, void *context) {
	struct connection *connection = memory_new(sizeof *connection);
	connection->pool = pool;
	connection->context = context;
	return connection;
}

void connection_destroy(struct connection *connection) {
	assert(connection->state == CLOSED);
	free(connection);
}
