#include "cashier/job.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/payment/provider.h"

static struct job_step go_on(enum payment_call_kind call) {
	return (struct job_step){JOB_GOES_ON, call};
}

static struct job_step end(enum job_end end) {
	return (struct job_step){end, PAYMENT_CALL_COUNT};
}

static void give_reason(struct payment_result *result, const char *reason) {
	snprintf(result->reason, sizeof result->reason, "%s", reason);
}

/* ---- orders ------------------------------------------------------------------------------------ */

static struct job_step create_in_time(const struct job *job, int64_t now_ms) {
	return now_ms < job->pay_by_ms ? go_on(PAYMENT_CALL_CREATE_ORDER) : end(JOB_TOO_LATE);
}

static struct job_step begin_order(
	const struct job *job, const struct payment_provider *provider, int64_t now_ms) {
	if (job->attempts > 1 && !provider->orders_are_idempotent) {
		return go_on(PAYMENT_CALL_FIND_ORDER);
	}
	return create_in_time(job, now_ms);
}

/* What is there under our receipt must be what we want, or somebody else writes under our names. */
static struct job_step check_order(const struct job *job, struct payment_result *result) {
	const struct payment_order *order = &result->order;
	if (order->amount_paise != job->amount_paise ||
		strcmp(order->currency, job->currency) != 0) {
		give_reason(result, "there is an order with this receipt and another amount");
		return end(JOB_REFUSED);
	}
	return end(JOB_MADE);
}

static struct job_step continue_order(const struct job *job, enum payment_call_kind call,
	struct payment_result *result, int64_t now_ms) {
	bool searched = call == PAYMENT_CALL_FIND_ORDER;
	switch (result->answer) {
	case PAYMENT_ANSWER_DONE:
		return check_order(job, result);
	case PAYMENT_ANSWER_NOT_FOUND:
		return searched ? create_in_time(job, now_ms) : end(JOB_PUT_BACK);
	case PAYMENT_ANSWER_STALE: /* there is one with our receipt */
		return searched ? end(JOB_PUT_BACK) : go_on(PAYMENT_CALL_FIND_ORDER);
	case PAYMENT_ANSWER_REFUSED:
		return searched ? end(JOB_PUT_BACK) : end(JOB_REFUSED);
	case PAYMENT_ANSWER_MISCONFIGURED:
		return end(JOB_BLOCKED);
	case PAYMENT_ANSWER_LATER:
		break;
	}
	return end(JOB_PUT_BACK);
}

/* ---- payments ---------------------------------------------------------------------------------- */

/* Whatever kept us from hearing it: it is asked again. */
static struct job_step failed_to_hear(const struct payment_result *result) {
	return end(result->answer == PAYMENT_ANSWER_MISCONFIGURED ? JOB_BLOCKED : JOB_PUT_BACK);
}

static struct job_step continue_look(const struct payment_result *result) {
	return result->answer == PAYMENT_ANSWER_DONE ? end(JOB_HEARD) : failed_to_hear(result);
}

static struct job_step continue_capture(
	enum payment_call_kind call, const struct payment_result *result) {
	bool refused = result->answer == PAYMENT_ANSWER_STALE ||
		       result->answer == PAYMENT_ANSWER_REFUSED ||
		       result->answer == PAYMENT_ANSWER_NOT_FOUND;
	if (call == PAYMENT_CALL_CAPTURE && refused) {
		return go_on(PAYMENT_CALL_PAYMENTS);
	}
	return continue_look(result);
}

static struct job_step continue_identify(const struct payment_result *result) {
	switch (result->answer) {
	case PAYMENT_ANSWER_DONE:
		return end(JOB_FOUND);
	case PAYMENT_ANSWER_NOT_FOUND:
	case PAYMENT_ANSWER_REFUSED:
		return end(JOB_FOREIGN);
	case PAYMENT_ANSWER_STALE:
	case PAYMENT_ANSWER_LATER:
	case PAYMENT_ANSWER_MISCONFIGURED:
		break;
	}
	return failed_to_hear(result);
}

