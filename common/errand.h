/*
 * errand - a blocking piece of work, done on a thread, whose end is told on the loop.
 *
 *	loop thread                        a thread of libuv's pool
 *	errand_begin ─────────────────────▶ work(context)
 *	done(context) ◀──────────────────── it returns
 *
 * While the work runs, its context belongs to the thread: the loop touches nothing of it before done
 * is called, or errand_abandon has returned. An errand lives from its beginning until done is called,
 * or until it is abandoned.
 */
#ifndef COMMON_ERRAND_H
#define COMMON_ERRAND_H

struct errand;
struct uv_loop_s;

typedef void (*errand_handler)(void *context);

/* Calls work on a thread as soon as one is free, then done on the loop, never from inside this call. */
struct errand *errand_begin(
	struct uv_loop_s *loop, errand_handler work, errand_handler done, void *context);
/* Waits until the work has ended, or sees to it that it never begins; done will not be called. The
 * loop must turn once more. NULL is allowed. */
void errand_abandon(struct errand *errand);

#endif
