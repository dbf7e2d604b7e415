/*
 * ledger - the tables of PostgreSQL (deploy/postgres) in memory, with transactions and sessions.
 *
 *	 store.c, ledger.c (the real ones)
 *	      │ SQL
 *	 database.c ──▶ ledger_decisions.c, ledger_notices.c ──▶ rows here ◀── the checker reads
 *
 * Rows never move, so a transaction is undone by putting back what its rows were before, and by
 * forgetting the rows that it added. There is one transaction at a time: a program does all of one
 * inside a single event. One may be left in doubt: undone for the time being, committed later.
 *
 * One ledger at a time in the process, as there is one world.
 */
#ifndef TESTS_SIM_LEDGER_H
#define TESTS_SIM_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/pure/definition.h"
#include "common/pure/messages.h"
#include "notifier/delivery.h"
#include "notifier/outcome.h"
#include "notifier/texts.h"

/* Definitions of the simulation are short. */
#define LEDGER_DEFINITION_BYTES 1024u
#define LEDGER_CLAIMED_BY_BYTES 96u

/* ---- rows; all times are microseconds since 1970, 0 stands for null ----------------------------- */

struct ledger_campaign {
	uint32_t ordinal;
	char id[CAMPAIGN_ID_BYTES_MAX + 1];
	char definition[LEDGER_DEFINITION_BYTES];
	char title[CAMPAIGN_TITLE_BYTES_MAX + 1];
	char pickup_text[CAMPAIGN_PICKUP_BYTES_MAX + 1];
	char time_zone[CAMPAIGN_ZONE_BYTES_MAX + 1];
	bool has_price; /* by its definition */
	enum verification verification;
	enum campaign_state state;
	struct counters counters;
	uint64_t decided_n;
	int64_t decided_at_us;
	bool has_digest;
	uint8_t digest[DIGEST_BYTES];
};

struct ledger_booking {
	uint32_t campaign;
	uint32_t number;
	struct account_id account;
	enum booking_status status;
	uint32_t units;
	uint64_t place;
	uint64_t decision_n;
	int64_t booked_at_us;
	int64_t pay_by_us;
	uint32_t rank;
};

/* One of the accounts of a row of booking_owners. */
struct ledger_owner {
	int64_t prefix;
	uint32_t campaign;
	struct account_id account;
	uint32_t number;
};

struct ledger_change {
	bool removed;
	uint32_t campaign;
	uint64_t decision_n;
	uint32_t position;
	uint32_t number;
	enum booking_status status;
	int cause;
	int64_t pay_by_us;
	int64_t changed_at_us;
};

struct ledger_drain {
	uint32_t campaign;
	uint64_t last_n;
};

struct ledger_contact {
	struct identity identity;
	struct account_id account;
	enum channel channel;
	char contact[64];
	char locale[8];
	int64_t verified_at_us;
};

struct ledger_merge {
	struct account_id old_account;
	struct account_id new_account;
};

/* Of contact_news. */
struct ledger_news {
	bool removed;
	struct account_id account;
};

struct ledger_notice {
	uint32_t campaign;
	uint32_t number;
	enum template template;
	int channel;
	enum delivery_state state;
	uint32_t attempts;
	uint32_t ambiguous;
	int64_t created_at_us;
	int64_t due_at_us;
	char claimed_by[LEDGER_CLAIMED_BY_BYTES];
	int64_t settled_at_us;
	char provider_id[PROVIDER_ID_BYTES];
	char error[OUTCOME_ERROR_BYTES];
	/* Not a column: when the last claim of another notifier ran out and was taken over. */
	int64_t taken_over_us;
};

struct ledger_position {
	uint32_t campaign;
	uint32_t number;
	uint64_t change_n;
	int64_t change_position;
	uint64_t seen_n;
};

enum ledger_table {
	LEDGER_CAMPAIGNS,
	LEDGER_BOOKINGS,
	LEDGER_OWNERS,
	LEDGER_CHANGES,
	LEDGER_DRAINS,
	LEDGER_CONTACTS,
	LEDGER_MERGES,
	LEDGER_NEWS,
	LEDGER_NOTICES,
	LEDGER_POSITIONS,
	LEDGER_TABLES,
};

/* An empty database, with nobody connected. */
void ledger_begin(void);
void ledger_end(void);

size_t ledger_count(enum ledger_table table);
void *ledger_row(enum ledger_table table, size_t index);
/* A new row, zeroed. */
void *ledger_insert(enum ledger_table table);
/* Before a row is changed, so that the transaction can be undone. */
void ledger_touch(enum ledger_table table, const void *row);

/* NULL if there is none. */
struct ledger_campaign *ledger_campaign(uint32_t ordinal);
struct ledger_booking *ledger_booking(uint32_t campaign, uint32_t number);
/* Whose an account is now, after merges. */
struct account_id ledger_account_now(const struct account_id *account);
/* Whether there are rows in contact_news. */
bool ledger_has_news(void);
/* Whether a message must go out by that channel, even if another one told the same. */
bool ledger_insists_on(const struct ledger_campaign *campaign, int channel);

/* ---- transactions ------------------------------------------------------------------------------ */

void ledger_transaction_begin(void);
void ledger_transaction_commit(void);
void ledger_transaction_roll_back(void);
/* Undoes it for the time being: the server has not come to the commit yet, though its client is gone.
 * ledger_resolve_doubt commits it: later, or as soon as anybody wants to write what it has locked. */
void ledger_transaction_leave_in_doubt(void);
void ledger_resolve_doubt(void);

/* ---- sessions ---------------------------------------------------------------------------------- */

/* 0 if the server takes nobody now. */
uint64_t ledger_session_open(void);
/* The server may notice only after delay_us that the client is gone, and keep its locks until then. */
void ledger_session_close(uint64_t session, int64_t delay_us);
/* False if the server has ended it. If not, this was a sign of life. */
bool ledger_session_is_open(uint64_t session);
/* Ends it when it gives no sign of life for so long. */
void ledger_session_limit(uint64_t session, int64_t idle_us);
/* pg_try_advisory_lock: false if another session has it. */
bool ledger_session_lock(uint64_t session, uint32_t ordinal);

/* Trouble: nobody can connect from now on, and all sessions end; or they can again. */
void ledger_set_away(bool away);
void ledger_end_sessions(void);

/* The time of the database's clock, in microseconds since 1970. */
int64_t ledger_now_us(void);

#endif
