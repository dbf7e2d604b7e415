/*
 * checkout - how to pay, as the buyer's page gets it.
 */
#ifndef COMMON_PAYMENT_CHECKOUT_H
#define COMMON_PAYMENT_CHECKOUT_H

#include <stdint.h>

#include "common/pure/text.h"

/* The longest object, with a template of PAYMENT_TEMPLATE_BYTES_MAX. */
#define PAYMENT_CHECKOUT_BYTES_MAX 1536u
#define PAYMENT_TEMPLATE_BYTES_MAX 512u
/* Stands for the order's id in a template. */
#define PAYMENT_TEMPLATE_ORDER "{order_id}"

struct payment_provider;

/* Borrowed texts. */
struct payment_checkout {
	const char *key_id;
	const char *order_id;
	const char *client_secret; /* "": the provider has none */
	const char *currency;
	uint64_t amount_paise;
	int64_t pay_by_ms;
	int offset_minutes; /* of the campaign's time zone at pay_by_ms */
	/* Of a page to pay on, "https://pay.example.com/{order_id}"; "": the page of the buyer does
	 * it with the provider's script. */
	const char *url_template;
};

/* Appends a JSON object: provider, order_id, key_id, amount_paise, currency, pay_by, and
 * client_secret and checkout_url where there are. Fails the text if it does not fit, or pay_by_ms
 * is no time. */
void payment_checkout_append(struct text *json, const struct payment_provider *provider,
	const struct payment_checkout *checkout);

/* Says in one sentence what is wrong with a template; NULL if nothing is, or it is "". */
const char *payment_checkout_template_problem(const char *url_template);

#endif
