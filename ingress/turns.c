/*
 * turns - one check handle and one timer.
 */
#include "ingress/turns.h"

#include <assert.h>
#include <stdlib.h>
#include <uv.h>

#include "common/memory.h"

struct turns {
	struct turns_options options;
	uv_check_t check;
	uv_timer_t timer;
	int open; /* handles that libuv still has */
};

static void on_check(uv_check_t *check) {
	const struct turns *turns = check->data;
	turns->options.after_sockets(turns->options.context);
}

static void on_timer(uv_timer_t *timer) {
	const struct turns *turns = timer->data;
	turns->options.tick(turns->options.context);
}

struct turns *turns_create(uv_loop_t *loop, const struct turns_options *options) {
	struct turns *turns = memory_new(sizeof *turns);
	turns->options = *options;
	turns->check.data = turns;
	turns->timer.data = turns;
	turns->open = 2;
	uv_check_init(loop, &turns->check);
	uv_timer_init(loop, &turns->timer);
	int status = uv_check_start(&turns->check, on_check);
	assert(status == 0);
	status = uv_timer_start(&turns->timer, on_timer, options->tick_ms, options->tick_ms);
	assert(status == 0);
	return turns;
}

static void on_closed(uv_handle_t *handle) {
	struct turns *turns = handle->data;
	if (--turns->open == 0) {
		free(turns);
	}
}

void turns_destroy(struct turns *turns) {
	if (turns == NULL) {
		return;
	}
	uv_close((uv_handle_t *)&turns->check, on_closed);
	uv_close((uv_handle_t *)&turns->timer, on_closed);
}
