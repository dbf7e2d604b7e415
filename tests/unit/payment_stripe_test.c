/*
 * payment_stripe_test - webhooks, calls and answers as Stripe documents them, and as it should not
 * send them.
 */
#include "tests/unit/payment.h"

/* With fields that are of no use here, as they come. */
#define ORDER                                                                                      \
	"{\"id\":\"pi_3MtwBwLkdIwHu7ix28a3tqPa\",\"object\":\"payment_intent\",\"amount\":2000,"   \
	"\"amount_capturable\":0,\"amount_details\":{\"tip\":{}},\"amount_received\":0,"           \
	"\"automatic_payment_methods\":{\"enabled\":true},\"canceled_at\":null,"                   \
	"\"capture_method\":\"automatic_async\",\"client_secret\":"                                \
	"\"pi_3MtwBwLkdIwHu7ix28a3tqPa_secret_YrKJUKribcBjcG8HVhfZluoGH\","                        \
	"\"created\":1680800504,\"currency\":\"inr\",\"customer\":null,\"latest_charge\":null,"    \
	"\"livemode\":false,\"metadata\":{\"receipt\":\"7K3M-9QXT-4C2P-H\","                       \
	"\"campaign\":\"burger\"},\"next_action\":null,\"payment_method_options\":"                \
	"{\"card\":{\"installments\":null}},\"payment_method_types\":[\"card\"],"                  \
	"\"status\":\"requires_payment_method\"}"

#define CHARGE                                                                                     \
	"{\"id\":\"ch_3MmlLrLkdIwHu7ix0snN0B15\",\"object\":\"charge\",\"amount\":2000,"           \
	"\"amount_captured\":2000,\"amount_refunded\":0,\"balance_transaction\":"                  \
	"\"txn_3MmlLrLkdIwHu7ix0uke3Ezy\",\"billing_details\":{\"address\":{\"city\":null},"       \
	"\"email\":\"somebody@example.com\"},\"captured\":true,\"created\":1679090539,"            \
	"\"currency\":\"inr\",\"disputed\":false,\"metadata\":{},\"outcome\":"                     \
	"{\"network_status\":\"approved_by_network\",\"risk_score\":32},\"paid\":true,"            \
	"\"payment_intent\":\"pi_3MtwBwLkdIwHu7ix28a3tqPa\",\"payment_method_details\":"           \
	"{\"card\":{\"checks\":{\"cvc_check\":null},\"country\":\"IN\"},\"type\":\"card\"},"       \
	"\"refunded\":false,\"status\":\"succeeded\"}"

#define REFUND                                                                                     \
	"{\"id\":\"re_1Nispe2eZvKYlo2Cd31jOCgZ\",\"object\":\"refund\",\"amount\":2000,"           \
	"\"balance_transaction\":\"txn_1Nispe2eZvKYlo2CYezqFhEx\","                                \
	"\"charge\":\"ch_3MmlLrLkdIwHu7ix0snN0B15\",\"created\":1692942318,"                       \
	"\"currency\":\"inr\",\"destination_details\":{\"card\":{\"type\":\"refund\"},"            \
	"\"type\":\"card\"},\"metadata\":{\"receipt\":\"fc-ch_3MmlLrLkdIwHu7ix0snN0B15\"},"        \
	"\"payment_intent\":\"pi_3MtwBwLkdIwHu7ix28a3tqPa\",\"reason\":null,"                      \
	"\"status\":\"succeeded\"}"

#define EVENT(type, object)                                                                        \
	"{\"id\":\"evt_1NG8Du2eZvKYlo2CUI79vXWy\",\"object\":\"event\","                           \
	"\"api_version\":\"2024-10-28.acacia\",\"created\":1686089970,\"data\":{"                  \
	"\"object\":" object                                                                       \
	"},\"livemode\":false,\"pending_webhooks\":0,\"request\":{\"id\":null,"                    \
	"\"idempotency_key\":null},\"type\":\"" type "\"}"

#define LIST(has_more, items)                                                                      \
	"{\"object\":\"list\",\"url\":\"/v1/charges\",\"has_more\":" has_more ",\"data\":[" items  \
	"]}"

static const struct payment_provider *stripe;

/* ---- signatures ------------------------------------------------------------------------------ */

#define SIGNED_BODY "{\"id\":\"evt_1\",\"object\":\"event\"}"
#define SIGNED_AT "1795363559"
#define BY_CURRENT "e07e3604ed8d9f72e62463066201b9b8e1b62bd9785419527df7c0353621a473"
#define BY_OLD "ab4d3101dce9bf85a07daca846ed3b1cf51db7a0275d081bc47b8fa6ff3ecf54"

