/*
 * api_cancel - DELETE /v1/bookings/{id}: a booking is given back, where the campaign allows it.
 *
 * The line decides, as for everything that changes a campaign: whose booking it is, and whether it
 * can be cancelled. The ledger is asked before, but only for what else the answer shows; if it
 * cannot be asked, or is behind, the answer has no count, place and booked_at.
 */
#include <assert.h>
#include <stdlib.h>

#include "common/memory.h"
#include "common/zone.h"
#include "ingress/api.h"
#include "ingress/application.h"
#include "ingress/bearer.h"
#include "ingress/ledger_json.h"
#include "ingress/line.h"
#include "ingress/lookup.h"
#include "ingress/measures.h"
#include "ingress/outcome.h"
#include "ingress/reply.h"
#include "ingress/server.h"

/* Nobody races for a cancellation: waiting a little longer spares a poll. */
#define WAIT_US 3000000

/*
 *	reading the ledger ──▶ in the line ──▶ answered
 */
struct cancellation {
	struct call call;
	struct campaign *campaign;
	struct cancel_request entry;
	struct waiter *waiter; /* in the line; else NULL */
	bool closed;           /* the client went away */
	bool has_row;
	struct lookup_booking row;
};

static void answer_cancelled(const struct cancellation *cancellation) {
	const struct key *key = &cancellation->call.application->secrets.booking;
	char body[BOOKING_JSON_BYTES_MAX];
	struct text text = text_init(body, sizeof body);
	if (cancellation->has_row) {
		struct lookup_booking row = cancellation->row;
		row.status = BOOKING_CANCELLED;
		ledger_json_append(&text, key, &row);
	} else {
		struct booking_json booking = {
			.campaign_id = cancellation->campaign->id,
			.definition_hash = cancellation->campaign->hash,
			.status = booking_status_name(BOOKING_CANCELLED),
		};
		booking_id_write(booking.id, key,
			(struct booking_name){.campaign_ordinal = cancellation->campaign->ordinal,
				.number = cancellation->entry.number});
		booking_json_append(&text, &booking);
	}
	reply_json(&cancellation->call, &text);
}

static void answer_decided(const struct cancellation *cancellation, const struct answer *answer) {
	outcome_count(answer);
	enum problem problem = outcome_problem(answer->verdict);
	if (problem == PROBLEM_COUNT) {
		answer_cancelled(cancellation);
	} else {
		outcome_refuse(&cancellation->call, cancellation->campaign, problem, answer);
	}
}

static void on_line_answer(struct waiter *waiter, const struct line_answer *answer) {
	struct cancellation *cancellation = waiter->context;
	switch (answer->outcome) {
	case LINE_DECIDED:
		answer_decided(cancellation, answer->answer);
		break;
	case LINE_QUEUED:
		outcome_queue(&cancellation->call, cancellation->campaign,
			&(struct outcome_place){.n = answer->n, .index = answer->index}, NULL);
		break;
	case LINE_LATE:
		ingress_measures.late++;
		outcome_refuse(
			&cancellation->call, cancellation->campaign, PROBLEM_NOT_STORED, NULL);
		break;
	case LINE_REFUSED:
		outcome_refuse(&cancellation->call, cancellation->campaign,
			PROBLEM_LINE_UNAVAILABLE, NULL);
		break;
	}
	free(cancellation);
}

static void enter_line(struct cancellation *cancellation) {
	const struct line_request request = {
		.campaign = cancellation->campaign,
		.wait_us = WAIT_US,
		.handler = on_line_answer,
	};
	cancellation->waiter =
		line_cancel(cancellation->call.application->lines, &request, &cancellation->entry);
	if (cancellation->waiter == NULL) {
		outcome_refuse(
			&cancellation->call, cancellation->campaign, PROBLEM_OVERLOADED, NULL);
		free(cancellation);
		return;
	}
	cancellation->waiter->context = cancellation;
}

static void on_row(void *context, const struct lookup_answer *answer) {
	struct cancellation *cancellation = context;
	if (cancellation->closed) {
		free(cancellation);
		return;
	}
	if (answer->is_available && answer->count > 0) {
		cancellation->has_row = true;
		cancellation->row = answer->bookings[0];
	}
	enter_line(cancellation);
}

static void on_closed(void *state) {
	struct cancellation *cancellation = state;
	cancellation->closed = true;
	if (cancellation->waiter != NULL) {
		line_abandon(cancellation->waiter);
		free(cancellation);
	}
}

void api_cancel(const struct call *call) {
	struct token token;
	if (!bearer_require(call, &token) ||
		!api_admit(call, ADMISSION_ACCOUNT_WRITES, api_who(token.person.account.bytes))) {
		return;
	}
	struct lookup_question question = {.kind = LOOKUP_BOOKING, .person = token.person};
	struct campaign *campaign = NULL;
	if (booking_id_read(&question.name, &call->application->secrets.booking,
		    call->parameter.start, call->parameter.size)) {
		campaign = campaigns_find_ordinal(
			call->application->campaigns, question.name.campaign_ordinal);
	}
	if (campaign == NULL || !campaign_is_known(campaign)) {
		problem_answer(call, PROBLEM_UNKNOWN_BOOKING, NULL);
		return;
	}
	struct cancellation *cancellation = memory_new(sizeof *cancellation);
	cancellation->call = *call;
	cancellation->campaign = campaign;
	cancellation->entry =
		(struct cancel_request){.person = token.person, .number = question.name.number};
	exchange_wait(call->exchange, cancellation, on_closed);
	if (!lookup_ask(call->application->lookup, &question, on_row, cancellation)) {
		enter_line(cancellation);
	}
}
