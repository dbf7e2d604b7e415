/*
 * admin_test - what operators and load balancers are told, with a service that is told what to say.
 *
 * The server is the real one, on a real loop; the functions of common/service that it asks are
 * here.
 */
#include "ingress/admin.h"

#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "common/log.h"
#include "common/service.h"
#include "ingress/http.h"

static struct {
	bool ready;
	bool draining;
	const char *note;
	size_t metrics_bytes;
} service_says;

static uv_loop_t loop;
static uint16_t port;
static struct admin *admin;

struct uv_loop_s *service_loop(const struct service *service) {
	(void)service;
	return &loop;
}

bool service_is_draining(const struct service *service) {
	(void)service;
	return service_says.draining;
}

bool service_is_ready(const struct service *service, const char **note) {
	(void)service;
	*note = service_says.note;
	return service_says.ready;
}

void service_print_metrics(const struct service *service, struct text *text) {
	(void)service;
	for (size_t i = 0; i < service_says.metrics_bytes; i++) {
		text_append_char(text, 'm');
	}
}

static int bind_somewhere(struct sockaddr_in *address) {
	socklen_t size = sizeof(*address);
	int descriptor = socket(AF_INET, SOCK_STREAM, 0);
	*address = (struct sockaddr_in){.sin_family = AF_INET};
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(descriptor, (struct sockaddr *)address, size), 0);
	assert_int_equal(getsockname(descriptor, (struct sockaddr *)address, &size), 0);
	return descriptor;
}

static int start(void **state) {
	(void)state;
	struct sockaddr_in address;
	char listen[64];
	close(bind_somewhere(&address));
	port = ntohs(address.sin_port);
	snprintf(listen, sizeof(listen), "127.0.0.1:%u", port);
	log_init("admin_test", LOG_FATAL, LOG_FORMAT_TEXT);
	assert_int_equal(uv_loop_init(&loop), 0);
	admin = admin_create(NULL, listen);
	return 0;
}

static void on_drained(void *context) {
	bool *drained = context;
	*drained = true;
}

static int stop(void **state) {
	(void)state;
	bool drained = false;
	admin_drain(admin, on_drained, &drained);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_true(drained);
	admin_destroy(admin);
	assert_int_equal(uv_loop_close(&loop), 0);
	return 0;
}

/* Sends the request line with a Host, and returns the whole answer. */
static const char *ask(const char *request_line) {
	static char answer[HTTP_BODY_BYTES_MAX];
	char request[256];
	size_t used = 0;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int size = snprintf(request, sizeof(request),
		"%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", request_line);
	int descriptor = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(descriptor, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(send(descriptor, request, (size_t)size, 0), size);
	for (;;) {
		uv_run(&loop, UV_RUN_NOWAIT);
		ssize_t got =
			recv(descriptor, answer + used, sizeof(answer) - 1 - used, MSG_DONTWAIT);
		if (got == 0) {
			break;
		}
		used += got > 0 ? (size_t)got : 0;
	}
	close(descriptor);
	answer[used] = '\0';
	return answer;
}

static void check(const char *request_line, const char *status, const char *part) {
	const char *answer = ask(request_line);
	assert_memory_equal(answer + strlen("HTTP/1.1 "), status, strlen(status));
	assert_non_null(strstr(answer, part));
}

static void is_alive_whatever_else(void **state) {
	(void)state;
	service_says.ready = false;
	check("GET /healthz", "200", "alive");
	check("HEAD /healthz", "200", "Content-Length: 6");
}

static void says_why_it_is_not_ready(void **state) {
	(void)state;
	service_says.ready = false;
	service_says.note = NULL;
	check("GET /readyz", "503", "not ready: starting");
	service_says.note = "the broker is away";
	check("GET /readyz", "503", "not ready: the broker is away");
	check("GET /readyz", "503", "Retry-After: 1");
	service_says.ready = true;
	check("GET /readyz", "200", "ready");
	service_says.draining = true;
	check("GET /readyz", "503", "not ready: stopping");
	service_says.draining = false;
}

static void prints_metrics_or_says_that_they_do_not_fit(void **state) {
	(void)state;
	service_says.metrics_bytes = 3;
	check("GET /metrics", "200", "\r\n\r\nmmm");
	check("GET /metrics", "200", "text/plain; version=0.0.4");
	service_says.metrics_bytes = 1000000;
	check("GET /metrics", "500", "too many metrics");
}

static void knows_nothing_else(void **state) {
	(void)state;
	check("GET /", "404", "/healthz, /readyz and /metrics");
	check("POST /healthz", "405", "Allow: GET, HEAD");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_alive_whatever_else),
		cmocka_unit_test(says_why_it_is_not_ready),
		cmocka_unit_test(prints_metrics_or_says_that_they_do_not_fit),
		cmocka_unit_test(knows_nothing_else),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
