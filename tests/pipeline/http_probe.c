/*
 * http_probe - the HTTP server of the ingress with a handler that answers anything, for
 * http_server_test.py and for measuring.
 *
 *	http_probe ADDRESS [connections_max] [head_ms idle_ms write_ms]
 *
 *	/constant            a short JSON object
 *	/echo                method, path, query and body, as the server understood them
 *	/large?bytes=N       N letters, different ones, so that a mix-up shows
 *	/later?ms=N&keep=1   an answer after N milliseconds: the path and the body, kept or not
 *	/never               no answer; the client has to go away
 *	/client              the address that the server sees
 *	/bad-header          an answer that cannot be built
 *	/counts              the server's counts and how many waiting clients went away
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "common/log.h"
#include "common/pure/text.h"
#include "ingress/server.h"

struct probe {
	uv_loop_t *loop;
	struct server *server;
	uv_signal_t terminate;
	unsigned closed;
};

struct delay {
	uv_timer_t timer;
	struct exchange *exchange; /* NULL: the client went away */
	struct probe *probe;
	bool keep;
};

static void answer(struct exchange *exchange, const char *body, size_t size) {
	struct http_response response = {
		.status = 200,
		.content_type = "application/json",
		.body = body,
		.body_size = size,
	};
	exchange_answer(exchange, &response);
}

/* 0 if it is not a number. */
static uint32_t number(const char *text) {
	uint64_t value = 0;
	(void)text_parse_u64(text, strlen(text), INT32_MAX, &value);
	return (uint32_t)value;
}

static uint32_t parameter(const struct http_request *request, const char *name) {
	char value[32];
	return http_query_value(request->query, name, value, sizeof(value)) ? number(value) : 0;
}

static void append_request(struct text *text, const struct http_request *request) {
	static const char *const methods[] = {"GET", "HEAD", "POST", "DELETE", "OTHER"};
	text_append(text, methods[request->method]);
	text_append_char(text, ' ');
	text_append_bytes(text, request->path.start, request->path.size);
	text_append_char(text, '|');
	text_append_bytes(text, request->query.start, request->query.size);
	text_append_char(text, '|');
	text_append_bytes(text, request->body.start, request->body.size);
	text_append_char(text, '|');
	text_append_bytes(text, request->authorization.start, request->authorization.size);
}

static void echo(struct exchange *exchange) {
	char buffer[HTTP_HEAD_BYTES_MAX + HTTP_BODY_BYTES_MAX];
	struct text text = text_init(buffer, sizeof(buffer));
	append_request(&text, exchange_request(exchange));
	answer(exchange, text.start, text.used);
}

static void large(struct exchange *exchange) {
	size_t size = parameter(exchange_request(exchange), "bytes");
	char *body = malloc(size + 1);
	if (body == NULL) {
		abort();
	}
	for (size_t i = 0; i < size; i++) {
		body[i] = (char)('a' + i % 26);
	}
	answer(exchange, body, size);
	free(body);
}

static void on_delay_closed(uv_handle_t *handle) {
	free(handle->data);
}

static void on_delay(uv_timer_t *timer) {
	struct delay *delay = timer->data;
	if (delay->exchange != NULL && delay->keep) {
		echo(delay->exchange);
	} else if (delay->exchange != NULL) {
		answer(delay->exchange, "late", 4);
	}
	uv_close((uv_handle_t *)timer, on_delay_closed);
}

static void on_client_gone(void *state) {
	struct delay *delay = state;
	delay->exchange = NULL;
	delay->probe->closed++;
}

static void later(struct probe *probe, struct exchange *exchange) {
	const struct http_request *request = exchange_request(exchange);
	struct delay *delay = calloc(1, sizeof(*delay));
	if (delay == NULL) {
		abort();
	}
	delay->exchange = exchange;
	delay->probe = probe;
	delay->keep = parameter(request, "keep") != 0;
	if (delay->keep) {
		exchange_keep(exchange);
	}
	uv_timer_init(probe->loop, &delay->timer);
	delay->timer.data = delay;
	uv_timer_start(&delay->timer, on_delay, parameter(request, "ms"), 0);
	exchange_wait(exchange, delay, on_client_gone);
}

