/*
 * provider - the mail server and the SMS gateway of the simulated world, and what they took.
 *
 *	transfers.c (in place of curl) ──message──▶ provider ──▶ inbox, for the checker
 *	        ▲                                     │
 *	        └────────── what it says ─────────────┘   which may be late, lost, or a lie
 *
 * What is in the inbox has been delivered to a person. A message that was on its way when its notifier
 * died arrives all the same.
 */
#ifndef TESTS_SIM_PROVIDER_H
#define TESTS_SIM_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/pure/messages.h"
#include "notifier/message.h"

#define PROVIDER_CONTACT_BYTES 64u

/* One message as it goes over the wire. */
struct mail_item {
	enum channel channel;
	char name[MESSAGE_NAME_BYTES]; /* of its Message-ID, or its idempotency token */
	char to[PROVIDER_CONTACT_BYTES];
	uint32_t node; /* who sent it */
	uint32_t incarnation;
};

enum provider_fate {
	PROVIDER_TAKES,
	PROVIDER_REFUSES, /* for now */
	PROVIDER_REJECTS, /* for good */
	PROVIDER_TAKES_SILENTLY,
	PROVIDER_HANGS,     /* does not take it */
	PROVIDER_UNREACHED, /* the connection cannot be made */
	PROVIDER_TAKES_AND_DENIES,
};

struct delivered {
	struct mail_item item;
	enum provider_fate fate; /* one of those that take */
	int64_t time_us;         /* in the world's time */
};

void provider_begin(void);
void provider_end(void);
/* Decides what becomes of a message that arrives now, and keeps it if it is taken. */
enum provider_fate provider_receive(const struct mail_item *item);
/* A pause between two things that happen on the wire. */
int64_t provider_pause_us(void);
/* How long somebody who hangs is waited for. */
int64_t provider_patience_us(void);

size_t provider_delivered_count(void);
const struct delivered *provider_delivered(size_t index);
/* How often it refused this message for good. */
uint32_t provider_rejections(enum channel channel, const char *name);

#endif
