/*
 * bloom - seven bits for each identity.
 */
#include "ingress/bloom.h"

#include <string.h>

#define BITS_EACH 10u
#define HASHES 7u

struct place {
	uint64_t bit;
	uint64_t step;
};

static struct place first_place(const struct identity *identity) {
	struct place place;
	memcpy(&place.bit, identity->bytes, sizeof place.bit);
	memcpy(&place.step, identity->bytes + sizeof place.bit, sizeof place.step);
	place.step |= 1; /* odd: all places of a power of two are visited */
	return place;
}

uint64_t bloom_bits(uint64_t identities) {
	uint64_t bits = 64;
	while (bits < BLOOM_BITS_MAX && bits / BITS_EACH < identities) {
		bits *= 2;
	}
	return bits;
}

void bloom_add(struct bloom *bloom, const struct identity *identity) {
	struct place place = first_place(identity);
	for (unsigned i = 0; i < HASHES; i++) {
		uint64_t bit = place.bit & (bloom->bits - 1);
		bloom->words[bit / 64] |= UINT64_C(1) << bit % 64;
		place.bit += place.step;
	}
}

bool bloom_may_have(const struct bloom *bloom, const struct identity *identity) {
	struct place place = first_place(identity);
	for (unsigned i = 0; i < HASHES; i++) {
		uint64_t bit = place.bit & (bloom->bits - 1);
		if ((bloom->words[bit / 64] >> bit % 64 & 1) == 0) {
			return false;
		}
		place.bit += place.step;
	}
	return true;
}
