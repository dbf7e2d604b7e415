#include "ingress/connection.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/clock.h"
#include "common/log.h"

/* So that a client who pipelines does not keep the others waiting. */
#define REQUESTS_PER_TURN 16u
/* So that many connections that are late at once do not, either. */
#define SWEEP_MAX 1000u
#define LINGER_MS 2000u
/* Connections that are in use send a request in this time, and learn from its answer that we are
 * leaving. A client that sends into the very end of it sees a close without an answer, as at the end
 * of any idle time (RFC 9112, 9.3.1). */
#define DRAIN_GRACE_MS 3000u
/* A connection that is idle for less may well have a request on its way. */
#define EVICT_IDLE_MS 500u
/* Requests and answers of some KB take less, even on a bad line. */
#define EVICT_SLOW_MS 2000u
#define SLAB_CONNECTIONS 64u
#define BYTES_CAPACITY_MIN 1024u

struct connection_slab {
	struct connection_slab *next;
	struct connection connections[SLAB_CONNECTIONS];
};

/* What the socket did not take at once. */
struct unsent {
	uv_write_t write;
	char bytes[];
};

static uv_stream_t *stream_of(struct connection *connection) {
	return (uv_stream_t *)&connection->tcp;
}

/* --- lists and states --- */

static void list_append(struct connection_list *list, struct connection *connection) {
	connection->previous = list->last;
	connection->next = NULL;
	*(list->last == NULL ? &list->first : &list->last->next) = connection;
	list->last = connection;
	list->count++;
}

static void list_remove(struct connection_list *list, struct connection *connection) {
	assert(list->count > 0);
	*(connection->previous == NULL ? &list->first : &connection->previous->next) =
		connection->next;
	*(connection->next == NULL ? &list->last : &connection->next->previous) =
		connection->previous;
	list->count--;
}

#define TO(state) (1u << CONNECTION_##state)

static bool may_move(enum connection_state from, enum connection_state to) {
	static const unsigned moves[CONNECTION_STATES] = {
		[CONNECTION_FREE] = TO(IDLE),
		[CONNECTION_IDLE] =
			TO(READY) | TO(READING) | TO(HANDLING) | TO(LINGERING) | TO(CLOSING),
		[CONNECTION_READY] = TO(READING) | TO(HANDLING) | TO(CLOSING),
		[CONNECTION_READING] = TO(HANDLING) | TO(CLOSING),
		[CONNECTION_HANDLING] = TO(IDLE) | TO(WRITING) | TO(LINGERING) | TO(CLOSING),
		[CONNECTION_WRITING] = TO(IDLE) | TO(LINGERING) | TO(CLOSING),
		[CONNECTION_LINGERING] = TO(CLOSING),
		[CONNECTION_CLOSING] = TO(FREE),
	};
	return (moves[from] & (1u << to)) != 0;
}

void connection_move(struct connection *connection, enum connection_state state) {
	struct connection_pool *pool = connection->pool;
	assert(may_move(connection->state, state));
	list_remove(&pool->lists[connection->state], connection);
	list_append(&pool->lists[state], connection);
	connection->state = state;
	connection->since_ms = uv_now(pool->loop);
}

static bool takes_requests(const struct connection *connection) {
	return connection->state == CONNECTION_IDLE || connection->state == CONNECTION_READY ||
	       connection->state == CONNECTION_READING;
}

static bool is_over(const struct connection *connection) {
	return connection->state == CONNECTION_LINGERING || connection->state == CONNECTION_CLOSING;
}

/* --- the bytes that are kept --- */

static void release_bytes(struct connection *connection) {
	free(connection->bytes);
	connection->bytes = NULL;
	connection->bytes_used = 0;
	connection->bytes_capacity = 0;
}

static bool reserve_bytes(struct connection *connection, size_t capacity) {
	assert(capacity <= READ_BYTES);
	if (capacity <= connection->bytes_capacity) {
		return true;
	}
	size_t larger = BYTES_CAPACITY_MIN;
	while (larger < capacity) {
		larger *= 2;
	}
	char *bytes = realloc(connection->bytes, larger);
	if (bytes == NULL) {
		return false;
	}
	connection->bytes = bytes;
	connection->bytes_capacity = (uint32_t)larger;
	return true;
}

/* Keeps what was not used up: rest is the end of the connection's own bytes, if it has any, else of
 * the shared buffer. */
static bool keep_bytes(struct connection *connection, const char *rest, size_t size) {
	if (size == 0) {
		release_bytes(connection);
		return true;
	}
	if (connection->bytes_used == 0 && !reserve_bytes(connection, size)) {
		return false;
	}
	assert(size <= connection->bytes_capacity);
	memmove(connection->bytes, rest, size);
	connection->bytes_used = (uint32_t)size;
	return true;
}

