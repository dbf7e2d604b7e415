/*
 * payment_provider_test - the table of providers, their keys, and what a buyer is told.
 */
#include "common/payment/provider.h"

#include "common/payment/checkout.h"
#include "tests/unit/payment.h"

static void finds_providers_by_name(void **state) {
	(void)state;
	assert_string_equal(provider_named("razorpay")->name, "razorpay");
	assert_string_equal(provider_named("stripe")->name, "stripe");
	static const char *const others[] = {"", "Razorpay", "razorpa", "razorpay2", "paypal"};
	for (size_t i = 0; i < COUNT_OF(others); i++) {
		assert_null(payment_provider_find(others[i], strlen(others[i])));
	}
	assert_null(payment_provider_find("razorpay\0", 9));
	assert_non_null(payment_provider_find("stripe/webhook", 6)); /* out of a path */
}

static void assert_keys(const char *id, const char *secret, const char *problem) {
	const struct payment_keys keys = {.id = id, .secret = secret};
	const char *found = payment_keys_problem(provider_named("razorpay"), &keys);
	assert_string_equal(found == NULL ? "" : found, problem);
}

static void says_what_is_wrong_with_keys(void **state) {
	(void)state;
	static const char empty[] = "the key id or the key secret is empty";
	static const char plain[] = "the key id or the key secret has a blank, a line end or a "
				    "character that is not ASCII, or is longer than any";
	char longest[257];
	memset(longest, 'x', sizeof longest);
	longest[256] = '\0';
	assert_keys("rzp_test_sandbox", "sandbox", "");
	assert_keys("", "sandbox", empty);
	assert_keys("rzp_test_sandbox", "", empty);
	assert_keys("rzp_test_sandbox\n", "sandbox", plain);
	assert_keys("rzp_test_sandbox", "sand box", plain);
	assert_keys("rzp_test_sandbox", "sandb\xc3\xb6x", plain);
	assert_keys("rzp_test_sandbox", longest, plain);
	assert_keys("rzp_test_sandbox", longest + 1, "");
	assert_keys("rzp_test_sandbox:sandbox", "sandbox",
		"the key id has a colon: id and secret are two files");
}

/* ---- checkout -------------------------------------------------------------------------------- */

static const struct payment_checkout example = {
	.key_id = "rzp_test_sandbox",
	.order_id = "order_EKwxwAgItmmXdp",
	.client_secret = "",
	.currency = "INR",
	.amount_paise = 100,
	.pay_by_ms = PAYMENT_PAY_BY_MS,
	.offset_minutes = 330,
	.url_template = "",
};

#define EXAMPLE_MEMBERS                                                                            \
	"\"order_id\":\"order_EKwxwAgItmmXdp\",\"key_id\":\"rzp_test_sandbox\","                   \
	"\"amount_paise\":100,\"currency\":\"INR\",\"pay_by\":\"2026-11-22T21:35:59.000+05:30\""

static const char *written(const char *provider, const struct payment_checkout *checkout) {
	static char bytes[PAYMENT_CHECKOUT_BYTES_MAX];
	struct text text = text_init(bytes, sizeof bytes);
	payment_checkout_append(&text, provider_named(provider), checkout);
	assert_false(text.failed);
	return bytes;
}

static void tells_how_to_pay(void **state) {
	(void)state;
	struct payment_checkout checkout = example;
	assert_string_equal(
		written("razorpay", &checkout), "{\"provider\":\"razorpay\"," EXAMPLE_MEMBERS "}");
	checkout.url_template = "http://127.0.0.1:8120/checkout/{order_id}";
	assert_string_equal(written("razorpay", &checkout),
		"{\"provider\":\"razorpay\"," EXAMPLE_MEMBERS ",\"checkout_url\":"
		"\"http://127.0.0.1:8120/checkout/order_EKwxwAgItmmXdp\"}");
	checkout.url_template = "https://pay.example.com/?o={order_id}&lang=en";
	checkout.client_secret = "pi_1_secret_2";
	assert_string_equal(written("stripe", &checkout),
		"{\"provider\":\"stripe\"," EXAMPLE_MEMBERS ",\"client_secret\":\"pi_1_secret_2\","
		"\"checkout_url\":\"https://pay.example.com/?o=order_EKwxwAgItmmXdp&lang=en\"}");
}

