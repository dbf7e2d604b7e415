/*
 * problem - the table of all refusals.
 */
#include "ingress/problem.h"

#include <assert.h>
#include <string.h>

#include "ingress/reply.h"

static const struct problem_row rows[PROBLEM_COUNT] = {
	[PROBLEM_BAD_REQUEST] = {"bad_request", 400, "Bad request",
		"The body is not what this call takes. See the API's description."},
	[PROBLEM_BAD_IDEMPOTENCY_KEY] = {"bad_idempotency_key", 400, "Bad Idempotency-Key",
		"Send 1 to 255 visible ASCII characters, for example a UUID."},
	[PROBLEM_NOT_LOGGED_IN] = {"not_logged_in", 401, "Not logged in",
		"Log in with POST /v1/login, and send the token as 'Authorization: Bearer TOKEN'."},
	[PROBLEM_TOKEN_INVALID] = {"token_invalid", 401, "Token not valid",
		"This token was not made here, or was changed. Log in again."},
	[PROBLEM_TOKEN_EXPIRED] = {"token_expired", 401, "Token expired",
		"Log in again. Bookings and places in line are kept."},
	[PROBLEM_BAD_CODE] = {"bad_code", 401, "Wrong code",
		"The code is wrong, or has expired. Look at the newest message, or ask for a new "
		"code "
		"with POST /v1/register."},
	[PROBLEM_PAUSED] = {"paused", 403, "Paused",
		"This campaign is paused. Try again later: it goes on in the same order."},
	[PROBLEM_CLOSED] = {"closed", 403, "Closed", "This campaign is over."},
	[PROBLEM_NOT_VERIFIED] = {"not_verified", 403, "One more proof is needed",
		"This campaign wants another contact proved. Log in with it too, with this token "
		"in "
		"Authorization; then book with the new token."},
	[PROBLEM_UNKNOWN_PATH] = {"not_found", 404, "Not found",
		"There is no such call. Look at the spelling of the path."},
	[PROBLEM_UNKNOWN_CAMPAIGN] = {"unknown_campaign", 404, "No such campaign",
		"GET /v1/campaigns lists the campaigns that there are."},
	[PROBLEM_UNKNOWN_TICKET] = {"unknown_ticket", 404, "No such ticket",
		"Send the ticket exactly as it was given."},
	[PROBLEM_UNKNOWN_BOOKING] = {"unknown_booking", 404, "No such booking",
		"You have no booking with this ID. GET /v1/bookings lists yours."},
	[PROBLEM_METHOD_NOT_ALLOWED] = {"method_not_allowed", 405, "Method not allowed",
		"Use one of the methods in Allow."},
	[PROBLEM_ALREADY_BOOKED] = {"already_booked", 409, "Already booked",
		"You have as much as one person may have. Your booking is in 'booking'."},
	[PROBLEM_OVER_LIMIT] = {"over_limit", 409, "More than one person may have",
		"With what you have already this would be too much. Ask for fewer."},
	[PROBLEM_NOT_CANCELLABLE] = {"not_cancellable", 409, "Cannot be cancelled",
		"Bookings of this campaign are final."},
	[PROBLEM_SOLD_OUT] = {"sold_out", 410, "Sold out",
		"There is not enough left for this wish."},
	[PROBLEM_NOT_JSON] = {"not_json", 415, "Not JSON",
		"Send a JSON object, with 'Content-Type: application/json'."},
	[PROBLEM_BAD_CONTACT] = {"bad_contact", 422, "Not a contact",
		"Give either 'email', like name@example.com, or 'phone', like +919876543210."},
	[PROBLEM_BAD_UNITS] = {"bad_units", 422, "Bad count",
		"Ask for at least 1, and at most units_per_person of the campaign."},
	[PROBLEM_NOT_OPEN] = {"not_open", 425, "Not open yet",
		"Come back when the campaign opens."},
	[PROBLEM_TOO_MANY_REQUESTS] = {"too_many_requests", 429, "Too many requests",
		"Wait as long as Retry-After says. Asking more often does not help your place in "
		"line."},
	[PROBLEM_CODE_TOO_SOON] = {"code_too_soon", 429, "A code is on its way",
		"Look for the message that was sent. Another one can be had after Retry-After."},
	[PROBLEM_TOO_MANY_CODES] = {"too_many_codes", 429, "Too many codes",
		"This contact has used up its messages or tries. Wait as long as Retry-After says, "
		"then "
		"ask for a new code."},
	[PROBLEM_OVERLOADED] = {"overloaded", 503, "Very busy",
		"Nothing was stored. Send the same request again after Retry-After."},
	[PROBLEM_NOT_STORED] = {"not_stored", 503, "Not confirmed in time",
		"It is not known whether the request is in the line. Send it again with the same "
		"Idempotency-Key: it is never counted twice."},
	[PROBLEM_LINE_UNAVAILABLE] = {"line_unavailable", 503, "Line not available",
		"This campaign cannot take requests at the moment. Send the same request again "
		"after "
		"Retry-After."},
	[PROBLEM_LOGIN_UNAVAILABLE] = {"login_unavailable", 503, "Login not available",
		"Codes cannot be sent or checked at the moment. Try again after Retry-After; a "
		"code "
		"that you have stays good."},
	[PROBLEM_LEDGER_UNAVAILABLE] = {"ledger_unavailable", 503, "Bookings not readable",
		"The table of bookings cannot be read, or is a moment behind. Nothing is lost. Try "
		"again after Retry-After."},
	[PROBLEM_STARTING] = {"starting", 503, "Just started",
		"This server is reading what it must know. Try again after Retry-After."},
};

const struct problem_row *problem_row(enum problem problem) {
	assert(problem < PROBLEM_COUNT);
	return &rows[problem];
}

static void append_member(struct text *text, const char *name, const char *value) {
	text_append(text, ",\"");
	text_append(text, name);
	text_append(text, "\":");
	text_append_json(text, value, strlen(value));
}

void problem_append(struct text *text, enum problem problem) {
	const struct problem_row *row = problem_row(problem);
	append_member(text, "code", row->code);
	append_member(text, "title", row->title);
	append_member(text, "detail", row->detail);
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
	text_append(&text, "{\"type\":\"urn:firstcome:problem:");
	text_append(&text, row->code);
	text_append(&text, "\",\"status\":");
	text_append_u64(&text, (uint64_t)row->status);
	append_member(&text, "code", row->code);
	append_member(&text, "title", row->title);
	append_member(&text, "detail", extra->detail == NULL ? row->detail : extra->detail);
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
