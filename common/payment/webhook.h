/*
 * webhook - what a provider tells by itself: first whether it is the provider, then what happened.
 *
 * Webhooks come late, twice, in any order, or never. They are verified over the bytes as they came,
 * before anybody reads them. Pure; problems are sentences for a log line.
 */
#ifndef COMMON_PAYMENT_WEBHOOK_H
#define COMMON_PAYMENT_WEBHOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/crypto.h"
#include "common/json.h"
#include "common/payment/keys.h"
#include "common/payment/objects.h"
#include "common/pure/messages_payment.h"

/* They have 2 to 10 KB. */
#define PAYMENT_WEBHOOK_BYTES_MAX 65536u
#define PAYMENT_SIGNATURE_BYTES_MAX 1024u

/* As it came, borrowed. The headers are those that the provider names; size 0: not there. */
struct payment_webhook {
	const char *signature;
	size_t signature_size;
	const char *event_id;
	size_t event_id_size;
	const char *body;
	size_t body_size;
};

/* True if one of the secrets signed these bytes, and not long ago where the provider says when;
 * then the event id of a header is an id too. Else problem says why not. Takes the same time
 * wherever a signature is wrong. */
bool payment_webhook_verify(const struct payment_provider *provider,
	const struct payment_webhook_secrets *secrets, const struct payment_webhook *webhook,
	int64_t now_ms, const char **problem);

/* Reads a webhook that was verified, now or before it was stored. On false the event is worthless,
 * and will be so however often it is read; error says why. */
bool payment_webhook_read(struct payment_event *event, char error[JSON_ERROR_BYTES],
	const struct payment_provider *provider, const struct payment_webhook *webhook);

/* For providers: fill in all but id and time. */
void payment_event_of_payment(struct payment_event *event, const struct payment *payment);
void payment_event_of_refund(
	struct payment_event *event, const struct payment_refund *refund, const char *order_id);

/* For providers: the HMAC-SHA256 of the parts with each of the secrets, made once however many
 * signatures come with a webhook; and whether one of them is digits, in lower-case hexadecimal. */
struct payment_macs {
	uint8_t bytes[PAYMENT_WEBHOOK_SECRETS][CRYPTO_HMAC_BYTES];
	size_t count;
};

void payment_macs_make(struct payment_macs *macs, const struct payment_webhook_secrets *secrets,
	const struct part *parts, size_t parts_count);
bool payment_macs_have(const struct payment_macs *macs, const char *digits, size_t digits_count);

#endif
