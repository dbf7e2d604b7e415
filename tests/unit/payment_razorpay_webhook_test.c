/*
 * payment_razorpay_webhook_test - webhooks as Razorpay documents them, and as it should not send
 * them.
 */
#include "tests/unit/payment.h"
#include "tests/unit/payment_razorpay.h"

#define PAYMENT_EVENT                                                                              \
	"{\"entity\":\"event\",\"account_id\":\"acc_BFQ7uQEaa7j2z7\","                             \
	"\"event\":\"payment.captured\",\"contains\":[\"payment\"],"                               \
	"\"payload\":{\"payment\":{\"entity\":" PAYMENT "}},\"created_at\":1567674606}"

#define REFUND_EVENT                                                                               \
	"{\"entity\":\"event\",\"account_id\":\"acc_BFQ7uQEaa7j2z7\","                             \
	"\"event\":\"refund.processed\",\"contains\":[\"refund\",\"payment\"],"                    \
	"\"payload\":{\"refund\":{\"entity\":" REFUND "},\"payment\":{\"entity\":" PAYMENT "}},"   \
	"\"created_at\":1597734071}"

static const struct payment_provider *razorpay;

/* ---- signatures ------------------------------------------------------------------------------ */

#define SIGNED_BODY "{\"entity\":\"event\",\"event\":\"payment.captured\"}"

static bool verifies(const char *signature, const char *event_id, const char *body) {
	struct payment_webhook webhook = webhook_of(signature, event_id, body);
	const char *problem = "";
	bool genuine = payment_webhook_verify(
		razorpay, &payment_secrets, &webhook, PAYMENT_NOW_MS, &problem);
	assert_int_equal(genuine, problem == NULL);
	return genuine;
}

/* Python: hmac.digest(b"webhook-secret-now", body, "sha256").hex() */
static void takes_signatures_of_both_secrets(void **state) {
	(void)state;
	assert_true(verifies("795ccd3a1fa50c5373bbe0be08619bd381399e00b684517778e0dbdcf7a81007",
		"F9iZvx1ePYSpKx", SIGNED_BODY));
	assert_true(verifies("cd9b2f9c1c625176594d9e8870f8be530795a4496bd01c21ca6a9042eef91b31",
		"F9iZvx1ePYSpKx", SIGNED_BODY));
	assert_string_equal(razorpay->signature_header, "x-razorpay-signature");
	assert_string_equal(razorpay->event_id_header, "x-razorpay-event-id");
}

static void every_byte_of_the_body_counts(void **state) {
	(void)state;
	char signature[2 * CRYPTO_HMAC_BYTES + 1];
	snprintf(signature, sizeof signature, "%s",
		signature_of(payment_secrets.current, "", PAYMENT_EVENT));
	assert_true(verifies(signature, "F9iZvx1ePYSpKx", PAYMENT_EVENT));
	/* The same JSON, but not the same bytes. */
	assert_false(verifies(
		signature, "F9iZvx1ePYSpKx", edited(PAYMENT_EVENT, "\"event\":", "\"event\": ")));
	assert_false(verifies(signature, "F9iZvx1ePYSpKx", PAYMENT_EVENT " "));
	assert_false(verifies(signature, "F9iZvx1ePYSpKx",
		edited(PAYMENT_EVENT, "\"amount\":100", "\"amount\":900")));
	assert_false(verifies(signature, "F9iZvx1ePYSpKx", REFUND_EVENT));
	struct payment_webhook webhook = webhook_of(signature, "F9iZvx1ePYSpKx", PAYMENT_EVENT);
	const char *problem;
	webhook.body_size--;
	assert_false(payment_webhook_verify(
		razorpay, &payment_secrets, &webhook, PAYMENT_NOW_MS, &problem));
	assert_string_equal(problem, "its signature is wrong: no webhook secret of ours made it");
}

