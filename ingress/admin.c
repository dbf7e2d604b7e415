#include "ingress/admin.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/log.h"
#include "common/pure/text.h"
#include "common/service.h"
#include "ingress/server.h"

/* Monitoring, a load balancer or two, and people with curl. */
#define CONNECTIONS_MAX 64
#define HEAD_TIMEOUT_MS 5000
#define IDLE_TIMEOUT_MS 60000
#define WRITE_TIMEOUT_MS 10000
/* Some hundred rows of at most 200 bytes. */
#define METRICS_BYTES_MAX 262144u
#define NOTE_BYTES_MAX 512u

struct admin {
	struct service *service;
	struct server *server;
	char metrics[METRICS_BYTES_MAX];
};

static void answer(struct exchange *exchange, int status, const char *body) {
	struct http_response response = {
		.status = status,
		.content_type = "text/plain; charset=utf-8",
		.retry_after = status == 503 ? 1 : 0,
		.allow = status == 405 ? "GET, HEAD" : NULL,
		.body = body,
		.body_size = strlen(body),
	};
	exchange_answer(exchange, &response);
}

static void answer_health(struct admin *admin, struct exchange *exchange) {
	(void)admin;
	answer(exchange, 200, "alive\n");
}

static void answer_readiness(struct admin *admin, struct exchange *exchange) {
	char buffer[NOTE_BYTES_MAX];
	const char *note = NULL;
	if (service_is_draining(admin->service)) {
		answer(exchange, 503, "not ready: stopping\n");
		return;
	}
	if (service_is_ready(admin->service, &note)) {
		answer(exchange, 200, "ready\n");
		return;
	}
	struct text text = text_init(buffer, sizeof(buffer));
	text_append(&text, "not ready: ");
	text_append(&text, note == NULL ? "starting" : note);
	text_append_char(&text, '\n');
	answer(exchange, 503, text.start);
}

static void answer_metrics(struct admin *admin, struct exchange *exchange) {
	struct text text = text_init(admin->metrics, METRICS_BYTES_MAX);
	service_print_metrics(admin->service, &text);
	if (text.failed) {
		log_warn("metrics_not_printed", "bytes_max=%u hint=\"raise METRICS_BYTES_MAX\"",
			METRICS_BYTES_MAX);
		answer(exchange, 500, "too many metrics: see the log\n");
		return;
	}
	struct http_response response = {
		.status = 200,
		.content_type = "text/plain; version=0.0.4; charset=utf-8",
		.body = text.start,
		.body_size = text.used,
	};
	exchange_answer(exchange, &response);
}

static void handle(void *context, struct exchange *exchange) {
	static const struct {
		const char *path;
		void (*answer)(struct admin *admin, struct exchange *exchange);
	} pages[] = {
		{"/healthz", answer_health},
		{"/readyz", answer_readiness},
		{"/metrics", answer_metrics},
	};
	const struct http_request *request = exchange_request(exchange);
	if (request->method != HTTP_GET && request->method != HTTP_HEAD) {
		answer(exchange, 405, "use GET\n");
		return;
	}
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		if (http_slice_is(request->path, pages[i].path)) {
			pages[i].answer(context, exchange);
			return;
		}
	}
	answer(exchange, 404, "there are /healthz, /readyz and /metrics\n");
}

struct admin *admin_create(struct service *service, const char *listen) {
	struct admin *admin = calloc(1, sizeof(*admin));
	if (admin == NULL) {
		log_fatal(EX_OSERR, "listen_failed", "address=%s error=\"out of memory\"", listen);
	}
	const struct server_options options = {
		.listen = listen,
		.connections_max = CONNECTIONS_MAX,
		.head_timeout_ms = HEAD_TIMEOUT_MS,
		.idle_timeout_ms = IDLE_TIMEOUT_MS,
		.write_timeout_ms = WRITE_TIMEOUT_MS,
		.handler = handle,
		.context = admin,
	};
	admin->service = service;
	admin->server = server_create(service_loop(service), &options);
	return admin;
}

void admin_drain(struct admin *admin, void (*done)(void *context), void *context) {
	server_drain(admin->server, done, context);
}

void admin_destroy(struct admin *admin) {
	if (admin == NULL) {
		return;
	}
	server_destroy(admin->server);
	free(admin);
}
