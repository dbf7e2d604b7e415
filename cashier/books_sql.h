/*
 * books_sql - the statements of the books, so that they can be read, and tried in psql, as they are.
 *
 * Those that write take one sheet of news as $1 (a JSON array, news.h). They apply what fits and
 * ignore the rest: telling the same twice, or something older, changes nothing. Moves are the tables
 * of moves.h as arrays; numbers are their states and events, and verdicts of
 * common/pure/messages.h.
 */
#ifndef CASHIER_BOOKS_SQL_H
#define CASHIER_BOOKS_SQL_H

/* ---- a session --------------------------------------------------------------------------------- */

extern const char books_sql_session[];
/* 1 if this session is the one that may write, from now on until it ends. */
extern const char books_sql_lock[];
/* What another cashier had claimed falls due when its calls have come to an end. */
extern const char books_sql_release[];
/* source, n, campaign, digest, price, currency, time zone, free (0 or 1). */
extern const char books_sql_positions[];

/* ---- writing ----------------------------------------------------------------------------------- */

/* Returns how many positions were not what they should be. */
extern const char books_sql_positions_move[];
/* $2 provider. */
extern const char books_sql_holds[];
/* The amounts of promoted holds, as soon as the ledger has their units. */
extern const char books_sql_price[];
extern const char books_sql_verdicts[];
/* $2 moves of orders. */
extern const char books_sql_cancels[];
/* $2 moves of payments, $3 moves of orders, $4 milliseconds before one that is authorised is
 * captured. Returns how many moved, of those how many because we asked, and how many have a
 * problem. */
extern const char books_sql_payments[];
/* $2 moves of orders, $3 array of seconds after pay_by at which silent orders are asked about. */
extern const char books_sql_orders[];
/* $2 and $3 as before. */
extern const char books_sql_looks[];
extern const char books_sql_told[];
/* $2 moves of orders. Returns how many have a problem. */
extern const char books_sql_rests[];
/* $2 moves of refunds, $3 seconds before a pending one is asked about. Returns how many failed. */
extern const char books_sql_refunds[];

/* ---- claiming ---------------------------------------------------------------------------------- */

/* 0 or 1 for each column of enum poll_column: whether anything of that is due. */
extern const char books_sql_poll[];
/* $1 at most, $2 claimed for so many seconds, $3 moves. All return the columns of enum job_column. */
extern const char books_sql_claim_orders[];
extern const char books_sql_claim_looks[];    /* without $3 */
extern const char books_sql_claim_payments[]; /* without $3 */
extern const char books_sql_claim_refunds[];
/* $1 and $2; the columns of enum tell_column. */
extern const char books_sql_claim_tells[];

enum poll_column {
	POLL_ORDERS,   /* to ask for */
	POLL_LOOKS,    /* orders to ask about */
	POLL_TELLS,    /* payments to tell the line of */
	POLL_PAYMENTS, /* to capture or to identify */
	POLL_REFUNDS,
	POLL_COLUMNS,
};

enum job_column {
	JOB_COLUMN_KIND,
	JOB_COLUMN_CAMPAIGN,
	JOB_COLUMN_NUMBER,
	JOB_COLUMN_CAMPAIGN_ID,
	JOB_COLUMN_TIME_ZONE,
	JOB_COLUMN_RECEIPT,
	JOB_COLUMN_ORDER_ID,
	JOB_COLUMN_PAYMENT_ID,
	JOB_COLUMN_CURRENCY,
	JOB_COLUMN_AMOUNT,
	JOB_COLUMN_PAY_BY_MS,
	JOB_COLUMN_AGE_MS,
	JOB_COLUMN_ATTEMPTS,
	JOB_COLUMN_REFUND_MAY_EXIST,
};

enum tell_column {
	TELL_COLUMN_CAMPAIGN_ID,
	TELL_COLUMN_NUMBER,
	TELL_COLUMN_PAYMENT_ID,
	TELL_COLUMN_LINE_ID,
	TELL_COLUMN_STATE,
	TELL_COLUMN_AMOUNT,
};

/* Orders wanted, open, payments untold, refunds on their way, refunds failed; each up to 10,000. */
extern const char books_sql_count[];

#endif
