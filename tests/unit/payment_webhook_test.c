/*
 * payment_webhook_test - what holds for the webhooks of all providers, and for their secrets.
 */
#include "common/payment/webhook.h"

#include "tests/unit/payment.h"

static const struct payment_provider *razorpay;
static const struct payment_provider *stripe;

static const char *problem_of(
	const struct payment_provider *provider, const struct payment_webhook *webhook) {
	const char *problem = "";
	bool genuine = payment_webhook_verify(
		provider, &payment_secrets, webhook, PAYMENT_NOW_MS, &problem);
	assert_int_equal(genuine, problem == NULL);
	return genuine ? "" : problem;
}

static void bounds_what_it_looks_at(void **state) {
	(void)state;
	static char large[PAYMENT_WEBHOOK_BYTES_MAX + 1];
	const char *signature = signature_of(payment_secrets.current, "", "{}");
	struct payment_webhook right = webhook_of(signature, "event-1", "{}");
	assert_string_equal(problem_of(razorpay, &right), "");

	struct payment_webhook webhook = right;
	webhook.signature_size = 0;
	webhook.signature = NULL;
	assert_string_equal(problem_of(razorpay, &webhook), "it is not signed");
	webhook.signature = large;
	webhook.signature_size = PAYMENT_SIGNATURE_BYTES_MAX + 1;
	assert_string_equal(problem_of(razorpay, &webhook), "its signature is longer than any");

	webhook = right;
	webhook.body = NULL;
	webhook.body_size = 0;
	assert_string_equal(problem_of(razorpay, &webhook), "it is empty");
	webhook.body = large;
	webhook.body_size = sizeof large;
	assert_string_equal(problem_of(razorpay, &webhook), "it is longer than any");
	webhook.body_size--;
	assert_string_equal(problem_of(razorpay, &webhook),
		"its signature is wrong: no webhook secret of ours made it");
}

/* It becomes part of a message's header. */
static void an_event_id_is_an_id(void **state) {
	(void)state;
	static const struct {
		const char *id;
		size_t size;
		bool valid;
	} cases[] = {
		{"a", 1, true},
		{"0123456789012345678901234567890123456789012345678901234567890123", 64, true},
		{"01234567890123456789012345678901234567890123456789012345678901234", 65, false},
		{"", 0, false},
		{NULL, 0, false},
		{"a b", 3, false},
		{"a\r\nb", 4, false},
		{"a\0b", 3, false},
		{"\0", 1, false},
		{"\xc3\xa4", 2, false},
	};
	const char *signature = signature_of(payment_secrets.current, "", "{}");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct payment_webhook webhook = webhook_of(signature, "", "{}");
		webhook.event_id = cases[i].id;
		webhook.event_id_size = cases[i].size;
		assert_string_equal(problem_of(razorpay, &webhook),
			cases[i].valid ? "" : "it has no event id, or one that is none");
	}
	/* Stripe's is in the body; a header would not be looked at. */
	struct payment_webhook webhook = webhook_of("t=1,v1=00", "a b", "{}");
	assert_string_equal(problem_of(stripe, &webhook),
		"its signature is wrong: no webhook secret of ours made it");
}

static void an_empty_secret_signs_nothing(void **state) {
	(void)state;
	struct payment_macs macs;
	struct part part = {"{}", 2};
	const struct payment_webhook_secrets none = {.current = "", .old = ""};
	payment_macs_make(&macs, &none, &part, 1);
	assert_int_equal(macs.count, 0);
	const char *signature = signature_of("", "", "{}");
	assert_false(payment_macs_have(&macs, signature, strlen(signature)));
	/* The old one alone would do; there is no rule that it must not. */
	const struct payment_webhook_secrets old = {.current = "", .old = "webhook-secret-old"};
	payment_macs_make(&macs, &old, &part, 1);
	signature = signature_of(old.old, "", "{}");
	assert_true(payment_macs_have(&macs, signature, strlen(signature)));
}

/* Errors go to logs: whatever a key is called there. */
static void errors_are_printable(void **state) {
	(void)state;
	struct payment_event event;
	char error[JSON_ERROR_BYTES];
	struct payment_webhook webhook = webhook_of(
		"", "event-1", "{\"say \\\"hi\\\" \\u00e4\\n\":1,\"say \\\"hi\\\" \\u00e4\\n\":2}");
	assert_false(payment_webhook_read(&event, error, razorpay, &webhook));
	assert_string_equal(error, "say ?hi? ???: is given twice");
}

static void assert_secrets(const char *current, const char *old, const char *problem) {
	const struct payment_webhook_secrets secrets = {.current = current, .old = old};
	const char *found = payment_webhook_secrets_problem(&secrets);
	assert_string_equal(found == NULL ? "" : found, problem);
}

static void says_what_is_wrong_with_secrets(void **state) {
	(void)state;
	static const char plain[] =
		"a webhook secret has a blank, a line end or a character that is "
		"not ASCII, or is longer than any";
	static const char shorter[] =
		"a webhook secret is shorter than 12 characters: who guesses it "
		"books for nothing";
	char longest[257];
	memset(longest, 'x', sizeof longest);
	longest[256] = '\0';
	assert_secrets("webhook-secret", "", "");
	assert_secrets("webhook-secret", "webhook-secret-old", "");
	assert_secrets("", "", "the webhook secret is empty");
	assert_secrets("", "webhook-secret-old", "the webhook secret is empty");
	assert_secrets("webhook secret", "", plain);
	assert_secrets("webhook-secret\n", "", plain);
	assert_secrets("webhook-secret", "webhook-secret-\xc3\xa4", plain);
	assert_secrets(longest, "", plain);
	assert_secrets(longest + 1, "", "");
	assert_secrets("12345678901", "", shorter);
	assert_secrets("webhook-secret", "short", shorter);
	assert_secrets("webhook-secret", "webhook-secret",
		"the old webhook secret is the same as the current one: leave it out");
}

int main(void) {
	crypto_init();
	razorpay = provider_named("razorpay");
	stripe = provider_named("stripe");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounds_what_it_looks_at),
		cmocka_unit_test(an_event_id_is_an_id),
		cmocka_unit_test(an_empty_secret_signs_nothing),
		cmocka_unit_test(errors_are_printable),
		cmocka_unit_test(says_what_is_wrong_with_secrets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
