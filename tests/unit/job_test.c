/*
 * job_test - which call comes next, told as a transcript: call, answer, call ... end.
 */
#include "cashier/job.h"

#include "common/payment/provider.h"
#include "tests/unit/unit.h"

#define NOW_MS INT64_C(1795363559123)
#define IN_TIME (NOW_MS + 60000)
#define TOO_LATE (NOW_MS - 1)

static const struct payment_provider *provider(const char *name) {
	return payment_provider_find(name, strlen(name));
}

static struct job a_job(enum job_kind kind) {
	return (struct job){
		.kind = kind,
		.campaign = 7,
		.number = 41,
		.campaign_id = "burger",
		.receipt = "7K3M-9QXT-4C2P-H",
		.order_id = "order_1",
		.payment_id = "pay_1",
		.currency = "INR",
		.amount_paise = 100,
		.pay_by_ms = IN_TIME,
		.attempts = 1,
	};
}

static const char *name_of(struct job_step step) {
	static const char *const ends[] = {
		[JOB_MADE] = "made",
		[JOB_TOO_LATE] = "too late",
		[JOB_REFUSED] = "refused",
		[JOB_PUT_BACK] = "put back",
		[JOB_BLOCKED] = "blocked",
		[JOB_HEARD] = "heard",
		[JOB_FOUND] = "found",
		[JOB_FOREIGN] = "foreign",
		[JOB_REFUNDED] = "refunded",
	};
	static const char *const calls[] = {
		[PAYMENT_CALL_FIND_ORDER] = "find",
		[PAYMENT_CALL_FETCH_ORDER] = "fetch",
		[PAYMENT_CALL_CREATE_ORDER] = "create",
		[PAYMENT_CALL_PAYMENTS] = "payments",
		[PAYMENT_CALL_CAPTURE] = "capture",
		[PAYMENT_CALL_REFUND] = "refund",
		[PAYMENT_CALL_REFUNDS] = "refunds",
	};
	return step.end == JOB_GOES_ON ? calls[step.call] : ends[step.end];
}

static void begins(const struct job *job, const char *want) {
	assert_string_equal(name_of(job_begin(job, provider("razorpay"), NOW_MS)), want);
}

/* An answer that has what is asked for. */
static struct payment_result *answer(enum payment_answer answer, uint32_t count) {
	static struct payment_result result;
	result = (struct payment_result){.answer = answer, .count = count};
	return &result;
}

static struct payment_result *an_order(uint64_t amount_paise) {
	struct payment_result *result = answer(PAYMENT_ANSWER_DONE, 1);
	result->order.amount_paise = amount_paise;
	memcpy(result->order.currency, "INR", 4);
	return result;
}

static void goes_on(const struct job *job, enum payment_call_kind call,
	struct payment_result *result, const char *want) {
	assert_string_equal(name_of(job_continue(job, call, result, NOW_MS)), want);
}

static void an_order_is_made(void **state) {
	(void)state;
	struct job job = a_job(JOB_ORDER);
	begins(&job, "create");
	goes_on(&job, PAYMENT_CALL_CREATE_ORDER, an_order(100), "made");
	goes_on(&job, PAYMENT_CALL_CREATE_ORDER, answer(PAYMENT_ANSWER_LATER, 0), "put back");
	goes_on(&job, PAYMENT_CALL_CREATE_ORDER, answer(PAYMENT_ANSWER_REFUSED, 0), "refused");
	goes_on(&job, PAYMENT_CALL_CREATE_ORDER, answer(PAYMENT_ANSWER_MISCONFIGURED, 0),
		"blocked");
	/* Somebody made it before us. */
	goes_on(&job, PAYMENT_CALL_CREATE_ORDER, answer(PAYMENT_ANSWER_STALE, 0), "find");
}

