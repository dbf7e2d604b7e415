/*
 * objects - orders, payments and refunds as a provider has them, the same for all providers.
 *
 * Read from answers and webhooks (fields.h), and within these bounds: an id is letters, digits, '_'
 * and '-', so it may stand in a path, a header or a log line; an amount is a whole number of the
 * smallest unit (paise), from 1 to 2^53 - 1; a currency is three capital letters. Texts end with
 * NUL; "" says that the provider has none.
 *
 *	Razorpay	Stripe
 *	order		PaymentIntent: one sum that somebody is to pay once
 *	payment		Charge: one try to pay it
 *	refund		Refund
 */
#ifndef COMMON_PAYMENT_OBJECTS_H
#define COMMON_PAYMENT_OBJECTS_H

#include <stdint.h>

#include "common/pure/messages_payment.h"

/* What Razorpay takes. */
#define PAYMENT_RECEIPT_BYTES_MAX 40u
/* Stripe's has 60 bytes. */
#define PAYMENT_CLIENT_SECRET_BYTES_MAX 160u

enum payment_order_state {
	PAYMENT_ORDER_OPEN = 1, /* may be paid; also while somebody is at it */
	PAYMENT_ORDER_PAID = 2,
	PAYMENT_ORDER_CLOSED = 3, /* cannot be paid any more */
};

struct payment_order {
	char id[PAYMENT_ID_BYTES_MAX + 1];
	char receipt[PAYMENT_RECEIPT_BYTES_MAX + 1]; /* "" too where it is none that we give */
	char currency[PAYMENT_CURRENCY_BYTES];
	enum payment_order_state state;
	uint64_t amount_paise;
	int64_t created_at_ms;
	/* For the browser of the buyer, and for nobody else: never log it. */
	char client_secret[PAYMENT_CLIENT_SECRET_BYTES_MAX + 1];
};

/*
 *	created ──▶ authorized ──▶ captured
 *	   │         ▲      │
 *	   ▼         │      ▼
 *	 failed ─────┘    lapsed
 *
 * A failed payment may be authorised days later. Who hears of all this hears late, twice and in any
 * order: only what lies further on counts.
 */
enum payment_state {
	PAYMENT_STATE_CREATED = 1,
	PAYMENT_STATE_FAILED = 2,
	PAYMENT_STATE_AUTHORIZED = 3, /* set aside by the bank, ours when captured */
	PAYMENT_STATE_CAPTURED = 4,   /* ours; refunds are counted in refunded_paise */
	PAYMENT_STATE_LAPSED = 5,     /* was authorised, never captured, and given back */
};

struct payment {
	char id[PAYMENT_ID_BYTES_MAX + 1];
	char order_id[PAYMENT_ID_BYTES_MAX + 1]; /* "": it belongs to none */
	char currency[PAYMENT_CURRENCY_BYTES];
	enum payment_state state;
	uint64_t amount_paise;   /* what was captured, where it was */
	uint64_t refunded_paise; /* at most amount_paise */
	int64_t created_at_ms;
};

enum payment_refund_state {
	PAYMENT_REFUND_PENDING = 1,
	PAYMENT_REFUND_PROCESSED = 2,
	PAYMENT_REFUND_FAILED = 3, /* the money is ours again: a person must look */
};

struct payment_refund {
	char id[PAYMENT_ID_BYTES_MAX + 1];
	char payment_id[PAYMENT_ID_BYTES_MAX + 1];
	char currency[PAYMENT_CURRENCY_BYTES];
	enum payment_refund_state state;
	uint64_t amount_paise;
	int64_t created_at_ms;
};

#endif
