/*
 * stripe - Stripe's PaymentIntents, charges, refunds and webhooks (docs.stripe.com/api).
 *
 * A PaymentIntent is an order, a charge a payment. Orders are made with an idempotency key, so
 * there is no looking for them (nor could there be: search lags behind, and India has none). A key
 * answers as it did the first time for a day, a 5xx too. The fields that are read are the same in
 * all versions of the API since 2020. The webhook needs the events charge.succeeded,
 * charge.captured, charge.failed, refund.created, refund.updated and refund.failed.
 */
#include <string.h>

#include "common/payment/fields.h"
#include "common/payment/provider.h"
#include "common/pure/form.h"
#include "common/pure/timestamp.h"

#define TYPE_BYTES_MAX 64u
/* How old a webhook may be: what Stripe's own libraries take. */
#define TOLERANCE_MS INT64_C(300000)

/* ---- objects --------------------------------------------------------------------------------- */

static const struct payment_word order_states[] = {
	{"requires_payment_method", PAYMENT_ORDER_OPEN},
	{"requires_confirmation", PAYMENT_ORDER_OPEN},
	{"requires_action", PAYMENT_ORDER_OPEN},
	{"processing", PAYMENT_ORDER_OPEN},
	{"requires_capture", PAYMENT_ORDER_OPEN},
	{"succeeded", PAYMENT_ORDER_PAID},
	{"canceled", PAYMENT_ORDER_CLOSED},
	{NULL, 0},
};

static const struct payment_word charge_states[] = {
	{"pending", PAYMENT_STATE_CREATED},
	{"failed", PAYMENT_STATE_FAILED},
	{"succeeded", PAYMENT_STATE_CAPTURED},
	{NULL, 0},
};

static const struct payment_word refund_states[] = {
	{"pending", PAYMENT_REFUND_PENDING},
	{"requires_action", PAYMENT_REFUND_PENDING},
	{"succeeded", PAYMENT_REFUND_PROCESSED},
	{"failed", PAYMENT_REFUND_FAILED},
	{"canceled", PAYMENT_REFUND_FAILED},
	{NULL, 0},
};

static void read_client_secret(struct payment_order *order, struct json_object *json) {
	const char *secret =
		json_string_or(json, "client_secret", PAYMENT_CLIENT_SECRET_BYTES_MAX, "");
	if (!payment_id_is_valid(secret, 0, PAYMENT_CLIENT_SECRET_BYTES_MAX)) {
		json_fail(json, "client_secret", "is not one");
		return;
	}
	memcpy(order->client_secret, secret, strlen(secret) + 1);
}

static void read_order(struct payment_order *order, struct json_object *json) {
	*order = (struct payment_order){0};
	struct json_object metadata;
	payment_field_is(json, "object", "payment_intent");
	payment_field_id(json, "id", order->id);
	payment_field_currency(json, "currency", order->currency);
	order->state = (enum payment_order_state)payment_field_word(json, "status", order_states);
	order->amount_paise = payment_field_amount(json, "amount");
	order->created_at_ms = payment_field_time(json, "created");
	read_client_secret(order, json);
	json_inner(&metadata, json, "metadata");
	payment_field_receipt(&metadata, "receipt", order->receipt);
	payment_field_close(&metadata, json, "metadata");
}

/* A charge that succeeded is only set aside until it is captured, and goes back if it never is. */
static enum payment_state state_of_success(struct json_object *json) {
	bool captured = json_bool(json, "captured");
	bool refunded = json_bool(json, "refunded");
	if (captured) {
		return PAYMENT_STATE_CAPTURED;
	}
	return refunded ? PAYMENT_STATE_LAPSED : PAYMENT_STATE_AUTHORIZED;
}