static void a_second_try_looks_first(void **state) {
	(void)state;
	struct job job = a_job(JOB_ORDER);
	job.attempts = 2;
	begins(&job, "find");
	goes_on(&job, PAYMENT_CALL_FIND_ORDER, an_order(100), "made");
	goes_on(&job, PAYMENT_CALL_FIND_ORDER, answer(PAYMENT_ANSWER_NOT_FOUND, 0), "create");
	goes_on(&job, PAYMENT_CALL_FIND_ORDER, answer(PAYMENT_ANSWER_LATER, 0), "put back");
	goes_on(&job, PAYMENT_CALL_FIND_ORDER, answer(PAYMENT_ANSWER_REFUSED, 0), "put back");
	/* Where asking twice is the same as once, there is no need to. */
	assert_string_equal(name_of(job_begin(&job, provider("stripe"), NOW_MS)), "create");
}

static void no_order_is_made_after_the_deadline(void **state) {
	(void)state;
	struct job job = a_job(JOB_ORDER);
	job.pay_by_ms = TOO_LATE;
	begins(&job, "too late");
	/* One that may be there is looked for all the same: it may be paid. */
	job.attempts = 3;
	begins(&job, "find");
	goes_on(&job, PAYMENT_CALL_FIND_ORDER, an_order(100), "made");
	goes_on(&job, PAYMENT_CALL_FIND_ORDER, answer(PAYMENT_ANSWER_NOT_FOUND, 0), "too late");
}

static void an_order_of_another_amount_is_not_ours(void **state) {
	(void)state;
	struct job job = a_job(JOB_ORDER);
	goes_on(&job, PAYMENT_CALL_FIND_ORDER, an_order(99), "refused");
	struct payment_result *result = an_order(100);
	memcpy(result->order.currency, "USD", 4);
	goes_on(&job, PAYMENT_CALL_CREATE_ORDER, result, "refused");
	assert_true(result->reason[0] != '\0');
}

static void a_silent_order_is_asked_about(void **state) {
	(void)state;
	struct job job = a_job(JOB_LOOK);
	begins(&job, "payments");
	goes_on(&job, PAYMENT_CALL_PAYMENTS, answer(PAYMENT_ANSWER_DONE, 0), "heard");
	goes_on(&job, PAYMENT_CALL_PAYMENTS, answer(PAYMENT_ANSWER_LATER, 0), "put back");
	goes_on(&job, PAYMENT_CALL_PAYMENTS, answer(PAYMENT_ANSWER_NOT_FOUND, 0), "put back");
	goes_on(&job, PAYMENT_CALL_PAYMENTS, answer(PAYMENT_ANSWER_MISCONFIGURED, 0), "blocked");
}

static void an_authorised_payment_is_captured_in_time(void **state) {
	(void)state;
	struct job job = a_job(JOB_CAPTURE);
	begins(&job, "capture");
	goes_on(&job, PAYMENT_CALL_CAPTURE, answer(PAYMENT_ANSWER_DONE, 1), "heard");
	goes_on(&job, PAYMENT_CALL_CAPTURE, answer(PAYMENT_ANSWER_STALE, 0), "payments");
	goes_on(&job, PAYMENT_CALL_CAPTURE, answer(PAYMENT_ANSWER_REFUSED, 0), "payments");
	goes_on(&job, PAYMENT_CALL_CAPTURE, answer(PAYMENT_ANSWER_LATER, 0), "put back");
	goes_on(&job, PAYMENT_CALL_PAYMENTS, answer(PAYMENT_ANSWER_DONE, 1), "heard");
	job.pay_by_ms = TOO_LATE;
	begins(&job, "payments");
}

static void whose_a_payment_is(void **state) {
	(void)state;
	struct job job = a_job(JOB_IDENTIFY);
	begins(&job, "fetch");
	goes_on(&job, PAYMENT_CALL_FETCH_ORDER, an_order(1), "found");
	goes_on(&job, PAYMENT_CALL_FETCH_ORDER, answer(PAYMENT_ANSWER_NOT_FOUND, 0), "foreign");
	goes_on(&job, PAYMENT_CALL_FETCH_ORDER, answer(PAYMENT_ANSWER_REFUSED, 0), "foreign");
	goes_on(&job, PAYMENT_CALL_FETCH_ORDER, answer(PAYMENT_ANSWER_LATER, 0), "put back");
}

