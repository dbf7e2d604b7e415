/*
 * moves - how orders, payments and refunds move from state to state: three tables.
 *
 *	order	wanted ──▶ asked ──▶ open ──▶ paid      payment	failed ──▶ authorised ──▶ captured
 *		  │  ▲       │        │  ▲       ▲              │              │  │          ▲
 *		  │  └───────┤        ▼  │       │              │              │  └─▶ lapsed │
 *		  ▼          ▼      silent ──────┘              └──────────────┴─────────────┘
 *		 dropped ◀───┘
 *						refund	due ──▶ asked ──▶ pending ──▶ processed
 *							  ▲       │  │         │           ▲
 *							  └───────┘  └───▶ failed ◀┘ ───────┘
 *
 * An event that a state has no move for changes nothing: what is told late, twice or in any order
 * comes to the same. Numbers are those in the database (deploy/postgres/0005_money.sql), whose
 * statements get the tables as arrays and are the only writers of states.
 */
#ifndef CASHIER_MOVES_H
#define CASHIER_MOVES_H

#include "common/pure/text.h"

enum order_state {
	ORDER_WANTED = 1,
	ORDER_ASKED = 2,
	ORDER_OPEN = 3,
	ORDER_PAID = 4,
	ORDER_SILENT = 5,
	ORDER_DROPPED = 6,
	ORDER_STATES = 6,
};

enum order_event {
	ORDER_CLAIM = 1,     /* it is being asked for */
	ORDER_MADE = 2,      /* it is there, and has an id */
	ORDER_PUT_BACK = 3,  /* not now, or nobody knows: later again */
	ORDER_TOO_LATE = 4,  /* its hold is over before it was made */
	ORDER_REFUSED = 5,   /* the provider will never make it */
	ORDER_CANCELLED = 6, /* the booking was */
	ORDER_WAS_PAID = 7,  /* a payment of it was captured */
	ORDER_LAST_LOOK = 8, /* it was asked about for the last time */
	ORDER_EVENTS = 8,
};

/* Its events are what was heard of it: the same states. Of several heard at once the highest counts,
 * which is the same as all of them in any order; the first one heard is where it begins. */
enum pay_state {
	PAY_FAILED = 1,
	PAY_AUTHORIZED = 2,
	PAY_LAPSED = 3,
	PAY_CAPTURED = 4,
	PAY_STATES = 4,
};

enum refund_state {
	REFUND_DUE = 1,
	REFUND_ASKED = 2,
	REFUND_PENDING = 3,
	REFUND_PROCESSED = 4,
	REFUND_FAILED = 5, /* for a person */
	REFUND_STATES = 5,
};

/* Of several heard at once the highest counts. */
enum refund_event {
	REFUND_CLAIM = 1,
	REFUND_PUT_BACK = 2, /* not now, or nobody knows: later again */
	REFUND_HEARD_PENDING = 3,
	REFUND_REFUSED = 4, /* the provider will never do it */
	REFUND_HEARD_FAILED = 5,
	REFUND_HEARD_PROCESSED = 6,
	REFUND_EVENTS = 6,
};

/* The new state; 0 if there is no such move. */
enum order_state order_move(enum order_state state, enum order_event event);
enum pay_state pay_move(enum pay_state state, enum pay_state heard);
enum refund_state refund_move(enum refund_state state, enum refund_event event);

/* The tables as two-dimensional arrays of PostgreSQL: moves[state][event], 0 for none. */
#define MOVES_ARRAY_BYTES 128u
void order_moves_append(struct text *array);
void pay_moves_append(struct text *array);
void refund_moves_append(struct text *array);

#endif
