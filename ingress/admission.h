/*
 * admission - how often somebody may ask, counted at the door.
 *
 * Pure: time is an argument, memory is the caller's. Each bucket is one time stamp (the generic
 * cell rate algorithm, ITU-T I.371): it says when the bucket would be full again, so an idle bucket
 * and no bucket are the same thing, and nothing has to be swept. The table has a fixed size; where
 * four who share a set are all active, the one nearest to being full is forgotten. So under attack
 * the table forgets, it never refuses somebody new.
 *
 * These limits protect this process and are counted by it alone. What must hold over all processes
 * is counted elsewhere: units per person in the line, codes in the codebook.
 */
#ifndef INGRESS_ADMISSION_H
#define INGRESS_ADMISSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum admission_rule {
	/* Everything from one address, or one /64 of IPv6. A ceiling only: behind one address of a
	 * mobile carrier there may be ten thousands of people. */
	ADMISSION_ADDRESS,
	/* Asking for codes and logging in from one address. */
	ADMISSION_ADDRESS_CODES,
	/* Booking and cancelling by one account: an impatient person, not a program. */
	ADMISSION_ACCOUNT_WRITES,
	/* Reading one's bookings: a look-up in the database each. */
	ADMISSION_ACCOUNT_READS,
	/* Codes and logins for one contact; the exact limits are the codebook's. */
	ADMISSION_CONTACT,
	ADMISSION_RULES,
};

struct admission_slot {
	uint64_t who;       /* 0: never used */
	int64_t full_at_us; /* in the past: the bucket is full */
};

#define ADMISSION_SET 4u
/* 4 MB: the people of some minutes, at a rate at which a process can serve them. */
#define ADMISSION_SLOTS (1u << 18)

struct admission {
	struct admission_slot *slots; /* ADMISSION_SLOTS of them, zeroed; the caller's */
};

struct admission_request {
	enum admission_rule rule;
	uint64_t who;   /* uniformly distributed, and not guessable: a keyed hash of who it is */
	int64_t now_us; /* monotonic */
};

/* Takes one from the bucket. If there is none: false, and when there will be one. */
bool admission_take(struct admission *admission, const struct admission_request *request,
	int64_t *retry_after_us);

#endif
