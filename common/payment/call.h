/*
 * call - what we ask of a provider, as the request to send and as what the answer means.
 *
 * Pure: the caller sends payment_call and brings back payment_reply, within its own bounds of time.
 * No answer at all is to be taken as PAYMENT_ANSWER_LATER.
 *
 *	call		needs						gives
 *	find order	receipt						order
 *	fetch order	order_id					order
 *	create order	receipt, campaign_id, amount, currency, pay_by	order
 *	payments	order_id					payments
 *	capture		order_id, payment_id, amount, currency		payments[0]
 *	refund		payment_id, amount, receipt, key		refunds[0]
 *	refunds		payment_id					refunds
 *	list		from, until, page				payments, next_page
 *
 * What may be repeated: all that only looks; a refund, with the same key and the same rest (a
 * provider forgets keys after a day: look at the refunds first then); an order, where the provider
 * says orders_are_idempotent, and else only after it was looked for. A capture that is repeated is
 * refused as stale.
 *
 * An answer about another order, payment or refund than the one asked for is garbled. Amounts and
 * currencies are for the caller to compare.
 */
#ifndef COMMON_PAYMENT_CALL_H
#define COMMON_PAYMENT_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/json.h"
#include "common/payment/keys.h"
#include "common/payment/objects.h"
#include "common/pure/text.h"

enum payment_call_kind {
	PAYMENT_CALL_FIND_ORDER,
	PAYMENT_CALL_FETCH_ORDER,
	PAYMENT_CALL_CREATE_ORDER,
	PAYMENT_CALL_PAYMENTS,
	PAYMENT_CALL_CAPTURE,
	PAYMENT_CALL_REFUND,
	PAYMENT_CALL_REFUNDS,
	PAYMENT_CALL_LIST,
	PAYMENT_CALL_COUNT,
};

/* Idempotency keys: as Razorpay wants them, letters, digits, '_' and '-'. */
#define PAYMENT_KEY_BYTES_MIN 10u
#define PAYMENT_KEY_BYTES_MAX 100u

/* Borrowed texts; what a call does not need may be left zero. */
struct payment_request {
	enum payment_call_kind kind;
	/* Our name for the order or refund: letters, digits, '_' and '-'. One order a receipt, one
	 * refund a receipt: Razorpay refuses both a second time. */
	const char *receipt;
	const char *order_id;
	const char *payment_id;
	const char *campaign_id;
	const char *currency;
	const char *key;
	uint64_t amount_paise;
	int64_t pay_by_ms; /* for people at the provider: it does not close the order then */
	int64_t from_ms;   /* created then or later, to the second */
	int64_t until_ms;  /* created then or earlier */
	const char *page;  /* "" for the first one, then next_page of the one before */
};

#define PAYMENT_PATH_BYTES 256u
#define PAYMENT_HEADER_BYTES 160u
#define PAYMENT_BODY_BYTES 1024u

/* An HTTP request, relative to the provider's address. */
struct payment_call {
	const char *method;
	const char *user; /* HTTP Basic; borrowed from the keys */
	const char *password;
	const char *content_type;          /* "": no body */
	char path[PAYMENT_PATH_BYTES];     /* with query */
	char header[PAYMENT_HEADER_BYTES]; /* one more line, without its end; "": none */
	char body[PAYMENT_BODY_BYTES];
	size_t body_size;
};

enum payment_answer {
	PAYMENT_ANSWER_DONE = 1,
	/* There is no such thing. Only by the provider's own words: a wrong address is no proof. */
	PAYMENT_ANSWER_NOT_FOUND = 2,
	/* It is done already, by an earlier try or by somebody else: ask how things stand. */
	PAYMENT_ANSWER_STALE = 3,
	/* The provider will never do this: the same again would be refused again. Nothing was
	 * done. */
	PAYMENT_ANSWER_REFUSED = 4,
	/* Nothing is sure, it may be done or not: too many calls, the provider is down, another
	 * call is under way, the answer is garbled. */
	PAYMENT_ANSWER_LATER = 5,
	/* Nothing was done, and nothing will be before a person mends our keys or the address. */
	PAYMENT_ANSWER_MISCONFIGURED = 6,
};

/* A page of a list; also more than anybody's tries to pay one order. */
#define PAYMENT_ITEMS_MAX 100u
/* A page of Stripe's charges has some 400 KB. */
#define PAYMENT_REPLY_BYTES_MAX 1048576u
#define PAYMENT_REASON_BYTES 200u

struct payment_reply {
	int status;
	const char *body;
	size_t size; /* a body that was cut off is garbled */
};

struct payment_result {
	enum payment_answer answer;
	/* Why it is not done: printable ASCII without quotes, contacts and secrets. "" if done. */
	char reason[PAYMENT_REASON_BYTES];
	uint32_t count; /* of orders with this receipt, payments, or refunds */
	/* For the next request; "" after the last page. */
	char next_page[PAYMENT_ID_BYTES_MAX + 1];
	union {
		/* Of several with one receipt, which should not be: the one that is paid, else the
		 * oldest. */
		struct payment_order order;
		/* Of more than fit, those that failed are left out. */
		struct payment payments[PAYMENT_ITEMS_MAX];
		struct payment_refund refunds[PAYMENT_ITEMS_MAX];
	};
};

/* Where a provider writes a call. */
struct payment_draft {
	struct text path;
	struct text header;
	struct text body; /* empty: GET, else POST */
};

/* False if the provider has no such call, or the request lacks something, or has something that no
 * provider takes. */
bool payment_call_make(struct payment_call *call, const struct payment_provider *provider,
	const struct payment_keys *keys, const struct payment_request *request);

/* request: the one that was made into the call. */
void payment_call_read(struct payment_result *result, const struct payment_provider *provider,
	const struct payment_request *request, const struct payment_reply *reply);

/* For providers: take the list under key, item by item, and fail the reply if one is wrong, or is
 * not of this order or payment, or too many are there. order_id: NULL for any. */
void payment_result_take_payments(struct payment_result *result, struct json_object *reply,
	const char *key, void (*read)(struct payment *payment, struct json_object *item),
	const char *order_id);
void payment_result_take_refunds(struct payment_result *result, struct json_object *reply,
	const char *key, void (*read)(struct payment_refund *refund, struct json_object *item),
	const char *payment_id);

#endif
