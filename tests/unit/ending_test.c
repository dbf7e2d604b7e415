/*
 * ending_test - what the end of a job comes to in the books.
 */
#include "cashier/ending.h"

#include "common/booking_id.h"
#include "common/clock.h"
#include "tests/unit/unit.h"

static const struct key booking_key = {.bytes = {1, 2, 3}};
static struct ending_options options;
static struct tray tray;
static struct payment_result answer;

static int setup(void **state) {
	(void)state;
	options = (struct ending_options){
		.provider = payment_provider_find("razorpay", strlen("razorpay")),
		.key_id = "rzp_test_1",
		.checkout_url = "http://127.0.0.1:1/checkout/{order_id}",
		.booking_key = &booking_key,
		.retry_ms = 100,
	};
	tray_clear(&tray);
	memset(&answer, 0, sizeof answer);
	return 0;
}

static int teardown(void **state) {
	(void)state;
	tray_finish(&tray);
	return 0;
}

static struct job a_job(enum job_kind kind) {
	return (struct job){
		.kind = kind,
		.campaign = 7,
		.number = 41,
		.campaign_id = "burger",
		.time_zone = "Asia/Kolkata",
		.receipt = "7K3M-9QXT-4C2P-H",
		.order_id = "order_1",
		.payment_id = "pay_1",
		.currency = "INR",
		.amount_paise = 100,
		.pay_by_ms = clock_wall_ms() + 60000,
		.attempts = 1,
	};
}

static void ends(const struct job *job, enum job_end end) {
	struct job_result result = {.end = end, .answer = &answer};
	ending_write(&tray, &options, job, &result);
}

static void assert_row(enum news_sheet sheet, const char *part) {
	const char *text = sheet_text(&tray.news.sheets[sheet]);
	if (strstr(text, part) == NULL) {
		fail_msg("%s\nis not in %s", part, text);
	}
}

static void an_order_that_is_made_can_be_paid(void **state) {
	(void)state;
	struct job job = a_job(JOB_ORDER);
	answer.order = (struct payment_order){.id = "order_1", .state = PAYMENT_ORDER_OPEN};
	ends(&job, JOB_MADE);
	assert_row(NEWS_ORDERS, "\"number\":41,\"event\":2,\"order_id\":\"order_1\"");
	assert_row(NEWS_ORDERS, "\"at_once\":false");
	assert_int_equal(tray.payables_count, 1);
	assert_int_equal(tray.payables[0].number, 41);
	assert_int_equal(tray.payables[0].campaign, 7);
	assert_non_null(strstr(tray.payables[0].json, "\"order_id\":\"order_1\""));
	assert_non_null(strstr(tray.payables[0].json, "+05:30\""));
	assert_non_null(strstr(tray.payables[0].json, "checkout/order_1\"}"));
	assert_int_equal(strlen(tray.payables[0].json), tray.payables[0].json_size);
}

static void one_that_is_paid_already_is_asked_about_at_once(void **state) {
	(void)state;
	struct job job = a_job(JOB_ORDER);
	answer.order = (struct payment_order){.id = "order_1", .state = PAYMENT_ORDER_PAID};
	ends(&job, JOB_MADE);
	assert_row(NEWS_ORDERS, "\"at_once\":true");
}

