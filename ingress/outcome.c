/*
 * outcome - verdicts as bookings, refusals and tickets.
 */
#include "ingress/outcome.h"

#include <assert.h>

#include "common/clock.h"
#include "common/pure/timestamp.h"
#include "ingress/line.h"
#include "ingress/measures.h"
#include "ingress/reply.h"
#include "ingress/tickets.h"

#define DAY_SECONDS 86400

enum problem outcome_problem(enum verdict verdict) {
	switch (verdict) {
	case VERDICT_BOOKED:
	case VERDICT_HELD:
	case VERDICT_WAITLISTED:
	case VERDICT_CANCELLED:
		return PROBLEM_COUNT;
	case VERDICT_SOLD_OUT:
		return PROBLEM_SOLD_OUT;
	case VERDICT_ALREADY_BOOKED:
		return PROBLEM_ALREADY_BOOKED;
	case VERDICT_OVER_LIMIT:
		return PROBLEM_OVER_LIMIT;
	case VERDICT_NOT_OPEN:
		return PROBLEM_NOT_OPEN;
	case VERDICT_PAUSED:
		return PROBLEM_PAUSED;
	case VERDICT_CLOSED:
		return PROBLEM_CLOSED;
	case VERDICT_BAD_UNITS:
		return PROBLEM_BAD_UNITS;
	case VERDICT_NOT_VERIFIED:
		return PROBLEM_NOT_VERIFIED;
	case VERDICT_NOT_FOUND:
		return PROBLEM_UNKNOWN_BOOKING;
	case VERDICT_NOT_CANCELLABLE:
		return PROBLEM_NOT_CANCELLABLE;
	case VERDICT_PAID:
	case VERDICT_REFUND_DUE:
	case VERDICT_PAYMENT_NOTED:
	case VERDICT_PAYMENT_MISMATCH:
	case VERDICT_ACCEPTED:
	case VERDICT_REFUSED:
	case VERDICT_UNREADABLE:
		break;
	}
	return PROBLEM_LINE_UNAVAILABLE; /* no answer to a request of ours */
}

/* A refusal names the first booking, as it is now; other answers are about the booking itself. */
static const char *status_of(const struct answer *answer) {
	bool is_refusal = outcome_problem(answer->verdict) != PROBLEM_COUNT;
	return is_refusal ? booking_status_name(answer->status) : verdict_name(answer->verdict);
}

bool outcome_booking(struct booking_json *booking, const struct application *application,
	const struct campaign *campaign, const struct answer *answer) {
	if (answer->number == 0) {
		return false;
	}
	*booking = (struct booking_json){
		.campaign_id = campaign->id,
		.definition_hash = campaign->hash,
		.status = status_of(answer),
		.is_detailed = answer->units > 0, /* the answer to a cancel knows the number only */
		.units = answer->units,
		.place = answer->place,
		.booked_at_ms = answer->time_ms,
		.offset_minutes = campaign_offset_minutes(campaign, answer->time_ms),
		.pay_by_ms = answer->pay_by_ms,
		.rank = answer->rank,
	};
	booking_id_write(booking->id, &application->secrets.booking,
		(struct booking_name){
			.campaign_ordinal = campaign->ordinal, .number = answer->number});
	return true;
}

static bool has_opening(const struct campaign *campaign) {
	return campaign_is_known(campaign) && !campaign->definition.opens_by_command;
}

void outcome_append_members(struct text *text, const struct application *application,
	const struct campaign *campaign, enum problem problem, const struct answer *answer) {
	struct booking_json booking;
	if (problem == PROBLEM_NOT_OPEN && has_opening(campaign)) {
		int64_t opens_at_ms = campaign->definition.opens_at_ms;
		text_append(text, ",\"opens_at\":\"");
		timestamp_append(text, opens_at_ms, campaign_offset_minutes(campaign, opens_at_ms));
		text_append_char(text, '"');
	} else if (answer != NULL && outcome_booking(&booking, application, campaign, answer)) {
		text_append(text, ",\"booking\":");
		booking_json_append(text, &booking);
	}
}

static int seconds_until_opening(const struct campaign *campaign) {
	if (!has_opening(campaign)) {
		return reply_spread(10);
	}
	int64_t seconds = (campaign->definition.opens_at_ms - clock_wall_ms() + 999) / 1000;
	return seconds < 1 ? 1 : seconds > DAY_SECONDS ? DAY_SECONDS : (int)seconds;
}

int outcome_retry_after(const struct campaign *campaign, enum problem problem) {
	if (problem == PROBLEM_NOT_OPEN) {
		return seconds_until_opening(campaign);
	}
	if (problem == PROBLEM_PAUSED) {
		return reply_spread(5);
	}
	return problem_row(problem)->status == 503 ? reply_spread(1) : 0;
}

void outcome_refuse(const struct call *call, const struct campaign *campaign, enum problem problem,
	const struct answer *answer) {
	char members[OUTCOME_MEMBERS_BYTES_MAX];
	struct text text = text_init(members, sizeof members);
	outcome_append_members(&text, call->application, campaign, problem, answer);
	assert(!text.failed);
	problem_answer(call, problem,
		&(struct problem_extra){
			.members = members,
			.retry_after = outcome_retry_after(campaign, problem),
		});
}

void outcome_count(const struct answer *answer) {
	if (answer->verdict < MEASURES_VERDICTS) {
		ingress_measures.verdicts[answer->verdict]++;
	}
	if (answer->repeated) {
		ingress_measures.repeated++;
	}
}

/* ---- tickets --------------------------------------------------------------------------------- */

/* Requests that are decided before this one: batches between the newest decision and this one,
 * by the mean size of batches lately, and the entries of its own batch before it. */
static uint64_t ahead_of(const struct campaign *campaign, const struct outcome_place *place) {
	uint64_t batches = place->n > campaign->newest_n ? place->n - campaign->newest_n - 1 : 0;
	return batches * campaign->batch_mean_16 / 16 + place->index;
}

void outcome_append_queued(struct text *text, const char *ticket, const struct campaign *campaign,
	const struct outcome_place *place) {
	text_append(text, "{\"ticket\":\"");
	text_append(text, ticket);
	text_append(text, "\",\"status\":\"queued\",\"ahead\":");
	text_append_u64(text, ahead_of(campaign, place));
	text_append_char(text, '}');
}

int outcome_poll_after(const struct application *application) {
	int64_t lag_s = lines_lag_us(application->lines) / 1000000;
	return reply_spread(lag_s > 30 ? 30 : (int)lag_s + 1);
}

void outcome_queue(const struct call *call, const struct campaign *campaign,
	const struct outcome_place *place, const char *preference_applied) {
	char ticket[TICKET_SIZE];
	tickets_write(ticket, &call->application->secrets.ticket,
		&(struct ticket){
			.campaign_ordinal = campaign->ordinal,
			.index = place->index,
			.n = place->n,
		});
	char location[sizeof "/v1/requests/" + TICKET_SIZE];
	struct text path = text_init(location, sizeof location);
	text_append(&path, "/v1/requests/");
	text_append(&path, ticket);
	char body[OUTCOME_QUEUED_BYTES_MAX];
	struct text text = text_init(body, sizeof body);
	outcome_append_queued(&text, ticket, campaign, place);
	assert(!text.failed);
	ingress_measures.tickets++;
	reply_send(call, &(struct http_response){
				 .status = 202,
				 .content_type = REPLY_JSON,
				 .location = location,
				 .preference_applied = preference_applied,
				 .retry_after = outcome_poll_after(call->application),
				 .body = body,
				 .body_size = text.used,
			 });
}
