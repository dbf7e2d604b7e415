/*
 * token - what a person shows after logging in: who they are, without any look-up.
 *
 * "fc1." and base64url of: key id (1 byte), account (16), expiry in seconds (5), then for each identity
 * its channel (1) and the identity (16), and a MAC (16) over all before it. Opaque to clients.
 */
#ifndef COMMON_TOKEN_H
#define COMMON_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/keys.h"
#include "common/pure/messages.h"

/* The longest token, with its NUL: 4 characters, and 72 bytes as base64url. */
#define TOKEN_SIZE 101u

struct token {
	struct person person;
	enum channel channels[IDENTITIES_MAX]; /* of the identity with the same index */
	int64_t expires_at_ms; /* whole seconds: a rest is cut off; expired from this very moment on */
};

void token_write(char target[TOKEN_SIZE], const struct token_keys *keys, const struct token *token);

enum token_outcome { TOKEN_VALID, TOKEN_INVALID, TOKEN_EXPIRED };

/* Checks the MAC before it looks at anything else. token is worthless if the outcome is
 * TOKEN_INVALID. */
enum token_outcome token_read(struct token *token, const struct token_keys *keys, const char *text,
	size_t size, int64_t now_ms);

#endif
