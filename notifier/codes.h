/*
 * codes - delivers one-time codes: from the work queue CODES to the person, and nothing
 * remembered.
 *
 *	free ──pulled──▶ waiting ──sender_may_send──▶ sending ──▶ free
 *	                    │                            │
 *	                    │ too many of its channel    ├── taken, or refused for good: acknowledged
 *	                    └──▶ given back for a while ─┴── temporary failure: given back for a while
 *
 * A code that is not acknowledged comes again, to this notifier or another one, until it expires;
 * then it is dropped. Each has a name made of its place in the stream, so a person who gets one
 * twice gets the same mail twice, with the same Message-ID. Codes have senders of their own, and
 * neither channel can take all places: a dead SMS provider does not keep codes from going out by
 * email.
 */
#ifndef NOTIFIER_CODES_H
#define NOTIFIER_CODES_H

struct bus;
struct codes;
struct uv_loop_s;

/* Codes in hand at once, and how many of them may be of one channel. */
#define CODES_SLOTS 96u
#define CODES_CHANNEL_SLOTS_MAX 72u

/* Pulls as soon as the loop runs. The rest comes from settings.h. */
struct codes *codes_create(struct uv_loop_s *loop, struct bus *bus);
/* The loop must turn once more. NULL is allowed. */
void codes_destroy(struct codes *codes);
/* Pulls no more, gives back what waits, and calls on_drained when nothing is under way. */
void codes_drain(struct codes *codes, void (*on_drained)(void *owner), void *owner);

#endif