static void the_longest_fits(void **state) {
	(void)state;
	char id[PAYMENT_ID_BYTES_MAX + 1];
	char secret[PAYMENT_CLIENT_SECRET_BYTES_MAX + 1];
	char key[256];
	char address[PAYMENT_TEMPLATE_BYTES_MAX + 1];
	memset(id, 'i', sizeof id);
	memset(secret, 's', sizeof secret);
	memset(key, 'k', sizeof key);
	memset(address, 'a', sizeof address);
	memcpy(address, "https://", 8);
	memcpy(address + sizeof address - sizeof PAYMENT_TEMPLATE_ORDER, PAYMENT_TEMPLATE_ORDER,
		sizeof PAYMENT_TEMPLATE_ORDER);
	id[sizeof id - 1] = secret[sizeof secret - 1] = key[sizeof key - 1] = '\0';
	assert_null(payment_checkout_template_problem(address));
	struct payment_checkout checkout = example;
	checkout.order_id = id;
	checkout.client_secret = secret;
	checkout.key_id = key;
	checkout.url_template = address;
	checkout.amount_paise = UINT64_MAX;
	written("razorpay", &checkout);
}

static void fails_a_text_that_is_too_small(void **state) {
	(void)state;
	char bytes[100];
	struct text text = text_init(bytes, sizeof bytes);
	payment_checkout_append(&text, provider_named("razorpay"), &example);
	assert_true(text.failed);
	char room[PAYMENT_CHECKOUT_BYTES_MAX];
	struct payment_checkout checkout = example;
	checkout.pay_by_ms = INT64_MAX;
	text = text_init(room, sizeof room);
	payment_checkout_append(&text, provider_named("razorpay"), &checkout);
	assert_true(text.failed);
	checkout = example;
	checkout.url_template = "https://pay.example.com/";
	text = text_init(room, sizeof room);
	payment_checkout_append(&text, provider_named("razorpay"), &checkout);
	assert_true(text.failed);
}

static void says_what_is_wrong_with_a_template(void **state) {
	(void)state;
	static const char scheme[] = "the checkout address does not begin with https:// or http://";
	static const char place[] = "the checkout address must have {order_id} in it once";
	static const char ascii[] =
		"the checkout address has a blank or a character that is not ASCII";
	static const struct {
		const char *url_template;
		const char *problem;
	} cases[] = {
		{"", ""},
		{"https://pay.example.com/{order_id}", ""},
		{"http://127.0.0.1:8120/checkout/{order_id}?a=b", ""},
		{"javascript:pay({order_id})", scheme},
		{"//pay.example.com/{order_id}", scheme},
		{"https://pay.example.com/", place},
		{"https://pay.example.com/{order}", place},
		{"https://pay.example.com/{order_id}/{order_id}", place},
		{"https://pay.example.com/ {order_id}", ascii},
		{"https://pay.example.com/\xc3\xa4{order_id}", ascii},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *problem = payment_checkout_template_problem(cases[i].url_template);
		assert_string_equal(problem == NULL ? "" : problem, cases[i].problem);
	}
	char longer[PAYMENT_TEMPLATE_BYTES_MAX + 2];
	memset(longer, 'a', sizeof longer);
	longer[sizeof longer - 1] = '\0';
	assert_string_equal(payment_checkout_template_problem(longer),
		"the checkout address is longer than 512 bytes");
}

int main(void) {
	crypto_init();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_providers_by_name),
		cmocka_unit_test(says_what_is_wrong_with_keys),
		cmocka_unit_test(tells_how_to_pay),
		cmocka_unit_test(the_longest_fits),
		cmocka_unit_test(fails_a_text_that_is_too_small),
		cmocka_unit_test(says_what_is_wrong_with_a_template),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
