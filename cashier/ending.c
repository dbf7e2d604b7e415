#include "cashier/ending.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "cashier/measures.h"
#include "common/booking_id.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/payment/checkout.h"
#include "common/pure/text.h"
#include "common/zone.h"

#define WAIT_MS_MAX INT64_C(60000)
#define DOUBLINGS_MAX 10u
/* Our keys or the address are wrong: a person is looking, it is hoped. */
#define BLOCKED_WAIT_MS INT64_C(30000)
/* Authorised, and not to be captured now: how it stands is asked again. */
#define AUTHORIZED_WAIT_MS INT64_C(10000)
#define LAPSING_WAIT_MS INT64_C(3600000)

static_assert(PAYMENT_CHECKOUT_BYTES_MAX <= PAYABLE_JSON_BYTES_MAX, "how to pay is one message");

/* ---- waiting ----------------------------------------------------------------------------------- */

int64_t ending_wait_ms(uint32_t retry_ms, uint32_t attempts) {
	uint32_t doublings = attempts > 1 ? attempts - 1 : 0;
	doublings = doublings > DOUBLINGS_MAX ? DOUBLINGS_MAX : doublings;
	int64_t wait_ms = (int64_t)retry_ms << doublings;
	return wait_ms < WAIT_MS_MAX ? wait_ms : WAIT_MS_MAX;
}

/* With jitter, so that many that failed together do not come back together. */
static int64_t wait_after(const struct ending_options *options, const struct job *job,
	const struct job_result *result) {
	int64_t wait_ms = result->end == JOB_BLOCKED
				  ? BLOCKED_WAIT_MS
				  : ending_wait_ms(options->retry_ms, job->attempts);
	wait_ms += crypto_random_below((uint32_t)(wait_ms / 4) + 1);
	return wait_ms > result->retry_after_ms ? wait_ms : result->retry_after_ms;
}

static const char *reason_of(const struct job_result *result) {
	return result->answer == NULL ? "" : result->answer->reason;
}

static struct news_names names_of(const struct ending_options *options) {
	return (struct news_names){options->provider->name, options->booking_key};
}

/* ---- orders ------------------------------------------------------------------------------------ */

static void write_checkout(struct tray_payable *payable, const struct ending_options *options,
	const struct job *job, const struct payment_order *order) {
	struct payment_checkout checkout = {
		.key_id = options->key_id,
		.order_id = order->id,
		.client_secret = order->client_secret,
		.currency = job->currency,
		.amount_paise = job->amount_paise,
		.pay_by_ms = job->pay_by_ms,
		.offset_minutes = zone_offset_minutes(job->time_zone, job->pay_by_ms),
		.url_template = options->checkout_url,
	};
	struct text json = text_init(payable->json, sizeof payable->json);
	payment_checkout_append(&json, options->provider, &checkout);
	assert(!json.failed); /* the template and the deadline were checked before */
	payable->json_size = (uint16_t)json.used;
	payable->campaign = job->campaign;
	payable->number = job->number;
	payable->held_us = job->claimed_us - job->age_ms * 1000;
}

static void end_order(struct tray *tray, const struct ending_options *options,
	const struct job *job, const struct job_result *result) {
	struct news_order order = {
		.campaign = job->campaign,
		.number = job->number,
		.order_id = "",
		.checkout = "",
		.error = reason_of(result),
	};
	if (result->end == JOB_MADE) {
		struct tray_payable *payable = tray_add_payable(tray);
		write_checkout(payable, options, job, &result->answer->order);
		order.event = ORDER_MADE;
		order.order_id = result->answer->order.id;
		order.checkout = payable->json;
		order.error = "";
		order.at_once = result->answer->order.state == PAYMENT_ORDER_PAID;
		cashier_measures.orders_made++;
	} else if (result->end == JOB_TOO_LATE) {
		order.event = ORDER_TOO_LATE;
		cashier_measures.orders_too_late++;
	} else if (result->end == JOB_REFUSED) {
		order.event = ORDER_REFUSED;
		cashier_measures.orders_refused++;
		log_warn("order_refused",
			"campaign=%s number=%" PRIu32 " receipt=%s error=\"%s\" hint=\"nobody can "
			"pay this hold: mend the campaign's price, or the account at the "
			"provider\"",
			job->campaign_id, job->number, job->receipt, reason_of(result));
	} else {
		order.event = ORDER_PUT_BACK;
		order.wait_ms = wait_after(options, job, result);
	}
	news_add_order(&tray->news, &order);
}

/* ---- payments ---------------------------------------------------------------------------------- */

static void hear_all(struct tray *tray, const struct ending_options *options, const struct job *job,
	const struct job_result *result) {
	struct news_names names = names_of(options);
	for (uint32_t i = 0; i < result->answer->count; i++) {
		news_add_heard(
			&tray->news, &names, &result->answer->payments[i], job->kind == JOB_LOOK);
	}
}

