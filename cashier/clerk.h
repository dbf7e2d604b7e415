/*
 * clerk - carries jobs to the provider and back, several at once.
 *
 *	clerk_do ─▶ job_begin ─▶ payment_call_make ─▶ transfers ─▶ payment_call_read ─▶ job_continue
 *	                              ▲                                                │       │
 *	                              └────────────────── the next call ───────────────┘       ▼
 *	                                                                                    handler
 *
 * Nothing is retried here but by job.h: what could not be done is put back by whoever gave it. A
 * provider that fails many times in a row is said to be failing, once, until it answers.
 */
#ifndef CASHIER_CLERK_H
#define CASHIER_CLERK_H

#include <stdbool.h>
#include <stdint.h>

#include "cashier/job.h"
#include "common/payment/provider.h"

struct clerk;
struct uv_loop_s;

/* How a job ended. */
struct job_result {
	enum job_end end;
	const struct payment_result *answer; /* to the last call; NULL if there was none */
	int64_t retry_after_ms;              /* what the provider asked for, else 0 */
};

/* Called on the loop once for each job, perhaps from inside clerk_do; borrowed for the call. */
typedef void (*clerk_handler)(void *owner, const struct job *job, const struct job_result *result);

struct clerk_options {
	const struct payment_provider *provider;
	const struct payment_keys *keys;
	const char *url; /* where the provider is */
	uint32_t connections;
	clerk_handler handler;
	void *owner;
};

struct clerk *clerk_create(struct uv_loop_s *loop, const struct clerk_options *options);
/* Breaks off what is under way, without calling the handler. The loop must turn once more. NULL is
 * allowed. */
void clerk_destroy(struct clerk *clerk);

/* Copies the job. No more than options.connections at once. */
void clerk_do(struct clerk *clerk, const struct job *job);
uint32_t clerk_under_way(const struct clerk *clerk);
/* Of that kind. */
uint32_t clerk_under_way_of(const struct clerk *clerk, enum job_kind kind);
/* The provider does not answer, or refuses our keys. */
bool clerk_is_in_trouble(const struct clerk *clerk);

#endif
