/*
 * news_test - what came in, as the rows that a round gets.
 */
#include "cashier/news.h"

#include "common/payment/objects.h"
#include "tests/unit/unit.h"

static const struct key booking_key = {.bytes = {1, 2, 3}};
static const struct news_names names = {"razorpay", &booking_key};
static const struct news_campaign campaign = {
	.id = "burger",
	.ordinal = 7,
	.price_paise = 100,
	.currency = "INR",
	.time_zone = "Asia/Kolkata",
};

static struct news news;
static struct decision decision;

static int setup(void **state) {
	(void)state;
	news_clear(&news);
	memset(&decision, 0, sizeof decision);
	return 0;
}

static int teardown(void **state) {
	(void)state;
	news_finish(&news);
	return 0;
}

static const char *sheet(enum news_sheet which) {
	return sheet_text(&news.sheets[which]);
}

static void assert_counts(uint32_t holds, uint32_t verdicts, uint32_t cancels) {
	assert_int_equal(news.sheets[NEWS_HOLDS].count, holds);
	assert_int_equal(news.sheets[NEWS_VERDICTS].count, verdicts);
	assert_int_equal(news.sheets[NEWS_CANCELS].count, cancels);
}

static void nothing_is_an_empty_array(void **state) {
	(void)state;
	assert_true(news_is_empty(&news));
	assert_string_equal(sheet(NEWS_HOLDS), "[]");
}

static void a_fresh_hold_wants_an_order(void **state) {
	(void)state;
	decision.request_kind = MESSAGE_BOOK;
	decision.count = 4;
	decision.answers[0] = (struct answer){
		.verdict = VERDICT_HELD, .number = 1, .units = 2, .pay_by_ms = 9000};
	decision.answers[1] =
		(struct answer){.verdict = VERDICT_HELD, .number = 1, .repeated = true};
	decision.answers[2] = (struct answer){.verdict = VERDICT_WAITLISTED, .number = 2};
	decision.answers[3] = (struct answer){.verdict = VERDICT_SOLD_OUT};
	news_add_decision(&news, &names, &campaign, &decision);
	assert_counts(1, 0, 0);
	assert_non_null(strstr(sheet(NEWS_HOLDS), "[{\"campaign\":7,\"number\":1,\"receipt\":\""));
	assert_non_null(strstr(
		sheet(NEWS_HOLDS), "\",\"amount\":200,\"currency\":\"INR\",\"pay_by_ms\":9000}]"));
}

/* How many units it has, the ledger knows: the decision does not say. */
static void a_promoted_hold_wants_one_too(void **state) {
	(void)state;
	decision.request_kind = MESSAGE_TICK;
	decision.effects_count = 3;
	decision.effects[0] = (struct effect){.kind = EFFECT_RELEASED, .number = 1};
	decision.effects[1] =
		(struct effect){.kind = EFFECT_PROMOTED_HELD, .number = 2, .pay_by_ms = 9000};
	decision.effects[2] = (struct effect){.kind = EFFECT_PROMOTED_BOOKED, .number = 3};
	news_add_decision(&news, &names, &campaign, &decision);
	assert_counts(1, 0, 0);
	assert_non_null(strstr(sheet(NEWS_HOLDS), "\"number\":2,"));
	assert_non_null(strstr(sheet(NEWS_HOLDS), "\"amount\":0,"));
}

static void every_answer_to_a_payment_is_kept(void **state) {
	(void)state;
	static const enum verdict verdicts[] = {VERDICT_PAID, VERDICT_REFUND_DUE,
		VERDICT_PAYMENT_NOTED, VERDICT_PAYMENT_MISMATCH, VERDICT_NOT_FOUND};
	decision.request_kind = MESSAGE_PAY;
	decision.count = COUNT_OF(verdicts);
	for (uint32_t i = 0; i < COUNT_OF(verdicts); i++) {
		decision.answers[i].verdict = verdicts[i];
		memset(decision.answers[i].payment.bytes, 0x10 + (int)i, PAYMENT_BYTES);
	}
	news_add_decision(&news, &names, &campaign, &decision);
	assert_counts(0, COUNT_OF(verdicts), 0);
	assert_string_equal(sheet(NEWS_VERDICTS),
		"[{\"line_id\":\"10101010101010101010101010101010\",\"verdict\":40},"
		"{\"line_id\":\"11111111111111111111111111111111\",\"verdict\":41},"
		"{\"line_id\":\"12121212121212121212121212121212\",\"verdict\":42},"
		"{\"line_id\":\"13131313131313131313131313131313\",\"verdict\":43},"
		"{\"line_id\":\"14141414141414141414141414141414\",\"verdict\":31}]");
}

static void a_cancellation_counts_once(void **state) {
	(void)state;
	decision.request_kind = MESSAGE_CANCEL;
	decision.count = 3;
	decision.answers[0] = (struct answer){.verdict = VERDICT_CANCELLED, .number = 5};
	decision.answers[1] =
		(struct answer){.verdict = VERDICT_CANCELLED, .number = 5, .repeated = true};
	decision.answers[2] = (struct answer){.verdict = VERDICT_NOT_FOUND};
	news_add_decision(&news, &names, &campaign, &decision);
	assert_counts(0, 0, 1);
	assert_string_equal(sheet(NEWS_CANCELS), "[{\"campaign\":7,\"number\":5}]");
}