static void a_refund_is_asked_for(void **state) {
	(void)state;
	struct job job = a_job(JOB_REFUND);
	begins(&job, "refund");
	goes_on(&job, PAYMENT_CALL_REFUND, answer(PAYMENT_ANSWER_DONE, 1), "refunded");
	goes_on(&job, PAYMENT_CALL_REFUND, answer(PAYMENT_ANSWER_LATER, 0), "put back");
	goes_on(&job, PAYMENT_CALL_REFUND, answer(PAYMENT_ANSWER_REFUSED, 0), "refused");
	goes_on(&job, PAYMENT_CALL_REFUND, answer(PAYMENT_ANSWER_NOT_FOUND, 0), "refused");
	goes_on(&job, PAYMENT_CALL_REFUND, answer(PAYMENT_ANSWER_STALE, 0), "refunds");
	goes_on(&job, PAYMENT_CALL_REFUNDS, answer(PAYMENT_ANSWER_DONE, 1), "refunded");
	goes_on(&job, PAYMENT_CALL_REFUNDS, answer(PAYMENT_ANSWER_DONE, 0), "put back");
}

static void an_old_refund_is_looked_for(void **state) {
	(void)state;
	struct job job = a_job(JOB_REFUND);
	job.refund_may_exist = true;
	begins(&job, "refunds");
	goes_on(&job, PAYMENT_CALL_REFUNDS, answer(PAYMENT_ANSWER_DONE, 1), "refunded");
	goes_on(&job, PAYMENT_CALL_REFUNDS, answer(PAYMENT_ANSWER_DONE, 0), "refund");
	goes_on(&job, PAYMENT_CALL_REFUNDS, answer(PAYMENT_ANSWER_LATER, 0), "put back");
}

static void of_several_refunds_one_that_did_not_fail_counts(void **state) {
	(void)state;
	struct job job = a_job(JOB_REFUND);
	struct payment_result *result = answer(PAYMENT_ANSWER_DONE, 2);
	result->refunds[0] = (struct payment_refund){
		.id = "rfnd_1", .payment_id = "pay_1", .state = PAYMENT_REFUND_FAILED};
	result->refunds[1] = (struct payment_refund){
		.id = "rfnd_2", .payment_id = "pay_1", .state = PAYMENT_REFUND_PENDING};
	goes_on(&job, PAYMENT_CALL_REFUNDS, result, "refunded");
	assert_string_equal(result->refunds[0].id, "rfnd_2");
}

static void a_refund_has_one_name_for_ever(void **state) {
	(void)state;
	char key[JOB_KEY_BYTES];
	struct job job = a_job(JOB_REFUND);
	struct payment_request request = job_request(&job, PAYMENT_CALL_REFUND, key);
	assert_string_equal(request.key, "fc-pay_1");
	assert_string_equal(request.receipt, "fc-pay_1");
	job = a_job(JOB_ORDER);
	request = job_request(&job, PAYMENT_CALL_CREATE_ORDER, key);
	assert_string_equal(request.receipt, "7K3M-9QXT-4C2P-H");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_order_is_made),
		cmocka_unit_test(a_second_try_looks_first),
		cmocka_unit_test(no_order_is_made_after_the_deadline),
		cmocka_unit_test(an_order_of_another_amount_is_not_ours),
		cmocka_unit_test(a_silent_order_is_asked_about),
		cmocka_unit_test(an_authorised_payment_is_captured_in_time),
		cmocka_unit_test(whose_a_payment_is),
		cmocka_unit_test(a_refund_is_asked_for),
		cmocka_unit_test(an_old_refund_is_looked_for),
		cmocka_unit_test(of_several_refunds_one_that_did_not_fail_counts),
		cmocka_unit_test(a_refund_has_one_name_for_ever),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
