/*
 * dispatch - brings notices from the ledger to the senders, and their fate back to the ledger.
 *
 *	loop thread                                         worker thread, one round at a time
 *	empty ──────────────┐                        ┌───▶ ledger_round: settle, claim
 *	unsettled ──────────┴──────── round ─────────┘            │
 *	    ▲                                                     │
 *	    │  taken, refused, put back,        waiting (email) ◀─┤ claimed
 *	    │  untrue, without contact          waiting (SMS)  ◀──┘
 *	    └───── sender ◀── as it may send ──────┘
 *
 * The number of notices in memory is fixed, window for each channel: so nothing is claimed that
 * could not be sent soon, and a slow provider fills its own half only. The database may be slow or
 * away: what was sent waits unsettled, and nothing new is claimed.
 */
#ifndef NOTIFIER_DISPATCH_H
#define NOTIFIER_DISPATCH_H

#include <stdbool.h>
#include <stdint.h>

struct dispatch;
struct uv_loop_s;

struct dispatch_options {
	const char *instance; /* of this program, part of the name of its claims */
	/* Called at each change: whether the database answers, and why not (NULL if it does). */
	void (*on_database)(void *owner, bool available, const char *note);
	void (*on_drained)(void *owner);
	void *owner;
};

/* The rest comes from settings.h. */
struct dispatch *dispatch_create(struct uv_loop_s *loop, const struct dispatch_options *options);
/* Waits for a round that is under way; what is not settled falls due when its claim ends. The loop
 * must turn once more. NULL is allowed. */
void dispatch_destroy(struct dispatch *dispatch);
/* Claims no more, puts back what was not begun, lets what is under way end (in bounded time),
 * settles, and calls on_drained. */
void dispatch_drain(struct dispatch *dispatch);

#endif
