#include "sequencer/seal.h"

#include <string.h>

#include "common/crypto.h"

void seal_init(struct seal *seal) {
	memset(seal->digest, 0, sizeof seal->digest);
}

void seal_append(struct seal *seal, const uint8_t *request, size_t request_size, uint8_t *body,
	size_t body_size) {
	const struct part parts[] = {
		{seal->digest, sizeof seal->digest},
		{request, request_size},
		{body, body_size},
	};
	uint8_t digest[DIGEST_BYTES];
	crypto_digest(digest, sizeof digest, parts, sizeof parts / sizeof *parts);
	memcpy(seal->digest, digest, sizeof digest);
	memcpy(body + body_size, digest, sizeof digest);
}