static void read_charge(struct payment *payment, struct json_object *json) {
	*payment = (struct payment){0};
	payment_field_is(json, "object", "charge");
	payment_field_id(json, "id", payment->id);
	payment_field_id_or_none(json, "payment_intent", payment->order_id);
	payment_field_currency(json, "currency", payment->currency);
	payment->amount_paise = payment_field_amount(json, "amount");
	payment->created_at_ms = payment_field_time(json, "created");
	payment->state = (enum payment_state)payment_field_word(json, "status", charge_states);
	if (payment->state == PAYMENT_STATE_CAPTURED) {
		payment->state = state_of_success(json);
	}
	if (payment->state == PAYMENT_STATE_CAPTURED) {
		payment->amount_paise = json_u64_or(
			json, "amount_captured", 1, payment->amount_paise, payment->amount_paise);
	}
	payment->refunded_paise = json_u64_or(json, "amount_refunded", 0, payment->amount_paise, 0);
}

static void read_refund_of(struct payment_refund *refund, char order_id[PAYMENT_ID_BYTES_MAX + 1],
	struct json_object *json) {
	*refund = (struct payment_refund){0};
	payment_field_is(json, "object", "refund");
	payment_field_id(json, "id", refund->id);
	payment_field_id(json, "charge", refund->payment_id);
	payment_field_id_or_none(json, "payment_intent", order_id);
	payment_field_currency(json, "currency", refund->currency);
	refund->amount_paise = payment_field_amount(json, "amount");
	refund->created_at_ms = payment_field_time(json, "created");
	refund->state =
		(enum payment_refund_state)payment_field_word(json, "status", refund_states);
}

static void read_refund(struct payment_refund *refund, struct json_object *json) {
	char order_id[PAYMENT_ID_BYTES_MAX + 1];
	read_refund_of(refund, order_id, json);
}

/* ---- orders ---------------------------------------------------------------------------------- */

/* The same for every try, and for nothing else. */
static void append_key(struct payment_draft *draft, const char *what, const char *name) {
	text_append(&draft->header, "Idempotency-Key: ");
	text_append(&draft->header, what);
	text_append(&draft->header, name);
}

static void make_fetch_order(struct payment_draft *draft, const struct payment_request *request) {
	text_append(&draft->path, "/v1/payment_intents/");
	text_append(&draft->path, request->order_id);
}

static void read_fetched_order(struct payment_result *result, const struct payment_request *request,
	struct json_object *reply) {
	read_order(&result->order, reply);
	payment_field_is(reply, "id", request->order_id);
	result->count = 1;
}

static void make_create_order(struct payment_draft *draft, const struct payment_request *request) {
	char currency[PAYMENT_CURRENCY_BYTES] = {0};
	for (size_t i = 0; i < PAYMENT_CURRENCY_BYTES - 1; i++) {
		currency[i] = (char)(request->currency[i] - 'A' + 'a');
	}
	char time_bytes[40];
	struct text time = text_init(time_bytes, sizeof time_bytes);
	timestamp_append(&time, request->pay_by_ms, 0);
	text_append(&draft->path, "/v1/payment_intents");
	append_key(draft, "order-", request->receipt);
	form_append_u64(&draft->body, "amount", request->amount_paise);
	form_append(&draft->body, "currency", currency);
	form_append(&draft->body, "automatic_payment_methods[enabled]", "true");
	form_append(&draft->body, "metadata[receipt]", request->receipt);
	form_append(&draft->body, "metadata[campaign]", request->campaign_id);
	form_append(&draft->body, "metadata[pay_by]", time_bytes);
	draft->body.failed = draft->body.failed || time.failed;
}

static void read_created_order(struct payment_result *result, const struct payment_request *request,
	struct json_object *reply) {
	read_order(&result->order, reply);
	if (strcmp(result->order.receipt, request->receipt) != 0) {
		json_fail(reply, "metadata", "has another receipt");
	}
	result->count = 1;
}

/* ---- payments -------------------------------------------------------------------------------- */

static void open_list(struct json_object *reply) {
	payment_field_is(reply, "object", "list");
	if (!json_has(reply, "data")) {
		json_fail(reply, "data", "is missing");
	}
}

static void make_payments(struct payment_draft *draft, const struct payment_request *request) {
	text_append(&draft->path, "/v1/charges?payment_intent=");
	text_append(&draft->path, request->order_id);
	text_append(&draft->path, "&limit=100");
}