static const struct payment_webhook_secrets secrets = {
	.current = "whsec_current_secret",
	.old = "whsec_former_secret",
};

/* What is wrong with it; NULL if nothing is. */
static const char *problem_of(const char *signature, const char *body, int64_t now_ms) {
	struct payment_webhook webhook = webhook_of(signature, "", body);
	const char *problem = "";
	bool genuine = payment_webhook_verify(stripe, &secrets, &webhook, now_ms, &problem);
	assert_int_equal(genuine, problem == NULL);
	return problem;
}

/* Python: hmac.digest(b"whsec_current_secret", b"1795363559." + body, "sha256").hex() */
static void takes_signatures_of_both_secrets(void **state) {
	(void)state;
	static const char *const right[] = {
		"t=" SIGNED_AT ",v1=" BY_CURRENT,
		"t=" SIGNED_AT ",v1=" BY_OLD,
		"t=" SIGNED_AT ",v1=" BY_OLD ",v1=" BY_CURRENT,
		"v1=" BY_CURRENT ",t=" SIGNED_AT,
		"t=" SIGNED_AT ",v1=00,v1=" BY_CURRENT ",v0=6ffbb59b2300aae63f272406069a9788",
		"scheme,t=" SIGNED_AT ",v1=" BY_CURRENT ",v2==,",
	};
	for (size_t i = 0; i < COUNT_OF(right); i++) {
		assert_null(problem_of(right[i], SIGNED_BODY, PAYMENT_NOW_MS));
	}
	assert_string_equal(stripe->signature_header, "stripe-signature");
	assert_string_equal(stripe->event_id_header, "");
}

static void refuses_other_signatures(void **state) {
	(void)state;
#define WRONG "its signature is wrong: no webhook secret of ours made it"
#define NO_TIME "its signature does not say when it was made"
	static const struct {
		const char *signature;
		const char *problem;
	} cases[] = {
		{"t=1795363558,v1=" BY_CURRENT, WRONG}, /* another time */
		{"t=" SIGNED_AT ",v0=" BY_CURRENT, WRONG},
		{"t=" SIGNED_AT ",V1=" BY_CURRENT, WRONG},
		{"t=" SIGNED_AT ",v1", WRONG},
		{"t=" SIGNED_AT ",v1=", WRONG},
		{"t=" SIGNED_AT
		 ",v1=E07E3604ED8D9F72E62463066201B9B8E1B62BD9785419527DF7C0353621A473",
			WRONG},
		{"t=" SIGNED_AT ",v1= " BY_CURRENT, WRONG},
		{"t=" SIGNED_AT ", v1=" BY_CURRENT, WRONG},
		{"t=" SIGNED_AT, WRONG},
		{"v1=" BY_CURRENT, NO_TIME},
		{"t=,v1=" BY_CURRENT, NO_TIME},
		{"t=01795363559,v1=" BY_CURRENT, NO_TIME},
		{"t=-1,v1=" BY_CURRENT, NO_TIME},
		{"t=1795363559.0,v1=" BY_CURRENT, NO_TIME},
		{"t=99999999999999999999,v1=" BY_CURRENT, NO_TIME},
		{"t=" SIGNED_AT ",t=" SIGNED_AT ",v1=" BY_CURRENT, NO_TIME},
		{BY_CURRENT, NO_TIME},
		{",,,", NO_TIME},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *problem = problem_of(cases[i].signature, SIGNED_BODY, PAYMENT_NOW_MS);
		assert_non_null(problem);
		assert_string_equal(problem, cases[i].problem);
	}
	assert_string_equal(
		problem_of("t=" SIGNED_AT ",v1=" BY_CURRENT, SIGNED_BODY " ", PAYMENT_NOW_MS),
		WRONG);
	assert_string_equal(problem_of("t=" SIGNED_AT ",v1=" BY_CURRENT,
				    "{\"id\": \"evt_1\",\"object\":\"event\"}", PAYMENT_NOW_MS),
		WRONG);
}

/* For five minutes; from the future too, for their clock may be ahead of ours. */
static void old_signatures_are_replays(void **state) {
	(void)state;
	static const char signature[] = "t=" SIGNED_AT ",v1=" BY_CURRENT;
	int64_t signed_at_ms = INT64_C(1795363559000);
	assert_null(problem_of(signature, SIGNED_BODY, signed_at_ms + 300000));
	assert_string_equal(problem_of(signature, SIGNED_BODY, signed_at_ms + 300001),
		"its signature is older than 5 minutes: a replay, or a wrong clock");
	assert_null(problem_of(signature, SIGNED_BODY, signed_at_ms - 3600000));
}

