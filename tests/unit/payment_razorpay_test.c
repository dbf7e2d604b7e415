/*
 * payment_razorpay_test - calls and answers as Razorpay documents them, and as it should not
 * answer.
 */
#include "tests/unit/payment.h"
#include "tests/unit/payment_razorpay.h"

#define COLLECTION(count, items)                                                                   \
	"{\"entity\":\"collection\",\"count\":" count ",\"items\":[" items "]}"

static const struct payment_provider *razorpay;

/* ---- calls ----------------------------------------------------------------------------------- */

static const struct payment_request find_order = {
	.kind = PAYMENT_CALL_FIND_ORDER, .receipt = "7K3M-9QXT-4C2P-H"};
static const struct payment_request fetch_order = {
	.kind = PAYMENT_CALL_FETCH_ORDER, .order_id = "order_EKwxwAgItmmXdp"};
static const struct payment_request create_order = {
	.kind = PAYMENT_CALL_CREATE_ORDER,
	.receipt = "7K3M-9QXT-4C2P-H",
	.campaign_id = "burger",
	.amount_paise = 100,
	.currency = "INR",
	.pay_by_ms = PAYMENT_PAY_BY_MS,
};
static const struct payment_request payments_of_order = {
	.kind = PAYMENT_CALL_PAYMENTS, .order_id = "order_EKwxwAgItmmXdp"};
static const struct payment_request capture = {
	.kind = PAYMENT_CALL_CAPTURE,
	.order_id = "order_EKwxwAgItmmXdp",
	.payment_id = "pay_DESlfW9H8K9uqM",
	.amount_paise = 100,
	.currency = "INR",
};
static const struct payment_request refund = {
	.kind = PAYMENT_CALL_REFUND,
	.payment_id = "pay_DESlfW9H8K9uqM",
	.amount_paise = 100,
	.receipt = "fc-pay_DESlfW9H8K9uqM",
	.key = "fc-pay_DESlfW9H8K9uqM",
};
static const struct payment_request refunds_of_payment = {
	.kind = PAYMENT_CALL_REFUNDS, .payment_id = "pay_DESlfW9H8K9uqM"};
static const struct payment_request list = {
	.kind = PAYMENT_CALL_LIST, .from_ms = 1795363559123, .until_ms = 1795449959999, .page = ""};

static void asks_as_documented(void **state) {
	(void)state;
	assert_call(razorpay, &find_order, "/v1/orders?receipt=7K3M-9QXT-4C2P-H&count=100", "", "");
	assert_call(razorpay, &fetch_order, "/v1/orders/order_EKwxwAgItmmXdp", "", "");
	assert_call(razorpay, &create_order, "/v1/orders", "",
		"{\"amount\":100,\"currency\":\"INR\",\"receipt\":\"7K3M-9QXT-4C2P-H\","
		"\"notes\":{\"campaign\":\"burger\",\"pay_by\":\"2026-11-22T16:05:59.000Z\"}}");
	assert_call(
		razorpay, &payments_of_order, "/v1/orders/order_EKwxwAgItmmXdp/payments", "", "");
	assert_call(razorpay, &capture, "/v1/payments/pay_DESlfW9H8K9uqM/capture", "",
		"{\"amount\":100,\"currency\":\"INR\"}");
	assert_call(razorpay, &refund, "/v1/payments/pay_DESlfW9H8K9uqM/refund",
		"X-Refund-Idempotency: fc-pay_DESlfW9H8K9uqM",
		"{\"amount\":100,\"speed\":\"normal\",\"receipt\":\"fc-pay_DESlfW9H8K9uqM\"}");
	assert_call(razorpay, &refunds_of_payment,
		"/v1/payments/pay_DESlfW9H8K9uqM/refunds?count=100", "", "");
	assert_call(
		razorpay, &list, "/v1/payments?from=1795363559&to=1795449959&count=100", "", "");
	struct payment_request next = list;
	next.page = "100";
	assert_call(razorpay, &next,
		"/v1/payments?from=1795363559&to=1795449959&count=100&skip=100", "", "");
	assert_false(razorpay->orders_are_idempotent);
	assert_string_equal(razorpay->address, "https://api.razorpay.com");
}

/* ---- answers --------------------------------------------------------------------------------- */

static void assert_is_the_order(const struct payment_result *result) {
	assert_int_equal(result->answer, PAYMENT_ANSWER_DONE);
	assert_int_equal(result->count, 1);
	assert_string_equal(result->order.id, "order_EKwxwAgItmmXdp");
	assert_string_equal(result->order.receipt, "7K3M-9QXT-4C2P-H");
	assert_string_equal(result->order.currency, "INR");
	assert_string_equal(result->order.client_secret, "");
	assert_int_equal(result->order.amount_paise, 100);
	assert_int_equal(result->order.state, PAYMENT_ORDER_OPEN);
	assert_true(result->order.created_at_ms == INT64_C(1582628071000));
}

