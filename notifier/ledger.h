/*
 * ledger - the notices in PostgreSQL: finds what is owed, claims it, and writes down what became
 * of it.
 *
 * One round does all of it, in this order, in a few statements for hundreds of notices:
 *
 *	settle ─▶ poll ─┬─▶ make what new contacts were owed (late)
 *	                ├─▶ claim what is due
 *	                └─▶ look at campaigns with news, claiming what they owe
 *
 * It looks ahead no further than what it can send soon. Bookings whose person has no contact are
 * passed, thousands in a look, and leave nothing behind: when a contact comes it is written down with it
 * (contact_news in deploy/postgres), and the bookings of its account are looked at again.
 *
 * Any number of notifiers may do this at once: a row, or the position of a campaign, belongs to
 * whoever locks it first, and the others go on to the next one. A claim has an end: what is
 * claimed by a notifier that died is claimed again after it, and counted as ambiguous.
 *
 * Blocking, for a worker thread; a round ends in bounded time whatever the database does. When it
 * ends early, because the database cannot be reached, nothing is lost: what was not settled is
 * settled in the next round (settling twice changes nothing), and what was claimed without our
 * knowing falls due when the claim ends.
 */
#ifndef NOTIFIER_LEDGER_H
#define NOTIFIER_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/database.h"
#include "notifier/measures.h"
#include "notifier/notice_list.h"

struct ledger;

struct ledger_options {
	const char *database_url;
	const char *claimed_by; /* names this process among all that ever ran */
	uint32_t claim_seconds;
};

struct ledger_backlog {
	uint64_t due[CHANNELS];
	uint64_t oldest_due_seconds;
	uint64_t unseen_decisions;
};

struct ledger_round {
	/* Set before. */
	struct notice_list unsettled; /* claimed ones with a new state */
	struct notice_list empty;     /* at least as many as there is room; some come back */
	uint32_t room[CHANNELS];      /* how many to claim; 0: none of this channel */
	/* Look no further than this channel can take. Not so for one that is stuck: what it owes
	 * becomes due and waits in its table, and the other channel goes on. */
	bool holds_back[CHANNELS];
	bool backlog_wanted;

	/* Set by the round; counts are of this round. */
	enum database_outcome outcome; /* DATABASE_OK, or why the round ended early */
	struct notice_list claimed;
	bool more[CHANNELS];           /* there may be more than was claimed */
	uint64_t ambiguous;            /* claims of others that had run out */
	uint64_t without_contact;      /* bookings that were passed */
	struct ledger_backlog backlog; /* if wanted */
};

/* Copies nothing: the strings must live as long. Does not connect yet. */
struct ledger *ledger_create(const struct ledger_options *options);
void ledger_destroy(struct ledger *ledger);

void ledger_round(struct ledger *ledger, struct ledger_round *round);
/* The last error as one line; "" if there was none. */
const char *ledger_error(const struct ledger *ledger);

#endif
