#include "common/payment/call.h"

#include <assert.h>
#include <string.h>

#include "common/payment/fields.h"
#include "common/payment/provider.h"
#include "common/pure/reason.h"
#include "common/pure/subjects.h"
#include "common/pure/timestamp.h"

#define CODE_BYTES_MAX 128u
#define WORDS_BYTES_MAX 4096u

/* ---- make ------------------------------------------------------------------------------------ */

enum need {
	NEED_RECEIPT = 1,
	NEED_ORDER = 2,
	NEED_PAYMENT = 4,
	NEED_AMOUNT = 8,
	NEED_CURRENCY = 16,
	NEED_CAMPAIGN = 32,
	NEED_KEY = 64,
	NEED_SPAN = 128,
};

static const unsigned needs[PAYMENT_CALL_COUNT] = {
	[PAYMENT_CALL_FIND_ORDER] = NEED_RECEIPT,
	[PAYMENT_CALL_FETCH_ORDER] = NEED_ORDER,
	[PAYMENT_CALL_CREATE_ORDER] =
		NEED_RECEIPT | NEED_CAMPAIGN | NEED_AMOUNT | NEED_CURRENCY, /* and pay_by_ms */
	[PAYMENT_CALL_PAYMENTS] = NEED_ORDER,
	[PAYMENT_CALL_CAPTURE] = NEED_ORDER | NEED_PAYMENT | NEED_AMOUNT | NEED_CURRENCY,
	[PAYMENT_CALL_REFUND] = NEED_PAYMENT | NEED_AMOUNT | NEED_RECEIPT | NEED_KEY,
	[PAYMENT_CALL_REFUNDS] = NEED_PAYMENT,
	[PAYMENT_CALL_LIST] = NEED_SPAN,
};

static bool is_id(const char *id) {
	return payment_id_is_valid(id, 1, PAYMENT_ID_BYTES_MAX);
}

static bool span_is_valid(const struct payment_request *request) {
	return request->from_ms >= 0 && request->from_ms <= request->until_ms &&
	       request->until_ms <= TIMESTAMP_MS_MAX &&
	       payment_id_is_valid(request->page, 0, PAYMENT_ID_BYTES_MAX);
}

/* Whether it has what its call needs. Everything is checked here, so that a provider's make only
 * writes; a pay_by_ms that is no time fails the text. */
static bool request_is_valid(const struct payment_request *request) {
	unsigned need = needs[request->kind];
	if ((need & NEED_RECEIPT) != 0 &&
		!payment_id_is_valid(request->receipt, 1, PAYMENT_RECEIPT_BYTES_MAX)) {
		return false;
	}
	if ((need & NEED_AMOUNT) != 0 &&
		(request->amount_paise < 1 || request->amount_paise > PAYMENT_AMOUNT_MAX)) {
		return false;
	}
	if ((need & NEED_CAMPAIGN) != 0 &&
		(request->campaign_id == NULL || !campaign_id_is_valid(request->campaign_id,
							 strlen(request->campaign_id)))) {
		return false;
	}
	if ((need & NEED_KEY) != 0 &&
		!payment_id_is_valid(request->key, PAYMENT_KEY_BYTES_MIN, PAYMENT_KEY_BYTES_MAX)) {
		return false;
	}
	return ((need & NEED_ORDER) == 0 || is_id(request->order_id)) &&
	       ((need & NEED_PAYMENT) == 0 || is_id(request->payment_id)) &&
	       ((need & NEED_CURRENCY) == 0 || payment_currency_is_valid(request->currency)) &&
	       ((need & NEED_SPAN) == 0 || span_is_valid(request));
}

bool payment_call_make(struct payment_call *call, const struct payment_provider *provider,
	const struct payment_keys *keys, const struct payment_request *request) {
	assert(request->kind < PAYMENT_CALL_COUNT);
	const struct payment_call_ways *ways = &provider->calls[request->kind];
	if (ways->make == NULL || !request_is_valid(request)) {
		return false;
	}
	struct payment_draft draft = {
		.path = text_init(call->path, sizeof call->path),
		.header = text_init(call->header, sizeof call->header),
		.body = text_init(call->body, sizeof call->body),
	};
	ways->make(&draft, request);
	call->body_size = draft.body.used;
	call->method = call->body_size > 0 ? "POST" : "GET";
	call->content_type = call->body_size > 0 ? provider->content_type : "";
	call->user = provider->secret_is_user ? keys->secret : keys->id;
	call->password = provider->secret_is_user ? "" : keys->secret;
	return !draft.path.failed && !draft.header.failed && !draft.body.failed;
}

/* ---- read ------------------------------------------------------------------------------------ */

