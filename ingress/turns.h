/*
 * turns - calls at the right moments of the loop: after each look at the sockets (and a millisecond
 * later once more, where that asks for it), and at each tick.
 *
 * What the sockets brought in one turn goes into one batch, so the flush stands after them (a libuv
 * check handle), and costs no waiting. But a turn has no bound that helps: while more than a
 * thousand sockets are ready, libuv looks at up to 49,152 of them before it comes to check handles
 * and timers, which takes a second and more. So whoever gets requests calls turns_mind, which does
 * what is due.
 *
 * It measures, too, how long a request waits in its socket: sockets are looked at in the order in
 * which they became ready, so a descriptor of our own that becomes ready now is looked at when a
 * request that comes now is.
 */
#ifndef INGRESS_TURNS_H
#define INGRESS_TURNS_H

#include <stdbool.h>
#include <stdint.h>

struct uv_loop_s;
struct turns;

struct turns_options {
	uint64_t tick_ms;
	bool (*after_sockets)(void *context); /* true: again, in a millisecond */
	void (*tick)(void *context);
	void (*waited)(void *context, int64_t waited_us, int64_t now_us);
	void *context;
};

struct turns *turns_create(struct uv_loop_s *loop, const struct turns_options *options);
/* Before each request. May call what the options name. */
void turns_mind(struct turns *turns, int64_t now_us);
/* Memory goes when the loop has turned once more. NULL is allowed. */
void turns_destroy(struct turns *turns);

#endif
