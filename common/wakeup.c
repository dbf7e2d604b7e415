#include "common/wakeup.h"

#include <stdlib.h>
#include <uv.h>

#include "common/memory.h"

struct wakeup {
	uv_timer_t timer;
	wakeup_handler handler;
	void *context;
};

struct wakeup *wakeup_create(struct uv_loop_s *loop, wakeup_handler handler, void *context) {
	struct wakeup *wakeup = memory_new(sizeof(*wakeup));
	wakeup->handler = handler;
	wakeup->context = context;
	uv_timer_init(loop, &wakeup->timer);
	wakeup->timer.data = wakeup;
	return wakeup;
}

static void on_closed(uv_handle_t *handle) {
	free(handle->data);
}

void wakeup_destroy(struct wakeup *wakeup) {
	if (wakeup != NULL) {
		uv_close((uv_handle_t *)&wakeup->timer, on_closed);
	}
}

static void on_timer(uv_timer_t *timer) {
	struct wakeup *wakeup = timer->data;
	wakeup->handler(wakeup->context);
}

void wakeup_after(struct wakeup *wakeup, uint64_t ms) {
	/* libuv counts from the start of this turn of the loop, which may be long ago. */
	uv_update_time(wakeup->timer.loop);
	uv_timer_start(&wakeup->timer, on_timer, ms, 0);
}

void wakeup_cancel(struct wakeup *wakeup) {
	uv_timer_stop(&wakeup->timer);
}

bool wakeup_is_set(const struct wakeup *wakeup) {
	return uv_is_active((const uv_handle_t *)&wakeup->timer) != 0;
}
