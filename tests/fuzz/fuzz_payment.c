/*
 * fuzz_payment - what claims to come from a payment provider: webhooks, and answers to calls.
 *
 * The first line is three digits: provider, what to try (a call's answer, a webhook, a call),
 * status. Then a line each for signature and event id, or for the texts of a call; the rest is the
 * body. Beyond not crashing: a body verifies with the signature made of it, and not with one byte
 * changed; what is read is within objects.h; reasons and errors are one harmless line; what is
 * made is one request line and one header.
 */
#include <assert.h>
#include <string.h>

#include "common/payment/fields.h"
#include "common/payment/provider.h"
#include "common/pure/text.h"
#include "common/pure/timestamp.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BODY_BYTES_MAX 65536u
#define LINE_BYTES_MAX 1200u
#define TRY_WEBHOOK PAYMENT_CALL_COUNT
#define TRY_CALL (PAYMENT_CALL_COUNT + 1u)
#define NOW_MS INT64_C(1795363559123)

static const struct payment_webhook_secrets secrets = {
	.current = "webhook-secret-now",
	.old = "webhook-secret-old",
};
static const struct payment_keys keys = {.id = "the-id", .secret = "the-secret"};

static char first[LINE_BYTES_MAX];
static char second[LINE_BYTES_MAX];
static char body[BODY_BYTES_MAX + 1];
static size_t body_size;

/* ---- what must hold -------------------------------------------------------------------------- */

static void assert_line(const char *text) {
	for (; *text != '\0'; text++) {
		assert(*text >= ' ');
		assert(*text <= '~');
		assert(*text != '"');
	}
}

static void assert_id(const char *id) {
	assert(payment_id_is_valid(id, 1, PAYMENT_ID_BYTES_MAX));
}

static void assert_id_or_none(const char *id) {
	assert(payment_id_is_valid(id, 0, PAYMENT_ID_BYTES_MAX));
}

static void assert_money(uint64_t amount_paise, const char *currency) {
	assert(amount_paise >= 1);
	assert(amount_paise <= PAYMENT_AMOUNT_MAX);
	assert(payment_currency_is_valid(currency));
}

static void assert_time(int64_t time_ms) {
	assert(time_ms >= 0);
	assert(time_ms <= TIMESTAMP_MS_MAX);
}

static void assert_order(const struct payment_order *order) {
	assert_id(order->id);
	assert(payment_id_is_valid(order->receipt, 0, PAYMENT_RECEIPT_BYTES_MAX));
	assert(payment_id_is_valid(order->client_secret, 0, PAYMENT_CLIENT_SECRET_BYTES_MAX));
	assert_money(order->amount_paise, order->currency);
	assert_time(order->created_at_ms);
	assert(order->state >= PAYMENT_ORDER_OPEN);
	assert(order->state <= PAYMENT_ORDER_CLOSED);
}

static void assert_payment(const struct payment *payment) {
	assert_id(payment->id);
	assert_id_or_none(payment->order_id);
	assert_money(payment->amount_paise, payment->currency);
	assert(payment->refunded_paise <= payment->amount_paise);
	assert_time(payment->created_at_ms);
	assert(payment->state >= PAYMENT_STATE_CREATED);
	assert(payment->state <= PAYMENT_STATE_LAPSED);
}

static void assert_refund(const struct payment_refund *refund) {
	assert_id(refund->id);
	assert_id(refund->payment_id);
	assert_money(refund->amount_paise, refund->currency);
	assert_time(refund->created_at_ms);
	assert(refund->state >= PAYMENT_REFUND_PENDING);
	assert(refund->state <= PAYMENT_REFUND_FAILED);
}

static void assert_event(const struct payment_event *event) {
	bool is_other = event->kind == PAYMENT_EVENT_OTHER;
	bool is_refund = event->kind >= PAYMENT_EVENT_REFUND_PENDING;
	assert(event->kind >= PAYMENT_EVENT_OTHER);
	assert(event->kind <= PAYMENT_EVENT_REFUND_FAILED);
	assert_id(event->id);
	assert_time(event->time_ms);
	assert_id_or_none(event->order_id);
	assert((event->refund_id[0] != '\0') == is_refund);
	assert((event->payment_id[0] != '\0') == !is_other);
	assert_id_or_none(event->refund_id);
	assert_id_or_none(event->payment_id);
	if (!is_other) {
		assert_money(event->amount_paise, event->currency);
	}
}

/* ---- answers --------------------------------------------------------------------------------- */

/* The names that the seeds have. */
static struct payment_request request_of(enum payment_call_kind kind) {
	return (struct payment_request){
		.kind = kind,
		.receipt = "R-1",
		.order_id = "order_1",
		.payment_id = "pay_1",
		.campaign_id = "burger",
		.currency = "INR",
		.key = "fc-pay_123",
		.amount_paise = 100,
		.pay_by_ms = NOW_MS,
		.from_ms = 0,
		.until_ms = NOW_MS,
		.page = "",
	};
}

static void assert_done(const struct payment_result *result, enum payment_call_kind kind) {
	switch (kind) {
	case PAYMENT_CALL_FIND_ORDER:
	case PAYMENT_CALL_FETCH_ORDER:
	case PAYMENT_CALL_CREATE_ORDER:
		assert(result->count >= 1);
		assert_order(&result->order);
		break;
	case PAYMENT_CALL_PAYMENTS:
	case PAYMENT_CALL_CAPTURE:
	case PAYMENT_CALL_LIST:
		for (uint32_t i = 0; i < result->count; i++) {
			assert_payment(&result->payments[i]);
		}
		break;
	case PAYMENT_CALL_REFUND:
	case PAYMENT_CALL_REFUNDS:
		for (uint32_t i = 0; i < result->count; i++) {
			assert_refund(&result->refunds[i]);
		}
		break;
	case PAYMENT_CALL_COUNT:
		assert(false);
	}
}

