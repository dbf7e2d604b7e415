#include "common/payment/webhook.h"

#include <string.h>

#include "common/payment/fields.h"
#include "common/payment/provider.h"
#include "common/pure/reason.h"
#include "common/pure/text.h"

/* ---- verify ---------------------------------------------------------------------------------- */

/* Copies the id out of its header; "" and false if it is none. */
static bool take_event_id(
	char target[PAYMENT_ID_BYTES_MAX + 1], const struct payment_webhook *webhook) {
	target[0] = '\0';
	size_t size = webhook->event_id_size;
	if (size < 1 || size > PAYMENT_ID_BYTES_MAX) {
		return false;
	}
	char id[PAYMENT_ID_BYTES_MAX + 1] = {0};
	memcpy(id, webhook->event_id, size);
	if (!payment_id_is_valid(id, size, size)) { /* a NUL in it makes it shorter */
		return false;
	}
	memcpy(target, id, sizeof id);
	return true;
}

static bool has_event_id(
	const struct payment_provider *provider, const struct payment_webhook *webhook) {
	char id[PAYMENT_ID_BYTES_MAX + 1];
	return provider->event_id_header[0] == '\0' || take_event_id(id, webhook);
}

bool payment_webhook_verify(const struct payment_provider *provider,
	const struct payment_webhook_secrets *secrets, const struct payment_webhook *webhook,
	int64_t now_ms, const char **problem) {
	*problem = NULL;
	if (webhook->signature_size == 0) {
		*problem = "it is not signed";
	} else if (webhook->signature_size > PAYMENT_SIGNATURE_BYTES_MAX) {
		*problem = "its signature is longer than any";
	} else if (webhook->body_size == 0) {
		*problem = "it is empty";
	} else if (webhook->body_size > PAYMENT_WEBHOOK_BYTES_MAX) {
		*problem = "it is longer than any";
	} else if (!has_event_id(provider, webhook)) {
		*problem = "it has no event id, or one that is none";
	}
	return *problem == NULL && provider->verify(secrets, webhook, now_ms, problem);
}

/* The digits as the provider writes them: text_parse_hex would take capitals too. */
static bool read_digits(uint8_t mac[CRYPTO_HMAC_BYTES], const char *digits, size_t digits_count) {
	for (size_t i = 0; i < digits_count; i++) {
		if (digits[i] >= 'A' && digits[i] <= 'F') {
			return false;
		}
	}
	return text_parse_hex(digits, digits_count, mac, CRYPTO_HMAC_BYTES);
}

static void add_mac(struct payment_macs *macs, const char *secret, const struct part *parts,
	size_t parts_count) {
	struct part key = {secret, strlen(secret)};
	if (key.size > 0) { /* anybody can sign with an empty one */
		crypto_hmac_sha256(macs->bytes[macs->count++], key, parts, parts_count);
	}
}

void payment_macs_make(struct payment_macs *macs, const struct payment_webhook_secrets *secrets,
	const struct part *parts, size_t parts_count) {
	macs->count = 0;
	add_mac(macs, secrets->current, parts, parts_count);
	add_mac(macs, secrets->old, parts, parts_count);
}

bool payment_macs_have(const struct payment_macs *macs, const char *digits, size_t digits_count) {
	uint8_t given[CRYPTO_HMAC_BYTES];
	if (!read_digits(given, digits, digits_count)) {
		return false;
	}
	bool found = false;
	for (size_t i = 0; i < macs->count; i++) {
		found |= crypto_equal(macs->bytes[i], given, sizeof given);
	}
	return found;
}

/* ---- read ------------------------------------------------------------------------------------ */

bool payment_webhook_read(struct payment_event *event, char error[JSON_ERROR_BYTES],
	const struct payment_provider *provider, const struct payment_webhook *webhook) {
	*event = (struct payment_event){.kind = PAYMENT_EVENT_OTHER};
	error[0] = '\0';
	struct json_object body;
	json_init(&body, webhook->body, webhook->body_size);
	provider->read_event(event, &body);
	if (provider->event_id_header[0] != '\0' && !take_event_id(event->id, webhook)) {
		json_fail(&body, provider->event_id_header, "must be an id");
	}
	if (body.failed) {
		struct text text = text_init(error, JSON_ERROR_BYTES);
		reason_append_error(&text, body.error);
		*event = (struct payment_event){.kind = PAYMENT_EVENT_OTHER};
	}
	bool is_read = !body.failed;
	json_finish(&body);
	return is_read;
}

static enum payment_event_kind kind_of_payment(enum payment_state state) {
	switch (state) {
	case PAYMENT_STATE_FAILED:
		return PAYMENT_EVENT_FAILED;
	case PAYMENT_STATE_AUTHORIZED:
		return PAYMENT_EVENT_AUTHORIZED;
	case PAYMENT_STATE_CAPTURED:
		return PAYMENT_EVENT_CAPTURED;
	case PAYMENT_STATE_CREATED:
	case PAYMENT_STATE_LAPSED:
		break;
	}
	return PAYMENT_EVENT_OTHER;
}

void payment_event_of_payment(struct payment_event *event, const struct payment *payment) {
	event->kind = kind_of_payment(payment->state);
	if (event->kind == PAYMENT_EVENT_OTHER) {
		return;
	}
	memcpy(event->payment_id, payment->id, sizeof event->payment_id);
	memcpy(event->order_id, payment->order_id, sizeof event->order_id);
	memcpy(event->currency, payment->currency, sizeof event->currency);
	event->amount_paise = payment->amount_paise;
}

static enum payment_event_kind kind_of_refund(enum payment_refund_state state) {
	switch (state) {
	case PAYMENT_REFUND_PENDING:
		return PAYMENT_EVENT_REFUND_PENDING;
	case PAYMENT_REFUND_PROCESSED:
		return PAYMENT_EVENT_REFUND_PROCESSED;
	case PAYMENT_REFUND_FAILED:
		return PAYMENT_EVENT_REFUND_FAILED;
	}
	return PAYMENT_EVENT_OTHER;
}

void payment_event_of_refund(
	struct payment_event *event, const struct payment_refund *refund, const char *order_id) {
	event->kind = kind_of_refund(refund->state);
	memcpy(event->payment_id, refund->payment_id, sizeof event->payment_id);
	memcpy(event->refund_id, refund->id, sizeof event->refund_id);
	memcpy(event->order_id, order_id, strlen(order_id) + 1);
	memcpy(event->currency, refund->currency, sizeof event->currency);
	event->amount_paise = refund->amount_paise;
}
