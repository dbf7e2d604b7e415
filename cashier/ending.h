/*
 * ending - what the end of a job means: for the books, and for the buyer.
 *
 *	order	  made ─▶ open, and how to pay		look	  heard ─▶ payments
 *	capture	  heard ─▶ payments			identify  found ─▶ whose it is; foreign
 *	refund	  pending, processed, failed		all	  put back ─▶ after a wait
 */
#ifndef CASHIER_ENDING_H
#define CASHIER_ENDING_H

#include <stdint.h>

#include "cashier/clerk.h"
#include "cashier/job.h"
#include "cashier/tray.h"

struct ending_options {
	const struct payment_provider *provider;
	const char *key_id;
	const char *checkout_url; /* template, or "" */
	const struct key *booking_key;
	uint32_t retry_ms;
};

/* Loop thread only (it asks zone.h). */
void ending_write(struct tray *tray, const struct ending_options *options, const struct job *job,
	const struct job_result *result);

/* How long to wait after so many attempts in vain, without jitter: doubling, at most a minute. */
int64_t ending_wait_ms(uint32_t retry_ms, uint32_t attempts);

#endif
