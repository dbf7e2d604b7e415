/*
 * sessions - one struct for each registration or login under way, and the steps that it goes
 * through.
 */
#include "ingress/sessions.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/pure/subjects.h"
#include "common/pure/text.h"
#include "common/pure/timestamp.h"
#include "common/stream.h"
#include "ingress/application.h"
#include "ingress/codebook.h"
#include "ingress/codebook_rules.h"
#include "ingress/lookup.h"
#include "ingress/measures.h"
#include "ingress/people.h"
#include "ingress/problem.h"
#include "ingress/reply.h"
#include "ingress/server.h"

#define PUBLISH_MS 1000
#define PUBLISH_TRIES_MAX 3u
#define MESSAGE_BYTES_MAX 512u
#define MESSAGE_ID_BYTES 33u

struct session {
	struct session_request request;
	bool closed; /* the client went away: nobody is to be answered */
	int64_t code_expires_at_ms;
	struct token token; /* log in: what will be given */
	/* The message that must be stored before the answer. */
	const char *subject;
	uint8_t message[MESSAGE_BYTES_MAX];
	size_t message_size;
	char message_id[MESSAGE_ID_BYTES];
	uint32_t tries;
	void (*stored)(struct session *session);
};

static uint32_t sessions_count;

/* ---- beginning and end ----------------------------------------------------------------------- */

static void on_closed(void *state) {
	struct session *session = state;
	session->closed = true;
}

/* NULL, and the call is answered, if too many are under way. */
static struct session *begin(const struct session_request *request) {
	if (sessions_count >= SESSIONS_MAX) {
		problem_answer(&request->call, PROBLEM_OVERLOADED,
			&(struct problem_extra){.retry_after = reply_spread(2)});
		return NULL;
	}
	sessions_count++;
	struct session *session = memory_new(sizeof *session);
	session->request = *request;
	exchange_wait(request->call.exchange, session, on_closed);
	return session;
}

/* Secrets do not stay in memory that is given back. */
static void end(struct session *session) {
	assert(sessions_count > 0);
	sessions_count--;
	crypto_forget(session, sizeof *session);
	free(session);
}

static void refuse(struct session *session, enum problem problem, int64_t retry_after_ms) {
	if (!session->closed) {
		problem_answer(&session->request.call, problem,
			&(struct problem_extra){
				.retry_after = (int)((retry_after_ms + 999) / 1000)});
	}
	end(session);
}

static void refuse_for_now(struct session *session) {
	refuse(session, PROBLEM_LOGIN_UNAVAILABLE, reply_spread(1) * INT64_C(1000));
}

/* ---- storing a message ----------------------------------------------------------------------- */

static void publish(struct session *session);

static void on_stored(void *context, enum stream_outcome outcome, uint64_t sequence) {
	(void)sequence;
	struct session *session = context;
	if (outcome == STREAM_STORED) {
		session->stored(session);
	} else if (outcome == STREAM_UNKNOWN && session->tries < PUBLISH_TRIES_MAX) {
		publish(session); /* the same bytes and id: it is stored once */
	} else {
		log_warn("session_not_stored", "subject=%s outcome=%s", session->subject,
			stream_outcome_name(outcome));
		refuse_for_now(session);
	}
}

static void publish(struct session *session) {
	session->tries++;
	const struct bus_publication publication = {
		.subject = session->subject,
		.data = session->message,
		.size = session->message_size,
		.message_id = session->message_id,
		.expected_last_sequence = -1,
		.expected_last_subject_sequence = -1,
	};
	stream_publish(service_bus(session->request.call.application->service), &publication,
		PUBLISH_MS, on_stored, session);
}

/* message and message_size are set. */
static void store(
	struct session *session, const char *subject, void (*stored)(struct session *session)) {
	assert(session->message_size > 0);
	uint8_t id[16];
	crypto_random(id, sizeof id);
	struct text text = text_init(session->message_id, sizeof session->message_id);
	text_append_hex(&text, id, sizeof id);
	session->subject = subject;
	session->stored = stored;
	publish(session);
}

