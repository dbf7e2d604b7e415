/*
 * razorpay - Razorpay's orders, payments, refunds and webhooks (razorpay.com/docs/api).
 *
 * Orders have no idempotency key: they are looked for by their receipt before a second try. Whether
 * a payment is captured by itself is a setting of the account. The webhook needs the events
 * payment.authorized, payment.captured, payment.failed, order.paid, refund.created,
 * refund.processed and refund.failed.
 */
#include <assert.h>
#include <string.h>

#include "common/payment/fields.h"
#include "common/payment/provider.h"
#include "common/pure/timestamp.h"

#define EVENT_NAME_BYTES_MAX 64u
/* The most that a list gives at once. */
#define PAGE_ITEMS 100u
static_assert(PAGE_ITEMS <= PAYMENT_ITEMS_MAX, "a page fits");

/* ---- objects --------------------------------------------------------------------------------- */

static const struct payment_word order_states[] = {
	{"created", PAYMENT_ORDER_OPEN},
	{"attempted", PAYMENT_ORDER_OPEN},
	{"paid", PAYMENT_ORDER_PAID},
	{NULL, 0},
};

static const struct payment_word payment_states[] = {
	{"created", PAYMENT_STATE_CREATED},
	{"failed", PAYMENT_STATE_FAILED},
	{"authorized", PAYMENT_STATE_AUTHORIZED},
	{"captured", PAYMENT_STATE_CAPTURED},
	{"refunded", PAYMENT_STATE_CAPTURED},
	{NULL, 0},
};

static const struct payment_word refund_states[] = {
	{"pending", PAYMENT_REFUND_PENDING},
	{"processed", PAYMENT_REFUND_PROCESSED},
	{"failed", PAYMENT_REFUND_FAILED},
	{NULL, 0},
};

static void read_order(struct payment_order *order, struct json_object *json) {
	*order = (struct payment_order){0};
	payment_field_is(json, "entity", "order");
	payment_field_id(json, "id", order->id);
	payment_field_receipt(json, "receipt", order->receipt);
	payment_field_currency(json, "currency", order->currency);
	order->state = (enum payment_order_state)payment_field_word(json, "status", order_states);
	order->amount_paise = payment_field_amount(json, "amount");
	order->created_at_ms = payment_field_time(json, "created_at");
}

static void read_payment(struct payment *payment, struct json_object *json) {
	*payment = (struct payment){0};
	payment_field_is(json, "entity", "payment");
	payment_field_id(json, "id", payment->id);
	payment_field_id_or_none(json, "order_id", payment->order_id);
	payment_field_currency(json, "currency", payment->currency);
	payment->amount_paise = payment_field_amount(json, "amount");
	payment->refunded_paise = json_u64_or(json, "amount_refunded", 0, payment->amount_paise, 0);
	payment->created_at_ms = payment_field_time(json, "created_at");
	payment->state = (enum payment_state)payment_field_word(json, "status", payment_states);
	/* What nobody captured in time, Razorpay refunds by itself. */
	if (strcmp(json_string(json, "status", EVENT_NAME_BYTES_MAX), "refunded") == 0 &&
		!json_bool(json, "captured")) {
		payment->state = PAYMENT_STATE_LAPSED;
	}
}

static void read_refund(struct payment_refund *refund, struct json_object *json) {
	*refund = (struct payment_refund){0};
	payment_field_is(json, "entity", "refund");
	payment_field_id(json, "id", refund->id);
	payment_field_id(json, "payment_id", refund->payment_id);
	payment_field_currency(json, "currency", refund->currency);
	refund->amount_paise = payment_field_amount(json, "amount");
	refund->created_at_ms = payment_field_time(json, "created_at");
	refund->state =
		(enum payment_refund_state)payment_field_word(json, "status", refund_states);
}

/* ---- orders ---------------------------------------------------------------------------------- */

static void make_find_order(struct payment_draft *draft, const struct payment_request *request) {
	text_append(&draft->path, "/v1/orders?receipt=");
	text_append(&draft->path, request->receipt);
	text_append(&draft->path, "&count=100");
}

