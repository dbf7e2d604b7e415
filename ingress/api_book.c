/*
 * api_book - POST /v1/bookings: a wish goes into the line, and its answer comes back.
 *
 * The hot path: nothing is allocated, and nothing is looked up but in memory.
 */
#include <assert.h>
#include <string.h>

#include "common/clock.h"
#include "ingress/api.h"
#include "ingress/application.h"
#include "ingress/bearer.h"
#include "ingress/holders.h"
#include "ingress/line.h"
#include "ingress/measures.h"
#include "ingress/outcome.h"
#include "ingress/people.h"
#include "ingress/reply.h"
#include "ingress/server.h"
#include "ingress/wish.h"

#define WAIT_SECONDS_DEFAULT 1
/* Nearer to the opening than this the line decides, by its own clock. */
#define DOOR_MS 1000

static_assert(
	WISH_WAIT_SECONDS_MAX * 1000000 <= WAITERS_DEADLINE_US_MAX, "the wheel goes that far");

/* ---- the answer ------------------------------------------------------------------------------ */

/* "wait=5" if the client asked for a wait, else NULL. */
static const char *preference(char target[16], const struct waiter *waiter) {
	if (waiter->wait_seconds < 0) {
		return NULL;
	}
	struct text text = text_init(target, 16);
	text_append(&text, "wait=");
	text_append_u64(&text, (uint64_t)waiter->wait_seconds);
	return target;
}

static void answer_booking(const struct waiter *waiter, const struct booking_json *booking) {
	char location[sizeof "/v1/bookings/" + BOOKING_ID_SIZE];
	struct text path = text_init(location, sizeof location);
	text_append(&path, "/v1/bookings/");
	text_append(&path, booking->id);
	char body[BOOKING_JSON_BYTES_MAX];
	struct text text = text_init(body, sizeof body);
	booking_json_append(&text, booking);
	assert(!text.failed);
	char applied[16];
	reply_send(&waiter->call, &(struct http_response){
					  .status = 201,
					  .content_type = REPLY_JSON,
					  .location = location,
					  .preference_applied = preference(applied, waiter),
					  .body = body,
					  .body_size = text.used,
				  });
}

static void answer_decided(const struct waiter *waiter, const struct answer *answer) {
	outcome_count(answer);
	enum problem problem = outcome_problem(answer->verdict);
	struct booking_json booking;
	if (problem != PROBLEM_COUNT) {
		outcome_refuse(&waiter->call, waiter->campaign, problem, answer);
	} else if (outcome_booking(&booking, waiter->call.application, waiter->campaign, answer)) {
		answer_booking(waiter, &booking);
	} else {
		outcome_refuse(&waiter->call, waiter->campaign, PROBLEM_LINE_UNAVAILABLE, NULL);
	}
}

static void on_answer(struct waiter *waiter, const struct line_answer *answer) {
	char applied[16];
	switch (answer->outcome) {
	case LINE_DECIDED:
		answer_decided(waiter, answer->answer);
		break;
	case LINE_QUEUED:
		outcome_queue(&waiter->call, waiter->campaign,
			&(struct outcome_place){.n = answer->n, .index = answer->index},
			preference(applied, waiter));
		break;
	case LINE_LATE:
		ingress_measures.late++;
		outcome_refuse(&waiter->call, waiter->campaign, PROBLEM_NOT_STORED, NULL);
		break;
	case LINE_REFUSED:
		outcome_refuse(&waiter->call, waiter->campaign, PROBLEM_LINE_UNAVAILABLE, NULL);
		break;
	}
}

static void on_closed(void *state) {
	line_abandon(state);
}

/* ---- the door -------------------------------------------------------------------------------- */

/* Refusals that need no line: PROBLEM_COUNT if there is none. What kind a contact is of, the line
 * cannot tell; that there are two, it can, and it looks first whether the person has a booking. */