static void understands_orders(void **state) {
	(void)state;
	assert_is_the_order(answer_to(razorpay, &create_order, 200, ORDER));
	assert_is_the_order(answer_to(razorpay, &fetch_order, 200, ORDER));
	assert_is_the_order(answer_to(razorpay, &find_order, 200, COLLECTION("1", ORDER)));
	const char *attempted = edited(ORDER, "\"created\"", "\"attempted\"");
	assert_is_the_order(answer_to(razorpay, &fetch_order, 200, attempted));
	const struct payment_result *result =
		answer_to(razorpay, &fetch_order, 200, edited(ORDER, "\"created\"", "\"paid\""));
	assert_int_equal(result->order.state, PAYMENT_ORDER_PAID);
}

/* The order of somebody else on the same account. */
static void foreign_receipts_are_none(void **state) {
	(void)state;
	static const char *const receipts[] = {"null", "\"\"", "\"Receipt No. 1\"", "\"ß\"",
		"\"0123456789012345678901234567890123456789X\""};
	for (size_t i = 0; i < COUNT_OF(receipts); i++) {
		const struct payment_result *result = answer_to(razorpay, &fetch_order, 200,
			edited(ORDER, "\"7K3M-9QXT-4C2P-H\"", receipts[i]));
		assert_int_equal(result->answer, PAYMENT_ANSWER_DONE);
		assert_string_equal(result->order.receipt, "");
	}
}

static void finds_orders_by_their_receipt(void **state) {
	(void)state;
	assert_answer(razorpay, &find_order, 200, COLLECTION("0", ""), PAYMENT_ANSWER_NOT_FOUND,
		"HTTP 200 the provider has no such thing");
	/* It may give receipts that only contain the one asked for. */
	char longer[1024];
	snprintf(longer, sizeof longer, COLLECTION("1", "%s"),
		edited(ORDER, "7K3M-9QXT-4C2P-H", "7K3M-9QXT-4C2P-H-2"));
	assert_answer(razorpay, &find_order, 200, longer, PAYMENT_ANSWER_NOT_FOUND,
		"HTTP 200 the provider has no such thing");
	/* A list that cannot be one must not make us ask for a second order. */
	static const char *const odd[] = {"{}", "{\"entity\":\"collection\",\"count\":0}",
		"{\"entity\":\"collection\",\"count\":0,\"items\":null}", COLLECTION("1", ""),
		COLLECTION("0", ORDER), COLLECTION("1", "[]"),
		"{\"entity\":\"collection\",\"items\":[]}", "{\"count\":0,\"items\":[]}", "", "[]"};
	for (size_t i = 0; i < COUNT_OF(odd); i++) {
		const struct payment_result *result = answer_to(razorpay, &find_order, 200, odd[i]);
		assert_int_equal(result->answer, PAYMENT_ANSWER_LATER);
		assert_int_equal(result->count, 0);
	}
}

/* There should be one. If not, it is always the same one, and it is told that there are more. */
static void chooses_among_orders_with_one_receipt(void **state) {
	(void)state;
	char older[512];
	char paid[512];
	char body[2048];
	snprintf(older, sizeof older, "%s",
		edited(edited(ORDER, "order_EKwxwAgItmmXdp", "order_older"), "1582628071",
			"1582628070"));
	snprintf(paid, sizeof paid, "%s",
		edited(edited(ORDER, "order_EKwxwAgItmmXdp", "order_paid"), "\"created\"",
			"\"paid\""));
	snprintf(body, sizeof body, COLLECTION("2", "%s,%s"), ORDER, older);
	const struct payment_result *result = answer_to(razorpay, &find_order, 200, body);
	assert_int_equal(result->count, 2);
	assert_string_equal(result->order.id, "order_older");
	/* Of one second: by their ids. */
	snprintf(body, sizeof body, COLLECTION("2", "%s,%s"), ORDER,
		edited(ORDER, "order_EKwxwAgItmmXdp", "order_EA"));
	result = answer_to(razorpay, &find_order, 200, body);
	assert_string_equal(result->order.id, "order_EA");
	snprintf(body, sizeof body, COLLECTION("3", "%s,%s,%s"), older, paid, ORDER);
	result = answer_to(razorpay, &find_order, 200, body);
	assert_int_equal(result->count, 3);
	assert_string_equal(result->order.id, "order_paid");
}

