/*
 * fuzz_connection - bytes of a client, in pieces, through a real connection, one after the other.
 *
 * The first bytes say where the stream is cut into pieces; the rest is the stream. However it is
 * cut, however late answers are given, the client must read exactly what it would read from a server
 * that had the whole stream in its hands and answered its requests one by one, with http.h alone.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "ingress/connection.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CUTS 3
#define STREAM_BYTES_MAX 6000u
/* So small that a few answers fill it, and the connection has to wait for its client. */
#define SOCKET_BYTES 4096
#define ANSWERS_BYTES_MAX (1u << 20)
#define TURNS_MAX 1000
#define DATE "Sun, 22 Nov 2026 16:05:59 GMT"

struct client {
	int socket;
	size_t used;
	bool finished; /* the server closed */
	char answers[ANSWERS_BYTES_MAX];
};

static struct connection_pool pool;
static struct client client;
static struct exchange *waiting; /* one that is answered later */
static char expected_bytes[ANSWERS_BYTES_MAX];

/* ---- the application ------------------------------------------------------------------------- */

/* An answer that says what was understood. */
static void describe(
	struct http_response *response, struct text *body, const struct http_request *request) {
	const struct http_slice slices[] = {request->path, request->query, request->host,
		request->authorization, request->idempotency_key, request->body};
	for (size_t i = 0; i < sizeof slices / sizeof slices[0]; i++) {
		text_append_hex(body, (const uint8_t *)slices[i].start, slices[i].size);
		text_append_char(body, '\n');
	}
	*response = (struct http_response){
		.status = 200,
		.content_type = "text/plain",
		.body = body->start,
		.body_size = body->used,
		.without_body = request->method == HTTP_HEAD,
	};
}

static void answer(struct exchange *exchange) {
	static char bytes[4 * READ_BYTES];
	struct text body = text_init(bytes, sizeof bytes);
	struct http_response response;
	describe(&response, &body, exchange_request(exchange));
	exchange_answer(exchange, &response);
}

static void on_closed(void *state) {
	(void)state;
	waiting = NULL;
}

/* What begins with "/later" is answered in a later turn of the loop. */
static void on_request(void *context, struct exchange *exchange) {
	(void)context;
	static const char later[] = "/later";
	struct http_slice path = exchange_request(exchange)->path;
	if (path.size < sizeof later - 1 || memcmp(path.start, later, sizeof later - 1) != 0) {
		answer(exchange);
		return;
	}
	exchange_keep(exchange);
	exchange_wait(exchange, NULL, on_closed);
	waiting = exchange;
}

static void on_released(void *owner) {
	(void)owner;
}

/* ---- what the client must read --------------------------------------------------------------- */

static void expect(struct text *text, const char *stream, size_t size) {
	static char bytes[4 * READ_BYTES];
	size_t used = 0;
	bool keep_alive = true;
	while (keep_alive && used < size) {
		struct http_request request;
		size_t consumed = 0;
		int status = 0;
		struct text body = text_init(bytes, sizeof bytes);
		struct http_response response;
		switch (http_read(&request, stream + used, size - used, &consumed, &status)) {
		case HTTP_INCOMPLETE:
			return;
		case HTTP_BAD:
			http_refusal(&response, status);
			http_write(text, &response, DATE, false);
			return;
		case HTTP_COMPLETE:
			describe(&response, &body, &request);
			keep_alive = request.keep_alive;
			http_write(text, &response, DATE, keep_alive);
			used += consumed;
			break;
		}
	}
}

/* ---- the client ------------------------------------------------------------------------------ */

static void client_read(void) {
	ssize_t got = 1;
	while (got > 0) {
		got = recv(client.socket, client.answers + client.used,
			sizeof client.answers - client.used, MSG_DONTWAIT);
		client.used += got > 0 ? (size_t)got : 0;
	}
	client.finished = client.finished || got == 0;
}

static void turn(bool is_late) {
	uv_run(pool.loop, UV_RUN_NOWAIT);
	if (waiting != NULL && is_late) {
		struct exchange *exchange = waiting;
		waiting = NULL;
		answer(exchange);
	}
	client_read();
}

static void client_send(const char *piece, size_t size) {
	while (size > 0 && !client.finished) {
		ssize_t sent = send(client.socket, piece, size, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) {
			return;
		}
		if (sent > 0) {
			piece += sent;
			size -= (size_t)sent;
		}
		turn(sent < 0);
	}
}

static void connect_client(void) {
	int ends[2];
	int failed = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
	assert(failed == 0);
	int bytes = SOCKET_BYTES;
	failed = setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
	assert(failed == 0);
	client.socket = ends[0];
	client.used = 0;
	client.finished = false;
	struct connection *connection = connection_open(&pool);
	assert(connection != NULL);
	failed = uv_tcp_open(&connection->tcp, ends[1]);
	assert(failed == 0);
	connection_start(connection);
}

static void disconnect_client(void) {
	shutdown(client.socket, SHUT_WR);
	for (int i = 0; connection_pool_count(&pool) > 0; i++) {
		assert(i < TURNS_MAX); /* a connection whose client has finished comes to its end */
		turn(true);
	}
	client_read();
	close(client.socket);
}

/* ---- one stream ------------------------------------------------------------------------------ */

static void prepare(void) {
	static const struct server_options options = {
		.handler = on_request,
		.head_timeout_ms = 3600000,
		.idle_timeout_ms = 3600000,
		.write_timeout_ms = 3600000,
	};
	if (pool.loop == NULL) {
		connection_pool_init(&pool, uv_default_loop(), &options);
		pool.released = on_released;
		memcpy(pool.date, DATE, sizeof DATE);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	size_t cuts[CUTS];
	struct input input = {data, size};
	prepare();
	for (int i = 0; i < CUTS; i++) {
		cuts[i] = (size_t)input_byte(&input) + 256 * (size_t)input_below(&input, 16);
	}
	if (input.size > STREAM_BYTES_MAX) {
		return 0;
	}
	const char *stream = (const char *)input.bytes;
	struct text expected = text_init(expected_bytes, sizeof expected_bytes);
	expect(&expected, stream, input.size);
	assert(!expected.failed);

	connect_client();
	size_t used = 0;
	for (int i = 0; i < CUTS && used < input.size; i++) {
		size_t piece = cuts[i] < input.size - used ? cuts[i] : input.size - used;
		client_send(stream + used, piece);
		turn(i % 2 == 0);
		used += piece;
	}
	client_send(stream + used, input.size - used);
	disconnect_client();
	assert(client.used == expected.used);
	assert(memcmp(client.answers, expected.start, expected.used) == 0);
	return 0;
}