static void read_payments(struct payment_result *result, const struct payment_request *request,
	struct json_object *reply) {
	open_list(reply);
	payment_result_take_payments(result, reply, "data", read_charge, request->order_id);
}

/* It is the PaymentIntent that is captured: it has one charge that can be. */
static void make_capture(struct payment_draft *draft, const struct payment_request *request) {
	text_append(&draft->path, "/v1/payment_intents/");
	text_append(&draft->path, request->order_id);
	text_append(&draft->path, "/capture");
	append_key(draft, "capture-", request->payment_id);
	form_append_u64(&draft->body, "amount_to_capture", request->amount_paise);
}

static void read_captured(struct payment_result *result, const struct payment_request *request,
	struct json_object *reply) {
	struct payment_order order;
	struct payment *payment = &result->payments[0];
	read_order(&order, reply);
	payment_field_is(reply, "id", request->order_id);
	payment_field_is(reply, "status", "succeeded");
	if (json_has(reply, "latest_charge")) { /* since 2022 */
		payment_field_is(reply, "latest_charge", request->payment_id);
	}
	payment->amount_paise = payment_field_amount(reply, "amount_received");
	if (reply->failed) {
		return;
	}
	payment->state = PAYMENT_STATE_CAPTURED;
	payment->created_at_ms = order.created_at_ms;
	memcpy(payment->id, request->payment_id, strlen(request->payment_id) + 1);
	memcpy(payment->order_id, order.id, sizeof order.id);
	memcpy(payment->currency, order.currency, sizeof order.currency);
	result->count = 1;
}

static void make_list(struct payment_draft *draft, const struct payment_request *request) {
	text_append(&draft->path, "/v1/charges?created%5Bgte%5D=");
	text_append_i64(&draft->path, request->from_ms / 1000);
	text_append(&draft->path, "&created%5Blte%5D=");
	text_append_i64(&draft->path, request->until_ms / 1000);
	text_append(&draft->path, "&limit=100");
	if (request->page[0] != '\0') {
		text_append(&draft->path, "&starting_after=");
		text_append(&draft->path, request->page);
	}
}

/* A page is named by the last charge before it. */
static void read_list(struct payment_result *result, const struct payment_request *request,
	struct json_object *reply) {
	(void)request;
	open_list(reply);
	bool has_more = json_bool(reply, "has_more");
	payment_result_take_payments(result, reply, "data", read_charge, NULL);
	if (!has_more) {
		return;
	}
	if (result->count == 0) {
		json_fail(reply, "has_more", "but this page is empty");
		return;
	}
	memcpy(result->next_page, result->payments[result->count - 1].id, sizeof result->next_page);
}

/* ---- refunds --------------------------------------------------------------------------------- */

static void make_refund(struct payment_draft *draft, const struct payment_request *request) {
	text_append(&draft->path, "/v1/refunds");
	append_key(draft, "", request->key);
	form_append(&draft->body, "charge", request->payment_id);
	form_append_u64(&draft->body, "amount", request->amount_paise);
	form_append(&draft->body, "metadata[receipt]", request->receipt);
}

static void read_refunded(struct payment_result *result, const struct payment_request *request,
	struct json_object *reply) {
	read_refund(&result->refunds[0], reply);
	payment_field_is(reply, "charge", request->payment_id);
	result->count = 1;
}

static void make_refunds(struct payment_draft *draft, const struct payment_request *request) {
	text_append(&draft->path, "/v1/refunds?charge=");
	text_append(&draft->path, request->payment_id);
	text_append(&draft->path, "&limit=100");
}

