/*
 * seal - the running digest that ends every decision.
 *
 * digest(n) = BLAKE2b-256(digest(n - 1) || request bytes n || decision body n), digest(0) all zeroes.
 * So the digest of the last decision stands for the whole history, requests included; who has both
 * streams can compute it again. It is a third of the work of deciding: BLAKE2b is the fastest hash in
 * the libraries that we have, where the processor has no instructions for SHA.
 */
#ifndef SEQUENCER_SEAL_H
#define SEQUENCER_SEAL_H

#include <stddef.h>
#include <stdint.h>

#include "common/pure/limits.h"

struct seal {
	uint8_t digest[DIGEST_BYTES]; /* of the last decision */
};

void seal_init(struct seal *seal);

/* Appends the digest to a decision body: there is room for DIGEST_BYTES behind body_size bytes. */
void seal_append(struct seal *seal, const uint8_t *request, size_t request_size, uint8_t *body,
	size_t body_size);

#endif