/* ---- events ---------------------------------------------------------------------------------- */

static bool read_event(
	struct payment_event *event, char error[JSON_ERROR_BYTES], const char *body) {
	struct payment_webhook webhook = webhook_of("", "", body);
	bool is_read = payment_webhook_read(event, error, stripe, &webhook);
	assert_int_equal(is_read, error[0] == '\0');
	return is_read;
}

static struct payment_event event_of(const char *body) {
	struct payment_event event;
	char error[JSON_ERROR_BYTES];
	if (!read_event(&event, error, body)) {
		fail_msg("%s: %s", error, body);
	}
	return event;
}

static void reads_charges(void **state) {
	(void)state;
	struct payment_event event = event_of(EVENT("charge.succeeded", CHARGE));
	assert_string_equal(event.id, "evt_1NG8Du2eZvKYlo2CUI79vXWy");
	assert_int_equal(event.kind, PAYMENT_EVENT_CAPTURED);
	assert_string_equal(event.payment_id, "ch_3MmlLrLkdIwHu7ix0snN0B15");
	assert_string_equal(event.order_id, "pi_3MtwBwLkdIwHu7ix28a3tqPa");
	assert_string_equal(event.refund_id, "");
	assert_string_equal(event.currency, "INR");
	assert_int_equal(event.amount_paise, 2000);
	assert_true(event.time_ms == INT64_C(1686089970000));
}

static void reads_refunds(void **state) {
	(void)state;
	static const struct {
		const char *type;
		const char *status;
		enum payment_event_kind kind;
	} cases[] = {
		{"refund.created", STATUS("pending"), PAYMENT_EVENT_REFUND_PENDING},
		{"refund.created", STATUS("succeeded"), PAYMENT_EVENT_REFUND_PROCESSED},
		{"refund.created", STATUS("requires_action"), PAYMENT_EVENT_REFUND_PENDING},
		{"refund.updated", STATUS("succeeded"), PAYMENT_EVENT_REFUND_PROCESSED},
		{"refund.updated", STATUS("canceled"), PAYMENT_EVENT_REFUND_FAILED},
		{"refund.failed", STATUS("failed"), PAYMENT_EVENT_REFUND_FAILED},
		{"charge.refund.updated", STATUS("failed"), PAYMENT_EVENT_REFUND_FAILED},
		{"charge.refunded", STATUS("succeeded"), PAYMENT_EVENT_OTHER},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *body = edited(EVENT("*", REFUND), "*", cases[i].type);
		struct payment_event event =
			event_of(edited(body, STATUS("succeeded"), cases[i].status));
		assert_int_equal(event.kind, cases[i].kind);
		if (event.kind == PAYMENT_EVENT_OTHER) {
			assert_string_equal(event.refund_id, "");
			continue;
		}
		assert_string_equal(event.refund_id, "re_1Nispe2eZvKYlo2Cd31jOCgZ");
		assert_string_equal(event.payment_id, "ch_3MmlLrLkdIwHu7ix0snN0B15");
		assert_string_equal(event.order_id, "pi_3MtwBwLkdIwHu7ix28a3tqPa");
		assert_int_equal(event.amount_paise, 2000);
		assert_string_equal(event.currency, "INR");
	}
}

#define NOT_CAPTURED "\"captured\":false"
#define AS_REFUNDED "\"refunded\":true"

static void the_state_decides(void **state) {
	(void)state;
	static const struct {
		const char *type;
		const char *status;
		const char *captured;
		const char *refunded;
		enum payment_event_kind kind;
	} cases[] = {
		{"charge.succeeded", STATUS("succeeded"), "\"captured\":true", "\"refunded\":false",
			PAYMENT_EVENT_CAPTURED},
		{"charge.captured", STATUS("succeeded"), "\"captured\":true", AS_REFUNDED,
			PAYMENT_EVENT_CAPTURED},
		{"charge.succeeded", STATUS("succeeded"), NOT_CAPTURED, "\"refunded\":false",
			PAYMENT_EVENT_AUTHORIZED},
		{"charge.succeeded", STATUS("succeeded"), NOT_CAPTURED, AS_REFUNDED,
			PAYMENT_EVENT_OTHER},
		{"charge.failed", STATUS("failed"), NOT_CAPTURED, "\"refunded\":false",
			PAYMENT_EVENT_FAILED},
		{"charge.succeeded", STATUS("pending"), NOT_CAPTURED, "\"refunded\":false",
			PAYMENT_EVENT_OTHER},
		{"payment_intent.succeeded", STATUS("succeeded"), NOT_CAPTURED, AS_REFUNDED,
			PAYMENT_EVENT_OTHER},
		{"charge.dispute.created", STATUS("succeeded"), NOT_CAPTURED, AS_REFUNDED,
			PAYMENT_EVENT_OTHER},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *body = edited(EVENT("*", CHARGE), "*", cases[i].type);
		body = edited(body, STATUS("succeeded"), cases[i].status);
		body = edited(body, "\"captured\":true", cases[i].captured);
		body = edited(body, "\"refunded\":false", cases[i].refunded);
		struct payment_event event = event_of(body);
		assert_int_equal(event.kind, cases[i].kind);
		assert_int_equal(event.payment_id[0] == '\0', event.kind == PAYMENT_EVENT_OTHER);
	}
}