/* Paid before not paid, then the oldest: the choice must be the same whenever it is made. */
static bool is_better(const struct payment_order *order, const struct payment_order *than) {
	bool order_paid = order->state == PAYMENT_ORDER_PAID;
	bool than_paid = than->state == PAYMENT_ORDER_PAID;
	if (order_paid != than_paid) {
		return order_paid;
	}
	return order->created_at_ms < than->created_at_ms ||
	       (order->created_at_ms == than->created_at_ms && strcmp(order->id, than->id) < 0);
}

/* The number of items in a list. */
static size_t open_list(struct json_object *reply) {
	payment_field_is(reply, "entity", "collection");
	size_t count = json_array_count(reply, "items");
	if (!json_has(reply, "items") || json_u64(reply, "count", 0, UINT32_MAX) != count) {
		json_fail(reply, "count", "is not the number of items");
	}
	return reply->failed ? 0 : count;
}

/* Receipts that only contain the one asked for may be in the list too. */
static void read_found_order(struct payment_result *result, const struct payment_request *request,
	struct json_object *reply) {
	size_t count = open_list(reply);
	for (size_t i = 0; i < count; i++) {
		struct json_object item;
		struct payment_order order;
		json_array_item(&item, reply, "items", i);
		read_order(&order, &item);
		payment_field_close(&item, reply, "items");
		if (strcmp(order.receipt, request->receipt) != 0) {
			continue;
		}
		if (result->count == 0 || is_better(&order, &result->order)) {
			result->order = order;
		}
		result->count++;
	}
	if (result->count == 0) {
		result->answer = PAYMENT_ANSWER_NOT_FOUND;
	}
}

static void make_fetch_order(struct payment_draft *draft, const struct payment_request *request) {
	text_append(&draft->path, "/v1/orders/");
	text_append(&draft->path, request->order_id);
}

static void read_fetched_order(struct payment_result *result, const struct payment_request *request,
	struct json_object *reply) {
	read_order(&result->order, reply);
	payment_field_is(reply, "id", request->order_id);
	result->count = 1;
}

static void append_json(struct text *text, const char *key, const char *value) {
	text_append(text, key);
	text_append_json(text, value, strlen(value));
}

static void append_amount(struct text *text, const char *key, uint64_t amount_paise) {
	text_append(text, key);
	text_append_u64(text, amount_paise);
}

static void make_create_order(struct payment_draft *draft, const struct payment_request *request) {
	struct text *body = &draft->body;
	text_append(&draft->path, "/v1/orders");
	append_amount(body, "{\"amount\":", request->amount_paise);
	append_json(body, ",\"currency\":", request->currency);
	append_json(body, ",\"receipt\":", request->receipt);
	append_json(body, ",\"notes\":{\"campaign\":", request->campaign_id);
	text_append(body, ",\"pay_by\":\"");
	timestamp_append(body, request->pay_by_ms, 0);
	text_append(body, "\"}}");
}

static void read_created_order(struct payment_result *result, const struct payment_request *request,
	struct json_object *reply) {
	read_order(&result->order, reply);
	payment_field_is(reply, "receipt", request->receipt);
	result->count = 1;
}

/* ---- payments -------------------------------------------------------------------------------- */

static void make_payments(struct payment_draft *draft, const struct payment_request *request) {
	text_append(&draft->path, "/v1/orders/");
	text_append(&draft->path, request->order_id);
	text_append(&draft->path, "/payments");
}

static void read_payments(struct payment_result *result, const struct payment_request *request,
	struct json_object *reply) {
	open_list(reply);
	payment_result_take_payments(result, reply, "items", read_payment, request->order_id);
}

static void make_capture(struct payment_draft *draft, const struct payment_request *request) {
	struct text *body = &draft->body;
	text_append(&draft->path, "/v1/payments/");
	text_append(&draft->path, request->payment_id);
	text_append(&draft->path, "/capture");
	append_amount(body, "{\"amount\":", request->amount_paise);
	append_json(body, ",\"currency\":", request->currency);
	text_append_char(body, '}');
}