static void refuses_other_signatures(void **state) {
	(void)state;
	static const char *const wrong[] = {
		/* of something else */
		"5d0b1a7b2f8d1e5a0a1f8f1a7c22b5f6c6b7d0f3a9b0b6f0c54dd31ad92b8a77",
		/* cut off, and too long */
		"795ccd3a1fa50c5373bbe0be08619bd381399e00b684517778e0dbdcf7a8100",
		"795ccd3a1fa50c5373bbe0be08619bd381399e00b684517778e0dbdcf7a810",
		"795ccd3a1fa50c5373bbe0be08619bd381399e00b684517778e0dbdcf7a8100700",
		"795ccd3a1fa50c5373bbe0be08619bd381399e00b684517778e0dbdcf7a81007 ",
		/* one digit wrong: the first, the last */
		"895ccd3a1fa50c5373bbe0be08619bd381399e00b684517778e0dbdcf7a81007",
		"795ccd3a1fa50c5373bbe0be08619bd381399e00b684517778e0dbdcf7a81008",
		/* no digit */
		"g95ccd3a1fa50c5373bbe0be08619bd381399e00b684517778e0dbdcf7a81007",
		/* Razorpay's libraries compare text: capitals are another one */
		"795CCD3A1FA50C5373BBE0BE08619BD381399E00B684517778E0DBDCF7A81007",
		/* twice, as Stripe may send it */
		("795ccd3a1fa50c5373bbe0be08619bd381399e00b684517778e0dbdcf7a81007,"
		 "795ccd3a1fa50c5373bbe0be08619bd381399e00b684517778e0dbdcf7a81007"),
		"-",
	};
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		assert_false(verifies(wrong[i], "F9iZvx1ePYSpKx", SIGNED_BODY));
	}
	assert_false(verifies(
		signature_of("another-secret", "", SIGNED_BODY), "F9iZvx1ePYSpKx", SIGNED_BODY));
	assert_false(verifies(signature_of("", "", SIGNED_BODY), "F9iZvx1ePYSpKx", SIGNED_BODY));
}

/* ---- events ---------------------------------------------------------------------------------- */