static void on_never_closed(void *state) {
	struct probe *probe = state;
	probe->closed++;
}

static void counts(struct probe *probe, struct exchange *exchange) {
	char buffer[512];
	const struct server_counts *now = server_counts(probe->server);
	int size = snprintf(buffer, sizeof(buffer),
		"{\"accepted\":%llu,\"refused\":%llu,\"evicted\":%llu,\"requests\":%llu,"
		"\"bad_requests\":%llu,\"timeouts\":%llu,\"connections\":%llu,\"closed\":%u}",
		(unsigned long long)now->accepted, (unsigned long long)now->refused,
		(unsigned long long)now->evicted, (unsigned long long)now->requests,
		(unsigned long long)now->bad_requests, (unsigned long long)now->timeouts,
		(unsigned long long)now->connections, probe->closed);
	answer(exchange, buffer, (size_t)size);
}

static void handle(void *context, struct exchange *exchange) {
	static const char constant[] = "{\"total\":6000000,\"available\":1234567}";
	struct probe *probe = context;
	struct http_slice path = exchange_request(exchange)->path;
	if (http_slice_is(path, "/constant")) {
		answer(exchange, constant, sizeof(constant) - 1);
	} else if (http_slice_is(path, "/large")) {
		large(exchange);
	} else if (http_slice_is(path, "/later")) {
		later(probe, exchange);
	} else if (http_slice_is(path, "/never")) {
		exchange_wait(exchange, probe, on_never_closed);
	} else if (http_slice_is(path, "/client")) {
		const struct address client = exchange_client(exchange);
		char text[INET6_ADDRSTRLEN];
		inet_ntop(AF_INET6, client.bytes, text, sizeof(text));
		answer(exchange, text, strlen(text));
	} else if (http_slice_is(path, "/bad-header")) {
		struct http_response response = {.status = 200, .location = "/\r\nX: injected"};
		exchange_answer(exchange, &response);
	} else if (http_slice_is(path, "/counts")) {
		counts(probe, exchange);
	} else {
		echo(exchange);
	}
}

static void on_drained(void *context) {
	struct probe *probe = context;
	uv_close((uv_handle_t *)&probe->terminate, NULL);
}

static void on_terminate(uv_signal_t *signal, int number) {
	(void)number;
	struct probe *probe = signal->data;
	uv_signal_stop(signal);
	server_drain(probe->server, on_drained, probe);
}

int main(int argc, char **argv) {
	if (argc != 2 && argc != 3 && argc != 6) {
		fprintf(stderr,
			"usage: http_probe ADDRESS [connections_max] [head_ms idle_ms write_ms]\n");
		return 64;
	}
	signal(SIGPIPE, SIG_IGN);
	log_init("http-probe", LOG_INFO, LOG_FORMAT_TEXT);
	struct probe probe = {.loop = uv_default_loop()};
	struct server_options options = {
		.listen = argv[1],
		.reuse_port = true,
		.connections_max = argc > 2 ? number(argv[2]) : 100000,
		.head_timeout_ms = argc > 5 ? (int)number(argv[3]) : 10000,
		.idle_timeout_ms = argc > 5 ? (int)number(argv[4]) : 60000,
		.write_timeout_ms = argc > 5 ? (int)number(argv[5]) : 10000,
		.handler = handle,
		.context = &probe,
	};
	probe.server = server_create(probe.loop, &options);
	uv_signal_init(probe.loop, &probe.terminate);
	probe.terminate.data = &probe;
	uv_signal_start(&probe.terminate, on_terminate, SIGTERM);
	uv_run(probe.loop, UV_RUN_DEFAULT);
	server_destroy(probe.server);
	uv_loop_close(probe.loop);
	return 0;
}