static void read_captured(struct payment_result *result, const struct payment_request *request,
	struct json_object *reply) {
	read_payment(&result->payments[0], reply);
	payment_field_is(reply, "id", request->payment_id);
	result->count = 1;
}

static void make_list(struct payment_draft *draft, const struct payment_request *request) {
	text_append(&draft->path, "/v1/payments?from=");
	text_append_i64(&draft->path, request->from_ms / 1000);
	text_append(&draft->path, "&to=");
	text_append_i64(&draft->path, request->until_ms / 1000);
	text_append(&draft->path, "&count=100");
	if (request->page[0] != '\0') {
		text_append(&draft->path, "&skip=");
		text_append(&draft->path, request->page);
	}
}

/* A page is named by how many payments come before it. The newest come first: of a span of time
 * that is over the pages stay as they are. */
static void read_list(struct payment_result *result, const struct payment_request *request,
	struct json_object *reply) {
	uint64_t skipped = 0;
	size_t count = open_list(reply);
	payment_result_take_payments(result, reply, "items", read_payment, NULL);
	if (request->page[0] != '\0' &&
		!text_parse_u64(request->page, strlen(request->page), UINT32_MAX, &skipped)) {
		json_fail(reply, "page", "is not one that we were given");
	}
	if (count >= PAGE_ITEMS) {
		struct text page = text_init(result->next_page, sizeof result->next_page);
		text_append_u64(&page, skipped + count);
	}
}

/* ---- refunds --------------------------------------------------------------------------------- */

static void make_refund(struct payment_draft *draft, const struct payment_request *request) {
	struct text *body = &draft->body;
	text_append(&draft->path, "/v1/payments/");
	text_append(&draft->path, request->payment_id);
	text_append(&draft->path, "/refund");
	text_append(&draft->header, "X-Refund-Idempotency: ");
	text_append(&draft->header, request->key);
	append_amount(body, "{\"amount\":", request->amount_paise);
	append_json(body, ",\"speed\":\"normal\",\"receipt\":", request->receipt);
	text_append_char(body, '}');
}

static void read_refunded(struct payment_result *result, const struct payment_request *request,
	struct json_object *reply) {
	read_refund(&result->refunds[0], reply);
	payment_field_is(reply, "payment_id", request->payment_id);
	result->count = 1;
}

static void make_refunds(struct payment_draft *draft, const struct payment_request *request) {
	text_append(&draft->path, "/v1/payments/");
	text_append(&draft->path, request->payment_id);
	text_append(&draft->path, "/refunds?count=100");
}

static void read_refunds(struct payment_result *result, const struct payment_request *request,
	struct json_object *reply) {
	open_list(reply);
	payment_result_take_refunds(result, reply, "items", read_refund, request->payment_id);
}

/* ---- refusals -------------------------------------------------------------------------------- */

/* Razorpay has few codes: the words say what it is. Looked for in this order. */
static const struct payment_word refusals[] = {
	{"does not exist", PAYMENT_ANSWER_NOT_FOUND},
	{"receipt should be unique", PAYMENT_ANSWER_STALE}, /* of an order */
	{"Duplicate receipt", PAYMENT_ANSWER_STALE},        /* of a refund */
	{"already been captured", PAYMENT_ANSWER_STALE},
	{"fully refunded already", PAYMENT_ANSWER_STALE},
	{"operation is in progress", PAYMENT_ANSWER_LATER},
	{"not have enough balance", PAYMENT_ANSWER_LATER}, /* for a refund, until others pay */
	{"URL was not found", PAYMENT_ANSWER_MISCONFIGURED},
	{NULL, 0},
};

static enum payment_answer judge(const char *code, const char *words) {
	if (strcmp(code, "BAD_REQUEST_ERROR") != 0) {
		return PAYMENT_ANSWER_LATER; /* the gateway's or the server's own trouble */
	}
	for (const struct payment_word *refusal = refusals; refusal->word != NULL; refusal++) {
		if (strstr(words, refusal->word) != NULL) {
			return (enum payment_answer)refusal->meaning;
		}
	}
	return PAYMENT_ANSWER_REFUSED;
}

/* ---- webhooks -------------------------------------------------------------------------------- */

