/*
 * books - the cashier's tables in PostgreSQL: one round writes what came in, and claims what is due.
 *
 *	open:	session ─▶ lock ─▶ release what somebody else had claimed ─▶ positions
 *	round:	begin ─▶ positions ─▶ news, sheet by sheet ─▶ poll ─▶ claims ─▶ commit
 *
 * A round is one transaction: positions move with what was read. Only the session that has the lock
 * writes, for as long as it lives; and positions move only from where its cashier believes them to
 * be. So a cashier that was frozen and wakes up writes nothing.
 *
 * Blocking, for a worker thread; ends in bounded time whatever the database does. After any outcome
 * but DATABASE_OK nobody knows what was written: forget everything, open again, and read on from the
 * positions there. What was claimed meanwhile falls due again.
 */
#ifndef CASHIER_BOOKS_H
#define CASHIER_BOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cashier/job.h"
#include "cashier/news.h"
#include "common/database.h"

struct books;

struct books_options {
	const char *database_url;
	const char *name; /* of this instance */
	const char *provider;
	uint32_t claim_seconds;
	uint32_t capture_after_ms;
	uint32_t reconcile_seconds; /* after pay_by a silent order is asked about */
};

/* How far a source was read. */
struct books_position {
	uint64_t n;
	uint8_t digest[DIGEST_BYTES];
	struct news_campaign campaign; /* ordinal 0: of the stream PAYMENTS */
};

struct books_opening {
	enum database_outcome outcome;
	bool is_active;                   /* this cashier has the lock */
	struct books_position *positions; /* the caller frees it */
	size_t positions_count;
};

/* A payment to tell the line of. */
struct tell {
	char campaign_id[CAMPAIGN_ID_BYTES_MAX + 1];
	char payment_id[PAYMENT_ID_BYTES_MAX + 1];
	struct pay_request request;
	enum pay_state state;
};

struct books_backlog {
	uint64_t orders_wanted;
	uint64_t orders_open;
	uint64_t payments_untold;
	uint64_t refunds_due;
	uint64_t refunds_failed;
};

#define BOOKS_JOBS_MAX 256u
#define BOOKS_TELLS_MAX 2048u

/* How many to claim; 0: none. Jobs together at most BOOKS_JOBS_MAX. */
struct books_room {
	uint32_t orders;
	uint32_t looks;
	uint32_t payments; /* to capture or identify */
	uint32_t refunds;
	uint32_t tells;
};

struct books_round {
	/* Set before. */
	const struct news *news;
	struct books_room room;
	bool backlog_wanted;

	/* Set by the round. */
	enum database_outcome outcome;
	uint32_t jobs_count;
	uint32_t tells_count;
	uint64_t payments_moved;
	uint64_t payments_by_asking; /* of those: differences that reconciliation found */
	uint64_t payments_problems;
	uint64_t refunds_failed;
	struct books_backlog backlog; /* if wanted */
	struct job jobs[BOOKS_JOBS_MAX];
	struct tell tells[BOOKS_TELLS_MAX];
};

/* Copies nothing: the strings must live as long. Does not connect yet. */
struct books *books_create(const struct books_options *options);
void books_destroy(struct books *books);

/* Call it again every second while another one is active; that also keeps the session alive. */
void books_open(struct books *books, struct books_opening *opening);
void books_round(struct books *books, struct books_round *round);
/* The last error as one line; "" if there was none. */
const char *books_error(const struct books *books);

#endif
