/*
 * lookup - reads from the database, off the loop: whose contact is this, what has somebody booked.
 *
 * A few threads with a connection each, a bounded queue in front of them, and a deadline that the
 * loop keeps, whatever a thread hangs on. Where the database fails, nobody is let through to it for
 * a moment that grows from failure to failure, so that a database that comes back is not trampled.
 * Nothing that a buyer waits for depends on this.
 */
#ifndef INGRESS_LOOKUP_H
#define INGRESS_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/booking_id.h"
#include "common/pure/definition.h"
#include "common/pure/messages.h"

struct uv_loop_s;
struct lookup;

#define LOOKUP_CONNECTIONS 4u /* as many as libuv has threads */
#define LOOKUP_WAITING_MAX 512u
#define LOOKUP_DEADLINE_US 1000000
#define LOOKUP_BOOKINGS_MAX 100u

enum lookup_kind {
	LOOKUP_CONTACT,  /* whose an identity is, and that account's contact of the other channel */
	LOOKUP_BOOKINGS, /* a person's, newest campaign first, LOOKUP_BOOKINGS_MAX at most */
	LOOKUP_BOOKING,  /* one booking, whosever it is */
};

struct lookup_question {
	enum lookup_kind kind;
	struct person person;     /* for LOOKUP_CONTACT: the identity alone */
	struct booking_name name; /* LOOKUP_BOOKING */
};

struct lookup_booking {
	struct booking_name name;
	char campaign_id[CAMPAIGN_ID_BYTES_MAX + 1];
	char definition_hash[DEFINITION_HASH_BYTES * 2 + 1];
	char time_zone[CAMPAIGN_ZONE_BYTES_MAX + 1];
	enum booking_status status;
	uint32_t units;
	uint32_t rank; /* 0: none */
	uint64_t place;
	int64_t booked_at_ms;
	int64_t pay_by_ms; /* 0: none */
	bool is_mine;      /* of the person who asks, by any account that was merged */
};

struct lookup_answer {
	bool is_available; /* false: the database could not be asked; nothing else is set */
	/* LOOKUP_CONTACT */
	bool has_account;
	struct account_id account;
	bool has_partner;
	struct identity partner;
	enum channel partner_channel;
	/* LOOKUP_BOOKINGS, LOOKUP_BOOKING */
	size_t count;
	const struct lookup_booking *bookings;
	uint64_t ledger_n; /* LOOKUP_BOOKING without a booking: how far the ledger is */
};

/* Called once, later, on the loop. */
typedef void (*lookup_handler)(void *context, const struct lookup_answer *answer);

/* Connects when the first question comes. */
struct lookup *lookup_create(struct uv_loop_s *loop, const char *database_url, const char *name);
/* After the loop has ended; waits for threads that are at work. The loop must turn once more. */
void lookup_destroy(struct lookup *lookup);

/* False, and handler will not be called: too many wait, or the database has just failed. */
bool lookup_ask(struct lookup *lookup, const struct lookup_question *question,
	lookup_handler handler, void *context);
void lookup_tick(struct lookup *lookup, int64_t now_us);

#endif