static void events_are_payments_or_refunds(void **state) {
	(void)state;
	struct payment_event event = {
		.kind = PAYMENT_EVENT_CAPTURED,
		.payment_id = "pay_1",
		.order_id = "order_1",
		.currency = "INR",
		.amount_paise = 100,
		.time_ms = 5000,
	};
	news_add_event(&news, &names, &event);
	event.kind = PAYMENT_EVENT_REFUND_PROCESSED;
	memcpy(event.refund_id, "rfnd_1", 7);
	news_add_event(&news, &names, &event);
	event.kind = PAYMENT_EVENT_OTHER;
	news_add_event(&news, &names, &event);
	assert_int_equal(news.sheets[NEWS_PAYMENTS].count, 1);
	assert_int_equal(news.sheets[NEWS_REFUNDS].count, 1);
	assert_non_null(strstr(sheet(NEWS_PAYMENTS), "\"state\":4,\"amount\":100,"));
	assert_non_null(strstr(sheet(NEWS_PAYMENTS), "\"by_asking\":false}]"));
	assert_non_null(strstr(sheet(NEWS_REFUNDS), "\"event\":6,\"refund_id\":\"rfnd_1\""));
}

static void what_was_heard_by_asking_says_so(void **state) {
	(void)state;
	static const struct {
		enum payment_state heard;
		const char *row;
	} cases[] = {
		{PAYMENT_STATE_FAILED, "\"state\":1,"},
		{PAYMENT_STATE_AUTHORIZED, "\"state\":2,"},
		{PAYMENT_STATE_LAPSED, "\"state\":3,"},
		{PAYMENT_STATE_CAPTURED, "\"state\":4,"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct payment payment = {
			.id = "pay_1", .order_id = "order_1", .currency = "INR", .amount_paise = 1};
		payment.state = cases[i].heard;
		news_clear(&news);
		news_add_heard(&news, &names, &payment, true);
		assert_non_null(strstr(sheet(NEWS_PAYMENTS), cases[i].row));
		assert_non_null(strstr(sheet(NEWS_PAYMENTS), "\"by_asking\":true}]"));
	}
	struct payment begun = {.id = "pay_1", .state = PAYMENT_STATE_CREATED};
	news_clear(&news);
	news_add_heard(&news, &names, &begun, true);
	assert_true(news_is_empty(&news));
}

static void the_line_knows_a_payment_by_provider_and_id(void **state) {
	(void)state;
	struct payment_id one = news_line_id("razorpay", "pay_1");
	struct payment_id same = news_line_id("razorpay", "pay_1");
	struct payment_id other = news_line_id("razorpay", "pay_2");
	struct payment_id elsewhere = news_line_id("stripe", "pay_1");
	assert_memory_equal(&one, &same, sizeof one);
	assert_memory_not_equal(&one, &other, sizeof one);
	assert_memory_not_equal(&one, &elsewhere, sizeof one);
}

static void positions_say_where_they_came_from(void **state) {
	(void)state;
	uint8_t digest[DIGEST_BYTES] = {0xab};
	news_add_campaign_position(&news, &campaign, (struct news_span){3, 9}, digest);
	assert_non_null(strstr(sheet(NEWS_POSITIONS),
		"[{\"source\":\"DEC_burger\",\"base\":3,\"n\":9,\"campaign\":7,\"digest\":\"ab00"));
	assert_non_null(strstr(sheet(NEWS_POSITIONS),
		"\"price\":100,\"currency\":\"INR\",\"zone\":\"Asia/Kolkata\",\"free\":false}]"));
	news_clear(&news);
	news_add_webhooks_position(&news, (struct news_span){0, 1});
	assert_string_equal(sheet(NEWS_POSITIONS),
		"[{\"source\":\"PAYMENTS\",\"base\":0,\"n\":1,\"free\":false}]");
}

static void a_sheet_grows_and_says_when_it_is_enough(void **state) {
	(void)state;
	uint32_t count = 0;
	while (!news_is_full(&news)) {
		news_add_look(&news, 7, ++count, 0);
	}
	assert_int_equal(news.sheets[NEWS_LOOKS].count, count);
	const struct sheet *looks = &news.sheets[NEWS_LOOKS];
	assert_true(looks->used >= NEWS_BYTES_FULL);
	assert_int_equal(looks->start[looks->used - 1], ']');
	assert_int_equal(strlen(looks->start), looks->used);
}

static void what_a_provider_says_is_quoted(void **state) {
	(void)state;
	struct news_order order = {
		.event = ORDER_PUT_BACK,
		.campaign = 7,
		.number = 1,
		.order_id = "",
		.checkout = "",
		.error = "it said \"no\"\\",
		.wait_ms = 250,
	};
	news_add_order(&news, &order);
	assert_string_equal(sheet(NEWS_ORDERS),
		"[{\"campaign\":7,\"number\":1,\"event\":3,\"order_id\":\"\",\"checkout\":\"\","
		"\"error\":\"it said \\\"no\\\"\\\\\",\"wait_ms\":250,\"at_once\":false}]");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_is_an_empty_array, setup),
		cmocka_unit_test_setup(a_fresh_hold_wants_an_order, setup),
		cmocka_unit_test_setup(a_promoted_hold_wants_one_too, setup),
		cmocka_unit_test_setup(every_answer_to_a_payment_is_kept, setup),
		cmocka_unit_test_setup(a_cancellation_counts_once, setup),
		cmocka_unit_test_setup(events_are_payments_or_refunds, setup),
		cmocka_unit_test_setup(what_was_heard_by_asking_says_so, setup),
		cmocka_unit_test_setup(the_line_knows_a_payment_by_provider_and_id, setup),
		cmocka_unit_test_setup(positions_say_where_they_came_from, setup),
		cmocka_unit_test_setup(a_sheet_grows_and_says_when_it_is_enough, setup),
		cmocka_unit_test_setup(what_a_provider_says_is_quoted, setup),
	};
	return cmocka_run_group_tests(tests, NULL, teardown);
}