static void understands_payments(void **state) {
	(void)state;
	static const struct {
		const char *status;
		const char *captured;
		enum payment_state state;
	} cases[] = {
		{STATUS("created"), "\"captured\":false", PAYMENT_STATE_CREATED},
		{STATUS("failed"), "\"captured\":false", PAYMENT_STATE_FAILED},
		{STATUS("authorized"), "\"captured\":false", PAYMENT_STATE_AUTHORIZED},
		{STATUS("captured"), "\"captured\":true", PAYMENT_STATE_CAPTURED},
		{STATUS("refunded"), "\"captured\":true", PAYMENT_STATE_CAPTURED},
		{STATUS("refunded"), "\"captured\":false", PAYMENT_STATE_LAPSED},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char payment[1024];
		char body[2048];
		snprintf(payment, sizeof payment, "%s",
			edited(edited(PAYMENT, STATUS("captured"), cases[i].status),
				"\"captured\":true", cases[i].captured));
		snprintf(body, sizeof body, COLLECTION("2", "%s,%s"), payment, PAYMENT);
		const struct payment_result *result =
			answer_to(razorpay, &payments_of_order, 200, body);
		assert_int_equal(result->answer, PAYMENT_ANSWER_DONE);
		assert_int_equal(result->count, 2);
		assert_int_equal(result->payments[0].state, cases[i].state);
		assert_int_equal(result->payments[1].state, PAYMENT_STATE_CAPTURED);
	}
	const struct payment_result *result =
		answer_to(razorpay, &payments_of_order, 200, COLLECTION("1", PAYMENT));
	assert_string_equal(result->payments[0].id, "pay_DESlfW9H8K9uqM");
	assert_string_equal(result->payments[0].order_id, "order_EKwxwAgItmmXdp");
	assert_string_equal(result->payments[0].currency, "INR");
	assert_int_equal(result->payments[0].amount_paise, 100);
	assert_int_equal(result->payments[0].refunded_paise, 0);
	assert_true(result->payments[0].created_at_ms == INT64_C(1567674599000));
	assert_int_equal(
		answer_to(razorpay, &payments_of_order, 200, COLLECTION("0", ""))->count, 0);
	result = answer_to(razorpay, &capture, 200, PAYMENT);
	assert_int_equal(result->answer, PAYMENT_ANSWER_DONE);
	assert_int_equal(result->payments[0].state, PAYMENT_STATE_CAPTURED);
	result = answer_to(razorpay, &capture, 200,
		edited(PAYMENT, "\"amount_refunded\":0", "\"amount_refunded\":40"));
	assert_int_equal(result->payments[0].refunded_paise, 40);
}

static void understands_refunds(void **state) {
	(void)state;
	static const struct {
		const char *status;
		enum payment_refund_state state;
	} cases[] = {
		{STATUS("pending"), PAYMENT_REFUND_PENDING},
		{STATUS("processed"), PAYMENT_REFUND_PROCESSED},
		{STATUS("failed"), PAYMENT_REFUND_FAILED},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct payment_result *result = answer_to(razorpay, &refund, 200,
			edited(REFUND, STATUS("processed"), cases[i].status));
		assert_int_equal(result->answer, PAYMENT_ANSWER_DONE);
		assert_int_equal(result->count, 1);
		assert_int_equal(result->refunds[0].state, cases[i].state);
	}
	const struct payment_result *result =
		answer_to(razorpay, &refunds_of_payment, 200, COLLECTION("2", REFUND "," REFUND));
	assert_int_equal(result->count, 2);
	assert_string_equal(result->refunds[1].id, "rfnd_FS8TWyPrCsa0OB");
	assert_string_equal(result->refunds[1].payment_id, "pay_DESlfW9H8K9uqM");
	assert_string_equal(result->refunds[1].currency, "INR");
	assert_int_equal(result->refunds[1].amount_paise, 100);
	assert_true(result->refunds[1].created_at_ms == INT64_C(1597734071000));
}

static void refunds_have_their_bound(void **state) {
	(void)state;
	static char body[1 << 16];
	struct text text = text_init(body, sizeof body);
	text_append(&text, "{\"entity\":\"collection\",\"count\":100,\"items\":[");
	for (int i = 0; i < 100; i++) {
		text_append(&text, i == 0 ? REFUND : "," REFUND);
	}
	text_append(&text, "]}");
	assert_false(text.failed);
	assert_answer(razorpay, &refunds_of_payment, 200, body, PAYMENT_ANSWER_LATER,
		"HTTP 200 garbled: items: are too many");
}

