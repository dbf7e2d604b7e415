/*
 * keys - secret keys from files.
 *
 * FIRSTCOME_KEYS_DIR holds one file a purpose: identity.key, booking.key, code.key and ticket.key
 * (one line of 64 hexadecimal digits), and token.keys (lines "<id> <64 digits>": the first line
 * signs, every line verifies, so a key is rotated by putting a new line on top). A file that others
 * may read is refused. Everything here is fatal: a program without its keys must not run.
 */
#ifndef COMMON_KEYS_H
#define COMMON_KEYS_H

#include <stdint.h>

#include "common/crypto.h"

#define TOKEN_KEYS_MAX 8u

struct token_key {
	uint8_t id; /* 1 to 255 */
	struct key key;
};

struct token_keys {
	uint32_t count; /* at least 1 */
	struct token_key keys[TOKEN_KEYS_MAX];
};

/* name: "identity.key" and so on. */
void keys_load(struct key *key, const char *directory, const char *name);
void keys_load_tokens(struct token_keys *keys, const char *directory);

#endif