/* --- reading --- */

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
	(void)suggested;
	struct connection *connection = handle->data;
	if (connection->bytes_used == 0 || connection->state == CONNECTION_LINGERING) {
		*buffer = uv_buf_init(connection->pool->read_buffer, READ_BYTES);
		return;
	}
	/* The request goes on: its bytes must stand together. Without memory the size is 0, which
	 * libuv reports to on_read as UV_ENOBUFS. */
	if (connection->bytes_used == connection->bytes_capacity) {
		(void)reserve_bytes(connection, connection->bytes_used + 1);
	}
	*buffer = uv_buf_init(connection->bytes + connection->bytes_used,
		connection->bytes_capacity - connection->bytes_used);
}

/* Hands on the requests in the bytes until one waits for its answer, one is incomplete, or the
 * turn's share is used up. Returns how many bytes are dealt with. */
static size_t consume(struct connection *connection, const char *bytes, size_t size) {
	struct connection_pool *pool = connection->pool;
	size_t used = 0;
	connection->consuming = true;
	for (unsigned i = 0; i < REQUESTS_PER_TURN && used < size && takes_requests(connection);
		i++) {
		size_t consumed = 0;
		int status = 0;
		enum http_outcome outcome =
			http_read(&pool->request, bytes + used, size - used, &consumed, &status);
		if (outcome == HTTP_INCOMPLETE) {
			if (connection->state != CONNECTION_READING) {
				connection_move(connection, CONNECTION_READING);
			}
			break;
		}
		if (outcome == HTTP_BAD) {
			pool->counts.bad_requests++;
			exchange_refuse(connection, status);
			used = size;
			break;
		}
		exchange_begin(connection, bytes + used, consumed);
		used += consumed;
	}
	connection->consuming = false;
	return used;
}

static void pause_or_resume(struct connection *connection);

static void on_turn(uv_idle_t *turn);

/* Deals with what is there: bytes, size of them, in the shared buffer or the connection's own. */
static void look(struct connection *connection, const char *bytes, size_t size) {
	size_t used = takes_requests(connection) ? consume(connection, bytes, size) : 0;
	if (is_over(connection)) {
		release_bytes(connection);
		return;
	}
	if (!keep_bytes(connection, bytes + used, size - used)) {
		log_warn("bytes_not_kept", "bytes=%zu hint=\"out of memory\"", size - used);
		connection_close(connection);
		return;
	}
	if (connection->peer_finished && connection->state != CONNECTION_HANDLING &&
		connection->state != CONNECTION_WRITING &&
		(size == used || connection->state == CONNECTION_READING)) {
		connection_close(connection); /* nothing, or half a request, and no more to come */
		return;
	}
	if (connection->state == CONNECTION_IDLE && connection->bytes_used > 0) {
		connection_move(connection, CONNECTION_READY);
		uv_idle_start(&connection->pool->turn, on_turn);
	}
	pause_or_resume(connection);
}

static void on_end(struct connection *connection, ssize_t error) {
	bool half_closed = error == UV_EOF && (connection->state == CONNECTION_HANDLING ||
						      connection->state == CONNECTION_WRITING ||
						      connection->state == CONNECTION_READY);
	if (half_closed) {
		connection->peer_finished = true;
	} else {
		connection_close(connection);
	}
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer) {
	struct connection *connection = stream->data;
	if (size < 0) {
		on_end(connection, size);
		return;
	}
	if (size == 0 || is_over(connection)) {
		return; /* nothing to read after all; or nothing that matters any more */
	}
	if (connection->bytes_used == 0) {
		look(connection, buffer->base, (size_t)size);
		return;
	}
	connection->bytes_used += (uint32_t)size;
	look(connection, connection->bytes, connection->bytes_used);
}

/* A client that sends ahead of its answers is read until its bytes are full, and then again when
 * they are not. Reading goes on while a request waits, because it is how we learn that the client
 * left. */
static void pause_or_resume(struct connection *connection) {
	bool full = connection->bytes_used == READ_BYTES;
	if (full == connection->paused || connection->peer_finished) {
		return;
	}
	connection->paused = full;
	int error = full ? uv_read_stop(stream_of(connection))
			 : uv_read_start(stream_of(connection), on_allocate, on_read);
	if (error != 0) {
		connection_close(connection);
	}
}

/* One turn for each of those that were READY when it began. */
static void on_turn(uv_idle_t *turn) {
	struct connection_pool *pool = turn->data;
	struct connection_list *ready = &pool->lists[CONNECTION_READY];
	for (size_t left = ready->count; left > 0 && ready->first != NULL; left--) {
		struct connection *connection = ready->first;
		look(connection, connection->bytes, connection->bytes_used);
	}
	if (ready->count == 0) {
		uv_idle_stop(turn);
	}
}