static void read_refunds(struct payment_result *result, const struct payment_request *request,
	struct json_object *reply) {
	open_list(reply);
	payment_result_take_refunds(result, reply, "data", read_refund, request->payment_id);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static const struct payment_word refusals[] = {
	{"resource_missing", PAYMENT_ANSWER_NOT_FOUND},
	{"charge_already_captured", PAYMENT_ANSWER_STALE},
	{"charge_already_refunded", PAYMENT_ANSWER_STALE},
	{"payment_intent_unexpected_state", PAYMENT_ANSWER_STALE},
	{"balance_insufficient", PAYMENT_ANSWER_LATER}, /* for a refund, until others pay */
	{"lock_timeout", PAYMENT_ANSWER_LATER},
	{"idempotency_key_in_use", PAYMENT_ANSWER_LATER},
	{"rate_limit", PAYMENT_ANSWER_LATER},
	{"api_key_expired", PAYMENT_ANSWER_MISCONFIGURED},
	{"secret_key_required", PAYMENT_ANSWER_MISCONFIGURED},
	{NULL, 0},
};

static enum payment_answer judge(const char *code, const char *words) {
	int answer = payment_word_find(refusals, code);
	if (answer != 0) {
		return (enum payment_answer)answer;
	}
	/* The only answer to a wrong address, and it has no code. */
	return strstr(words, "Unrecognized request URL") != NULL ? PAYMENT_ANSWER_MISCONFIGURED
								 : PAYMENT_ANSWER_REFUSED;
}

/* ---- webhooks -------------------------------------------------------------------------------- */

enum about { ABOUT_CHARGE = 1, ABOUT_REFUND = 2 };

/* charge.refund.updated is what older accounts get for refund.updated. */
static const struct payment_word types[] = {
	{"charge.succeeded", ABOUT_CHARGE},
	{"charge.captured", ABOUT_CHARGE},
	{"charge.failed", ABOUT_CHARGE},
	{"refund.created", ABOUT_REFUND},
	{"refund.updated", ABOUT_REFUND},
	{"refund.failed", ABOUT_REFUND},
	{"charge.refund.updated", ABOUT_REFUND},
	{NULL, 0},
};

struct element {
	const char *name;
	size_t name_size;
	const char *value;
	size_t value_size;
};

/* Takes the next "name=value" off a header, where ',' stands between them. False at its end. */
static bool next_element(struct element *element, const char **at, const char *end) {
	if (*at >= end) {
		return false;
	}
	const char *comma = memchr(*at, ',', (size_t)(end - *at));
	const char *stop = comma != NULL ? comma : end;
	const char *equals = memchr(*at, '=', (size_t)(stop - *at));
	const char *name_end = equals != NULL ? equals : stop;
	const char *value = equals != NULL ? equals + 1 : stop;
	*element = (struct element){*at, (size_t)(name_end - *at), value, (size_t)(stop - value)};
	*at = comma != NULL ? comma + 1 : end;
	return true;
}

static bool is_named(const struct element *element, const char *name) {
	return element->name_size == strlen(name) &&
	       memcmp(element->name, name, element->name_size) == 0;
}

/* The one "t": when it was signed, in seconds, as the very text that was signed. */
static bool find_time(
	struct element *time, int64_t *time_ms, const struct payment_webhook *webhook) {
	const char *at = webhook->signature;
	const char *end = at + webhook->signature_size;
	struct element element;
	uint64_t seconds = 0;
	bool found = false;
	while (next_element(&element, &at, end)) {
		if (!is_named(&element, "t")) {
			continue;
		}
		if (found || !text_parse_u64(element.value, element.value_size,
				     TIMESTAMP_MS_MAX / 1000, &seconds)) {
			return false;
		}
		*time = element;
		found = true;
	}
	*time_ms = (int64_t)seconds * 1000;
	return found;
}

/* Any "v1" will do: while a secret is changed there is one for each. Other versions are older
 * ones. */
static bool is_signed(const struct payment_webhook_secrets *secrets,
	const struct payment_webhook *webhook, const struct element *time) {
	struct part parts[] = {
		{time->value, time->value_size}, {".", 1}, {webhook->body, webhook->body_size}};
	struct payment_macs macs;
	payment_macs_make(&macs, secrets, parts, sizeof parts / sizeof parts[0]);
	const char *at = webhook->signature;
	const char *end = at + webhook->signature_size;
	struct element element;
	while (next_element(&element, &at, end)) {
		if (is_named(&element, "v1") &&
			payment_macs_have(&macs, element.value, element.value_size)) {
			return true;
		}
	}
	return false;
}

/* "t=1492774577,v1=hex(HMAC-SHA256(webhook secret, t "." body)),v0=..." */
static bool verify(const struct payment_webhook_secrets *secrets,
	const struct payment_webhook *webhook, int64_t now_ms, const char **problem) {
	struct element time;
	int64_t time_ms;
	if (!find_time(&time, &time_ms, webhook)) {
		*problem = "its signature does not say when it was made";
		return false;
	}
	if (!is_signed(secrets, webhook, &time)) {
		*problem = "its signature is wrong: no webhook secret of ours made it";
		return false;
	}
	if (now_ms - time_ms > TOLERANCE_MS) {
		*problem = "its signature is older than 5 minutes: a replay, or a wrong clock";
		return false;
	}
	return true;
}

/* {"object": {...}} */
static void read_data(struct payment_event *event, int about, struct json_object *data) {
	struct json_object object;
	struct payment payment = {0};
	struct payment_refund refund = {0};
	char order_id[PAYMENT_ID_BYTES_MAX + 1] = "";
	json_inner(&object, data, "object");
	if (about == ABOUT_CHARGE) {
		read_charge(&payment, &object);
	} else {
		read_refund_of(&refund, order_id, &object);
	}
	payment_field_close(&object, data, "object");
	if (data->failed) {
		return;
	}
	if (about == ABOUT_CHARGE) {
		payment_event_of_payment(event, &payment);
	} else {
		payment_event_of_refund(event, &refund, order_id);
	}
}

static void read_event(struct payment_event *event, struct json_object *body) {
	payment_field_is(body, "object", "event");
	payment_field_id(body, "id", event->id);
	event->time_ms = payment_field_time(body, "created");
	int about = payment_word_find(types, json_string(body, "type", TYPE_BYTES_MAX));
	if (about == 0) {
		return;
	}
	struct json_object data;
	json_inner(&data, body, "data");
	read_data(event, about, &data);
	payment_field_close(&data, body, "data");
}

/* ---- the provider ---------------------------------------------------------------------------- */

static bool begins_with(const char *text, const char *beginning) {
	return strncmp(text, beginning, strlen(beginning)) == 0;
}

/* pk_test_... with sk_test_... or rk_test_..., or all of them with live. */
static const char *keys_problem(const struct payment_keys *keys) {
	if (!begins_with(keys->id, "pk_")) {
		return "the key id of Stripe is the publishable key: it begins with pk_";
	}
	if (!begins_with(keys->secret, "sk_") && !begins_with(keys->secret, "rk_")) {
		return "the key secret of Stripe begins with sk_ or rk_";
	}
	if (begins_with(keys->id + 3, "live_") != begins_with(keys->secret + 3, "live_")) {
		return "one of the two keys is for tests, and the other one for real money";
	}
	return NULL;
}

const struct payment_provider payment_stripe = {
	.name = "stripe",
	.address = "https://api.stripe.com",
	.signature_header = "stripe-signature",
	.event_id_header = "",
	.orders_are_idempotent = true,
	.secret_is_user = true,
	.content_type = "application/x-www-form-urlencoded",
	.error_words = "message",
	.calls =
		{
			[PAYMENT_CALL_FETCH_ORDER] = {make_fetch_order, read_fetched_order},
			[PAYMENT_CALL_CREATE_ORDER] = {make_create_order, read_created_order},
			[PAYMENT_CALL_PAYMENTS] = {make_payments, read_payments},
			[PAYMENT_CALL_CAPTURE] = {make_capture, read_captured},
			[PAYMENT_CALL_REFUND] = {make_refund, read_refunded},
			[PAYMENT_CALL_REFUNDS] = {make_refunds, read_refunds},
			[PAYMENT_CALL_LIST] = {make_list, read_list},
		},
	.judge = judge,
	.keys_problem = keys_problem,
	.verify = verify,
	.read_event = read_event,
};
