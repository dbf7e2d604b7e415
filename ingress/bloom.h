/*
 * bloom - a set of identities that may say yes wrongly, and never says no wrongly (Bloom 1970).
 *
 * Pure. Identities are keyed hashes, so their own bytes serve as the hash functions (Kirsch and
 * Mitzenmacher 2006: two are enough).
 */
#ifndef INGRESS_BLOOM_H
#define INGRESS_BLOOM_H

#include <stdbool.h>
#include <stdint.h>

#include "common/pure/messages.h"

/* 64 MB. A set that is too large for it says yes more often. */
#define BLOOM_BITS_MAX (UINT64_C(1) << 29)

struct bloom {
	uint64_t *words; /* bits / 64 of them, zeroed; the caller's */
	uint64_t bits;   /* a power of two, at least 64 */
};

/* How many bits a set of that many identities wants, so that it is wrong about one in a hundred. */
uint64_t bloom_bits(uint64_t identities);
void bloom_add(struct bloom *bloom, const struct identity *identity);
bool bloom_may_have(const struct bloom *bloom, const struct identity *identity);

#endif
