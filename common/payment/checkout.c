#include "common/payment/checkout.h"

#include <stdbool.h>
#include <string.h>

#include "common/payment/objects.h"
#include "common/payment/provider.h"
#include "common/pure/timestamp.h"

static void append_member(struct text *json, const char *key, const char *value) {
	text_append(json, key);
	text_append_json(json, value, strlen(value));
}

/* The template's text around the order's id: an id needs no escape in a URL. */
static void append_url(struct text *json, const struct payment_checkout *checkout) {
	char url[PAYMENT_TEMPLATE_BYTES_MAX + PAYMENT_ID_BYTES_MAX + 1];
	struct text text = text_init(url, sizeof url);
	const char *place = strstr(checkout->url_template, PAYMENT_TEMPLATE_ORDER);
	if (place == NULL) {
		json->failed = true;
		return;
	}
	text_append_bytes(&text, checkout->url_template, (size_t)(place - checkout->url_template));
	text_append(&text, checkout->order_id);
	text_append(&text, place + strlen(PAYMENT_TEMPLATE_ORDER));
	append_member(json, ",\"checkout_url\":", url);
	json->failed = json->failed || text.failed;
}

void payment_checkout_append(struct text *json, const struct payment_provider *provider,
	const struct payment_checkout *checkout) {
	append_member(json, "{\"provider\":", provider->name);
	append_member(json, ",\"order_id\":", checkout->order_id);
	append_member(json, ",\"key_id\":", checkout->key_id);
	text_append(json, ",\"amount_paise\":");
	text_append_u64(json, checkout->amount_paise);
	append_member(json, ",\"currency\":", checkout->currency);
	text_append(json, ",\"pay_by\":\"");
	timestamp_append(json, checkout->pay_by_ms, checkout->offset_minutes);
	text_append_char(json, '"');
	if (checkout->client_secret[0] != '\0') {
		append_member(json, ",\"client_secret\":", checkout->client_secret);
	}
	if (checkout->url_template[0] != '\0') {
		append_url(json, checkout);
	}
	text_append_char(json, '}');
}

static bool begins_with(const char *text, const char *beginning) {
	return strncmp(text, beginning, strlen(beginning)) == 0;
}

const char *payment_checkout_template_problem(const char *url_template) {
	if (url_template[0] == '\0') {
		return NULL;
	}
	if (strlen(url_template) > PAYMENT_TEMPLATE_BYTES_MAX) {
		return "the checkout address is longer than 512 bytes";
	}
	for (const char *c = url_template; *c != '\0'; c++) {
		if (*c <= ' ' || *c > '~') {
			return "the checkout address has a blank or a character that is not ASCII";
		}
	}
	if (!begins_with(url_template, "https://") && !begins_with(url_template, "http://")) {
		return "the checkout address does not begin with https:// or http://";
	}
	const char *place = strstr(url_template, PAYMENT_TEMPLATE_ORDER);
	if (place == NULL || strstr(place + 1, PAYMENT_TEMPLATE_ORDER) != NULL) {
		return "the checkout address must have {order_id} in it once";
	}
	return NULL;
}
