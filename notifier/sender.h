/*
 * sender - the way out for messages of one channel: composes them, hands them to transfers at the
 * pace that the provider bears, and says what became of each.
 *
 *	message ─▶ email_compose or sms_compose ─▶ transfers ─▶ email_judge or sms_judge ─▶ handler
 *
 * There are four: codes and notices, by email and by SMS, each with connections of its own, so
 * that a million notices never stand before a code. It queues nothing: who has messages asks
 * sender_may_send, and is told by on_ready when that may have become true.
 */
#ifndef NOTIFIER_SENDER_H
#define NOTIFIER_SENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/pure/messages.h"
#include "notifier/message.h"
#include "notifier/outcome.h"
#include "notifier/pace.h"

struct sender;
struct uv_loop_s;

struct sender_options {
	const char *name; /* for logs: "codes", "notices" */
	enum channel channel;
	struct pace_limits limits;
	uint64_t *slow; /* gauge: 1 while the provider fails and is asked rarely */
	void (*on_ready)(void *owner);
	void *owner;
};

/* The rest comes from settings.h. */
struct sender *sender_create(struct uv_loop_s *loop, const struct sender_options *options);
/* Breaks off what is under way, without calling handlers. The loop must turn once more. */
void sender_destroy(struct sender *sender);

bool sender_may_send(const struct sender *sender);
/* The provider failed many times in a row: one message at a time goes, with pauses. */
bool sender_is_slow(const struct sender *sender);
/* How long until a message may go; 0: now, or when one that is under way has ended. */
int64_t sender_wait_ms(const struct sender *sender);
uint32_t sender_under_way(const struct sender *sender);

/* Called on the loop, once for each message that was taken, never from inside sender_send. */
typedef void (*sender_handler)(void *context, const struct send_result *result);

/* Only while sender_may_send. The message is copied. False: it can never be sent (its contact is
 * none, or its text does not fit), and the handler will not be called. */
bool sender_send(struct sender *sender, const struct message *message, sender_handler handler,
	void *context);

#endif