static void try_answer(
	const struct payment_provider *provider, enum payment_call_kind kind, int status) {
	static struct payment_result result;
	if (provider->calls[kind].read == NULL) {
		return;
	}
	struct payment_request request = request_of(kind);
	struct payment_reply reply = {.status = status, .body = body, .size = body_size};
	payment_call_read(&result, provider, &request, &reply);
	assert(result.answer >= PAYMENT_ANSWER_DONE);
	assert(result.answer <= PAYMENT_ANSWER_MISCONFIGURED);
	assert((result.answer == PAYMENT_ANSWER_DONE) == (result.reason[0] == '\0'));
	assert(result.answer != PAYMENT_ANSWER_DONE || status == 200);
	assert(result.count <= PAYMENT_ITEMS_MAX || kind == PAYMENT_CALL_FIND_ORDER);
	assert_line(result.reason);
	assert_id_or_none(result.next_page);
	if (result.answer == PAYMENT_ANSWER_DONE) {
		assert_done(&result, kind);
	}
}

/* ---- webhooks -------------------------------------------------------------------------------- */

static bool verifies(
	const struct payment_provider *provider, const struct payment_webhook *webhook) {
	const char *problem;
	bool genuine = payment_webhook_verify(provider, &secrets, webhook, NOW_MS, &problem);
	assert(genuine == (problem == NULL));
	return genuine;
}

/* As the provider would sign the body; both ways are tried on both providers. */
static void sign(struct text *text, const char *before, const char *secret) {
	uint8_t mac[CRYPTO_HMAC_BYTES];
	struct part parts[] = {{before, strlen(before)}, {body, body_size}};
	crypto_hmac_sha256(mac, (struct part){secret, strlen(secret)}, parts, 2);
	text_append_hex(text, mac, sizeof mac);
}

static void try_signed(const struct payment_provider *provider) {
	char signature[256];
	struct text text = text_init(signature, sizeof signature);
	if (provider->event_id_header[0] == '\0') {
		text_append(&text, "t=1795363559,v1=");
		sign(&text, "1795363559.", secrets.current);
	} else {
		sign(&text, "", secrets.old);
	}
	struct payment_webhook webhook = {
		.signature = signature,
		.signature_size = text.used,
		.event_id = "event-1",
		.event_id_size = strlen("event-1"),
		.body = body,
		.body_size = body_size,
	};
	if (webhook.body_size == 0) {
		return;
	}
	assert(verifies(provider, &webhook));
	size_t at = (uint8_t)first[0] % webhook.body_size;
	body[at] ^= 1;
	assert(!verifies(provider, &webhook));
	body[at] ^= 1;
	webhook.body_size--;
	assert(!verifies(provider, &webhook));
}

static void try_webhook(const struct payment_provider *provider) {
	struct payment_webhook webhook = {
		.signature = first,
		.signature_size = strlen(first),
		.event_id = second,
		.event_id_size = strlen(second),
		.body = body,
		.body_size = body_size,
	};
	struct payment_event event;
	char error[JSON_ERROR_BYTES];
	verifies(provider, &webhook);
	bool is_read = payment_webhook_read(&event, error, provider, &webhook);
	assert(is_read == (error[0] == '\0'));
	assert_line(error);
	if (is_read) {
		assert_event(&event);
	}
	try_signed(provider);
}

/* ---- calls ----------------------------------------------------------------------------------- */

static void try_call(const struct payment_provider *provider) {
	static struct payment_call call;
	for (enum payment_call_kind kind = 0; kind < PAYMENT_CALL_COUNT; kind++) {
		struct payment_request request = request_of(kind);
		request.receipt = first;
		request.order_id = first;
		request.payment_id = second;
		request.key = second;
		request.page = second;
		request.campaign_id = body;
		if (!payment_call_make(&call, provider, &keys, &request)) {
			continue;
		}
		assert_line(call.path);
		assert_line(call.header);
		assert(strchr(call.path, ' ') == NULL);
		assert(call.path[0] == '/');
		assert(strlen(call.body) == call.body_size);
		assert((strcmp(call.method, "POST") == 0) == (call.body_size > 0));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static const char *const names[] = {"razorpay", "stripe"};
	static const int statuses[] = {200, 400, 401, 404, 409, 429, 500, 0};
	struct input input = {data, size};
	const char *name = names[input_below(&input, 2)];
	/* The digits '0' to '9' are 0 to 9. */
	uint32_t what = input_below(&input, 16);
	int status = statuses[input_below(&input, 8)];
	input_line(&input, first, sizeof first);
	input_line(&input, first, sizeof first);
	input_line(&input, second, sizeof second);
	body_size = input.size < BODY_BYTES_MAX ? input.size : BODY_BYTES_MAX;
	input_rest(&input, body, sizeof body);
	const struct payment_provider *provider = payment_provider_find(name, strlen(name));
	if (what < PAYMENT_CALL_COUNT) {
		try_answer(provider, (enum payment_call_kind)what, status);
	} else if (what == TRY_WEBHOOK) {
		try_webhook(provider);
	} else if (what == TRY_CALL) {
		try_call(provider);
	}
	return 0;
}
