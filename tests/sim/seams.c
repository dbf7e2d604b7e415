/*
 * seams - the clock, timers, the loop's wake-up and randomness, on virtual time.
 *
 * Implements common/clock.h, common/wakeup.h and the three functions of libuv that common/bus.c calls;
 * linked before the libraries that have the real ones. All of it belongs to the node that is the
 * current one: the modules under test do not know of nodes.
 */
#include "tests/sim/seams.h"

#include <sodium.h>
#include <stdlib.h>
#include <uv.h>

#include "common/clock.h"
#include "common/memory.h"
#include "common/wakeup.h"
#include "tests/sim/node.h"
#include "tests/sim/world.h"

#define WAKE_US_MAX 40
/* Timers are late by up to so much, as on a busy machine. */
#define TIMER_LATE_US_MAX 1500

static struct chance timers;
static struct chance randomness;

/* ---- common/clock.h ---------------------------------------------------------------------------- */

int64_t clock_wall_us(void) {
	const struct node *node = world_current();
	return WORLD_EPOCH_US + world_now_us() + (node == NULL ? 0 : node->clock_offset_us);
}

int64_t clock_wall_ms(void) {
	return clock_wall_us() / 1000;
}

/* Not 0 at the start, and the same for all nodes: no program sends it anywhere. */
int64_t clock_monotonic_us(void) {
	return INT64_C(1000000000) + world_now_us();
}

/* ---- common/wakeup.h --------------------------------------------------------------------------- */

struct wakeup {
	wakeup_handler handler;
	void *context;
	struct node *node;
	struct world_event *event; /* NULL: not set */
};

struct wakeup *wakeup_create(struct uv_loop_s *loop, wakeup_handler handler, void *context) {
	(void)loop;
	struct wakeup *wakeup = memory_new(sizeof *wakeup);
	*wakeup = (struct wakeup){.handler = handler, .context = context, .node = world_current()};
	return wakeup;
}

void wakeup_destroy(struct wakeup *wakeup) {
	if (wakeup != NULL) {
		world_cancel(wakeup->event);
		free(wakeup);
	}
}

static void on_time(void *context) {
	struct wakeup *wakeup = context;
	wakeup->event = NULL;
	wakeup->handler(wakeup->context);
}

void wakeup_after(struct wakeup *wakeup, uint64_t ms) {
	world_cancel(wakeup->event);
	wakeup->event = world_after_timer(wakeup->node,
		(int64_t)ms * 1000 + chance_between(&timers, 0, TIMER_LATE_US_MAX), on_time,
		wakeup);
}

void wakeup_cancel(struct wakeup *wakeup) {
	world_cancel(wakeup->event);
	wakeup->event = NULL;
}

bool wakeup_is_set(const struct wakeup *wakeup) {
	return wakeup->event != NULL;
}

/* ---- libuv's uv_async, for common/bus.c -------------------------------------------------------- */

/* What uv_async_t.loop points to here: the node that waits, and the event that will wake it. */
struct sleeper {
	struct node *node;
	struct world_event *event;
	uv_async_t *handle;
};

static void on_wake(void *context) {
	struct sleeper *sleeper = context;
	sleeper->event = NULL;
	sleeper->handle->async_cb(sleeper->handle);
}

int uv_async_init(uv_loop_t *loop, uv_async_t *handle, uv_async_cb callback) {
	(void)loop;
	struct sleeper *sleeper = memory_new(sizeof *sleeper);
	sleeper->node = world_current();
	sleeper->handle = handle;
	handle->async_cb = callback;
	handle->loop = (uv_loop_t *)sleeper;
	return 0;
}

int uv_async_send(uv_async_t *handle) {
	struct sleeper *sleeper = (struct sleeper *)handle->loop;
	if (sleeper->event == NULL) {
		sleeper->event = world_after(
			sleeper->node, chance_between(&timers, 0, WAKE_US_MAX), on_wake, sleeper);
	}
	return 0;
}

void uv_close(uv_handle_t *handle, uv_close_cb callback) {
	struct sleeper *sleeper = (struct sleeper *)handle->loop;
	world_cancel(sleeper->event);
	free(sleeper);
	callback(handle);
}

/* ---- libsodium's randomness, for common/crypto.c ----------------------------------------------- */

static const char *random_name(void) {
	return "simulated";
}

static uint32_t random_word(void) {
	return (uint32_t)(chance_next(&randomness) >> 32);
}

static void random_bytes(void *const target, const size_t size) {
	uint8_t *bytes = target;
	for (size_t i = 0; i < size; i++) {
		bytes[i] = (uint8_t)(chance_next(&randomness) >> 32);
	}
}

void seams_init(void) {
	static struct randombytes_implementation implementation = {
		.implementation_name = random_name,
		.random = random_word,
		.buf = random_bytes,
	};
	randombytes_set_implementation(&implementation);
}

void seams_begin(void) {
	timers = chance_for("timers");
	randomness = chance_for("randomness");
}
