/*
 * api_sessions - POST /v1/register and POST /v1/login: reads what the person sent.
 */
#include <assert.h>
#include <string.h>

#include "common/identity.h"
#include "ingress/api.h"
#include "ingress/application.h"
#include "ingress/bearer.h"
#include "ingress/credentials.h"
#include "ingress/problem.h"
#include "ingress/server.h"
#include "ingress/sessions.h"

/* Answers the call and returns false if anything is wrong. */
static bool read_body(struct session_request *request, bool is_login) {
	const struct call *call = &request->call;
	const struct http_request *http = exchange_request(call->exchange);
	struct credentials credentials;
	char error[JSON_ERROR_BYTES];
	switch (credentials_read(&credentials, error, http->body,
		&(struct credentials_call){
			.is_login = is_login, .accept_language = http->accept_language})) {
	case CREDENTIALS_BAD_BODY:
		problem_answer(call, PROBLEM_BAD_REQUEST, &(struct problem_extra){.detail = error});
		return false;
	case CREDENTIALS_BAD_CONTACT:
		problem_answer(call, PROBLEM_BAD_CONTACT, NULL);
		return false;
	case CREDENTIALS_READ:
		break;
	}
	request->channel = credentials.channel;
	request->identity = identity_of(
		&call->application->secrets.identity, credentials.channel, credentials.normalised);
	memcpy(request->contact, credentials.contact, sizeof request->contact);
	memcpy(request->locale, credentials.locale, sizeof request->locale);
	memcpy(request->code, credentials.code, sizeof request->code);
	return true;
}

static bool read_request(struct session_request *request, bool is_login) {
	const struct call *call = &request->call;
	return api_require_json(call) && read_body(request, is_login) &&
	       api_admit(call, ADMISSION_CONTACT, api_who(request->identity.bytes));
}

void api_register(const struct call *call) {
	struct session_request request = {.call = *call};
	if (read_request(&request, false)) {
		sessions_register(&request);
	}
}

/* A token that is not valid any more does not count, and does no harm: whoever logs in wants a new
 * one. */
void api_login(const struct call *call) {
	struct session_request request = {.call = *call};
	if (!read_request(&request, true)) {
		return;
	}
	if (bearer_read(call, &request.token) != BEARER_VALID) {
		request.token = (struct token){0};
	}
	sessions_login(&request);
}