/* Items that differ in their number, so many of them; the first failed ones are failed. */
static const char *list_of_payments(unsigned count, unsigned failed) {
	static char body[1 << 18];
	struct text text = text_init(body, sizeof body);
	text_append(&text, "{\"entity\":\"collection\",\"count\":");
	text_append_u64(&text, count);
	text_append(&text, ",\"items\":[");
	for (unsigned i = 0; i < count; i++) {
		char id[32];
		snprintf(id, sizeof id, "pay_%u", i);
		const char *payment = edited(PAYMENT, "pay_DESlfW9H8K9uqM", id);
		text_append(&text, i == 0 ? "" : ",");
		text_append(&text, i < failed
					   ? edited(payment, STATUS("captured"), STATUS("failed"))
					   : payment);
	}
	text_append(&text, "]}");
	assert_false(text.failed);
	return body;
}

static void reads_lists_page_by_page(void **state) {
	(void)state;
	const struct payment_result *result =
		answer_to(razorpay, &list, 200, list_of_payments(100, 0));
	assert_int_equal(result->count, 100);
	assert_string_equal(result->payments[99].id, "pay_99");
	assert_string_equal(result->next_page, "100");
	struct payment_request next = list;
	next.page = "100";
	result = answer_to(razorpay, &next, 200, list_of_payments(100, 0));
	assert_string_equal(result->next_page, "200");
	next.page = "pay_1";
	assert_answer(razorpay, &next, 200, list_of_payments(100, 0), PAYMENT_ANSWER_LATER,
		"HTTP 200 garbled: page: is not one that we were given");
	next.page = "200";
	result = answer_to(razorpay, &next, 200, list_of_payments(99, 0));
	assert_int_equal(result->count, 99);
	assert_string_equal(result->next_page, "");
	result = answer_to(razorpay, &next, 200, COLLECTION("0", ""));
	assert_int_equal(result->answer, PAYMENT_ANSWER_DONE);
	assert_int_equal(result->count, 0);
	assert_string_equal(result->next_page, "");
}

/* Somebody who fails a hundred times and then pays must not be lost. */
static void leaves_out_what_failed_where_there_are_too_many(void **state) {
	(void)state;
	const struct payment_result *result =
		answer_to(razorpay, &payments_of_order, 200, list_of_payments(150, 149));
	assert_int_equal(result->answer, PAYMENT_ANSWER_DONE);
	assert_int_equal(result->count, 1);
	assert_string_equal(result->payments[0].id, "pay_149");
	assert_answer(razorpay, &payments_of_order, 200, list_of_payments(101, 0),
		PAYMENT_ANSWER_LATER, "HTTP 200 garbled: items: are too many");
}

