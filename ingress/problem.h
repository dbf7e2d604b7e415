/*
 * problem - every refusal of the API, as problem details (RFC 9457).
 *
 * A refusal has a stable code, which clients decide by and docs/api.md lists, and a sentence in
 * plain words that says what to do. Its type is "urn:firstcome:problem:<code>".
 */
#ifndef INGRESS_PROBLEM_H
#define INGRESS_PROBLEM_H

#include "common/pure/text.h"
#include "ingress/call.h"

enum problem {
	PROBLEM_BAD_REQUEST,
	PROBLEM_BAD_IDEMPOTENCY_KEY,
	PROBLEM_NOT_LOGGED_IN,
	PROBLEM_TOKEN_INVALID,
	PROBLEM_TOKEN_EXPIRED,
	PROBLEM_BAD_CODE,
	PROBLEM_PAUSED,
	PROBLEM_CLOSED,
	PROBLEM_NOT_VERIFIED,
	PROBLEM_UNKNOWN_PATH,
	PROBLEM_UNKNOWN_CAMPAIGN,
	PROBLEM_UNKNOWN_TICKET,
	PROBLEM_UNKNOWN_BOOKING,
	PROBLEM_METHOD_NOT_ALLOWED,
	PROBLEM_ALREADY_BOOKED,
	PROBLEM_OVER_LIMIT,
	PROBLEM_NOT_CANCELLABLE,
	PROBLEM_SOLD_OUT,
	PROBLEM_NOT_JSON,
	PROBLEM_BAD_CONTACT,
	PROBLEM_BAD_UNITS,
	PROBLEM_NOT_OPEN,
	PROBLEM_TOO_MANY_REQUESTS,
	PROBLEM_CODE_TOO_SOON,
	PROBLEM_TOO_MANY_CODES,
	PROBLEM_OVERLOADED,
	PROBLEM_NOT_STORED,
	PROBLEM_LINE_UNAVAILABLE,
	PROBLEM_LOGIN_UNAVAILABLE,
	PROBLEM_LEDGER_UNAVAILABLE,
	PROBLEM_STARTING,
	PROBLEM_COUNT, /* also: no problem */
};

struct problem_row {
	const char *code;
	int status;
	const char *opening; /* of the JSON object: type and status */
	const char *members; /* code and title, and the name of detail */
	const char *detail;  /* as a JSON string */
};

const struct problem_row *problem_row(enum problem problem);

/* What a problem may say besides its row; zero for nothing. */
struct problem_extra {
	const char *detail;  /* in place of the row's */
	const char *members; /* more JSON members, beginning with ',' */
	int retry_after;     /* seconds */
	const char *allow;
};

/* Answers the call with it. extra: NULL, or more to say. */
void problem_answer(
	const struct call *call, enum problem problem, const struct problem_extra *extra);

/* Appends the members code, title and detail, for answers that are no problem responses. */
void problem_append(struct text *text, enum problem problem);

#endif