/* --- writing --- */

/* Says that we are finished, and waits for the peer to say so too: a close with bytes of the peer
 * unread would destroy the answer on its way. */
static void linger(struct connection *connection) {
	uv_os_fd_t descriptor;
	release_bytes(connection);
	if (connection->peer_finished ||
		uv_fileno((uv_handle_t *)&connection->tcp, &descriptor) != 0 ||
		shutdown(descriptor, SHUT_WR) != 0) {
		connection_close(connection);
		return;
	}
	connection_move(connection, CONNECTION_LINGERING);
	if (connection->paused) {
		connection->paused = false;
		if (uv_read_start(stream_of(connection), on_allocate, on_read) != 0) {
			connection_close(connection);
		}
	}
}

/* The answer is with the kernel. */
static void go_on(struct connection *connection) {
	if (!connection->keep_alive) {
		linger(connection);
		return;
	}
	connection_move(connection, CONNECTION_IDLE);
	if (connection->consuming) {
		return; /* consume() looks at the next bytes itself */
	}
	if (connection->bytes_used > 0) {
		connection_move(connection, CONNECTION_READY);
		uv_idle_start(&connection->pool->turn, on_turn);
	} else if (connection->peer_finished) {
		connection_close(connection);
	}
}

static void on_written(uv_write_t *write, int status) {
	struct connection *connection = write->handle->data;
	struct unsent *unsent = write->data;
	free(unsent);
	if (connection->state == CONNECTION_CLOSING) {
		return;
	}
	assert(connection->state == CONNECTION_WRITING);
	if (status != 0) {
		connection_close(connection);
		return;
	}
	go_on(connection);
}

static void send_later(struct connection *connection, const char *bytes, size_t size) {
	struct unsent *unsent = malloc(sizeof(*unsent) + size);
	if (unsent == NULL) {
		log_warn("answer_not_sent", "bytes=%zu hint=\"out of memory\"", size);
		connection_close(connection);
		return;
	}
	memcpy(unsent->bytes, bytes, size);
	unsent->write.data = unsent;
	uv_buf_t buffer = uv_buf_init(unsent->bytes, (unsigned)size);
	connection_move(connection, CONNECTION_WRITING);
	if (uv_write(&unsent->write, stream_of(connection), &buffer, 1, on_written) != 0) {
		free(unsent);
		connection_close(connection);
	}
}

/* Not uv_try_write, which goes the way of files: libuv has nothing of this connection to send before
 * it, and send() costs less. */
void connection_send(struct connection *connection, const char *bytes, size_t size) {
	uv_os_fd_t descriptor;
	assert(connection->state == CONNECTION_HANDLING);
	int failed = uv_fileno((uv_handle_t *)&connection->tcp, &descriptor);
	assert(failed == 0);
	ssize_t sent = send(descriptor, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0 && errno != EAGAIN) {
		connection_close(connection);
	} else if (sent == (ssize_t)size) {
		go_on(connection);
	} else {
		size_t taken = sent > 0 ? (size_t)sent : 0;
		send_later(connection, bytes + taken, size - taken);
	}
}

/* --- beginning and end --- */

static bool add_slab(struct connection_pool *pool) {
	struct connection_slab *slab = calloc(1, sizeof(*slab));
	if (slab == NULL) {
		return false;
	}
	slab->next = pool->slabs;
	pool->slabs = slab;
	for (size_t i = 0; i < SLAB_CONNECTIONS; i++) {
		struct connection *connection = &slab->connections[i];
		connection->pool = pool;
		connection->state = CONNECTION_FREE;
		list_append(&pool->lists[CONNECTION_FREE], connection);
	}
	return true;
}

struct connection *connection_open(struct connection_pool *pool) {
	struct connection_list *free_list = &pool->lists[CONNECTION_FREE];
	if (free_list->first == NULL && !add_slab(pool)) {
		return NULL;
	}
	/* The one freed last: its memory is still in the cache. */
	struct connection *connection = free_list->last;
	int error = uv_tcp_init(pool->loop, &connection->tcp);
	assert(error == 0); /* without a family it makes no socket */
	connection->tcp.data = connection;
	connection->exchange = (struct exchange){0};
	connection->consuming = false;
	connection->paused = false;
	connection->keep_alive = true;
	connection->peer_finished = false;
	connection->peer = (struct address){{0}};
	connection_move(connection, CONNECTION_IDLE);
	pool->counts.connections++;
	return connection;
}

void connection_start(struct connection *connection) {
	connection->pool->counts.accepted++;
	if (uv_read_start(stream_of(connection), on_allocate, on_read) != 0) {
		connection_close(connection);
	}
}