/* Only a part was captured: that is the money that came. */
static void the_captured_amount_counts(void **state) {
	(void)state;
	struct payment_event event = event_of(edited(EVENT("charge.captured", CHARGE),
		"\"amount_captured\":2000", "\"amount_captured\":1500"));
	assert_int_equal(event.amount_paise, 1500);
	event = event_of(edited(EVENT("charge.captured", CHARGE), "\"amount_captured\":2000,", ""));
	assert_int_equal(event.amount_paise, 2000);
}

static void refuses_odd_events(void **state) {
	(void)state;
#define IN_OBJECT "data: object: "
#define AMOUNT_RANGE "amount: must be a whole number from 1 to 9007199254740991"
	static const struct {
		const char *from;
		const char *to;
		const char *error;
	} cases[] = {
		{"\"amount\":2000", "\"amount\":\"2000\"", IN_OBJECT AMOUNT_RANGE},
		{"\"amount\":2000", "\"amount\":20.25", IN_OBJECT AMOUNT_RANGE},
		{"\"amount\":2000", "\"amount\":-2000", IN_OBJECT AMOUNT_RANGE},
		{"\"amount\":2000", "\"amount\":9007199254740993", IN_OBJECT AMOUNT_RANGE},
		{"\"amount\":2000,", "", IN_OBJECT "amount: is missing"},
		{"\"amount\":2000", "\"amount\":1,\"amount\":2000", "amount: is given twice"},
		{"\"amount_captured\":2000", "\"amount_captured\":2001",
			IN_OBJECT "amount_captured: must be a whole number from 1 to 2000"},
		{"\"amount_refunded\":0", "\"amount_refunded\":2001",
			IN_OBJECT "amount_refunded: must be a whole number from 0 to 2000"},
		{"\"inr\"", "\"in\"", IN_OBJECT "currency: must be a currency: three letters"},
		{"\"inr\"", "\"₹\"", IN_OBJECT "currency: must be a currency: three letters"},
		{"\"captured\":true", "\"captured\":1",
			IN_OBJECT "captured: must be true or false"},
		{"\"captured\":true,", "", IN_OBJECT "captured: is missing"},
		{STATUS("succeeded"), STATUS("won"),
			IN_OBJECT "status: is not a word that we know"},
		{"\"ch_3MmlLrLkdIwHu7ix0snN0B15\"", "\"ch\\n\"",
			IN_OBJECT "id: must be an id: letters, digits, '_' and '-'"},
		{"\"pi_3MtwBwLkdIwHu7ix28a3tqPa\"", "{\"id\":\"pi\"}",
			IN_OBJECT "payment_intent: must be a text of at most 64 bytes"},
		{"\"object\":\"charge\"", "\"object\":\"refund\"",
			IN_OBJECT "object: is not what it should be here"},
		{"\"object\":\"event\"", "\"object\":\"list\"",
			"object: is not what it should be here"},
		{"\"id\":\"evt_1NG8Du2eZvKYlo2CUI79vXWy\",", "", "id: is missing"},
		{"\"created\":1686089970", "\"created\":-1",
			"created: must be a whole number from 0 to 253402300799"},
		{"\"data\":{\"object\":" CHARGE "}", "\"data\":[]", "data: must be a JSON object"},
		{"\"data\":{\"object\"", "\"data\":{\"thing\"",
			"data: object: must be a JSON object"},
		{"\"type\":\"charge.succeeded\"", "\"type\":7",
			"type: must be a text of at most 64 bytes"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct payment_event event;
		char error[JSON_ERROR_BYTES];
		const char *body =
			edited(EVENT("charge.succeeded", CHARGE), cases[i].from, cases[i].to);
		assert_false(read_event(&event, error, body));
		assert_string_equal(error, cases[i].error);
		assert_string_equal(event.id, "");
		assert_int_equal(event.kind, PAYMENT_EVENT_OTHER);
	}
	struct payment_event event;
	char error[JSON_ERROR_BYTES];
	assert_false(read_event(&event, error,
		edited(EVENT("refund.created", REFUND), "\"ch_3MmlLrLkdIwHu7ix0snN0B15\"",
			"null")));
	assert_string_equal(error, "data: object: charge: is missing");
}

/* ---- calls ----------------------------------------------------------------------------------- */

static const struct payment_request fetch_order = {
	.kind = PAYMENT_CALL_FETCH_ORDER, .order_id = "pi_3MtwBwLkdIwHu7ix28a3tqPa"};
static const struct payment_request create_order = {
	.kind = PAYMENT_CALL_CREATE_ORDER,
	.receipt = "7K3M-9QXT-4C2P-H",
	.campaign_id = "burger",
	.amount_paise = 2000,
	.currency = "INR",
	.pay_by_ms = PAYMENT_PAY_BY_MS,
};
static const struct payment_request payments_of_order = {
	.kind = PAYMENT_CALL_PAYMENTS, .order_id = "pi_3MtwBwLkdIwHu7ix28a3tqPa"};
static const struct payment_request capture = {
	.kind = PAYMENT_CALL_CAPTURE,
	.order_id = "pi_3MtwBwLkdIwHu7ix28a3tqPa",
	.payment_id = "ch_3MmlLrLkdIwHu7ix0snN0B15",
	.amount_paise = 2000,
	.currency = "INR",
};
static const struct payment_request refund = {
	.kind = PAYMENT_CALL_REFUND,
	.payment_id = "ch_3MmlLrLkdIwHu7ix0snN0B15",
	.amount_paise = 2000,
	.receipt = "fc-ch_3MmlLrLkdIwHu7ix0snN0B15",
	.key = "fc-ch_3MmlLrLkdIwHu7ix0snN0B15",
};
static const struct payment_request refunds_of_payment = {
	.kind = PAYMENT_CALL_REFUNDS, .payment_id = "ch_3MmlLrLkdIwHu7ix0snN0B15"};
static const struct payment_request list = {
	.kind = PAYMENT_CALL_LIST, .from_ms = 1795363559123, .until_ms = 1795449959999, .page = ""};

static void asks_as_documented(void **state) {
	(void)state;
	assert_call(
		stripe, &fetch_order, "/v1/payment_intents/pi_3MtwBwLkdIwHu7ix28a3tqPa", "", "");
	assert_call(stripe, &create_order, "/v1/payment_intents",
		"Idempotency-Key: order-7K3M-9QXT-4C2P-H",
		"amount=2000&currency=inr&automatic_payment_methods%5Benabled%5D=true"
		"&metadata%5Breceipt%5D=7K3M-9QXT-4C2P-H&metadata%5Bcampaign%5D=burger"
		"&metadata%5Bpay_by%5D=2026-11-22T16%3A05%3A59.000Z");
	assert_call(stripe, &payments_of_order,
		"/v1/charges?payment_intent=pi_3MtwBwLkdIwHu7ix28a3tqPa&limit=100", "", "");
	assert_call(stripe, &capture, "/v1/payment_intents/pi_3MtwBwLkdIwHu7ix28a3tqPa/capture",
		"Idempotency-Key: capture-ch_3MmlLrLkdIwHu7ix0snN0B15", "amount_to_capture=2000");
	assert_call(stripe, &refund, "/v1/refunds",
		"Idempotency-Key: fc-ch_3MmlLrLkdIwHu7ix0snN0B15",
		"charge=ch_3MmlLrLkdIwHu7ix0snN0B15&amount=2000"
		"&metadata%5Breceipt%5D=fc-ch_3MmlLrLkdIwHu7ix0snN0B15");
	assert_call(stripe, &refunds_of_payment,
		"/v1/refunds?charge=ch_3MmlLrLkdIwHu7ix0snN0B15&limit=100", "", "");
	assert_call(stripe, &list,
		"/v1/charges?created%5Bgte%5D=1795363559&created%5Blte%5D=1795449959&limit=100", "",
		"");
	struct payment_request next = list;
	next.page = "ch_3MmlLrLkdIwHu7ix0snN0B15";
	assert_call(stripe, &next,
		"/v1/charges?created%5Bgte%5D=1795363559&created%5Blte%5D=1795449959&limit=100"
		"&starting_after=ch_3MmlLrLkdIwHu7ix0snN0B15",
		"", "");
	assert_string_equal(stripe->address, "https://api.stripe.com");
}

static void orders_need_not_be_looked_for(void **state) {
	(void)state;
	static struct payment_call call;
	const struct payment_keys keys = {.id = "pk_test_1", .secret = "sk_test_1"};
	const struct payment_request request = {
		.kind = PAYMENT_CALL_FIND_ORDER, .receipt = "7K3M-9QXT-4C2P-H"};
	assert_true(stripe->orders_are_idempotent);
	assert_null(stripe->calls[PAYMENT_CALL_FIND_ORDER].make);
	assert_false(payment_call_make(&call, stripe, &keys, &request));
}

/* ---- answers --------------------------------------------------------------------------------- */

static void understands_orders(void **state) {
	(void)state;
	static const struct {
		const char *status;
		enum payment_order_state state;
	} cases[] = {
		{STATUS("requires_payment_method"), PAYMENT_ORDER_OPEN},
		{STATUS("requires_confirmation"), PAYMENT_ORDER_OPEN},
		{STATUS("requires_action"), PAYMENT_ORDER_OPEN},
		{STATUS("processing"), PAYMENT_ORDER_OPEN},
		{STATUS("requires_capture"), PAYMENT_ORDER_OPEN},
		{STATUS("succeeded"), PAYMENT_ORDER_PAID},
		{STATUS("canceled"), PAYMENT_ORDER_CLOSED},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct payment_result *result = answer_to(stripe, &create_order, 200,
			edited(ORDER, STATUS("requires_payment_method"), cases[i].status));
		assert_int_equal(result->answer, PAYMENT_ANSWER_DONE);
		assert_int_equal(result->order.state, cases[i].state);
	}
	const struct payment_result *result = answer_to(stripe, &fetch_order, 200, ORDER);
	assert_int_equal(result->count, 1);
	assert_string_equal(result->order.id, "pi_3MtwBwLkdIwHu7ix28a3tqPa");
	assert_string_equal(result->order.receipt, "7K3M-9QXT-4C2P-H");
	assert_string_equal(result->order.currency, "INR");
	assert_string_equal(result->order.client_secret,
		"pi_3MtwBwLkdIwHu7ix28a3tqPa_secret_YrKJUKribcBjcG8HVhfZluoGH");
	assert_int_equal(result->order.amount_paise, 2000);
	assert_true(result->order.created_at_ms == INT64_C(1680800504000));
	/* Of somebody else on the same account. */
	result = answer_to(
		stripe, &fetch_order, 200, edited(ORDER, "\"receipt\":\"7K3M-9QXT-4C2P-H\",", ""));
	assert_int_equal(result->answer, PAYMENT_ANSWER_DONE);
	assert_string_equal(result->order.receipt, "");
}

static void understands_payments(void **state) {
	(void)state;
	const struct payment_result *result =
		answer_to(stripe, &payments_of_order, 200, LIST("false", CHARGE "," CHARGE));
	assert_int_equal(result->answer, PAYMENT_ANSWER_DONE);
	assert_int_equal(result->count, 2);
	assert_string_equal(result->payments[1].id, "ch_3MmlLrLkdIwHu7ix0snN0B15");
	assert_string_equal(result->payments[1].order_id, "pi_3MtwBwLkdIwHu7ix28a3tqPa");
	assert_int_equal(result->payments[1].state, PAYMENT_STATE_CAPTURED);
	assert_int_equal(result->payments[1].amount_paise, 2000);
	assert_true(result->payments[1].created_at_ms == INT64_C(1679090539000));
	result = answer_to(stripe, &payments_of_order, 200, LIST("false", ""));
	assert_int_equal(result->answer, PAYMENT_ANSWER_DONE);
	assert_int_equal(result->count, 0);
	/* Set aside, and given back: refunded says so. */
	const char *lapsed = edited(LIST("false", CHARGE), "\"captured\":true", NOT_CAPTURED);
	result = answer_to(stripe, &payments_of_order, 200,
		edited(edited(lapsed, "\"refunded\":false", AS_REFUNDED), "\"amount_refunded\":0",
			"\"amount_refunded\":2000"));
	assert_int_equal(result->payments[0].state, PAYMENT_STATE_LAPSED);
	assert_int_equal(result->payments[0].refunded_paise, 2000);
}

#define CAPTURED_ORDER                                                                             \
	"{\"id\":\"pi_3MtwBwLkdIwHu7ix28a3tqPa\",\"object\":\"payment_intent\",\"amount\":2000,"   \
	"\"amount_received\":2000,\"client_secret\":null,\"created\":1680800504,"                  \
	"\"currency\":\"inr\",\"latest_charge\":\"ch_3MmlLrLkdIwHu7ix0snN0B15\","                  \
	"\"metadata\":{},\"status\":\"succeeded\"}"

static void captures_the_order(void **state) {
	(void)state;
	const struct payment_result *result = answer_to(stripe, &capture, 200, CAPTURED_ORDER);
	assert_int_equal(result->answer, PAYMENT_ANSWER_DONE);
	assert_int_equal(result->count, 1);
	assert_string_equal(result->payments[0].id, "ch_3MmlLrLkdIwHu7ix0snN0B15");
	assert_string_equal(result->payments[0].order_id, "pi_3MtwBwLkdIwHu7ix28a3tqPa");
	assert_string_equal(result->payments[0].currency, "INR");
	assert_int_equal(result->payments[0].amount_paise, 2000);
	assert_int_equal(result->payments[0].refunded_paise, 0);
	assert_int_equal(result->payments[0].state, PAYMENT_STATE_CAPTURED);
	/* As versions of the API before 2022 have it. */
	result = answer_to(stripe, &capture, 200,
		edited(CAPTURED_ORDER, "\"latest_charge\":\"ch_3MmlLrLkdIwHu7ix0snN0B15\",", ""));
	assert_int_equal(result->answer, PAYMENT_ANSWER_DONE);
	assert_answer(stripe, &capture, 200,
		edited(CAPTURED_ORDER, STATUS("succeeded"), STATUS("requires_capture")),
		PAYMENT_ANSWER_LATER, "HTTP 200 garbled: status: is not what it should be here");
	assert_answer(stripe, &capture, 200,
		edited(CAPTURED_ORDER, "ch_3MmlLrLkdIwHu7ix0snN0B15", "ch_other"),
		PAYMENT_ANSWER_LATER,
		"HTTP 200 garbled: latest_charge: is not what it should be here");
}

static void understands_refunds(void **state) {
	(void)state;
	const struct payment_result *result = answer_to(
		stripe, &refund, 200, edited(REFUND, STATUS("succeeded"), STATUS("pending")));
	assert_int_equal(result->answer, PAYMENT_ANSWER_DONE);
	assert_int_equal(result->refunds[0].state, PAYMENT_REFUND_PENDING);
	result = answer_to(stripe, &refunds_of_payment, 200, LIST("false", REFUND));
	assert_int_equal(result->count, 1);
	assert_string_equal(result->refunds[0].id, "re_1Nispe2eZvKYlo2Cd31jOCgZ");
	assert_string_equal(result->refunds[0].payment_id, "ch_3MmlLrLkdIwHu7ix0snN0B15");
	assert_string_equal(result->refunds[0].currency, "INR");
	assert_int_equal(result->refunds[0].amount_paise, 2000);
	assert_int_equal(result->refunds[0].state, PAYMENT_REFUND_PROCESSED);
	assert_true(result->refunds[0].created_at_ms == INT64_C(1692942318000));
}

static void reads_lists_page_by_page(void **state) {
	(void)state;
	const struct payment_result *result = answer_to(stripe, &list, 200, LIST("true", CHARGE));
	assert_int_equal(result->count, 1);
	assert_string_equal(result->next_page, "ch_3MmlLrLkdIwHu7ix0snN0B15");
	result = answer_to(stripe, &list, 200, LIST("false", CHARGE));
	assert_string_equal(result->next_page, "");
	assert_answer(stripe, &list, 200, LIST("true", ""), PAYMENT_ANSWER_LATER,
		"HTTP 200 garbled: has_more: but this page is empty");
	assert_answer(stripe, &list, 200, edited(LIST("true", ""), "\"has_more\":true,", ""),
		PAYMENT_ANSWER_LATER, "HTTP 200 garbled: has_more: is missing");
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
			"HTTP 200 garbled: metadata: has another receipt"},
		{&create_order, ORDER, "_secret_", "<script>",
			"HTTP 200 garbled: client_secret: is not one"},
		{&fetch_order, ORDER, "pi_3MtwBwLkdIwHu7ix28a3tqPa", "pi_other",
			"HTTP 200 garbled: id: is not what it should be here"},
		{&refund, REFUND, "ch_3MmlLrLkdIwHu7ix0snN0B15", "ch_other",
			"HTTP 200 garbled: charge: is not what it should be here"},
		{&payments_of_order, LIST("false", CHARGE), "pi_3MtwBwLkdIwHu7ix28a3tqPa",
			"pi_other", "HTTP 200 garbled: data: order: is another one"},
		{&refunds_of_payment, LIST("false", REFUND), "ch_3MmlLrLkdIwHu7ix0snN0B15",
			"ch_other", "HTTP 200 garbled: data: payment: is another one"},
		{&payments_of_order, LIST("false", CHARGE), "\"data\"", "\"items\"",
			"HTTP 200 garbled: data: is missing"},
		{&payments_of_order, LIST("false", CHARGE), "\"object\":\"list\"", "\"a\":0",
			"HTTP 200 garbled: object: is missing"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_answer(stripe, cases[i].request, 200,
			edited(cases[i].body, cases[i].from, cases[i].to), PAYMENT_ANSWER_LATER,
			cases[i].reason);
	}
}