/* 429, 409, 408 and the like are about this moment; 1xx and 3xx nobody should send us. */
static bool is_refusal(int status) {
	return status / 100 == 4 && status != 408 && status != 409 && status != 425 &&
	       status != 429;
}

static struct text begin_reason(struct payment_result *result, const struct payment_reply *reply) {
	struct text text = text_init(result->reason, sizeof result->reason);
	text_append(&text, "HTTP ");
	text_append_i64(&text, reply->status);
	return text;
}

static void read_done(struct payment_result *result, const struct payment_provider *provider,
	const struct payment_request *request, const struct payment_reply *reply) {
	struct json_object body;
	json_init(&body, reply->body, reply->size);
	result->answer = PAYMENT_ANSWER_DONE;
	provider->calls[request->kind].read(result, request, &body);
	if (body.failed) {
		*result = (struct payment_result){.answer = PAYMENT_ANSWER_LATER};
		struct text reason = begin_reason(result, reply);
		text_append(&reason, " garbled: ");
		reason_append_error(&reason, body.error);
	} else if (result->answer != PAYMENT_ANSWER_DONE) {
		struct text reason = begin_reason(result, reply);
		text_append(&reason, " the provider has no such thing");
	}
	json_finish(&body);
}

/* {"error": {"code": "...", "description": "..."}}. Without it, or where it is not about the call,
 * it is the provider's trouble, or not the provider who speaks: a proxy, a captive page. */
static void read_trouble(struct payment_result *result, const struct payment_provider *provider,
	const struct payment_reply *reply) {
	struct json_object body;
	struct json_object error;
	json_init(&body, reply->body, reply->size);
	json_inner(&error, &body, "error");
	const char *code = json_string_or(&error, "code", CODE_BYTES_MAX, "");
	const char *words = json_string_or(&error, provider->error_words, WORDS_BYTES_MAX, "");
	result->answer = PAYMENT_ANSWER_LATER;
	if (reply->status == 401 || reply->status == 403) {
		result->answer = PAYMENT_ANSWER_MISCONFIGURED;
	} else if (is_refusal(reply->status) && !error.failed) {
		result->answer = provider->judge(code, words);
	}
	struct text reason = begin_reason(result, reply);
	reason_append_words(&reason, code);
	reason_append_words(&reason, words);
	json_finish(&body);
}

void payment_call_read(struct payment_result *result, const struct payment_provider *provider,
	const struct payment_request *request, const struct payment_reply *reply) {
	assert(request->kind < PAYMENT_CALL_COUNT);
	assert(provider->calls[request->kind].read != NULL);
	*result = (struct payment_result){0};
	if (reply->status / 100 == 2) {
		read_done(result, provider, request, reply);
	} else {
		read_trouble(result, provider, reply);
	}
}

/* ---- lists ----------------------------------------------------------------------------------- */

static bool may_be_left_out(const struct payment *payment) {
	return payment->state == PAYMENT_STATE_CREATED || payment->state == PAYMENT_STATE_FAILED;
}

void payment_result_take_payments(struct payment_result *result, struct json_object *reply,
	const char *key, void (*read)(struct payment *payment, struct json_object *item),
	const char *order_id) {
	size_t count = json_array_count(reply, key);
	for (size_t i = 0; i < count && !reply->failed; i++) {
		struct json_object item;
		struct payment payment;
		json_array_item(&item, reply, key, i);
		read(&payment, &item);
		if (order_id != NULL && strcmp(payment.order_id, order_id) != 0) {
			json_fail(&item, "order", "is another one");
		}
		payment_field_close(&item, reply, key);
		if (count > PAYMENT_ITEMS_MAX && may_be_left_out(&payment)) {
			continue;
		}
		if (result->count == PAYMENT_ITEMS_MAX) {
			json_fail(reply, key, "are too many");
			return;
		}
		result->payments[result->count++] = payment;
	}
}

void payment_result_take_refunds(struct payment_result *result, struct json_object *reply,
	const char *key, void (*read)(struct payment_refund *refund, struct json_object *item),
	const char *payment_id) {
	size_t count = json_array_count(reply, key);
	if (count >= PAYMENT_ITEMS_MAX) {
		json_fail(reply, key, "are too many"); /* and there may be more of them */
	}
	for (size_t i = 0; i < count && !reply->failed; i++) {
		struct json_object item;
		struct payment_refund refund;
		json_array_item(&item, reply, key, i);
		read(&refund, &item);
		if (strcmp(refund.payment_id, payment_id) != 0) {
			json_fail(&item, "payment", "is another one");
		}
		payment_field_close(&item, reply, key);
		result->refunds[result->count++] = refund;
	}
}