/* ---- register -------------------------------------------------------------------------------- */

static void answer_registered(struct session *session) {
	ingress_measures.codes_sent++;
	char body[128];
	struct text text = text_init(body, sizeof body);
	text_append(&text, "{\"channel\":\"");
	text_append(&text, session->request.channel == CHANNEL_EMAIL ? "email" : "sms");
	text_append(&text, "\",\"retry_after\":");
	text_append_u64(&text, CODE_RESEND_MS / 1000);
	text_append(&text, ",\"expires_in\":");
	int64_t left_ms = session->code_expires_at_ms - clock_wall_ms();
	text_append_u64(&text, left_ms > 0 ? (uint64_t)left_ms / 1000 : 0);
	text_append_char(&text, '}');
	assert(!text.failed);
	if (!session->closed) {
		reply_send(&session->request.call, &(struct http_response){
							   .status = 202,
							   .content_type = REPLY_JSON,
							   .body = body,
							   .body_size = text.used,
						   });
	}
	end(session);
}

static void send_code(struct session *session, const struct codebook_answer *answer) {
	struct code_message message = {
		.channel = session->request.channel,
		.expires_at_ms = answer->expires_at_ms,
	};
	memcpy(message.contact, session->request.contact, sizeof message.contact);
	memcpy(message.code, answer->code, sizeof message.code);
	memcpy(message.locale, session->request.locale, sizeof message.locale);
	session->code_expires_at_ms = answer->expires_at_ms;
	session->message_size =
		code_message_encode(&message, session->message, sizeof session->message);
	crypto_forget(&message, sizeof message);
	store(session, SUBJECT_CODES_SEND, answer_registered);
}

static void on_send_permit(void *context, const struct codebook_answer *answer) {
	struct session *session = context;
	switch (answer->outcome) {
	case CODEBOOK_GRANTED:
		send_code(session, answer);
		break;
	case CODEBOOK_TOO_SOON:
		refuse(session, PROBLEM_CODE_TOO_SOON, answer->retry_after_ms);
		break;
	case CODEBOOK_TOO_MANY:
		refuse(session, PROBLEM_TOO_MANY_CODES, answer->retry_after_ms);
		break;
	case CODEBOOK_NONE:
	case CODEBOOK_UNAVAILABLE:
		refuse_for_now(session);
		break;
	}
}

void sessions_register(const struct session_request *request) {
	struct session *session = begin(request);
	if (session != NULL) {
		codebook_send(&request->call.application->codebook, &session->request.identity,
			on_send_permit, session);
	}
}

/* ---- log in ---------------------------------------------------------------------------------- */

static void answer_logged_in(struct session *session) {
	ingress_measures.logins++;
	char token[TOKEN_SIZE];
	token_write(token, &session->request.call.application->secrets.tokens, &session->token);
	char body[TOKEN_SIZE + 192];
	struct text text = text_init(body, sizeof body);
	text_append(&text, "{\"token\":\"");
	text_append(&text, token);
	text_append(&text, "\",\"account_id\":\"");
	text_append_hex(&text, session->token.person.account.bytes, ACCOUNT_BYTES);
	text_append(&text, "\",\"expires_at\":\"");
	timestamp_append(&text, session->token.expires_at_ms, 0);
	text_append(&text, "\"}");
	assert(!text.failed);
	if (!session->closed) {
		reply_json(&session->request.call, &text);
	}
	crypto_forget(body, sizeof body);
	end(session);
}

