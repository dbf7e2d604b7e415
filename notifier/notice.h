/*
 * notice - one row of the table notices in the hands of this process, with all that its text names.
 */
#ifndef NOTIFIER_NOTICE_H
#define NOTIFIER_NOTICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/booking_id.h"
#include "common/pure/limits.h"
#include "common/pure/messages.h"
#include "notifier/delivery.h"
#include "notifier/message.h"
#include "notifier/outcome.h"

struct notice {
	struct notice *next; /* of whatever list it is in */
	void *owner;         /* the dispatch that has claimed it */

	/* Which row. */
	uint32_t campaign_ordinal;
	uint32_t number; /* of the booking */
	enum template template;
	enum channel channel;
	struct delivery delivery;
	int64_t claimed_us; /* monotonic, before the claim was asked for */

	/* The booking and its campaign, as they were when it was claimed. */
	enum booking_status status;
	uint32_t units;
	uint64_t place;
	uint64_t rank; /* 0: none */
	int64_t booked_at_ms;
	int64_t pay_by_ms; /* 0: none */
	char campaign_id[CAMPAIGN_ID_BYTES_MAX + 1];
	char title[CAMPAIGN_TITLE_BYTES_MAX + 1];
	char pickup_text[CAMPAIGN_PICKUP_BYTES_MAX + 1];
	char time_zone[CAMPAIGN_ZONE_BYTES_MAX + 1];

	/* The person. */
	char contact[CONTACT_BYTES_MAX + 1]; /* "": not known yet */
	char locale[8];

	/* What became of it, for the row. */
	bool unsure;
	char provider_id[PROVIDER_ID_BYTES];
	char error[OUTCOME_ERROR_BYTES];
};

/* True if what the template says about the booking still holds. Two changes that follow each other
 * quickly give two notices; the first is not sent any more once the second is true. */
bool notice_is_true(const struct notice *notice);

/* The values behind a message's variables. */
struct notice_words {
	char booking_id[BOOKING_ID_SIZE];
	char units[12];
	char place[24];
	char rank[24];
	char time[64];
	char offset[16];
	char pay_by[64];
	char pay_by_offset[16];
	char name[MESSAGE_NAME_BYTES];
};

/* What is not in the row. */
struct notice_facts {
	const struct key *booking_key;
	const char *public_url;
	const char *public_domain;
	int64_t now_ms;
	int booked_at_offset_minutes; /* of the campaign's time zone, then */
	int pay_by_offset_minutes;
};

/* Makes the message that tells the notice. It borrows from all three. */
void notice_message(struct message *message, struct notice_words *words,
	const struct notice *notice, const struct notice_facts *facts);

#endif
