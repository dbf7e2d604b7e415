#include "cashier/clerk.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cashier/measures.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/pure/reason.h"
#include "common/transfers.h"

/* More calls than any job needs: a provider that contradicts itself must not keep us in a circle. */
#define JOB_CALLS_MAX 4u
/* So often in a row and for so long nothing but failures. */
#define TROUBLE_FAILURES 5u
#define TROUBLE_AFTER_US INT64_C(3000000)
#define RETRY_AFTER_SECONDS_MAX 300

/* A job under way, and its call. */
struct matter {
	struct job job;
	enum payment_call_kind call;
	uint32_t calls;
	int64_t called_us;
	struct matter *next; /* while free */
};

struct clerk {
	struct clerk_options options;
	struct transfers *transfers;
	struct matter *all;
	struct matter *free;
	uint32_t under_way[JOB_KINDS];
	uint32_t failures; /* in a row */
	int64_t good_us;   /* the last answer that was none */
	bool in_trouble;
};

/* Where each answer is read: too large for a stack, and only one is read at a time. */
static struct payment_result result_read;

/* ---- the provider's state ---------------------------------------------------------------------- */

static void note_failure(struct clerk *clerk, const char *reason) {
	clerk->failures++;
	bool for_long = clock_monotonic_us() - clerk->good_us > TROUBLE_AFTER_US;
	if (clerk->failures >= TROUBLE_FAILURES && for_long && !clerk->in_trouble) {
		clerk->in_trouble = true;
		log_warn("provider_failing",
			"provider=%s url=%s error=\"%s\" hint=\"is it up, and are "
			"FIRSTCOME_PAYMENT_URL and the key files right? what is due is tried again "
			"by itself\"",
			clerk->options.provider->name, clerk->options.url, reason);
	}
}

static void note_success(struct clerk *clerk) {
	clerk->failures = 0;
	clerk->good_us = clock_monotonic_us();
	if (clerk->in_trouble) {
		clerk->in_trouble = false;
		log_info("provider_mended", "provider=%s", clerk->options.provider->name);
	}
}

static void note_answer(struct clerk *clerk, const struct payment_result *result) {
	cashier_measures.answers[result->answer]++;
	if (result->answer == PAYMENT_ANSWER_MISCONFIGURED) {
		clerk->failures = TROUBLE_FAILURES;
		clerk->good_us = 0;
	}
	if (result->answer == PAYMENT_ANSWER_LATER ||
		result->answer == PAYMENT_ANSWER_MISCONFIGURED) {
		note_failure(clerk, result->reason);
	} else {
		note_success(clerk);
	}
	cashier_measures.provider_failing = clerk->in_trouble;
}

/* ---- one job ----------------------------------------------------------------------------------- */

static void finish(struct clerk *clerk, struct matter *matter, const struct job_result *result) {
	struct job job = matter->job;
	clerk->under_way[job.kind]--;
	matter->next = clerk->free;
	clerk->free = matter;
	clerk->options.handler(clerk->options.owner, &job, result);
}

/* Fills in a transfer; false if no provider could do what the job asks for. */
static bool compose(struct clerk *clerk, const struct matter *matter, struct transfer *transfer) {
	char key[JOB_KEY_BYTES];
	struct payment_call call;
	struct payment_request request = job_request(&matter->job, matter->call, key);
	if (!payment_call_make(&call, clerk->options.provider, clerk->options.keys, &request)) {
		return false;
	}
	assert(sizeof call.path <= sizeof transfer->path);
	assert(sizeof call.header <= sizeof transfer->header);
	memcpy(transfer->path, call.path, sizeof call.path);
	memcpy(transfer->header, call.header, sizeof call.header);
	snprintf(transfer->content_type, sizeof transfer->content_type, "%s", call.content_type);
	memcpy(transfer->body, call.body, call.body_size);
	transfer->body_size = call.body_size;
	return true;
}

static void refuse(struct clerk *clerk, struct matter *matter) {
	result_read = (struct payment_result){.answer = PAYMENT_ANSWER_REFUSED};
	snprintf(result_read.reason, sizeof result_read.reason,
		"it has something that no provider takes");
	finish(clerk, matter, &(struct job_result){.end = JOB_REFUSED, .answer = &result_read});
}

