/*
 * turns - calls at the right moments of the loop: after each look at the sockets, and at each tick.
 *
 * What the sockets brought in one turn goes into one batch, so the flush stands after them (a libuv
 * check handle), and costs no waiting.
 */
#ifndef INGRESS_TURNS_H
#define INGRESS_TURNS_H

#include <stdint.h>

struct uv_loop_s;
struct turns;

struct turns_options {
	uint64_t tick_ms;
	void (*after_sockets)(void *context);
	void (*tick)(void *context);
	void *context;
};

struct turns *turns_create(struct uv_loop_s *loop, const struct turns_options *options);
/* Memory goes when the loop has turned once more. NULL is allowed. */
void turns_destroy(struct turns *turns);

#endif
