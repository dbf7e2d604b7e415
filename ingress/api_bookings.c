/*
 * api_bookings - GET /v1/bookings and GET /v1/bookings/{id}: what the person has, from the ledger.
 *
 * The ledger is a moment behind the line. A booking that it does not have is unknown only if it is
 * not behind.
 */
#include <assert.h>
#include <stdlib.h>

#include "common/memory.h"
#include "ingress/api.h"
#include "ingress/application.h"
#include "ingress/bearer.h"
#include "ingress/campaigns.h"
#include "ingress/ledger_json.h"
#include "ingress/lookup.h"
#include "ingress/problem.h"
#include "ingress/reply.h"
#include "ingress/server.h"

#define LIST_JSON_BYTES_MAX (LOOKUP_BOOKINGS_MAX * BOOKING_JSON_BYTES_MAX + 64u)

/* A call that waits for the database. */
struct reading {
	struct call call;
	struct booking_name name; /* of the one booking; zero: all of them */
	bool closed;              /* the client went away */
};

static void answer_unavailable(const struct call *call) {
	problem_answer(call, PROBLEM_LEDGER_UNAVAILABLE,
		&(struct problem_extra){.retry_after = reply_spread(1)});
}

static void answer_list(const struct call *call, const struct lookup_answer *answer) {
	static char body[LIST_JSON_BYTES_MAX]; /* scratch */
	struct text text = text_init(body, sizeof body);
	text_append(&text, "{\"bookings\":[");
	for (size_t i = 0; i < answer->count; i++) {
		if (i > 0) {
			text_append_char(&text, ',');
		}
		ledger_json_append(
			&text, &call->application->secrets.booking, &answer->bookings[i]);
	}
	text_append(&text, "]}");
	reply_json(call, &text);
}

static void answer_one(const struct reading *reading, const struct lookup_answer *answer) {
	const struct call *call = &reading->call;
	if (answer->count == 0) {
		const struct campaign *campaign = campaigns_find_ordinal(
			call->application->campaigns, reading->name.campaign_ordinal);
		if (campaign != NULL && answer->ledger_n < campaign->newest_n) {
			answer_unavailable(call);
		} else {
			problem_answer(call, PROBLEM_UNKNOWN_BOOKING, NULL);
		}
	} else if (!answer->bookings[0].is_mine) {
		problem_answer(call, PROBLEM_UNKNOWN_BOOKING, NULL);
	} else {
		char body[BOOKING_JSON_BYTES_MAX];
		struct text text = text_init(body, sizeof body);
		ledger_json_append(
			&text, &call->application->secrets.booking, &answer->bookings[0]);
		reply_json(call, &text);
	}
}

static void on_answer(void *context, const struct lookup_answer *answer) {
	struct reading *reading = context;
	if (reading->closed) {
		free(reading);
		return;
	}
	if (!answer->is_available) {
		answer_unavailable(&reading->call);
	} else if (reading->name.number == 0) {
		answer_list(&reading->call, answer);
	} else {
		answer_one(reading, answer);
	}
	free(reading);
}

static void on_closed(void *state) {
	struct reading *reading = state;
	reading->closed = true;
}

static void ask(const struct call *call, const struct lookup_question *question) {
	struct reading *reading = memory_new(sizeof *reading);
	*reading = (struct reading){.call = *call, .name = question->name};
	if (lookup_ask(call->application->lookup, question, on_answer, reading)) {
		exchange_wait(call->exchange, reading, on_closed);
	} else {
		free(reading);
		answer_unavailable(call);
	}
}

/* Answers the call and returns false if nobody is logged in, or asks too often. */
static bool require_reader(const struct call *call, struct token *token) {
	return bearer_require(call, token) &&
	       api_admit(call, ADMISSION_ACCOUNT_READS, api_who(token->person.account.bytes));
}

void api_bookings(const struct call *call) {
	struct token token;
	if (require_reader(call, &token)) {
		ask(call,
			&(struct lookup_question){.kind = LOOKUP_BOOKINGS, .person = token.person});
	}
}

void api_booking(const struct call *call) {
	struct token token;
	if (!require_reader(call, &token)) {
		return;
	}
	struct lookup_question question = {.kind = LOOKUP_BOOKING, .person = token.person};
	if (!booking_id_read(&question.name, &call->application->secrets.booking,
		    call->parameter.start, call->parameter.size)) {
		problem_answer(call, PROBLEM_UNKNOWN_BOOKING, NULL);
		return;
	}
	ask(call, &question);
}