static void send_call(struct clerk *clerk, struct matter *matter) {
	struct transfer *transfer = transfers_take(clerk->transfers);
	assert(transfer != NULL); /* one for each connection, and one more */
	if (!compose(clerk, matter, transfer)) {
		transfers_give_back(clerk->transfers, transfer);
		refuse(clerk, matter);
		return;
	}
	transfer->context = matter;
	matter->calls++;
	matter->called_us = clock_monotonic_us();
	transfers_start(clerk->transfers, transfer);
}

static void read_reply(
	struct clerk *clerk, const struct matter *matter, const struct transfer_reply *reply) {
	char key[JOB_KEY_BYTES];
	struct payment_request request = job_request(&matter->job, matter->call, key);
	if (reply->stage == TRANSFER_ANSWERED && !reply->words_are_cut) {
		struct payment_reply answer = {reply->status, reply->words, reply->words_size};
		payment_call_read(&result_read, clerk->options.provider, &request, &answer);
		return;
	}
	result_read = (struct payment_result){.answer = PAYMENT_ANSWER_LATER};
	struct text reason = text_init(result_read.reason, sizeof result_read.reason);
	reason_append_words(
		&reason, reply->words_are_cut ? "the answer is too long" : reply->words);
}

static int64_t retry_after_ms(const struct transfer_reply *reply) {
	int64_t seconds = reply->retry_after_seconds;
	seconds = seconds > RETRY_AFTER_SECONDS_MAX ? RETRY_AFTER_SECONDS_MAX : seconds;
	return seconds > 0 ? seconds * 1000 : 0;
}

static void on_reply(void *owner, struct transfer *transfer, const struct transfer_reply *reply) {
	struct clerk *clerk = owner;
	struct matter *matter = transfer->context;
	read_reply(clerk, matter, reply);
	histogram_record(&cashier_measures.call_us, clock_monotonic_us() - matter->called_us);
	note_answer(clerk, &result_read);
	struct job_step step =
		job_continue(&matter->job, matter->call, &result_read, clock_wall_ms());
	if (step.end == JOB_GOES_ON && matter->calls < JOB_CALLS_MAX) {
		matter->call = step.call;
		send_call(clerk, matter);
		return;
	}
	struct job_result result = {
		.end = step.end == JOB_GOES_ON ? JOB_PUT_BACK : step.end,
		.answer = &result_read,
		.retry_after_ms = retry_after_ms(reply),
	};
	finish(clerk, matter, &result);
}

void clerk_do(struct clerk *clerk, const struct job *job) {
	struct matter *matter = clerk->free;
	assert(matter != NULL);
	clerk->free = matter->next;
	*matter = (struct matter){.job = *job};
	clerk->under_way[job->kind]++;
	struct job_step step = job_begin(job, clerk->options.provider, clock_wall_ms());
	if (step.end == JOB_GOES_ON) {
		matter->call = step.call;
		send_call(clerk, matter);
	} else {
		finish(clerk, matter, &(struct job_result){.end = step.end});
	}
}

uint32_t clerk_under_way_of(const struct clerk *clerk, enum job_kind kind) {
	return clerk->under_way[kind];
}

uint32_t clerk_under_way(const struct clerk *clerk) {
	uint32_t count = 0;
	for (size_t i = 0; i < JOB_KINDS; i++) {
		count += clerk->under_way[i];
	}
	return count;
}

bool clerk_is_in_trouble(const struct clerk *clerk) {
	return clerk->in_trouble;
}

/* ---- life -------------------------------------------------------------------------------------- */

struct clerk *clerk_create(struct uv_loop_s *loop, const struct clerk_options *options) {
	struct clerk *clerk = memory_new(sizeof *clerk);
	clerk->options = *options;
	clerk->good_us = clock_monotonic_us();
	clerk->all = memory_new(options->connections * sizeof *clerk->all);
	for (uint32_t i = 0; i < options->connections; i++) {
		clerk->all[i].next = clerk->free;
		clerk->free = &clerk->all[i];
	}
	bool secret_is_user = options->provider->secret_is_user;
	struct transfers_options transfers = {
		.url = options->url,
		.user = secret_is_user ? options->keys->secret : options->keys->id,
		.password = secret_is_user ? "" : options->keys->secret,
		.connections = options->connections,
	};
	clerk->transfers = transfers_create(loop, &transfers, on_reply, clerk);
	return clerk;
}

void clerk_destroy(struct clerk *clerk) {
	if (clerk != NULL) {
		transfers_destroy(clerk->transfers);
		free(clerk->all);
		free(clerk);
	}
}
