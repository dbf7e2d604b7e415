/*
 * measures - what the notifier counts about itself, for the operator.
 */
#ifndef NOTIFIER_MEASURES_H
#define NOTIFIER_MEASURES_H

#include <stddef.h>
#include <stdint.h>

#include "common/metrics.h"
#include "common/pure/messages.h"
#include "notifier/outcome.h"
#include "notifier/texts.h"

/* Email and SMS. */
#define CHANNELS 2u

struct notifier_measures {
	uint64_t sent[CHANNELS][TEMPLATE_COUNT];
	uint64_t failed[CHANNELS][TEMPLATE_COUNT]; /* for good */
	uint64_t attempts[CHANNELS][OUTCOME_COUNT];
	uint64_t sms_parts;       /* handed to the provider, which charges for them */
	uint64_t unsure;          /* attempts of which nobody knows whether the message was taken */
	uint64_t ambiguous;       /* notices that were claimed by a notifier that died */
	uint64_t without_contact; /* bookings that were passed */
	uint64_t overtaken;
	uint64_t codes_expired;
	uint64_t codes_unreadable;
	/* gauges */
	uint64_t due[CHANNELS];
	uint64_t unseen; /* decisions in the ledger that the notifier has not looked at yet */
	uint64_t oldest_due_seconds;
	uint64_t claimed[CHANNELS];      /* in this process */
	uint64_t slow_notices[CHANNELS]; /* 1: the provider fails, so it is asked rarely */
	uint64_t slow_codes[CHANNELS];
	uint64_t database_available; /* 1 or 0 */
	struct histogram code_us;    /* from the ingress's message to the provider's answer */
	struct histogram send_us[CHANNELS]; /* of one attempt */
};

extern struct notifier_measures notifier_measures;

#define MEASURES_COUNT 55u
extern const struct metric notifier_measures_table[MEASURES_COUNT];

/* 0 or 1, for the arrays above. */
size_t channel_index(enum channel channel);

#endif