static void answers_about_something_else_are_garbled(void **state) {
	(void)state;
	static const struct {
		const struct payment_request *request;
		const char *body;
		const char *from;
		const char *to;
		const char *reason;
	} cases[] = {
		{&create_order, ORDER, "7K3M-9QXT-4C2P-H", "7K3M-9QXT-4C2P-X",
			"HTTP 200 garbled: receipt: is not what it should be here"},
		{&fetch_order, ORDER, "order_EKwxwAgItmmXdp", "order_other",
			"HTTP 200 garbled: id: is not what it should be here"},
		{&capture, PAYMENT, "pay_DESlfW9H8K9uqM", "pay_other",
			"HTTP 200 garbled: id: is not what it should be here"},
		{&refund, REFUND, "pay_DESlfW9H8K9uqM", "pay_other",
			"HTTP 200 garbled: payment_id: is not what it should be here"},
		{&payments_of_order, COLLECTION("1", PAYMENT), "order_EKwxwAgItmmXdp",
			"order_other", "HTTP 200 garbled: items: order: is another one"},
		{&refunds_of_payment, COLLECTION("1", REFUND), "pay_DESlfW9H8K9uqM", "pay_other",
			"HTTP 200 garbled: items: payment: is another one"},
		{&fetch_order, ORDER, "\"amount\":100", "\"amount\":\"100\"",
			"HTTP 200 garbled: amount: must be a whole number from 1 to "
			"9007199254740991"},
		{&fetch_order, ORDER, "\"entity\":\"order\"", "\"entity\":\"payment\"",
			"HTTP 200 garbled: entity: is not what it should be here"},
		{&fetch_order, ORDER, ORDER, "<html>",
			"HTTP 200 garbled: unexpected character at byte 1"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_answer(razorpay, cases[i].request, 200,
			edited(cases[i].body, cases[i].from, cases[i].to), PAYMENT_ANSWER_LATER,
			cases[i].reason);
	}
}

static void understands_refusals(void **state) {
	(void)state;
	static const struct {
		int status;
		const char *code;
		const char *words;
		enum payment_answer answer;
	} cases[] = {
		{400, "BAD_REQUEST_ERROR", "The id provided does not exist",
			PAYMENT_ANSWER_NOT_FOUND},
		{400, "BAD_REQUEST_ERROR", "Order receipt should be unique.", PAYMENT_ANSWER_STALE},
		{400, "BAD_REQUEST_ERROR", "Duplicate receipt found for this refund request.",
			PAYMENT_ANSWER_STALE},
		{400, "BAD_REQUEST_ERROR", "This payment has already been captured",
			PAYMENT_ANSWER_STALE},
		{400, "BAD_REQUEST_ERROR", "The payment has been fully refunded already",
			PAYMENT_ANSWER_STALE},
		{400, "BAD_REQUEST_ERROR",
			"Request failed because another payment operation is in progress",
			PAYMENT_ANSWER_LATER},
		{400, "BAD_REQUEST_ERROR",
			"Your account does not have enough balance to carry out the refund "
			"operation.",
			PAYMENT_ANSWER_LATER},
		{400, "BAD_REQUEST_ERROR", "The requested URL was not found on the server.",
			PAYMENT_ANSWER_MISCONFIGURED},
		{400, "BAD_REQUEST_ERROR", "The amount must be at least INR 1.00",
			PAYMENT_ANSWER_REFUSED},
		{400, "BAD_REQUEST_ERROR",
			"Different request with the same idempotency key has already been "
			"processed.",
			PAYMENT_ANSWER_REFUSED},
		{401, "BAD_REQUEST_ERROR", "The api key provided is invalid",
			PAYMENT_ANSWER_MISCONFIGURED},
		{403, "BAD_REQUEST_ERROR", "Access Denied", PAYMENT_ANSWER_MISCONFIGURED},
		{409, "BAD_REQUEST_ERROR",
			"Another request with the same idempotency key is still in progress.",
			PAYMENT_ANSWER_LATER},
		{429, "BAD_REQUEST_ERROR", "Too many requests", PAYMENT_ANSWER_LATER},
		{400, "GATEWAY_ERROR", "Payment processing failed", PAYMENT_ANSWER_LATER},
		{500, "SERVER_ERROR", "We are facing some trouble completing your request.",
			PAYMENT_ANSWER_LATER},
		{502, "BAD_REQUEST_ERROR", "The id provided does not exist", PAYMENT_ANSWER_LATER},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char body[1024];
		char reason[PAYMENT_REASON_BYTES];
		snprintf(body, sizeof body,
			"{\"error\":{\"code\":\"%s\",\"description\":\"%s\",\"source\":"
			"\"business\","
			"\"step\":\"payment_initiation\",\"reason\":\"input_validation_failed\","
			"\"metadata\":{},\"field\":\"amount\"}}",
			cases[i].code, cases[i].words);
		snprintf(reason, sizeof reason, "HTTP %d %s %s", cases[i].status, cases[i].code,
			cases[i].words);
		assert_answer(razorpay, &capture, cases[i].status, body, cases[i].answer, reason);
	}
}

static void knows_its_keys(void **state) {
	(void)state;
	static const struct {
		struct payment_keys keys;
		const char *problem;
	} cases[] = {
		{{"rzp_test_example", "example"}, NULL},
		{{"rzp_live_example", "example"}, NULL},
		{{"example", "rzp_test_example"}, "the key id of Razorpay begins with rzp_"},
		{{"rzp_test_example", "rzp_test_example"},
			"the key secret of Razorpay is a key id: it does not begin with rzp_"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *problem = payment_keys_problem(razorpay, &cases[i].keys);
		if (cases[i].problem == NULL) {
			assert_null(problem);
		} else {
			assert_string_equal(problem, cases[i].problem);
		}
	}
}

int main(void) {
	crypto_init();
	razorpay = provider_named("razorpay");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks_as_documented),
		cmocka_unit_test(understands_orders),
		cmocka_unit_test(foreign_receipts_are_none),
		cmocka_unit_test(finds_orders_by_their_receipt),
		cmocka_unit_test(chooses_among_orders_with_one_receipt),
		cmocka_unit_test(understands_payments),
		cmocka_unit_test(understands_refunds),
		cmocka_unit_test(refunds_have_their_bound),
		cmocka_unit_test(reads_lists_page_by_page),
		cmocka_unit_test(leaves_out_what_failed_where_there_are_too_many),
		cmocka_unit_test(answers_about_something_else_are_garbled),
		cmocka_unit_test(understands_refusals),
		cmocka_unit_test(knows_its_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