/* The proof goes to the database by way of a stream; only then may a token say so. */
static void grant(struct session *session, const struct account_id *account,
	const struct proof *partner, bool linked) {
	const struct session_request *request = &session->request;
	int64_t now_ms = clock_wall_ms();
	const struct proof proof = {.channel = request->channel, .identity = request->identity};
	people_make_token(&session->token, account, &proof, partner,
		now_ms + SESSION_TOKEN_DAYS * INT64_C(86400000));
	struct verified_contact contact = {
		.account = *account,
		.identity = request->identity,
		.channel = request->channel,
		.verified_at_ms = now_ms,
		.linked = linked,
	};
	memcpy(contact.contact, request->contact, sizeof contact.contact);
	memcpy(contact.locale, request->locale, sizeof contact.locale);
	session->message_size =
		verified_contact_encode(&contact, session->message, sizeof session->message);
	store(session, SUBJECT_ACCOUNTS_VERIFIED, answer_logged_in);
}

static void grant_alone(struct session *session) {
	struct account_id account = people_account_of(
		&session->request.call.application->secrets.identity, &session->request.identity);
	grant(session, &account, NULL, false);
}

static void on_owner(void *context, const struct lookup_answer *answer) {
	struct session *session = context;
	if (!answer->is_available || !answer->has_account) {
		grant_alone(session);
		return;
	}
	const struct proof partner = {
		.channel = answer->partner_channel, .identity = answer->partner};
	grant(session, &answer->account, answer->has_partner ? &partner : NULL, false);
}

/* The contact of the other channel that whoever is logged in has proved; false if nobody is, or if
 * there is none. */
static bool find_partner(const struct session_request *request, struct proof *partner) {
	for (uint8_t i = 0; i < request->token.person.identities_count; i++) {
		if (request->token.channels[i] != request->channel) {
			partner->channel = request->token.channels[i];
			partner->identity = request->token.person.identities[i];
			return true;
		}
	}
	return false;
}

/* Somebody who is logged in with the one channel proves a contact of the other: one person from now
 * on. Whose token has another contact of this channel already just logs in with this one. */
static bool is_linking(const struct session_request *request, struct proof *partner) {
	if (!find_partner(request, partner)) {
		return false;
	}
	for (uint8_t i = 0; i < request->token.person.identities_count; i++) {
		if (request->token.channels[i] == request->channel &&
			memcmp(&request->token.person.identities[i], &request->identity,
				sizeof request->identity) != 0) {
			return false;
		}
	}
	return true;
}

static void proved(struct session *session) {
	struct session_request *request = &session->request;
	struct proof partner;
	if (is_linking(request, &partner)) {
		grant(session, &request->token.person.account, &partner, true);
		return;
	}
	const struct lookup_question question = {
		.kind = LOOKUP_CONTACT,
		.person = {.identities_count = 1, .identities = {request->identity}},
	};
	if (!lookup_ask(request->call.application->lookup, &question, on_owner, session)) {
		grant_alone(session);
	}
}

static void on_try_permit(void *context, const struct codebook_answer *answer) {
	struct session *session = context;
	switch (answer->outcome) {
	case CODEBOOK_GRANTED:
		if (codebook_rules_is_right(session->request.code, answer->code)) {
			proved(session);
			return;
		}
		ingress_measures.logins_refused++;
		refuse(session, PROBLEM_BAD_CODE, 0);
		break;
	case CODEBOOK_NONE: /* the same answer: it does not tell whether a code was asked for */
		ingress_measures.logins_refused++;
		refuse(session, PROBLEM_BAD_CODE, 0);
		break;
	case CODEBOOK_TOO_SOON:
	case CODEBOOK_TOO_MANY:
		ingress_measures.logins_refused++;
		refuse(session, PROBLEM_TOO_MANY_CODES, answer->retry_after_ms);
		break;
	case CODEBOOK_UNAVAILABLE:
		refuse_for_now(session);
		break;
	}
}

void sessions_login(const struct session_request *request) {
	struct session *session = begin(request);
	if (session != NULL) {
		codebook_try(&request->call.application->codebook, &session->request.identity,
			on_try_permit, session);
	}
}
