/*
 * turns - a check handle, two timers, and a descriptor that we make ready ourselves.
 */
#include "ingress/turns.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <uv.h>

#include "common/clock.h"
#include "common/memory.h"

/* After this in one turn, what was brought is sent. A turn that is no longer is not disturbed. */
#define FLUSH_US 2000
#define AGAIN_MS 1
/* Ticks may be late by this before they are done inside of a turn. */
#define LATE_TICKS 2
/* Waiting is measured so often, where there are requests. */
#define MEASURE_US 10000

struct turns {
	struct turns_options options;
	uv_check_t check;
	uv_timer_t timer;
	uv_timer_t again;
	uv_poll_t probe; /* no uv_async_t: all of a loop share a descriptor, which is ready often */
	int probe_descriptor;
	int open; /* handles that libuv still has */
	int64_t flushed_at_us;
	int64_t ticked_at_us;
	int64_t probed_at_us;
	bool probing;
};

static bool flush(struct turns *turns, int64_t now_us) {
	turns->flushed_at_us = now_us;
	return turns->options.after_sockets(turns->options.context);
}

static void tick(struct turns *turns, int64_t now_us) {
	turns->ticked_at_us = now_us;
	turns->options.tick(turns->options.context);
}

/* It has woken the loop, and that is all: the check handle is next. */
static void on_again(uv_timer_t *again) {
	(void)again;
}

static void on_check(uv_check_t *check) {
	struct turns *turns = check->data;
	if (flush(turns, clock_monotonic_us())) {
		uv_timer_start(&turns->again, on_again, AGAIN_MS, 0);
	}
}

static void on_timer(uv_timer_t *timer) {
	tick(timer->data, clock_monotonic_us());
}

static void on_probe(uv_poll_t *probe, int status, int events) {
	struct turns *turns = probe->data;
	int64_t now_us = clock_monotonic_us();
	uint64_t count;
	(void)status;
	(void)events;
	if (read(turns->probe_descriptor, &count, sizeof count) == sizeof count) {
		turns->probing = false;
		turns->options.waited(turns->options.context, now_us - turns->probed_at_us, now_us);
	}
}

static void send_probe(struct turns *turns, int64_t now_us) {
	const uint64_t one = 1;
	turns->probed_at_us = now_us;
	turns->probing = write(turns->probe_descriptor, &one, sizeof one) == sizeof one;
}

void turns_mind(struct turns *turns, int64_t now_us) {
	if (!turns->probing && now_us - turns->probed_at_us > MEASURE_US) {
		send_probe(turns, now_us);
	}
	if (now_us - turns->flushed_at_us > FLUSH_US) {
		flush(turns, now_us);
	}
	if (now_us - turns->ticked_at_us > LATE_TICKS * (int64_t)turns->options.tick_ms * 1000) {
		tick(turns, now_us);
	}
}

struct turns *turns_create(uv_loop_t *loop, const struct turns_options *options) {
	struct turns *turns = memory_new(sizeof *turns);
	turns->options = *options;
	turns->check.data = turns;
	turns->timer.data = turns;
	turns->again.data = turns;
	turns->probe.data = turns;
	turns->ticked_at_us = clock_monotonic_us();
	turns->open = 4;
	uv_check_init(loop, &turns->check);
	uv_timer_init(loop, &turns->timer);
	uv_timer_init(loop, &turns->again);
	turns->probe_descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	assert(turns->probe_descriptor >= 0);
	int status = uv_poll_init(loop, &turns->probe, turns->probe_descriptor);
	assert(status == 0);
	status = uv_poll_start(&turns->probe, UV_READABLE, on_probe);
	assert(status == 0);
	status = uv_check_start(&turns->check, on_check);
	assert(status == 0);
	status = uv_timer_start(&turns->timer, on_timer, options->tick_ms, options->tick_ms);
	assert(status == 0);
	return turns;
}

static void on_closed(uv_handle_t *handle) {
	struct turns *turns = handle->data;
	if (--turns->open == 0) {
		close(turns->probe_descriptor);
		free(turns);
	}
}

void turns_destroy(struct turns *turns) {
	if (turns == NULL) {
		return;
	}
	uv_close((uv_handle_t *)&turns->check, on_closed);
	uv_close((uv_handle_t *)&turns->timer, on_closed);
	uv_close((uv_handle_t *)&turns->again, on_closed);
	uv_close((uv_handle_t *)&turns->probe, on_closed);
}
