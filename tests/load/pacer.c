#include "tests/load/pacer.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <uv.h>

#include "common/memory.h"

struct pacer {
	uv_poll_t poll;
	int descriptor;
	void (*due)(void *context);
	void *context;
};

static void on_readable(uv_poll_t *poll, int status, int events) {
	const struct pacer *pacer = poll->data;
	uint64_t expirations;
	(void)status;
	(void)events;
	if (read(pacer->descriptor, &expirations, sizeof expirations) == sizeof expirations) {
		pacer->due(pacer->context);
	}
}

struct pacer *pacer_create(uv_loop_t *loop, void (*due)(void *context), void *context) {
	struct pacer *pacer = memory_new(sizeof *pacer);
	pacer->descriptor = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	assert(pacer->descriptor >= 0);
	pacer->due = due;
	pacer->context = context;
	pacer->poll.data = pacer;
	int error = uv_poll_init(loop, &pacer->poll, pacer->descriptor);
	assert(error == 0);
	error = uv_poll_start(&pacer->poll, UV_READABLE, on_readable);
	assert(error == 0);
	return pacer;
}

void pacer_set(struct pacer *pacer, int64_t at_us) {
	const struct itimerspec when = {
		.it_value = {.tv_sec = at_us / 1000000, .tv_nsec = at_us % 1000000 * 1000},
	};
	int error = timerfd_settime(pacer->descriptor, TFD_TIMER_ABSTIME, &when, NULL);
	assert(error == 0);
}

static void on_closed(uv_handle_t *handle) {
	struct pacer *pacer = handle->data;
	close(pacer->descriptor);
	free(pacer);
}

void pacer_destroy(struct pacer *pacer) {
	if (pacer != NULL) {
		uv_close((uv_handle_t *)&pacer->poll, on_closed);
	}
}