/* ---- refunds ----------------------------------------------------------------------------------- */

/* The one that counts comes first: any that is not failed, else a failed one. */
static void choose_refund(struct payment_result *result) {
	for (uint32_t i = 1; i < result->count; i++) {
		const struct payment_refund *refund = &result->refunds[i];
		if (result->refunds[0].state == PAYMENT_REFUND_FAILED &&
			refund->state != PAYMENT_REFUND_FAILED) {
			result->refunds[0] = *refund;
		}
	}
}

static struct job_step continue_refund(
	const struct job *job, enum payment_call_kind call, struct payment_result *result) {
	bool searched = call == PAYMENT_CALL_REFUNDS;
	switch (result->answer) {
	case PAYMENT_ANSWER_DONE:
		if (result->count > 0) {
			choose_refund(result);
			return end(JOB_REFUNDED);
		}
		return job->refund_may_exist ? go_on(PAYMENT_CALL_REFUND) : end(JOB_PUT_BACK);
	case PAYMENT_ANSWER_STALE:
		return searched ? end(JOB_PUT_BACK) : go_on(PAYMENT_CALL_REFUNDS);
	case PAYMENT_ANSWER_REFUSED:
	case PAYMENT_ANSWER_NOT_FOUND:
		return end(JOB_REFUSED);
	case PAYMENT_ANSWER_MISCONFIGURED:
		return end(JOB_BLOCKED);
	case PAYMENT_ANSWER_LATER:
		break;
	}
	return end(JOB_PUT_BACK);
}

/* ---- all of them ------------------------------------------------------------------------------- */

struct job_step job_begin(
	const struct job *job, const struct payment_provider *provider, int64_t now_ms) {
	switch (job->kind) {
	case JOB_ORDER:
		return begin_order(job, provider, now_ms);
	case JOB_LOOK:
		return go_on(PAYMENT_CALL_PAYMENTS);
	case JOB_CAPTURE:
		/* Too late to be worth anything to the buyer: only how it stands. The bank gives
		 * back what nobody captures. */
		return go_on(
			now_ms < job->pay_by_ms ? PAYMENT_CALL_CAPTURE : PAYMENT_CALL_PAYMENTS);
	case JOB_IDENTIFY:
		return go_on(PAYMENT_CALL_FETCH_ORDER);
	case JOB_REFUND:
		return go_on(job->refund_may_exist ? PAYMENT_CALL_REFUNDS : PAYMENT_CALL_REFUND);
	case JOB_KINDS:
		break;
	}
	assert(false);
	return end(JOB_PUT_BACK);
}

struct job_step job_continue(const struct job *job, enum payment_call_kind call,
	struct payment_result *result, int64_t now_ms) {
	switch (job->kind) {
	case JOB_ORDER:
		return continue_order(job, call, result, now_ms);
	case JOB_LOOK:
		return continue_look(result);
	case JOB_CAPTURE:
		return continue_capture(call, result);
	case JOB_IDENTIFY:
		return continue_identify(result);
	case JOB_REFUND:
		return continue_refund(job, call, result);
	case JOB_KINDS:
		break;
	}
	assert(false);
	return end(JOB_PUT_BACK);
}

struct payment_request job_request(
	const struct job *job, enum payment_call_kind call, char key[JOB_KEY_BYTES]) {
	snprintf(key, JOB_KEY_BYTES, JOB_KEY_PREFIX "%s", job->payment_id);
	return (struct payment_request){
		.kind = call,
		.receipt = job->kind == JOB_REFUND ? key : job->receipt,
		.order_id = job->order_id,
		.payment_id = job->payment_id,
		.campaign_id = job->campaign_id,
		.currency = job->currency,
		.key = key,
		.amount_paise = job->amount_paise,
		.pay_by_ms = job->pay_by_ms,
		.page = "",
	};
}
