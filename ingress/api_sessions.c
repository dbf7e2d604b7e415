/*
 * api_sessions - POST /v1/register and POST /v1/login: reads what the person sent.
 */
#include <assert.h>
#include <string.h>

#include "common/identity.h"
#include "common/json.h"
#include "ingress/api.h"
#include "ingress/application.h"
#include "ingress/bearer.h"
#include "ingress/problem.h"
#include "ingress/server.h"
#include "ingress/sessions.h"

/* Longer than any contact, so that one that is too long is told so as a contact. */
#define TYPED_BYTES_MAX 512u

/* The language of a BCP 47 tag or an Accept-Language list, "en" if it cannot be told. */
static void write_locale(char locale[8], const char *tag, size_t size) {
	size_t letters = 0;
	while (letters < size && ((tag[letters] | 0x20) >= 'a' && (tag[letters] | 0x20) <= 'z')) {
		letters++;
	}
	if (letters < 2 || letters > 3) {
		memcpy(locale, "en", sizeof "en");
		return;
	}
	for (size_t i = 0; i < letters; i++) {
		locale[i] = (char)(tag[i] | 0x20);
	}
	locale[letters] = '\0';
}

/* Exactly one of email and phone. False if it is none. */
static bool read_contact(struct session_request *request, struct json_object *body) {
	const char *email = json_string_or(body, "email", TYPED_BYTES_MAX, NULL);
	const char *phone = json_string_or(body, "phone", TYPED_BYTES_MAX, NULL);
	if (body->failed || (email == NULL) == (phone == NULL)) {
		return false;
	}
	char normalised[CONTACT_BYTES_MAX + 1];
	if (email != NULL) {
		request->channel = CHANNEL_EMAIL;
		if (!identity_normalise_email(normalised, email, strlen(email)) ||
			!identity_deliverable_email(request->contact, email, strlen(email))) {
			return false;
		}
	} else {
		request->channel = CHANNEL_SMS;
		if (!identity_normalise_phone(normalised, phone, strlen(phone))) {
			return false;
		}
		memcpy(request->contact, normalised, sizeof request->contact);
	}
	request->identity = identity_of(
		&request->call.application->secrets.identity, request->channel, normalised);
	return true;
}

/* Answers the call and returns false if anything is wrong. */
static bool read_body(struct session_request *request, bool is_login) {
	const struct call *call = &request->call;
	const struct http_request *http = exchange_request(call->exchange);
	struct json_object body;
	json_init(&body, http->body.start == NULL ? "" : http->body.start, http->body.size);
	bool is_contact = read_contact(request, &body);
	const char *locale = json_string_or(&body, "locale", TYPED_BYTES_MAX, NULL);
	if (locale != NULL) {
		write_locale(request->locale, locale, strlen(locale));
	} else {
		write_locale(request->locale, http->accept_language.start,
			http->accept_language.start == NULL ? 0 : http->accept_language.size);
	}
	if (is_login) {
		const char *code = json_string(&body, "code", SESSION_CODE_BYTES_MAX);
		memcpy(request->code, code, strlen(code) + 1);
	}
	json_refuse_unknown(&body);
	bool is_readable = !body.failed;
	if (!is_readable) {
		problem_answer(
			call, PROBLEM_BAD_REQUEST, &(struct problem_extra){.detail = body.error});
	} else if (!is_contact) {
		problem_answer(call, PROBLEM_BAD_CONTACT, NULL);
	}
	json_finish(&body);
	return is_readable && is_contact;
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