static void end_look(struct tray *tray, const struct ending_options *options, const struct job *job,
	const struct job_result *result) {
	if (result->end == JOB_HEARD) {
		hear_all(tray, options, job, result);
		news_add_look(&tray->news, job->campaign, job->number, 0);
	} else {
		news_add_look(
			&tray->news, job->campaign, job->number, wait_after(options, job, result));
	}
}

static bool is_still_authorized(const struct job *job, const struct payment_result *answer) {
	for (uint32_t i = 0; i < answer->count; i++) {
		if (strcmp(answer->payments[i].id, job->payment_id) == 0) {
			return answer->payments[i].state == PAYMENT_STATE_AUTHORIZED;
		}
	}
	return true;
}

static void end_capture(struct tray *tray, const struct ending_options *options,
	const struct job *job, const struct job_result *result) {
	struct news_rest rest = {.payment_id = job->payment_id, .error = reason_of(result)};
	if (result->end == JOB_HEARD) {
		hear_all(tray, options, job, result);
		if (!is_still_authorized(job, result->answer)) {
			return;
		}
		rest.wait_ms =
			clock_wall_ms() < job->pay_by_ms ? AUTHORIZED_WAIT_MS : LAPSING_WAIT_MS;
	} else {
		rest.wait_ms = wait_after(options, job, result);
	}
	news_add_rest(&tray->news, &rest);
}

/* Whose payment it is, the order's receipt says. The order may be one of ours that we do not know
 * yet: then its payments count. */
static void end_identify(struct tray *tray, const struct ending_options *options,
	const struct job *job, const struct job_result *result) {
	struct news_rest rest = {.payment_id = job->payment_id, .error = reason_of(result)};
	struct booking_name name = {0};
	if (result->end == JOB_FOUND) {
		const struct payment_order *order = &result->answer->order;
		rest.foreign = !booking_id_read(
			&name, options->booking_key, order->receipt, strlen(order->receipt));
	} else if (result->end == JOB_FOREIGN || result->end == JOB_REFUSED) {
		rest.foreign = true;
	} else {
		rest.wait_ms = wait_after(options, job, result);
	}
	if (result->end == JOB_FOUND && !rest.foreign) {
		rest.campaign = name.campaign_ordinal;
		rest.number = name.number;
		news_add_order(&tray->news, &(struct news_order){
						    .event = ORDER_MADE,
						    .campaign = name.campaign_ordinal,
						    .number = name.number,
						    .order_id = result->answer->order.id,
						    .checkout = "",
						    .error = "",
					    });
	}
	if (rest.foreign) {
		log_warn("payment_foreign",
			"payment=%s order=%s hint=\"it belongs to no booking of ours and is left "
			"alone: does somebody else use this account at the provider?\"",
			job->payment_id, job->order_id);
	}
	news_add_rest(&tray->news, &rest);
}

/* ---- refunds ----------------------------------------------------------------------------------- */

static enum refund_event event_of(enum payment_refund_state state) {
	switch (state) {
	case PAYMENT_REFUND_PENDING:
		return REFUND_HEARD_PENDING;
	case PAYMENT_REFUND_PROCESSED:
		return REFUND_HEARD_PROCESSED;
	case PAYMENT_REFUND_FAILED:
		break;
	}
	return REFUND_HEARD_FAILED;
}

static void end_refund(struct tray *tray, const struct ending_options *options,
	const struct job *job, const struct job_result *result) {
	struct news_names names = names_of(options);
	struct news_refund refund = {
		.payment_id = job->payment_id,
		.refund_id = "",
		.error = reason_of(result),
	};
	if (result->end == JOB_REFUNDED) {
		refund.event = event_of(result->answer->refunds[0].state);
		refund.refund_id = result->answer->refunds[0].id;
		refund.error = "";
		cashier_measures.refunds_made++;
	} else if (result->end == JOB_REFUSED) {
		refund.event = REFUND_REFUSED;
	} else {
		refund.event = REFUND_PUT_BACK;
		refund.wait_ms = wait_after(options, job, result);
	}
	if (refund.event == REFUND_REFUSED || refund.event == REFUND_HEARD_FAILED) {
		log_warn("refund_failed",
			"campaign=%s number=%" PRIu32 " payment=%s error=\"%s\" hint=\"pay this "
			"person back by hand, with the provider's dashboard\"",
			job->campaign_id, job->number, job->payment_id, reason_of(result));
	}
	news_add_refund(&tray->news, &names, &refund, job->amount_paise);
}

void ending_write(struct tray *tray, const struct ending_options *options, const struct job *job,
	const struct job_result *result) {
	static void (*const ends[JOB_KINDS])(struct tray *, const struct ending_options *,
		const struct job *, const struct job_result *) = {
		[JOB_ORDER] = end_order,
		[JOB_LOOK] = end_look,
		[JOB_CAPTURE] = end_capture,
		[JOB_IDENTIFY] = end_identify,
		[JOB_REFUND] = end_refund,
	};
	assert(job->kind < JOB_KINDS);
	ends[job->kind](tray, options, job, result);
}
