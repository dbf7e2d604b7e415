/*
 * ledger_sql - the statements of the ledger, so that they can be read, and tried in psql, as they
 * are.
 *
 * Each is one transaction. The numbers in them are delivery_state (delivery.h), channel,
 * booking_status and effect_kind (common/pure/messages.h).
 */
#ifndef NOTIFIER_LEDGER_SQL_H
#define NOTIFIER_LEDGER_SQL_H

/* Whoever waits for a statement gives up after so long, and so does the server. */
#define LEDGER_SQL_TIMEOUT_MS 5000

/* Once for a connection: how the others are planned. */
extern const char ledger_sql_plans[];

/* What there is to do: rows (campaign, channel). A campaign with channel -1 has news; campaign 0
 * has notices of that channel that are due, or whose claim ran out; with channel 0 there are contacts
 * that nobody looked at. */
extern const char ledger_sql_poll[];

/* $1 campaign, $2 how many bookings and changes of people with a contact at most, $3 and $4 how many
 * email and SMS notices to claim, $5 claimed by, $6 for how many seconds, $7 bookings and changes at
 * most to find them among. Makes the notices that new bookings and changes owe, moves the position,
 * and returns the claimed ones; at least one row, with no campaign if none was claimed. Does nothing,
 * and returns nothing, while another one is at it. */
extern const char ledger_sql_look[];

/* $1 accounts at most. Makes the notices that could not be made before, for want of a contact. */
extern const char ledger_sql_late[];

/* $1 channel, $2 at most, $3 claimed by, $4 for how many seconds. */
extern const char ledger_sql_claim[];

/* $1 to $10 arrays of the same length: campaign, number, template, channel, state, attempts,
 * unsure (0 or 1), milliseconds to rest, provider id, error; $11 claimed by. A notice that was
 * sent is sent, whoever has claimed it meanwhile; everything else only by who holds the claim. */
extern const char ledger_sql_settle[];

/* Returns due email, due SMS, age of the oldest due in seconds, and how many decisions are not looked
 * at yet. */
extern const char ledger_sql_count[];

/* The columns that look and claim return. */
enum ledger_column {
	COLUMN_MORE,   /* the look left some; the same in every row */
	COLUMN_UNTOLD, /* bookings that it passed, for their people have no contact; in every row */
	COLUMN_CAMPAIGN,
	COLUMN_NUMBER,
	COLUMN_TEMPLATE,
	COLUMN_CHANNEL,
	COLUMN_ATTEMPTS,
	COLUMN_AMBIGUOUS,
	COLUMN_WAS_CLAIMED,
	COLUMN_STATUS,
	COLUMN_UNITS,
	COLUMN_PLACE,
	COLUMN_RANK,
	COLUMN_BOOKED_AT_MS,
	COLUMN_PAY_BY_MS,
	COLUMN_CAMPAIGN_ID,
	COLUMN_TITLE,
	COLUMN_PICKUP_TEXT,
	COLUMN_TIME_ZONE,
	COLUMN_CONTACT,
	COLUMN_LOCALE,
};

#endif
