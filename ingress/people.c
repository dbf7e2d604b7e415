/*
 * people - accounts, request keys, and what a token proves.
 */
#include "ingress/people.h"

#include <string.h>

struct account_id people_account_of(const struct key *key, const struct identity *identity) {
	struct account_id account;
	const struct part part = {identity->bytes, sizeof identity->bytes};
	crypto_mac(account.bytes, sizeof account.bytes, key, "account", &part, 1);
	return account;
}

struct request_key people_request_key(const struct key *key, const struct account_id *account,
	struct http_slice idempotency_key) {
	struct request_key request_key;
	if (idempotency_key.start == NULL) {
		crypto_random(&request_key, sizeof request_key);
		return request_key;
	}
	const struct part parts[] = {
		{account->bytes, sizeof account->bytes},
		{idempotency_key.start, idempotency_key.size},
	};
	crypto_mac(request_key.bytes, sizeof request_key.bytes, key, "request", parts, 2);
	return request_key;
}

bool people_has_channel(const struct token *token, enum channel channel) {
	for (uint8_t i = 0; i < token->person.identities_count; i++) {
		if (token->channels[i] == channel) {
			return true;
		}
	}
	return false;
}

bool people_are_verified(const struct token *token, enum verification verification) {
	bool email = people_has_channel(token, CHANNEL_EMAIL);
	bool phone = people_has_channel(token, CHANNEL_SMS);
	switch (verification) {
	case VERIFICATION_EMAIL:
		return email;
	case VERIFICATION_PHONE:
		return phone;
	case VERIFICATION_BOTH:
		return email && phone;
	case VERIFICATION_EITHER:
		break;
	}
	return email || phone;
}

void people_make_token(struct token *token, const struct account_id *account,
	const struct proof *proof, const struct proof *partner, int64_t expires_at_ms) {
	*token = (struct token){.expires_at_ms = expires_at_ms / 1000 * 1000};
	token->person.account = *account;
	token->person.identities_count = 1;
	token->person.identities[0] = proof->identity;
	token->channels[0] = proof->channel;
	if (partner != NULL) {
		token->person.identities_count = 2;
		token->person.identities[1] = partner->identity;
		token->channels[1] = partner->channel;
	}
}
