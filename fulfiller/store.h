/*
 * store - the ledger in PostgreSQL, as the fulfiller sees it: positions, plans and contacts.
 *
 * One connection, used by the loop thread alone. A campaign is claimed (a session's advisory lock)
 * by the fulfiller that writes it; others wait for the lock. What keeps the ledger right is not the
 * lock but that the position moves conditionally, in the transaction of the rows: a plan is written
 * once or not at all.
 * A lost connection loses all claims, and is made again after a pause with jitter; until then
 * everything here answers STORE_UNAVAILABLE at once.
 */
#ifndef FULFILLER_STORE_H
#define FULFILLER_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/pure/messages.h"
#include "fulfiller/plan.h"

enum store_outcome {
	STORE_DONE,
	STORE_BUSY,        /* another fulfiller has the campaign */
	STORE_MOVED,       /* the claim or the position is not what it was: claim again */
	STORE_UNAVAILABLE, /* whether anything was written is unknown: claim again, later */
	STORE_BROKEN,      /* it will not work the next time either; store_error says why */
};

struct store;

/* url: a libpq connection string; name: of this instance. Does not connect yet. */
struct store *store_create(const char *url, const char *name);
void store_destroy(struct store *store);

/* A campaign that is claimed, and how far the ledger is. */
struct store_claim {
	uint32_t session; /* of the connection that holds the lock */
	bool defined;     /* the ledger knows the campaign: it can keep a position for it */
	uint64_t n;       /* the last decision that is in the ledger; 0: none */
	uint8_t digest[DIGEST_BYTES]; /* of that decision */
};

/* Claims a campaign for this fulfiller, or renews the claim, and reads the position. STORE_BROKEN if
 * the ledger belongs to another broker's log: it knows the id or the ordinal of another campaign. */
enum store_outcome store_claim(
	struct store *store, const char *id, uint32_t ordinal, struct store_claim *claim);

/* Writes a plan in one transaction, and moves the claim on with it. The plan brings the first
 * definition, or the ledger knows the campaign already. */
enum store_outcome store_write(struct store *store, struct store_claim *claim, struct plan *plan);

/* Brings a few rows of booking_owners, of campaigns in which nothing happens, together: a fraction of
 * a second's work, for quiet times. folded: there may be more. */
enum store_outcome store_fold(struct store *store, bool *folded);

/* Remembers contacts, in order, in one transaction; at most STORE_CONTACTS_MAX. STORE_MOVED: a
 * conflict with another fulfiller, try again. */
#define STORE_CONTACTS_MAX 100u
enum store_outcome store_contacts(
	struct store *store, const struct verified_contact *contacts, size_t count);

/* Asks the database for a sign of life if there was none for STORE_SILENCE_MS. */
#define STORE_SILENCE_MS INT64_C(2000)
void store_keep_alive(struct store *store);
/* True from a success on until the database fails. */
bool store_is_available(const struct store *store);
/* How long it makes sense to wait before the next try, in milliseconds. */
int store_pause_ms(const struct store *store);
/* The last error as one line; "" if there was none. */
const char *store_error(const struct store *store);

#endif