enum about { ABOUT_PAYMENT = 1, ABOUT_REFUND = 2 };

static const struct payment_word events[] = {
	{"payment.authorized", ABOUT_PAYMENT},
	{"payment.captured", ABOUT_PAYMENT},
	{"payment.failed", ABOUT_PAYMENT},
	{"order.paid", ABOUT_PAYMENT},
	{"refund.created", ABOUT_REFUND},
	{"refund.processed", ABOUT_REFUND},
	{"refund.failed", ABOUT_REFUND},
	{"refund.speed_changed", ABOUT_REFUND},
	{NULL, 0},
};

/* hex(HMAC-SHA256(webhook secret, body)) */
static bool verify(const struct payment_webhook_secrets *secrets,
	const struct payment_webhook *webhook, int64_t now_ms, const char **problem) {
	(void)now_ms; /* the signature has no time in it */
	struct part body = {webhook->body, webhook->body_size};
	struct payment_macs macs;
	payment_macs_make(&macs, secrets, &body, 1);
	if (!payment_macs_have(&macs, webhook->signature, webhook->signature_size)) {
		*problem = "its signature is wrong: no webhook secret of ours made it";
		return false;
	}
	return true;
}

/* {"payment": {"entity": {...}}} */
static void read_payment_inside(struct payment *payment, struct json_object *payload) {
	struct json_object holder;
	struct json_object entity;
	json_inner(&holder, payload, "payment");
	json_inner(&entity, &holder, "entity");
	read_payment(payment, &entity);
	payment_field_close(&entity, &holder, "entity");
	payment_field_close(&holder, payload, "payment");
}

static void read_refund_inside(struct payment_refund *refund, struct json_object *payload) {
	struct json_object holder;
	struct json_object entity;
	json_inner(&holder, payload, "refund");
	json_inner(&entity, &holder, "entity");
	read_refund(refund, &entity);
	payment_field_close(&entity, &holder, "entity");
	payment_field_close(&holder, payload, "refund");
}

/* The payment beside a refund says to which order it belongs. */
static void read_refund_event(struct payment_event *event, struct json_object *payload) {
	struct payment_refund refund;
	struct payment payment = {0};
	read_refund_inside(&refund, payload);
	if (json_has(payload, "payment")) {
		read_payment_inside(&payment, payload);
		if (strcmp(payment.id, refund.payment_id) != 0) {
			json_fail(payload, "payment", "is not the one that was refunded");
		}
	}
	if (!payload->failed) {
		payment_event_of_refund(event, &refund, payment.order_id);
	}
}

static void read_event(struct payment_event *event, struct json_object *body) {
	payment_field_is(body, "entity", "event");
	event->time_ms = payment_field_time(body, "created_at");
	int about = payment_word_find(events, json_string(body, "event", EVENT_NAME_BYTES_MAX));
	if (about == 0) {
		return;
	}
	struct json_object payload;
	json_inner(&payload, body, "payload");
	if (about == ABOUT_REFUND) {
		read_refund_event(event, &payload);
	} else {
		struct payment payment;
		read_payment_inside(&payment, &payload);
		if (!payload.failed) {
			payment_event_of_payment(event, &payment);
		}
	}
	payment_field_close(&payload, body, "payload");
}

/* ---- the provider ---------------------------------------------------------------------------- */

static const char *keys_problem(const struct payment_keys *keys) {
	if (strncmp(keys->id, "rzp_", strlen("rzp_")) != 0) {
		return "the key id of Razorpay begins with rzp_";
	}
	if (strncmp(keys->secret, "rzp_", strlen("rzp_")) == 0) {
		return "the key secret of Razorpay is a key id: it does not begin with rzp_";
	}
	return NULL;
}

const struct payment_provider payment_razorpay = {
	.name = "razorpay",
	.address = "https://api.razorpay.com",
	.signature_header = "x-razorpay-signature",
	.event_id_header = "x-razorpay-event-id",
	.content_type = "application/json",
	.error_words = "description",
	.calls =
		{
			[PAYMENT_CALL_FIND_ORDER] = {make_find_order, read_found_order},
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