static bool read_event(
	struct payment_event *event, char error[JSON_ERROR_BYTES], const char *body) {
	struct payment_webhook webhook = webhook_of("", "F9iZvx1ePYSpKx", body);
	bool is_read = payment_webhook_read(event, error, razorpay, &webhook);
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

static void reads_payments(void **state) {
	(void)state;
	struct payment_event event = event_of(PAYMENT_EVENT);
	assert_string_equal(event.id, "F9iZvx1ePYSpKx");
	assert_int_equal(event.kind, PAYMENT_EVENT_CAPTURED);
	assert_string_equal(event.payment_id, "pay_DESlfW9H8K9uqM");
	assert_string_equal(event.order_id, "order_EKwxwAgItmmXdp");
	assert_string_equal(event.refund_id, "");
	assert_string_equal(event.currency, "INR");
	assert_int_equal(event.amount_paise, 100);
	assert_true(event.time_ms == INT64_C(1567674606000));
}

static void reads_refunds(void **state) {
	(void)state;
	struct payment_event event = event_of(REFUND_EVENT);
	assert_int_equal(event.kind, PAYMENT_EVENT_REFUND_PROCESSED);
	assert_string_equal(event.payment_id, "pay_DESlfW9H8K9uqM");
	assert_string_equal(event.order_id, "order_EKwxwAgItmmXdp");
	assert_string_equal(event.refund_id, "rfnd_FS8TWyPrCsa0OB");
	assert_string_equal(event.currency, "INR");
	assert_int_equal(event.amount_paise, 100);
	assert_true(event.time_ms == INT64_C(1597734071000));
	/* Without the payment beside it. */
	event = event_of(edited(REFUND_EVENT, ",\"payment\":{\"entity\":" PAYMENT "}", ""));
	assert_int_equal(event.kind, PAYMENT_EVENT_REFUND_PROCESSED);
	assert_string_equal(event.order_id, "");
}

/* Events overtake each other: what the payment is counts, not what the event is called. */
static void the_state_decides(void **state) {
	(void)state;
	static const struct {
		const char *event;
		const char *status;
		enum payment_event_kind kind;
	} payments[] = {
		{"payment.captured", STATUS("captured"), PAYMENT_EVENT_CAPTURED},
		{"payment.authorized", STATUS("authorized"), PAYMENT_EVENT_AUTHORIZED},
		{"payment.authorized", STATUS("captured"), PAYMENT_EVENT_CAPTURED},
		{"payment.failed", STATUS("failed"), PAYMENT_EVENT_FAILED},
		{"payment.failed", STATUS("authorized"), PAYMENT_EVENT_AUTHORIZED},
		{"order.paid", STATUS("captured"), PAYMENT_EVENT_CAPTURED},
		{"payment.captured", STATUS("refunded"), PAYMENT_EVENT_CAPTURED},
		{"payment.failed", STATUS("created"), PAYMENT_EVENT_OTHER},
		{"payment.dispute.created", STATUS("captured"), PAYMENT_EVENT_OTHER},
		{"invoice.paid", STATUS("captured"), PAYMENT_EVENT_OTHER},
	};
	for (size_t i = 0; i < COUNT_OF(payments); i++) {
		const char *body = edited(PAYMENT_EVENT, "payment.captured", payments[i].event);
		struct payment_event event =
			event_of(edited(body, STATUS("captured"), payments[i].status));
		assert_int_equal(event.kind, payments[i].kind);
		assert_int_equal(event.payment_id[0] == '\0', event.kind == PAYMENT_EVENT_OTHER);
	}
	static const struct {
		const char *event;
		const char *status;
		enum payment_event_kind kind;
	} refunds[] = {
		{"refund.created", STATUS("pending"), PAYMENT_EVENT_REFUND_PENDING},
		{"refund.created", STATUS("processed"), PAYMENT_EVENT_REFUND_PROCESSED},
		{"refund.processed", STATUS("processed"), PAYMENT_EVENT_REFUND_PROCESSED},
		{"refund.failed", STATUS("failed"), PAYMENT_EVENT_REFUND_FAILED},
		{"refund.speed_changed", STATUS("pending"), PAYMENT_EVENT_REFUND_PENDING},
	};
	for (size_t i = 0; i < COUNT_OF(refunds); i++) {
		const char *body = edited(REFUND_EVENT, "refund.processed", refunds[i].event);
		struct payment_event event =
			event_of(edited(body, STATUS("processed"), refunds[i].status));
		assert_int_equal(event.kind, refunds[i].kind);
	}
}

/* Refunded by Razorpay because nobody captured it: that is no payment of ours. */
static void what_lapsed_was_never_captured(void **state) {
	(void)state;
	const char *body = edited(PAYMENT_EVENT, "\"captured\":true", "\"captured\":false");
	struct payment_event event = event_of(edited(body, STATUS("captured"), STATUS("refunded")));
	assert_int_equal(event.kind, PAYMENT_EVENT_OTHER);
	assert_string_equal(event.payment_id, "");
}

static void payments_without_an_order(void **state) {
	(void)state;
	struct payment_event event = event_of(edited(
		PAYMENT_EVENT, "\"order_id\":\"order_EKwxwAgItmmXdp\"", "\"order_id\":null"));
	assert_int_equal(event.kind, PAYMENT_EVENT_CAPTURED);
	assert_string_equal(event.order_id, "");
}

#define IN_PAYMENT "payload: payment: entity: "
#define AMOUNT_RANGE "amount: must be a whole number from 1 to 9007199254740991"

static const struct {
	const char *from;
	const char *to;
	const char *error;
} odd_events[] = {
	{"\"amount\":100", "\"amount\":\"100\"", IN_PAYMENT AMOUNT_RANGE},
	{"\"amount\":100", "\"amount\":100.5", IN_PAYMENT AMOUNT_RANGE},
	{"\"amount\":100", "\"amount\":-100", IN_PAYMENT AMOUNT_RANGE},
	{"\"amount\":100", "\"amount\":0", IN_PAYMENT AMOUNT_RANGE},
	{"\"amount\":100", "\"amount\":9007199254740992", IN_PAYMENT AMOUNT_RANGE},
	{"\"amount\":100", "\"amount\":1e300", IN_PAYMENT AMOUNT_RANGE},
	{"\"amount\":100", "\"amount\":null", IN_PAYMENT "amount: is missing"},
	{"\"amount\":100,", "", IN_PAYMENT "amount: is missing"},
	{"\"amount\":100", "\"amount\":[100]", IN_PAYMENT AMOUNT_RANGE},
	{"\"amount\":100", "\"amount\":100,\"amount\":100", "amount: is given twice"},
	{"\"amount\":100", "\"amount\":0100", "number with a leading zero"},
	{"\"amount_refunded\":0", "\"amount_refunded\":101",
		IN_PAYMENT "amount_refunded: must be a whole number from 0 to 100"},
	{"\"INR\"", "\"IN\"", IN_PAYMENT "currency: must be a currency: three letters"},
	{"\"INR\"", "\"INRR\"", IN_PAYMENT "currency: must be a text of at most 3 bytes"},
	{"\"INR\"", "\"I1R\"", IN_PAYMENT "currency: must be a currency: three letters"},
	{"\"INR\"", "356", IN_PAYMENT "currency: must be a text of at most 3 bytes"},
	{STATUS("captured"), "\"status\":\"settled\"",
		IN_PAYMENT "status: is not a word that we know"},
	{"\"status\":\"captured\",", "", IN_PAYMENT "status: is missing"},
	{"\"pay_DESlfW9H8K9uqM\"", "\"pay/../x\"",
		IN_PAYMENT "id: must be an id: letters, digits, '_' and '-'"},
	{"\"pay_DESlfW9H8K9uqM\"", "\"\"",
		IN_PAYMENT "id: must be an id: letters, digits, '_' and '-'"},
	{"\"pay_DESlfW9H8K9uqM\"",
		"\"pay_0123456789012345678901234567890123456789012345678901234567890\"",
		IN_PAYMENT "id: must be a text of at most 64 bytes"},
	{"\"id\":\"pay_DESlfW9H8K9uqM\",", "", IN_PAYMENT "id: is missing"},
	{"\"order_EKwxwAgItmmXdp\"", "\"order EKwxwAgItmmXdp\"",
		IN_PAYMENT "order_id: must be an id: letters, digits, '_' and '-'"},
	{"\"entity\":\"payment\"", "\"entity\":\"order\"",
		IN_PAYMENT "entity: is not what it should be here"},
	{"\"created_at\":1567674606", "\"created_at\":\"1567674606\"",
		"created_at: must be a whole number from 0 to 253402300799"},
	{"\"entity\":\"event\"", "\"entity\":\"collection\"",
		"entity: is not what it should be here"},
	{"\"event\":\"payment.captured\",", "", "event: is missing"},
	{"\"payload\"", "\"cargo\"", "payload: must be a JSON object"},
	{"\"payment\":{\"entity\"", "\"other\":{\"entity\"",
		"payload: payment: must be a JSON object"},
	{"{\"entity\":" PAYMENT "}", "[]", "payload: payment: must be a JSON object"},
	{"\"created_at\":1567674606}", "\"created_at\":1567674606", "not valid JSON"},
	{"\"event\"", "\"\\u0000\"", "?u0000 is not allowed"},
};

static void refuses_odd_events(void **state) {
	(void)state;
	for (size_t i = 0; i < COUNT_OF(odd_events); i++) {
		struct payment_event event;
		char error[JSON_ERROR_BYTES];
		const char *body = edited(PAYMENT_EVENT, odd_events[i].from, odd_events[i].to);
		assert_false(read_event(&event, error, body));
		if (strncmp(error, odd_events[i].error, strlen(odd_events[i].error)) != 0) {
			fail_msg("\"%s\" is not \"%s\"", error, odd_events[i].error);
		}
		assert_string_equal(event.payment_id, "");
		assert_int_equal(event.kind, PAYMENT_EVENT_OTHER);
	}
	struct payment_event event;
	char error[JSON_ERROR_BYTES];
	assert_false(read_event(&event, error,
		edited(REFUND_EVENT, "\"entity\":" PAYMENT,
			edited("\"entity\":" PAYMENT, "pay_DESlfW9H8K9uqM", "pay_other"))));
	assert_string_equal(error, "payload: payment: is not the one that was refunded");
	assert_false(read_event(&event, error, edited(REFUND_EVENT, "\"payment_id\"", "\"pay\"")));
	assert_string_equal(error, "payload: refund: entity: payment_id: is missing");
}

static void an_event_needs_an_id(void **state) {
	(void)state;
	struct payment_event event;
	char error[JSON_ERROR_BYTES];
	struct payment_webhook webhook = webhook_of("", "", PAYMENT_EVENT);
	assert_false(payment_webhook_read(&event, error, razorpay, &webhook));
	assert_string_equal(error, "x-razorpay-event-id: must be an id");
}

int main(void) {
	crypto_init();
	razorpay = provider_named("razorpay");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_signatures_of_both_secrets),
		cmocka_unit_test(every_byte_of_the_body_counts),
		cmocka_unit_test(refuses_other_signatures),
		cmocka_unit_test(reads_payments),
		cmocka_unit_test(reads_refunds),
		cmocka_unit_test(the_state_decides),
		cmocka_unit_test(what_lapsed_was_never_captured),
		cmocka_unit_test(payments_without_an_order),
		cmocka_unit_test(refuses_odd_events),
		cmocka_unit_test(an_event_needs_an_id),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
