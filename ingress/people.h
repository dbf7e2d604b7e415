/*
 * people - the names that this system gives to persons and their wishes: all are keyed hashes.
 *
 * Pure, but for randomness.
 */
#ifndef INGRESS_PEOPLE_H
#define INGRESS_PEOPLE_H

#include <stdbool.h>

#include "common/crypto.h"
#include "common/pure/definition.h"
#include "common/pure/messages.h"
#include "common/token.h"
#include "ingress/http.h"

/* The account of whoever proved this contact first, unless the database knows of another one
 * that it belongs to. So an account needs no registration, and a database that is down makes no
 * second one. */
struct account_id people_account_of(const struct key *key, const struct identity *identity);

/* The name of a wish: the same account and Idempotency-Key give the same, for ever. Random if
 * there is no key (its start is NULL). */
struct request_key people_request_key(
	const struct key *key, const struct account_id *account, struct http_slice idempotency_key);

/* Whether a token has proved a contact of this channel. */
bool people_has_channel(const struct token *token, enum channel channel);

/* Whether a token has proved what a campaign wants. */
bool people_are_verified(const struct token *token, enum verification verification);

/* A token for a person who logged in with one contact, or who proved a second one of the other
 * channel (partner; NULL: none). */
struct proof {
	enum channel channel;
	struct identity identity;
};
void people_make_token(struct token *token, const struct account_id *account,
	const struct proof *proof, const struct proof *partner, int64_t expires_at_ms);

#endif
