/*
 * news - what came in since the last round, as the rows that the next one writes.
 *
 *	a decision	held, promoted to held ─▶ holds; answers to payments ─▶ verdicts;
 *			cancelled ─▶ cancels
 *	a webhook	payments or refunds
 *	a job's end	orders, payments, refunds, rests
 *	the line	told
 *	and of every reader how far it is ─▶ positions
 *
 * Only appends: what a row means for what is in the books already is the statement's business
 * (books_sql.h), so that late, twice and in any order is all the same.
 */
#ifndef CASHIER_NEWS_H
#define CASHIER_NEWS_H

#include <stdbool.h>
#include <stdint.h>

#include "cashier/job.h"
#include "cashier/moves.h"
#include "cashier/sheet.h"
#include "common/crypto.h"
#include "common/pure/messages.h"
#include "common/pure/messages_payment.h"

enum news_sheet {
	NEWS_POSITIONS,
	NEWS_HOLDS,
	NEWS_VERDICTS,
	NEWS_CANCELS,
	NEWS_ORDERS,   /* what became of orders that were asked for */
	NEWS_LOOKS,    /* orders that were asked about */
	NEWS_PAYMENTS, /* how payments stand */
	NEWS_TOLD,     /* what the line has stored */
	NEWS_RESTS,    /* payments that are to be left alone for some time, or for good */
	NEWS_REFUNDS,  /* how refunds stand, and what became of jobs about them */
	NEWS_SHEETS,
};

/* More than that is not taken on before a round has written it. */
#define NEWS_BYTES_FULL (4u << 20)

struct news {
	struct sheet sheets[NEWS_SHEETS];
};

/* What never changes: whose receipts and ids these are. */
struct news_names {
	const char *provider;
	const struct key *booking_key;
};

/* A campaign, as its definition says. */
struct news_campaign {
	char id[CAMPAIGN_ID_BYTES_MAX + 1];
	uint32_t ordinal;
	uint32_t price_paise; /* of a unit */
	char currency[PAYMENT_CURRENCY_BYTES];
	char time_zone[CAMPAIGN_ZONE_BYTES_MAX + 1];
	bool free; /* opened without a price: for good */
};

void news_finish(struct news *news);
void news_clear(struct news *news);
bool news_is_empty(const struct news *news);
bool news_is_full(const struct news *news);

/* How the line calls a payment. Ids of providers are longer than what the line keeps. */
struct payment_id news_line_id(const char *provider, const char *payment_id);

struct news_span {
	uint64_t base_n; /* the last message that is in the books */
	uint64_t last_n; /* the last one of these news */
};
/* digest: of decision last_n. */
void news_add_campaign_position(struct news *news, const struct news_campaign *campaign,
	struct news_span span, const uint8_t digest[DIGEST_BYTES]);
void news_add_webhooks_position(struct news *news, struct news_span span);

void news_add_decision(struct news *news, const struct news_names *names,
	const struct news_campaign *campaign, const struct decision *decision);
/* Of kinds that a stored message can have. */
void news_add_event(
	struct news *news, const struct news_names *names, const struct payment_event *event);
/* A payment that an answer told of. by_asking: the question was whether a silent order was paid, so
 * that a webhook should have told of it long ago. */
void news_add_heard(struct news *news, const struct news_names *names,
	const struct payment *payment, bool by_asking);

/* What became of an order that was asked for; what an event does not have is "" or 0. */
struct news_order {
	enum order_event event;
	uint32_t campaign;
	uint32_t number;
	const char *order_id;
	const char *checkout;
	const char *error;
	int64_t wait_ms; /* before the next try */
	bool at_once;    /* made, and paid already: ask about it now */
};
void news_add_order(struct news *news, const struct news_order *order);
/* It was asked about; or it could not be (wait_ms above 0): after that time again. */
void news_add_look(struct news *news, uint32_t campaign, uint32_t number, int64_t wait_ms);

struct news_refund {
	enum refund_event event;
	const char *payment_id;
	const char *refund_id;
	const char *error;
	int64_t wait_ms;
};
void news_add_refund(struct news *news, const struct news_names *names,
	const struct news_refund *refund, uint64_t amount_paise);

/* The line has stored that the payment is in this state; or not (0): after wait_ms again. */
void news_add_told(struct news *news, const char *payment_id, enum pay_state told, int64_t wait_ms);

/* Of a payment nobody knew whose it is: booking it is for (number 0: not known yet), or foreign. Of
 * any other: only that it rests. */
struct news_rest {
	const char *payment_id;
	const char *error;
	int64_t wait_ms;
	uint32_t campaign;
	uint32_t number;
	bool foreign;
};
void news_add_rest(struct news *news, const struct news_rest *rest);

#endif
