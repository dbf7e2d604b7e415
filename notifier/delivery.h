/*
 * delivery - the life of a notice: one message that a booking owes its person on one channel.
 *
 *	                    claim                 taken
 *	    ┌─────▶ due ─────────────▶ claimed ───────────▶ sent
 *	    │        ▲                 │  │  │
 *	    │        └─────────────────┘  │  └────────────▶ overtaken
 *	    │         put back,           │   not true
 *	    │         temporary failure   │   any more
 *	    │                             └───────────────▶ failed
 *	    └─ the claim ran out             permanent failure, or tries used up
 *	       (its notifier died)
 *
 * Pure: time and randomness are arguments. delivery_move is the only writer of the state. The
 * numbers of the states are in the database: never renumber. The move from claimed back to due
 * when a claim ran out is made by the database (ledger.h), as no notifier is there to make it.
 */
#ifndef NOTIFIER_DELIVERY_H
#define NOTIFIER_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

enum delivery_state {
	DELIVERY_DUE = 1,
	DELIVERY_CLAIMED = 2,
	DELIVERY_SENT = 3,
	DELIVERY_FAILED = 4,
	DELIVERY_OVERTAKEN =
		5, /* it had become untrue before it was sent: a later notice tells more */
};
#define DELIVERY_STATES 6u

enum delivery_event {
	DELIVERY_CLAIM,
	DELIVERY_TAKEN,   /* by the provider */
	DELIVERY_REFUSED, /* for good */
	DELIVERY_REFUSED_FOR_NOW,
	DELIVERY_PUT_BACK, /* claimed, but never tried */
	DELIVERY_UNTRUE,
	DELIVERY_EVENTS,
};

/* At the longest pauses these are about six hours: longer than a mail server is usually away. */
#define DELIVERY_ATTEMPTS_MAX 20u
#define DELIVERY_BACKOFF_MS_DEFAULT 5000
#define DELIVERY_BACKOFF_MS_MAX 3600000
/* A notice that was in the hands of so many notifiers when they died may be what kills them. */
#define DELIVERY_AMBIGUOUS_MAX 5u

struct delivery {
	enum delivery_state state;
	uint16_t attempts;  /* that reached a provider, or tried to */
	uint16_t ambiguous; /* times that nobody knows whether it was sent */
	int64_t wait_ms;    /* DELIVERY_DUE: how long it shall rest from now on */
};

struct delivery_chance {
	int64_t backoff_ms;     /* the first pause; doubles with each attempt */
	int64_t retry_after_ms; /* what the provider asked for, 0 if nothing */
	uint32_t random;        /* uniform */
};

/* True if the state allows the event. */
bool delivery_allows(enum delivery_state state, enum delivery_event event);

/* Makes the move and counts it. The event must be allowed. chance may be NULL for events that end
 * in no pause: claim, taken, refused, untrue. */
void delivery_move(
	struct delivery *delivery, enum delivery_event event, const struct delivery_chance *chance);

/* True if a claimed notice has been ambiguous too often to be tried again. */
bool delivery_is_poisonous(const struct delivery *delivery);

/* "Full jitter": uniform between 0 and backoff_ms * 2^attempts, at most DELIVERY_BACKOFF_MS_MAX, so
 * that a crowd which failed together does not come back together. At least a tenth of it. */
int64_t delivery_backoff_ms(uint16_t attempts, const struct delivery_chance *chance);

#endif