static enum problem refuse_at_the_door(
	const struct call *call, const struct campaign *campaign, const struct token *token) {
	const struct definition *definition = &campaign->definition;
	if (definition->verification != VERIFICATION_BOTH &&
		!people_are_verified(token, definition->verification)) {
		return PROBLEM_NOT_VERIFIED;
	}
	bool news_come = bus_is_connected(service_bus(call->application->service));
	if (campaign->state == CAMPAIGN_SCHEDULED && news_come &&
		(definition->opens_by_command ||
			clock_wall_ms() < definition->opens_at_ms - DOOR_MS)) {
		return PROBLEM_NOT_OPEN;
	}
	return PROBLEM_COUNT;
}

/* The refusal that the line would give to who has nothing, once nothing is given any more; who may
 * have something is for the line. */
static enum problem refuse_when_over(
	const struct call *call, struct campaign *campaign, const struct book_request *entry) {
	if (!holders_is_over(campaign) || holders_may_have(service_bus(call->application->service),
						  campaign, &entry->person, clock_monotonic_us())) {
		return PROBLEM_COUNT;
	}
	if (campaign->state == CAMPAIGN_CLOSED) {
		return PROBLEM_CLOSED;
	}
	return entry->units > campaign->definition.units_per_person ? PROBLEM_BAD_UNITS
								    : PROBLEM_SOLD_OUT;
}

/* ---- the call -------------------------------------------------------------------------------- */

/* Everything that the line must know, from a request that is well-formed. */
static void enter_line(const struct call *call, struct campaign *campaign,
	const struct token *token, const struct book_request *entry) {
	enum problem problem = refuse_at_the_door(call, campaign, token);
	if (problem == PROBLEM_COUNT) {
		problem = refuse_when_over(call, campaign, entry);
	}
	if (problem != PROBLEM_COUNT) {
		ingress_measures.refused_at_the_door++;
		outcome_refuse(call, campaign, problem, NULL);
		return;
	}
	int wait_seconds = wish_wait_seconds(exchange_request(call->exchange)->prefer);
	const struct line_request request = {
		.campaign = campaign,
		.wait_us =
			(wait_seconds < 0 ? WAIT_SECONDS_DEFAULT : wait_seconds) * INT64_C(1000000),
		.handler = on_answer,
	};
	struct waiter *waiter = line_book(call->application->lines, &request, entry);
	if (waiter == NULL) {
		outcome_refuse(call, campaign, PROBLEM_OVERLOADED, NULL);
		return;
	}
	waiter->call = *call;
	waiter->wait_seconds = wait_seconds;
	exchange_wait(call->exchange, waiter, on_closed);
}

void api_book(const struct call *call) {
	const struct http_request *request = exchange_request(call->exchange);
	struct token token;
	if (!bearer_require(call, &token) || !api_require_json(call) ||
		!api_admit(call, ADMISSION_ACCOUNT_WRITES, api_who(token.person.account.bytes))) {
		return;
	}
	struct wish wish;
	char error[JSON_ERROR_BYTES];
	if (!wish_read(&wish, error, request->body)) {
		problem_answer(call, PROBLEM_BAD_REQUEST, &(struct problem_extra){.detail = error});
		return;
	}
	struct http_slice key;
	if (!wish_idempotency_key(&key, request->idempotency_key)) {
		problem_answer(call, PROBLEM_BAD_IDEMPOTENCY_KEY, NULL);
		return;
	}
	struct campaign *campaign =
		api_require_campaign(call, wish.campaign_id, strlen(wish.campaign_id));
	if (campaign == NULL) {
		return;
	}
	if (wish.count == 0 || wish.count > UNITS_PER_PERSON_MAX) {
		outcome_refuse(call, campaign, PROBLEM_BAD_UNITS, NULL);
		return;
	}
	struct book_request entry = {
		.person = token.person,
		.key = people_request_key(
			&call->application->secrets.identity, &token.person.account, key),
		.units = (uint8_t)wish.count,
	};
	enter_line(call, campaign, &token, &entry);
}
