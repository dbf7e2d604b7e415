/*
 * wakeup - a timer on the loop that calls once, for modules that live there.
 *
 * Allocated on its own because libuv keeps a closed timer until the loop turns once more.
 */
#ifndef COMMON_WAKEUP_H
#define COMMON_WAKEUP_H

#include <stdbool.h>
#include <stdint.h>

struct uv_loop_s;
struct wakeup;

typedef void (*wakeup_handler)(void *context);

struct wakeup *wakeup_create(struct uv_loop_s *loop, wakeup_handler handler, void *context);
/* The handler will not be called any more. May be called from inside it. NULL is allowed. */
void wakeup_destroy(struct wakeup *wakeup);

/* Calls the handler once, that many milliseconds from now; forgets what was set before. */
void wakeup_after(struct wakeup *wakeup, uint64_t ms);
void wakeup_cancel(struct wakeup *wakeup);
bool wakeup_is_set(const struct wakeup *wakeup);

#endif
