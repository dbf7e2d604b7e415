/*
 * problem - the table of all refusals.
 */
#include "ingress/problem.h"

#include <assert.h>
#include <string.h>

#include "ingress/reply.h"

/* The texts are JSON already: there is nothing in them to escape. */
#define ROW(code, status, title, detail)                                                           \
	{                                                                                          \
		code, status, "{\"type\":\"urn:firstcome:problem:" code "\",\"status\":" #status,  \
			",\"code\":\"" code "\",\"title\":\"" title "\",\"detail\":",              \
			"\"" detail "\""                                                           \
	}

static const struct problem_row rows[PROBLEM_COUNT] = {
	[PROBLEM_BAD_REQUEST] = ROW("bad_request", 400, "Bad request",
		"The body is not what this call takes. See the API's description."),
	[PROBLEM_BAD_IDEMPOTENCY_KEY] = ROW("bad_idempotency_key", 400, "Bad Idempotency-Key",
		"Send 1 to 255 visible ASCII characters, for example a UUID."),
	[PROBLEM_NOT_LOGGED_IN] = ROW("not_logged_in", 401, "Not logged in",
		"Log in with POST /v1/login, and send the token as 'Authorization: Bearer TOKEN'."),
	[PROBLEM_TOKEN_INVALID] = ROW("token_invalid", 401, "Token not valid",
		"This token was not made here, or was changed. Log in again."),
	[PROBLEM_TOKEN_EXPIRED] = ROW("token_expired", 401, "Token expired",
		"Log in again. Bookings and places in line are kept."),
	[PROBLEM_BAD_CODE] = ROW("bad_code", 401, "Wrong code",
		"The code is wrong, or has expired. Look at the newest message, or ask for a new "
		"code with POST /v1/register."),
	[PROBLEM_PAUSED] = ROW("paused", 403, "Paused",
		"This campaign is paused. Try again later: it goes on in the same order."),
	[PROBLEM_CLOSED] = ROW("closed", 403, "Closed", "This campaign is over."),
	[PROBLEM_NOT_VERIFIED] = ROW("not_verified", 403, "One more proof is needed",
		"This campaign wants another contact proved. Log in with it too, with this token "
		"in Authorization; then book with the new token."),
	[PROBLEM_UNKNOWN_PATH] = ROW("not_found", 404, "Not found",
		"There is no such call. Look at the spelling of the path."),
	[PROBLEM_UNKNOWN_CAMPAIGN] = ROW("unknown_campaign", 404, "No such campaign",
		"GET /v1/campaigns lists the campaigns that there are."),
	[PROBLEM_UNKNOWN_TICKET] = ROW("unknown_ticket", 404, "No such ticket",
		"Send the ticket exactly as it was given."),
	[PROBLEM_UNKNOWN_BOOKING] = ROW("unknown_booking", 404, "No such booking",
		"You have no booking with this ID. GET /v1/bookings lists yours."),
	[PROBLEM_METHOD_NOT_ALLOWED] = ROW("method_not_allowed", 405, "Method not allowed",
		"Use one of the methods in Allow."),
	[PROBLEM_ALREADY_BOOKED] = ROW("already_booked", 409, "Already booked",
		"You have as much as one person may have. Your booking is in 'booking'."),
	[PROBLEM_OVER_LIMIT] = ROW("over_limit", 409, "More than one person may have",
		"With what you have already this would be too much. Ask for fewer."),
	[PROBLEM_NOT_CANCELLABLE] = ROW("not_cancellable", 409, "Cannot be cancelled",
		"Bookings of this campaign are final."),
	[PROBLEM_SOLD_OUT] =
		ROW("sold_out", 410, "Sold out", "There is not enough left for this wish."),
	[PROBLEM_NOT_JSON] = ROW("not_json", 415, "Not JSON",
		"Send a JSON object, with 'Content-Type: application/json'."),
	[PROBLEM_BAD_CONTACT] = ROW("bad_contact", 422, "Not a contact",
		"Give either 'email', like name@example.com, or 'phone', like +919876543210."),
	[PROBLEM_BAD_UNITS] = ROW("bad_units", 422, "Bad count",
		"Ask for at least 1, and at most units_per_person of the campaign."),
	[PROBLEM_NOT_OPEN] =
		ROW("not_open", 425, "Not open yet", "Come back when the campaign opens."),
	[PROBLEM_TOO_MANY_REQUESTS] = ROW("too_many_requests", 429, "Too many requests",
		"Wait as long as Retry-After says. Asking more often does not help your place in "
		"line."),
	[PROBLEM_CODE_TOO_SOON] = ROW("code_too_soon", 429, "A code is on its way",
		"Look for the message that was sent. Another one can be had after Retry-After."),
	[PROBLEM_TOO_MANY_CODES] = ROW("too_many_codes", 429, "Too many codes",
		"This contact has used up its messages or tries. Wait as long as Retry-After says, "
		"then ask for a new code."),
	[PROBLEM_OVERLOADED] = ROW("overloaded", 503, "Very busy",
		"Nothing was stored. Send the same request again after Retry-After."),
	[PROBLEM_NOT_STORED] = ROW("not_stored", 503, "Not confirmed in time",
		"It is not known whether the request is in the line. Send it again with the same "
		"Idempotency-Key: it is never counted twice."),
	[PROBLEM_LINE_UNAVAILABLE] = ROW("line_unavailable", 503, "Line not available",
		"This campaign cannot take requests at the moment. Send the same request again "
		"after Retry-After."),
	[PROBLEM_LOGIN_UNAVAILABLE] = ROW("login_unavailable", 503, "Login not available",
		"Codes cannot be sent or checked at the moment. Try again after Retry-After; a "
		"code that you have stays good."),
	[PROBLEM_LEDGER_UNAVAILABLE] = ROW("ledger_unavailable", 503, "Bookings not readable",
		"The table of bookings cannot be read, or is a moment behind. Nothing is lost. Try "
		"again after Retry-After."),
	[PROBLEM_STARTING] = ROW("starting", 503, "Just started",
		"This server is reading what it must know. Try again after Retry-After."),
};

const struct problem_row *problem_row(enum problem problem) {
	assert(problem < PROBLEM_COUNT);
	return &rows[problem];
}

void problem_append(struct text *text, enum problem problem) {
	const struct problem_row *row = problem_row(problem);
	text_append(text, row->members);
	text_append(text, row->detail);
}

void problem_answer(
	const struct call *call, enum problem problem, const struct problem_extra *extra) {
	static const struct problem_extra nothing;
	const struct problem_row *row = problem_row(problem);
	if (extra == NULL) {
		extra = &nothing;
	}
	char body[2048];
	struct text text = text_init(body, sizeof body);
	text_append(&text, row->opening);
	text_append(&text, row->members);
	if (extra->detail == NULL) {
		text_append(&text, row->detail);
	} else {
		text_append_json(&text, extra->detail, strlen(extra->detail));
	}
	if (extra->members != NULL) {
		text_append(&text, extra->members);
	}
	text_append_char(&text, '}');
	assert(!text.failed);
	reply_send(call, &(struct http_response){
				 .status = row->status,
				 .content_type = "application/problem+json",
				 .allow = extra->allow,
				 .retry_after = extra->retry_after,
				 .body = body,
				 .body_size = text.used,
			 });
}