static void understands_refusals(void **state) {
	(void)state;
	static const struct {
		int status;
		const char *code;
		enum payment_answer answer;
	} cases[] = {
		{404, "resource_missing", PAYMENT_ANSWER_NOT_FOUND},
		{400, "charge_already_captured", PAYMENT_ANSWER_STALE},
		{400, "charge_already_refunded", PAYMENT_ANSWER_STALE},
		{400, "payment_intent_unexpected_state", PAYMENT_ANSWER_STALE},
		{400, "balance_insufficient", PAYMENT_ANSWER_LATER},
		{400, "amount_too_small", PAYMENT_ANSWER_REFUSED},
		{402, "charge_disputed", PAYMENT_ANSWER_REFUSED},
		{401, "", PAYMENT_ANSWER_MISCONFIGURED},
		{403, "", PAYMENT_ANSWER_MISCONFIGURED},
		{400, "secret_key_required", PAYMENT_ANSWER_MISCONFIGURED},
		{409, "idempotency_key_in_use", PAYMENT_ANSWER_LATER},
		{429, "lock_timeout", PAYMENT_ANSWER_LATER},
		{500, "", PAYMENT_ANSWER_LATER},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char body[512];
		char reason[PAYMENT_REASON_BYTES];
		snprintf(body, sizeof body,
			"{\"error\":{\"code\":\"%s\",\"doc_url\":\"https://stripe.com/docs\","
			"\"message\":\"What it says.\",\"type\":\"invalid_request_error\"}}",
			cases[i].code);
		snprintf(reason, sizeof reason, "HTTP %d %s%sWhat it says.", cases[i].status,
			cases[i].code, cases[i].code[0] == '\0' ? "" : " ");
		assert_answer(stripe, &capture, cases[i].status, body, cases[i].answer, reason);
	}
	assert_answer(stripe, &capture, 404,
		"{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"Unrecognized request "
		"URL (POST: /v2/refunds).\"}}",
		PAYMENT_ANSWER_MISCONFIGURED,
		"HTTP 404 Unrecognized request URL (POST: /v2/refunds).");
	assert_answer(stripe, &capture, 400,
		"{\"error\":{\"type\":\"idempotency_error\",\"message\":\"Keys can only be used "
		"with "
		"the same parameters.\"}}",
		PAYMENT_ANSWER_REFUSED, "HTTP 400 Keys can only be used with the same parameters.");
}

