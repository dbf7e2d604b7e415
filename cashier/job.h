/*
 * job - one matter with the provider: which call comes next, and what it has come to.
 *
 *	order	  first time ──▶ create ──────────▶ made | refused | put back
 *		  again ──▶ find ──not found──▶ create; ──found──▶ made; after the deadline ▶ too late
 *	look	  payments of the order ──▶ heard
 *	capture	  capture ──▶ heard; refused ──▶ payments of the order ──▶ heard
 *	identify  fetch order ──▶ found | foreign
 *	refund	  refund ──▶ refunded | refused; done already ──▶ refunds ──▶ refunded
 *		  old or pending ──▶ refunds ──▶ refunded; none there ──▶ refund
 *
 * Pure. Nothing here needs to be told what happened before: an order is looked for before it is made
 * a second time, a refund has one key for ever, and is looked for when the provider may have
 * forgotten the key.
 */
#ifndef CASHIER_JOB_H
#define CASHIER_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "common/payment/call.h"
#include "common/pure/limits.h"

enum job_kind {
	JOB_ORDER,
	JOB_LOOK,
	JOB_CAPTURE,
	JOB_IDENTIFY,
	JOB_REFUND,
	JOB_KINDS,
};

/* "fc-" and a payment's id: the key and the receipt of its refund. A receipt that would be longer
 * than a provider takes is the end of it. */
#define JOB_KEY_PREFIX "fc-"
#define JOB_KEY_BYTES (PAYMENT_ID_BYTES_MAX + sizeof JOB_KEY_PREFIX)

/* As it was claimed. What a kind does not need is "" or 0. */
struct job {
	enum job_kind kind;
	uint32_t campaign; /* ordinal */
	uint32_t number;
	char campaign_id[CAMPAIGN_ID_BYTES_MAX + 1];
	char time_zone[CAMPAIGN_ZONE_BYTES_MAX + 1];
	char receipt[PAYMENT_RECEIPT_BYTES_MAX + 1];
	char order_id[PAYMENT_ID_BYTES_MAX + 1];
	char payment_id[PAYMENT_ID_BYTES_MAX + 1];
	char currency[PAYMENT_CURRENCY_BYTES];
	uint64_t amount_paise;
	int64_t pay_by_ms;
	int64_t age_ms;        /* since the row was made, when it was claimed */
	int64_t claimed_us;    /* by the monotonic clock */
	uint16_t attempts;     /* this one included; looks: those before */
	bool refund_may_exist; /* pending, or asked for so long ago that the key is forgotten */
};

enum job_end {
	JOB_GOES_ON = 0,
	JOB_MADE,     /* the order is result.order */
	JOB_TOO_LATE, /* there is no order, and must be none any more */
	JOB_REFUSED,  /* never, however often it is tried: a person must look */
	JOB_PUT_BACK, /* not now, or nobody knows */
	JOB_BLOCKED,  /* not before a person mends our keys or the address */
	JOB_HEARD,    /* result.payments */
	JOB_FOUND,    /* the order with receipt is result.order */
	JOB_FOREIGN,  /* the provider has no such order for us */
	JOB_REFUNDED, /* result.refunds[0] */
};

struct job_step {
	enum job_end end;
	enum payment_call_kind call; /* JOB_GOES_ON: the next one */
};

struct payment_provider;

struct job_step job_begin(
	const struct job *job, const struct payment_provider *provider, int64_t now_ms);
/* After an answer to call. May reorder what is in the result, and write a reason into it. */
struct job_step job_continue(const struct job *job, enum payment_call_kind call,
	struct payment_result *result, int64_t now_ms);

/* The request of a call of this job; texts are borrowed from it and from key. */
struct payment_request job_request(
	const struct job *job, enum payment_call_kind call, char key[JOB_KEY_BYTES]);

#endif
