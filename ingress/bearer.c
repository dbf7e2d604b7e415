/*
 * bearer - takes the token out of "Bearer TOKEN" and checks it.
 */
#include "ingress/bearer.h"

#include <string.h>
#include <strings.h>

#include "common/clock.h"
#include "ingress/application.h"
#include "ingress/problem.h"
#include "ingress/server.h"

#define SCHEME "Bearer "
#define SCHEME_SIZE (sizeof SCHEME - 1)

enum bearer_outcome bearer_read(const struct call *call, struct token *token) {
	struct http_slice header = exchange_request(call->exchange)->authorization;
	if (header.start == NULL || header.size <= SCHEME_SIZE ||
		strncasecmp(header.start, SCHEME, SCHEME_SIZE) != 0) {
		return BEARER_MISSING;
	}
	switch (token_read(token, &call->application->secrets.tokens, header.start + SCHEME_SIZE,
		header.size - SCHEME_SIZE, clock_wall_ms())) {
	case TOKEN_VALID:
		return BEARER_VALID;
	case TOKEN_EXPIRED:
		return BEARER_EXPIRED;
	case TOKEN_INVALID:
		break;
	}
	return BEARER_INVALID;
}

bool bearer_require(const struct call *call, struct token *token) {
	switch (bearer_read(call, token)) {
	case BEARER_VALID:
		return true;
	case BEARER_MISSING:
		problem_answer(call, PROBLEM_NOT_LOGGED_IN, NULL);
		break;
	case BEARER_INVALID:
		problem_answer(call, PROBLEM_TOKEN_INVALID, NULL);
		break;
	case BEARER_EXPIRED:
		problem_answer(call, PROBLEM_TOKEN_EXPIRED, NULL);
		break;
	}
	return false;
}
