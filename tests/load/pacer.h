/*
 * pacer - wakes the loop at a moment, to some ten microseconds; libuv's timers know milliseconds.
 *
 * A timerfd.
 */
#ifndef TESTS_LOAD_PACER_H
#define TESTS_LOAD_PACER_H

#include <stdint.h>

struct uv_loop_s;
struct pacer;

struct pacer *pacer_create(struct uv_loop_s *loop, void (*due)(void *context), void *context);
/* By the monotonic clock; a moment that is past comes at once. Forgets the one before. */
void pacer_set(struct pacer *pacer, int64_t at_us);
/* Memory goes when the loop has turned once more. NULL is allowed. */
void pacer_destroy(struct pacer *pacer);

#endif
