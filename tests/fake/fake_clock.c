#include "tests/fake/fake_clock.h"

#include <assert.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/memory.h"
#include "common/wakeup.h"

struct wakeup {
	struct wakeup *next;
	wakeup_handler handler;
	void *context;
	int64_t due_ms; /* -1: not set */
};

/* Wakeups know only the loop, which is not there: so all belong to the one clock. */
static struct wakeup *wakeups;
static int64_t now_ms;

void fake_clock_reset(void) {
	assert(wakeups == NULL);
	now_ms = 0;
}

int64_t fake_clock_ms(void) {
	return now_ms;
}

void fake_clock_tick(void) {
	now_ms++;
}

void fake_clock_wake(void) {
	for (struct wakeup *wakeup = wakeups; wakeup != NULL;) {
		if (wakeup->due_ms >= 0 && wakeup->due_ms <= now_ms) {
			wakeup->due_ms = -1;
			wakeup->handler(wakeup->context);
			wakeup = wakeups; /* the handler may have changed the list */
		} else {
			wakeup = wakeup->next;
		}
	}
}

/* ---- clock.h ----------------------------------------------------------------------------------- */

int64_t clock_wall_us(void) {
	return now_ms * 1000;
}

int64_t clock_wall_ms(void) {
	return now_ms;
}

int64_t clock_monotonic_us(void) {
	return now_ms * 1000;
}

/* ---- wakeup.h ---------------------------------------------------------------------------------- */

struct wakeup *wakeup_create(struct uv_loop_s *loop, wakeup_handler handler, void *context) {
	(void)loop;
	struct wakeup *wakeup = memory_new(sizeof(*wakeup));
	*wakeup = (struct wakeup){wakeups, handler, context, -1};
	wakeups = wakeup;
	return wakeup;
}

void wakeup_destroy(struct wakeup *wakeup) {
	for (struct wakeup **link = &wakeups; *link != NULL; link = &(*link)->next) {
		if (*link == wakeup) {
			*link = wakeup->next;
			free(wakeup);
			return;
		}
	}
}

void wakeup_after(struct wakeup *wakeup, uint64_t ms) {
	wakeup->due_ms = now_ms + (int64_t)ms;
}

void wakeup_cancel(struct wakeup *wakeup) {
	wakeup->due_ms = -1;
}

bool wakeup_is_set(const struct wakeup *wakeup) {
	return wakeup->due_ms >= 0;
}
