/*
 * provider - what a payment provider is to us: addresses, names and a few pure functions.
 *
 * A provider is one file that defines its struct, and one line in providers.c. Callers find one by
 * name, and use webhook.h, call.h and checkout.h, which do what is the same for all.
 */
#ifndef COMMON_PAYMENT_PROVIDER_H
#define COMMON_PAYMENT_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/json.h"
#include "common/payment/call.h"
#include "common/payment/keys.h"
#include "common/payment/webhook.h"

/* How a call is written, and its answer read. Both are NULL where there is no such call. */
struct payment_call_ways {
	void (*make)(struct payment_draft *draft, const struct payment_request *request);
	/* Fills in all but answer and reason, which are set to done; a reply that it fails is
	 * garbled. */
	void (*read)(struct payment_result *result, const struct payment_request *request,
		struct json_object *reply);
};

struct payment_provider {
	/* ---- for callers ---- */
	const char *name;             /* as in paths, settings and the database */
	const char *address;          /* where it is, without '/' at the end */
	const char *signature_header; /* lower case */
	const char *event_id_header;  /* lower case; "": the body has the id */
	/* Making one again with the same request gives the same order: it need not be looked for.
	 * */
	bool orders_are_idempotent;

	/* ---- for webhook.c, call.c and keys.c ---- */
	bool secret_is_user; /* HTTP Basic: the key secret is the user, without a password */
	const char *content_type;
	const char *error_words; /* the key of the words in its {"error": {"code": ...}} */
	struct payment_call_ways calls[PAYMENT_CALL_COUNT];
	/* What a refusal means; code and words are "" where it has none. */
	enum payment_answer (*judge)(const char *code, const char *words);
	const char *(*keys_problem)(const struct payment_keys *keys);
	bool (*verify)(const struct payment_webhook_secrets *secrets,
		const struct payment_webhook *webhook, int64_t now_ms, const char **problem);
	/* Fills in all but a header's event id. */
	void (*read_event)(struct payment_event *event, struct json_object *body);
};

/* The provider with this name; NULL if there is none. */
const struct payment_provider *payment_provider_find(const char *name, size_t size);

#endif
