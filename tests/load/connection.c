#include "tests/load/connection.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>
#include <uv.h>

#include "common/memory.h"
#include "ingress/address.h"

enum connection_state { CLOSED, OPENING, IDLE, ASKING, CLOSING };

/* The loop only says when: recv and send are called here, once for an answer and once for a question.
 * That is all that the kernel needs, and the kernel is most of what a request costs. */
struct connection {
	union {
		uv_handle_t handle;
		uv_poll_t poll;
		uv_idle_t idle; /* of one that got no socket: it only ends */
	};
	struct connection_pool *pool;
	void *context;
	char *bytes; /* of an answer that came in pieces; NULL if there are none */
	size_t bytes_used;
	int descriptor; /* -1: none */
	enum connection_state state;
	enum connection_end why;
	bool was_asking;
};

struct connection_pool {
	uv_loop_t *loop;
	struct sockaddr_storage address;
	socklen_t address_size;
	struct connection_events events;
	char buffer[REPLY_BYTES_MAX]; /* to read into; what is whole is never copied */
};

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
	uv_close(&connection->handle, on_closed);
	if (connection->descriptor >= 0) {
		close(connection->descriptor); /* it is not polled any more */
		connection->descriptor = -1;
	}
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

/* After an error (status) nothing comes any more, but what came before it may be an answer. */
static void on_readable(uv_poll_t *poll, int status, int events) {
	struct connection *connection = poll->data;
	char *kept = connection->bytes;
	char *start = kept == NULL ? connection->pool->buffer : kept;
	size_t used = connection->bytes_used;
	(void)events;
	ssize_t size = recv(connection->descriptor, start + used, REPLY_BYTES_MAX - used, 0);
	bool is_broken = status != 0 || (size < 0 && errno != EAGAIN && errno != EINTR);
	if (size > 0) {
		take(connection, start, used + (size_t)size);
	}
	if (size == 0 || is_broken) {
		end(connection, size == 0 ? CONNECTION_FINISHED : CONNECTION_RESET);
	}
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void on_connected(uv_poll_t *poll, int status, int events) {
	struct connection *connection = poll->data;
	(void)events;
	if (status != 0 || uv_poll_start(poll, UV_READABLE, on_readable) != 0) {
		end(connection, CONNECTION_UNREACHED);
		return;
	}
	connection->state = IDLE;
	connection->pool->events.opened(connection->context);
}

/* False if no descriptors or no ports are left. */
static bool start_to_connect(struct connection *connection) {
	const struct connection_pool *pool = connection->pool;
	const struct sockaddr *address = (const struct sockaddr *)&pool->address;
	connection->descriptor =
		socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return connection->descriptor >= 0 &&
	       (connect(connection->descriptor, address, pool->address_size) == 0 ||
		       errno == EINPROGRESS) &&
	       uv_poll_init(pool->loop, &connection->poll, connection->descriptor) == 0;
}

void connection_open(struct connection *connection) {
	assert(connection->state == CLOSED);
	connection->state = OPENING;
	if (!start_to_connect(connection)) {
		uv_idle_init(connection->pool->loop, &connection->idle);
		connection->handle.data = connection;
		end(connection, CONNECTION_UNREACHED);
		return;
	}
	connection->handle.data = connection;
	int error = uv_poll_start(&connection->poll, UV_WRITABLE, on_connected);
	assert(error == 0);
}

void connection_ask(struct connection *connection, const char *bytes, size_t size) {
	assert(connection->state == IDLE);
	connection->state = ASKING;
	/* All at once: nothing of ours can be in an idle connection's socket. */
	if (send(connection->descriptor, bytes, size, MSG_NOSIGNAL) != (ssize_t)size) {
		end(connection, CONNECTION_RESET);
	}
}

/* ---- life ------------------------------------------------------------------------------------ */

struct connection_pool *connection_pool_create(
	uv_loop_t *loop, const char *address, const struct connection_events *events) {
	struct connection_pool *pool = memory_new(sizeof *pool);
	pool->loop = loop;
	pool->events = *events;
	if (!address_parse(address, &pool->address, &pool->address_size)) {
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
	connection->descriptor = -1;
	return connection;
}

void connection_destroy(struct connection *connection) {
	assert(connection->state == CLOSED);
	free(connection);
}
