/*
 * payment_call_test - what holds for the calls of all providers: what may be asked, whom to
 * believe.
 */
#include "common/payment/call.h"

#include "tests/unit/payment.h"

static const struct payment_provider *razorpay;
static const struct payment_provider *stripe;

/* With all that any call needs. */
static struct payment_request complete(enum payment_call_kind kind) {
	return (struct payment_request){
		.kind = kind,
		.receipt = "7K3M-9QXT-4C2P-H",
		.order_id = "order_1",
		.payment_id = "pay_1",
		.campaign_id = "burger",
		.currency = "INR",
		.key = "fc-pay_123",
		.amount_paise = 100,
		.pay_by_ms = PAYMENT_PAY_BY_MS,
		.from_ms = 0,
		.until_ms = 1000,
		.page = "",
	};
}

static bool can_make(
	const struct payment_provider *provider, const struct payment_request *request) {
	static struct payment_call call;
	static const struct payment_keys keys = {.id = "the-id", .secret = "the-secret"};
	return payment_call_make(&call, provider, &keys, request);
}

static void refuses(const struct payment_request *request) {
	assert_false(can_make(razorpay, request));
	assert_false(can_make(stripe, request));
}

static void makes_every_call_that_there_is(void **state) {
	(void)state;
	for (enum payment_call_kind kind = 0; kind < PAYMENT_CALL_COUNT; kind++) {
		struct payment_request request = complete(kind);
		assert_true(can_make(razorpay, &request));
		assert_int_equal(can_make(stripe, &request), kind != PAYMENT_CALL_FIND_ORDER);
	}
}

/* Nothing gets into a path or a header that does not belong there. */
static void refuses_ids_that_are_none(void **state) {
	(void)state;
	static const char *const wrong[] = {NULL, "", "a/b", "..", "a b", "a?b", "a%2fb", "a\r\nb",
		"a&b=c", "\xc3\xa4",
		"01234567890123456789012345678901234567890123456789012345678901234"};
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct payment_request request = complete(PAYMENT_CALL_FIND_ORDER);
		request.receipt = wrong[i];
		refuses(&request);
		request = complete(PAYMENT_CALL_CREATE_ORDER);
		request.receipt = wrong[i];
		refuses(&request);
		request = complete(PAYMENT_CALL_FETCH_ORDER);
		request.order_id = wrong[i];
		refuses(&request);
		request.kind = PAYMENT_CALL_PAYMENTS;
		refuses(&request);
		request.kind = PAYMENT_CALL_CAPTURE;
		refuses(&request);
		request = complete(PAYMENT_CALL_CAPTURE);
		request.payment_id = wrong[i];
		refuses(&request);
		request.kind = PAYMENT_CALL_REFUND;
		refuses(&request);
		request.kind = PAYMENT_CALL_REFUNDS;
		refuses(&request);
		request = complete(PAYMENT_CALL_CREATE_ORDER);
		request.campaign_id = wrong[i];
		refuses(&request);
	}
	struct payment_request request = complete(PAYMENT_CALL_FIND_ORDER);
	request.receipt = "0123456789012345678901234567890123456789";
	assert_true(can_make(razorpay, &request));
	request.receipt = "01234567890123456789012345678901234567890";
	refuses(&request);
}

static void refuses_the_rest_that_is_wrong(void **state) {
	(void)state;
	static const char *const keys[] = {NULL, "", "fc-pay_12", "fc-pay 123", "fc-pay_123\r\n",
		"0123456789012345678901234567890123456789012345678901234567890123456789"
		"0123456789012345678901234567890"};
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		struct payment_request request = complete(PAYMENT_CALL_REFUND);
		request.key = keys[i];
		refuses(&request);
	}
	static const char *const currencies[] = {NULL, "", "IN", "INRR", "inr", "I R"};
	for (size_t i = 0; i < COUNT_OF(currencies); i++) {
		struct payment_request request = complete(PAYMENT_CALL_CREATE_ORDER);
		request.currency = currencies[i];
		refuses(&request);
		request.kind = PAYMENT_CALL_CAPTURE;
		refuses(&request);
	}
	static const uint64_t amounts[] = {0, UINT64_C(1) << 53, UINT64_MAX};
	for (size_t i = 0; i < COUNT_OF(amounts); i++) {
		struct payment_request request = complete(PAYMENT_CALL_CREATE_ORDER);
		request.amount_paise = amounts[i];
		refuses(&request);
		request.kind = PAYMENT_CALL_CAPTURE;
		refuses(&request);
		request.kind = PAYMENT_CALL_REFUND;
		refuses(&request);
	}
	static const struct {
		int64_t from_ms;
		int64_t until_ms;
		const char *page;
	} spans[] = {{-1, 1000, ""}, {1001, 1000, ""}, {0, INT64_MAX, ""}, {0, 1000, NULL},
		{0, 1000, "a&b"}};
	for (size_t i = 0; i < COUNT_OF(spans); i++) {
		struct payment_request request = complete(PAYMENT_CALL_LIST);
		request.from_ms = spans[i].from_ms;
		request.until_ms = spans[i].until_ms;
		request.page = spans[i].page;
		refuses(&request);
	}
	struct payment_request request = complete(PAYMENT_CALL_CREATE_ORDER);
	request.pay_by_ms = INT64_MAX;
	refuses(&request);
	request.pay_by_ms = -1;
	refuses(&request);
}