static void orders_that_are_not_made(void **state) {
	(void)state;
	static const struct {
		enum job_end end;
		const char *row;
	} cases[] = {
		{JOB_TOO_LATE, "\"event\":4,"},
		{JOB_REFUSED, "\"event\":5,"},
		{JOB_PUT_BACK, "\"event\":3,"},
		{JOB_BLOCKED, "\"event\":3,"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct job job = a_job(JOB_ORDER);
		tray_clear(&tray);
		ends(&job, cases[i].end);
		assert_row(NEWS_ORDERS, cases[i].row);
		assert_int_equal(tray.payables_count, 0);
	}
}

static void a_look_tells_of_payments(void **state) {
	(void)state;
	struct job job = a_job(JOB_LOOK);
	answer.count = 1;
	answer.payments[0] = (struct payment){.id = "pay_1",
		.order_id = "order_1",
		.currency = "INR",
		.state = PAYMENT_STATE_CAPTURED,
		.amount_paise = 100};
	ends(&job, JOB_HEARD);
	assert_row(NEWS_PAYMENTS, "\"by_asking\":true");
	assert_row(NEWS_LOOKS, "[{\"campaign\":7,\"number\":41,\"wait_ms\":0}]");
	tray_clear(&tray);
	ends(&job, JOB_PUT_BACK);
	assert_int_equal(tray.news.sheets[NEWS_PAYMENTS].count, 0);
	assert_int_equal(tray.news.sheets[NEWS_LOOKS].count, 1);
}

static void a_payment_that_stays_authorised_rests(void **state) {
	(void)state;
	struct job job = a_job(JOB_CAPTURE);
	answer.count = 1;
	answer.payments[0] =
		(struct payment){.id = "pay_1", .currency = "INR", .amount_paise = 100};
	answer.payments[0].state = PAYMENT_STATE_CAPTURED;
	ends(&job, JOB_HEARD);
	assert_int_equal(tray.news.sheets[NEWS_RESTS].count, 0);
	answer.payments[0].state = PAYMENT_STATE_AUTHORIZED;
	ends(&job, JOB_HEARD);
	assert_row(NEWS_RESTS, "\"payment_id\":\"pay_1\",\"error\":\"\",\"wait_ms\":10000");
	tray_clear(&tray);
	job.pay_by_ms = 1; /* nobody wants it any more: the bank gives it back */
	ends(&job, JOB_HEARD);
	assert_row(NEWS_RESTS, "\"wait_ms\":3600000");
}

static void the_receipt_says_whose_a_payment_is(void **state) {
	(void)state;
	struct job job = a_job(JOB_IDENTIFY);
	answer.order = (struct payment_order){.id = "order_9"};
	booking_id_write(answer.order.receipt, &booking_key, (struct booking_name){7, 41});
	ends(&job, JOB_FOUND);
	assert_row(
		NEWS_ORDERS, "[{\"campaign\":7,\"number\":41,\"event\":2,\"order_id\":\"order_9\"");
	assert_row(NEWS_RESTS, "\"campaign\":7,\"number\":41,\"foreign_order\":false}]");
	tray_clear(&tray);
	memcpy(answer.order.receipt, "invoice-12", 11);
	ends(&job, JOB_FOUND);
	assert_int_equal(tray.news.sheets[NEWS_ORDERS].count, 0);
	assert_row(NEWS_RESTS, "\"number\":0,\"foreign_order\":true}]");
	tray_clear(&tray);
	ends(&job, JOB_PUT_BACK);
	assert_row(NEWS_RESTS, "\"foreign_order\":false}]");
}

static void refunds_end_as_the_provider_says(void **state) {
	(void)state;
	static const struct {
		enum job_end end;
		enum payment_refund_state refund;
		const char *row;
	} cases[] = {
		{JOB_REFUNDED, PAYMENT_REFUND_PENDING, "\"event\":3,\"refund_id\":\"rfnd_1\""},
		{JOB_REFUNDED, PAYMENT_REFUND_PROCESSED, "\"event\":6,\"refund_id\":\"rfnd_1\""},
		{JOB_REFUNDED, PAYMENT_REFUND_FAILED, "\"event\":5,\"refund_id\":\"rfnd_1\""},
		{JOB_REFUSED, PAYMENT_REFUND_PENDING, "\"event\":4,\"refund_id\":\"\""},
		{JOB_PUT_BACK, PAYMENT_REFUND_PENDING, "\"event\":2,\"refund_id\":\"\""},
		{JOB_BLOCKED, PAYMENT_REFUND_PENDING, "\"event\":2,\"refund_id\":\"\""},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct job job = a_job(JOB_REFUND);
		tray_clear(&tray);
		answer.refunds[0] = (struct payment_refund){.id = "rfnd_1"};
		answer.refunds[0].state = cases[i].refund;
		ends(&job, cases[i].end);
		assert_row(NEWS_REFUNDS, cases[i].row);
	}
}

static void waits_double_up_to_a_minute(void **state) {
	(void)state;
	assert_int_equal(ending_wait_ms(100, 0), 100);
	assert_int_equal(ending_wait_ms(100, 1), 100);
	assert_int_equal(ending_wait_ms(100, 2), 200);
	assert_int_equal(ending_wait_ms(100, 5), 1600);
	assert_int_equal(ending_wait_ms(1000, 30000), 60000);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_order_that_is_made_can_be_paid, setup),
		cmocka_unit_test_setup(one_that_is_paid_already_is_asked_about_at_once, setup),
		cmocka_unit_test_setup(orders_that_are_not_made, setup),
		cmocka_unit_test_setup(a_look_tells_of_payments, setup),
		cmocka_unit_test_setup(a_payment_that_stays_authorised_rests, setup),
		cmocka_unit_test_setup(the_receipt_says_whose_a_payment_is, setup),
		cmocka_unit_test_setup(refunds_end_as_the_provider_says, setup),
		cmocka_unit_test_setup(waits_double_up_to_a_minute, setup),
	};
	return cmocka_run_group_tests(tests, NULL, teardown);
}
