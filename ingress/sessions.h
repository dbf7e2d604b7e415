/*
 * sessions - registering and logging in: a person proves a contact, and gets a token.
 *
 *	register   codebook: may it be sent? ──▶ codes.send stored ──▶ 202
 *	log in     codebook: may it be tried? ──▶ code right? ──▶ database: whose contact is it?
 *	                ──▶ accounts.verified stored ──▶ 200 with a token
 *
 * Nobody gets an answer before what it says is stored. A database that cannot be asked stops
 * nobody: the token then carries just the contact that was proved, and the limit per person still
 * holds, because the line counts it on every identity.
 */
#ifndef INGRESS_SESSIONS_H
#define INGRESS_SESSIONS_H

#include <stdbool.h>

#include "common/pure/messages.h"
#include "common/token.h"
#include "ingress/call.h"
#include "ingress/credentials.h"

#define SESSION_TOKEN_DAYS 7
/* Registrations and logins under way; each waits for a few messages. */
#define SESSIONS_MAX 8192u

struct session_request {
	struct call call;
	enum channel channel;
	struct identity identity;
	char contact[CONTACT_BYTES_MAX + 1]; /* where messages go */
	char locale[8];
	char code[CREDENTIALS_CODE_BYTES_MAX + 1]; /* log in: as typed */
	/* Log in: who is logged in already; identities_count is 0 if nobody is. */
	struct token token;
};

/* Each answers the call, later or at once. */
void sessions_register(const struct session_request *request);
void sessions_login(const struct session_request *request);

#endif