/* The largest of everything fits. */
static void has_room_for_the_longest(void **state) {
	(void)state;
	for (enum payment_call_kind kind = 0; kind < PAYMENT_CALL_COUNT; kind++) {
		struct payment_request request = complete(kind);
		request.receipt = "0123456789012345678901234567890123456789";
		request.campaign_id = request.receipt;
		request.order_id =
			"0123456789012345678901234567890123456789012345678901234567890123";
		request.payment_id = request.order_id;
		request.page = request.order_id;
		request.key =
			"0123456789012345678901234567890123456789012345678901234567890123456789"
			"012345678901234567890123456789";
		request.amount_paise = (UINT64_C(1) << 53) - 1;
		request.pay_by_ms = INT64_C(253402300799999);
		request.from_ms = INT64_C(253402300799999);
		request.until_ms = INT64_C(253402300799999);
		assert_true(can_make(razorpay, &request));
		assert_int_equal(can_make(stripe, &request), kind != PAYMENT_CALL_FIND_ORDER);
	}
}

/* A proxy or a captive page that says 404 must not make us believe that there is no order. */
static void believes_refusals_only_in_the_providers_words(void **state) {
	(void)state;
	static const int statuses[] = {400, 402, 404, 405, 410, 413, 422, 451};
	static const char *const bodies[] = {"", "<html>Not Found</html>", "{}", "[]",
		"{\"error\":null}", "{\"error\":\"not found\"}", "{\"error\":[]}",
		"{\"error\":{\"code\":404}}", "{\"error\":{\"code\":\"BAD_REQUEST_ERROR\"}",
		"{\"error\":{\"code\":\"a\",\"code\":\"BAD_REQUEST_ERROR\"}}"};
	struct payment_request request = complete(PAYMENT_CALL_FETCH_ORDER);
	for (size_t i = 0; i < COUNT_OF(statuses); i++) {
		for (size_t k = 0; k < COUNT_OF(bodies); k++) {
			char reason[32];
			snprintf(reason, sizeof reason, "HTTP %d", statuses[i]);
			assert_answer(razorpay, &request, statuses[i], bodies[k],
				PAYMENT_ANSWER_LATER, reason);
			assert_answer(stripe, &request, statuses[i], bodies[k],
				PAYMENT_ANSWER_LATER, reason);
		}
	}
}

/* Whatever the body says. */
static void statuses_that_say_nothing_about_the_call(void **state) {
	(void)state;
	static const int statuses[] = {0, -1, 100, 101, 301, 302, 304, 399, 408, 409, 425, 429, 500,
		502, 503, 504, 599, 600, 1000};
	static const char gone[] = "{\"error\":{\"code\":\"BAD_REQUEST_ERROR\","
				   "\"description\":\"The id provided does not exist\"}}";
	struct payment_request request = complete(PAYMENT_CALL_FETCH_ORDER);
	for (size_t i = 0; i < COUNT_OF(statuses); i++) {
		assert_int_equal(answer_to(razorpay, &request, statuses[i], gone)->answer,
			PAYMENT_ANSWER_LATER);
	}
	assert_int_equal(
		answer_to(razorpay, &request, 401, gone)->answer, PAYMENT_ANSWER_MISCONFIGURED);
	assert_int_equal(
		answer_to(stripe, &request, 403, "")->answer, PAYMENT_ANSWER_MISCONFIGURED);
	assert_int_equal(
		answer_to(razorpay, &request, 404, gone)->answer, PAYMENT_ANSWER_NOT_FOUND);
}

/* It may repeat what it was told. */
static void reasons_are_short_and_harmless(void **state) {
	(void)state;
	static const struct {
		const char *words;
		const char *reason;
	} cases[] = {
		{"of somebody@example.com or +919800000000", "HTTP 400 of (removed) or (removed)"},
		{"Invalid API Key provided: sk_test_****abcd",
			"HTTP 400 Invalid API Key provided: (removed)"},
		{"whsec_abc pi_1_secret_2 rzp_live_x (rk_live_y) pay_1",
			"HTTP 400 (removed) (removed) (removed) (removed) pay_1"},
		{"123456 1234567", "HTTP 400 123456 (removed)"},
		{"\\\"a\\\" \\\\ \\n\\t b \\u20b9", "HTTP 400 ?a? ? b ???"},
		{"", "HTTP 400"},
	};
	struct payment_request request = complete(PAYMENT_CALL_FETCH_ORDER);
	char body[8192];
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		snprintf(body, sizeof body, "{\"error\":{\"message\":\"%s\"}}", cases[i].words);
		assert_answer(stripe, &request, 400, body, PAYMENT_ANSWER_REFUSED, cases[i].reason);
	}
	struct text text = text_init(body, sizeof body);
	text_append(&text, "{\"error\":{\"message\":\"");
	for (int i = 0; i < 400; i++) {
		text_append(&text, "words ");
	}
	text_append(&text, "\"}}");
	const struct payment_result *result = answer_to(stripe, &request, 400, body);
	assert_int_equal(result->answer, PAYMENT_ANSWER_REFUSED);
	assert_true(strlen(result->reason) > PAYMENT_REASON_BYTES - 10);
}

int main(void) {
	crypto_init();
	razorpay = provider_named("razorpay");
	stripe = provider_named("stripe");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_every_call_that_there_is),
		cmocka_unit_test(refuses_ids_that_are_none),
		cmocka_unit_test(refuses_the_rest_that_is_wrong),
		cmocka_unit_test(has_room_for_the_longest),
		cmocka_unit_test(believes_refusals_only_in_the_providers_words),
		cmocka_unit_test(statuses_that_say_nothing_about_the_call),
		cmocka_unit_test(reasons_are_short_and_harmless),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