static void on_closed(uv_handle_t *handle) {
	struct connection *connection = handle->data;
	connection_move(connection, CONNECTION_FREE);
	connection->pool->released(connection->pool->owner);
}

void connection_close(struct connection *connection) {
	if (connection->state == CONNECTION_CLOSING) {
		return;
	}
	bool handling = connection->state == CONNECTION_HANDLING;
	bool writing = connection->state == CONNECTION_WRITING;
	connection_move(connection, CONNECTION_CLOSING);
	release_bytes(connection);
	connection->pool->counts.connections--;
	/* Who does not take an answer would not take a farewell either: the kernel would keep what is
	 * unsent for minutes. */
	if (!writing || uv_tcp_close_reset(&connection->tcp, on_closed) != 0) {
		uv_close((uv_handle_t *)&connection->tcp, on_closed);
	}
	if (handling) {
		exchange_abandon(connection);
	}
}

/* First those with whom nothing is under way, then those who are slow: a crowd of them must not take
 * all places. Never one who waits for us. */
bool connection_evict(struct connection_pool *pool) {
	static const struct {
		enum connection_state state;
		uint64_t after_ms;
	} evictions[] = {
		{CONNECTION_LINGERING, EVICT_IDLE_MS},
		{CONNECTION_IDLE, EVICT_IDLE_MS},
		{CONNECTION_READING, EVICT_SLOW_MS},
		{CONNECTION_WRITING, EVICT_SLOW_MS},
	};
	for (size_t i = 0; i < sizeof(evictions) / sizeof(evictions[0]); i++) {
		struct connection *oldest = pool->lists[evictions[i].state].first;
		if (oldest != NULL &&
			uv_now(pool->loop) - oldest->since_ms >= evictions[i].after_ms) {
			pool->counts.evicted++;
			connection_close(oldest);
			return true;
		}
	}
	return false;
}

/* --- the pool --- */

static void too_late(struct connection *connection) {
	struct connection_pool *pool = connection->pool;
	if (connection->state == CONNECTION_READING) {
		pool->counts.timeouts++;
		exchange_refuse(connection, 408);
		return;
	}
	if (connection->state == CONNECTION_WRITING) {
		pool->counts.timeouts++;
	}
	connection_close(connection);
}

/* From when on the pool drains for good: what is idle then has nothing to say to us. */
static void close_idle(struct connection_pool *pool) {
	struct connection_list *idle = &pool->lists[CONNECTION_IDLE];
	for (unsigned left = SWEEP_MAX; left > 0 && idle->first != NULL; left--) {
		linger(idle->first);
	}
}

void connection_sweep(struct connection_pool *pool) {
	uint64_t now_ms = uv_now(pool->loop);
	unsigned left = SWEEP_MAX;
	http_date(pool->date, clock_wall_ms() / 1000);
	for (size_t state = 0; state < CONNECTION_STATES; state++) {
		struct connection_list *list = &pool->lists[state];
		while (list->timeout_ms > 0 && list->first != NULL && left > 0 &&
			now_ms - list->first->since_ms >= list->timeout_ms) {
			too_late(list->first);
			left--;
		}
	}
	if (pool->draining && now_ms >= pool->grace_until_ms) {
		close_idle(pool);
	}
}

void connection_pool_init(
	struct connection_pool *pool, uv_loop_t *loop, const struct server_options *options) {
	memset(pool, 0, sizeof(*pool));
	pool->loop = loop;
	pool->handler = options->handler;
	pool->context = options->context;
	pool->lists[CONNECTION_IDLE].timeout_ms = (uint64_t)options->idle_timeout_ms;
	pool->lists[CONNECTION_READING].timeout_ms = (uint64_t)options->head_timeout_ms;
	pool->lists[CONNECTION_WRITING].timeout_ms = (uint64_t)options->write_timeout_ms;
	pool->lists[CONNECTION_LINGERING].timeout_ms = LINGER_MS;
	http_date(pool->date, clock_wall_ms() / 1000);
	uv_idle_init(loop, &pool->turn);
	pool->turn.data = pool;
}

void connection_pool_drain(struct connection_pool *pool) {
	pool->draining = true;
	pool->grace_until_ms = uv_now(pool->loop) + DRAIN_GRACE_MS;
}

size_t connection_pool_count(const struct connection_pool *pool) {
	return pool->counts.connections + pool->lists[CONNECTION_CLOSING].count;
}

void connection_pool_finish(struct connection_pool *pool) {
	assert(connection_pool_count(pool) == 0);
	while (pool->slabs != NULL) {
		struct connection_slab *next = pool->slabs->next;
		free(pool->slabs);
		pool->slabs = next;
	}
}
