/*
 * api_requests - GET /v1/requests/{ticket}: what became of a request that was queued.
 *
 * A ticket names one decision and one place in it. Recent decisions are in memory; an older one is
 * gotten from the stream, once for all who ask at the same time.
 */
#include <assert.h>
#include <stdlib.h>

#include "common/memory.h"
#include "ingress/api.h"
#include "ingress/application.h"
#include "ingress/campaigns.h"
#include "ingress/decisions.h"
#include "ingress/news.h"
#include "ingress/measures.h"
#include "ingress/outcome.h"
#include "ingress/reply.h"
#include "ingress/server.h"
#include "ingress/tickets.h"

#define POLL_JSON_BYTES_MAX (BOOKING_JSON_BYTES_MAX + 1024u)

/* A poll that waits for the stream. */
struct poll {
	struct call call;
	const struct campaign *campaign;
	struct ticket ticket;
	bool closed; /* the client went away */
};

static void append_head(
	struct text *text, const struct application *application, const struct ticket *ticket) {
	char name[TICKET_SIZE];
	tickets_write(name, &application->secrets.ticket, ticket);
	text_append(text, "{\"ticket\":\"");
	text_append(text, name);
	text_append(text, "\",\"status\":\"");
}

static void answer_queued(const struct poll *poll) {
	const struct application *application = poll->call.application;
	char name[TICKET_SIZE];
	tickets_write(name, &application->secrets.ticket, &poll->ticket);
	char body[OUTCOME_QUEUED_BYTES_MAX];
	struct text text = text_init(body, sizeof body);
	outcome_append_queued(&text, name, poll->campaign,
		&(struct outcome_place){.n = poll->ticket.n, .index = poll->ticket.index});
	assert(!text.failed);
	reply_send(&poll->call, &(struct http_response){
					.status = 200,
					.content_type = REPLY_JSON,
					.retry_after = outcome_poll_after(application),
					.body = body,
					.body_size = text.used,
				});
}

/* The same booking or refusal as the request itself would have been answered with. */
static void answer_decided(const struct poll *poll, const struct answer *answer) {
	const struct application *application = poll->call.application;
	enum problem problem = outcome_problem(answer->verdict);
	char body[POLL_JSON_BYTES_MAX];
	struct text text = text_init(body, sizeof body);
	append_head(&text, application, &poll->ticket);
	if (problem != PROBLEM_COUNT) {
		text_append(&text, problem_row(problem)->code);
		text_append_char(&text, '"');
		problem_append(&text, problem);
		outcome_append_members(&text, application, poll->campaign, problem, answer);
	} else {
		struct booking_json booking;
		text_append(&text, verdict_name(answer->verdict));
		text_append(&text, "\",\"booking\":");
		if (outcome_booking(&booking, application, poll->campaign, answer)) {
			booking_json_append(&text, &booking);
		} else {
			text_append(&text, "null");
		}
	}
	text_append_char(&text, '}');
	outcome_count(answer);
	reply_json(&poll->call, &text);
}

/* bytes: of the decision, or NULL if it could not be gotten. */
static void answer(const struct poll *poll, const uint8_t *bytes, size_t size) {
	static struct decision head; /* too large for a stack, but only its head is written */
	struct answer decided;
	if (bytes == NULL || !decision_decode_head(&head, bytes, size)) {
		answer_queued(poll);
	} else if (poll->ticket.index >= head.count) {
		problem_answer(&poll->call, PROBLEM_UNKNOWN_TICKET, NULL);
	} else if (!decision_decode_answer(&head, poll->ticket.index, bytes, size, &decided)) {
		answer_queued(poll);
	} else {
		answer_decided(poll, &decided);
	}
}

static void on_decision(void *context, const uint8_t *bytes, size_t size) {
	struct poll *poll = context;
	if (!poll->closed) {
		answer(poll, bytes, size);
	}
	free(poll);
}

static void on_closed(void *state) {
	struct poll *poll = state;
	poll->closed = true;
}

static void get_from_stream(const struct poll *poll, const struct decision_name *name) {
	struct poll *kept = memory_copy(poll, sizeof *poll);
	if (decisions_fetch(poll->call.application->decisions, name, poll->campaign->id,
		    on_decision, kept)) {
		ingress_measures.decisions_from_stream++;
		exchange_wait(poll->call.exchange, kept, on_closed);
		return;
	}
	free(kept);
	problem_answer(&poll->call, PROBLEM_OVERLOADED,
		&(struct problem_extra){.retry_after = reply_spread(1)});
}

void api_request(const struct call *call) {
	struct application *application = call->application;
	struct poll poll = {.call = *call};
	if (!tickets_read(&poll.ticket, &application->secrets.ticket, call->parameter.start,
		    call->parameter.size)) {
		problem_answer(call, PROBLEM_UNKNOWN_TICKET, NULL);
		return;
	}
	poll.campaign =
		campaigns_find_ordinal(application->campaigns, poll.ticket.campaign_ordinal);
	if (poll.campaign == NULL || !campaign_is_known(poll.campaign)) {
		problem_answer(call, PROBLEM_STARTING,
			&(struct problem_extra){.retry_after = reply_spread(1)});
		return;
	}
	if (poll.ticket.n > poll.campaign->newest_n) {
		answer_queued(&poll);
		return;
	}
	const struct decision_name name = {
		.campaign_ordinal = poll.campaign->ordinal, .n = poll.ticket.n};
	size_t size = 0;
	const uint8_t *bytes = decisions_get(application->decisions, &name, &size);
	if (bytes == NULL) {
		get_from_stream(&poll, &name);
		return;
	}
	ingress_measures.decisions_from_memory++;
	answer(&poll, bytes, size);
}