static void knows_its_keys(void **state) {
	(void)state;
	static const struct {
		struct payment_keys keys;
		const char *problem;
	} cases[] = {
		{{"pk_test_example", "sk_test_example"}, NULL},
		{{"pk_live_example", "rk_live_example"}, NULL},
		{{"sk_test_example", "sk_test_example"},
			"the key id of Stripe is the publishable key: it begins with pk_"},
		{{"pk_test_example", "pk_test_example"},
			"the key secret of Stripe begins with sk_ or rk_"},
		{{"pk_live_example", "sk_test_example"},
			"one of the two keys is for tests, and the other one for real money"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *problem = payment_keys_problem(stripe, &cases[i].keys);
		if (cases[i].problem == NULL) {
			assert_null(problem);
		} else {
			assert_string_equal(problem, cases[i].problem);
		}
	}
}

int main(void) {
	crypto_init();
	stripe = provider_named("stripe");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_signatures_of_both_secrets),
		cmocka_unit_test(refuses_other_signatures),
		cmocka_unit_test(old_signatures_are_replays),
		cmocka_unit_test(reads_charges),
		cmocka_unit_test(reads_refunds),
		cmocka_unit_test(the_state_decides),
		cmocka_unit_test(the_captured_amount_counts),
		cmocka_unit_test(refuses_odd_events),
		cmocka_unit_test(asks_as_documented),
		cmocka_unit_test(orders_need_not_be_looked_for),
		cmocka_unit_test(understands_orders),
		cmocka_unit_test(understands_payments),
		cmocka_unit_test(captures_the_order),
		cmocka_unit_test(understands_refunds),
		cmocka_unit_test(reads_lists_page_by_page),
		cmocka_unit_test(answers_about_something_else_are_garbled),
		cmocka_unit_test(understands_refusals),
		cmocka_unit_test(knows_its_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
