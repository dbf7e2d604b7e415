/*
 * random - numbers that look random and are the same in every run (xorshift64*).
 */
#ifndef TESTS_UNIT_RANDOM_H
#define TESTS_UNIT_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct random {
	uint64_t state; /* the seed; not 0 */
};

static inline uint64_t random_next(struct random *random) {
	random->state ^= random->state >> 12;
	random->state ^= random->state << 25;
	random->state ^= random->state >> 27;
	return random->state * UINT64_C(0x2545f4914f6cdd1d);
}

/* Uniform enough in [0, bound). */
static inline uint64_t random_below(struct random *random, uint64_t bound) {
	return random_next(random) % bound;
}

static inline void random_fill(struct random *random, void *target, size_t size) {
	uint8_t *bytes = target;
	for (size_t i = 0; i < size; i++) {
		bytes[i] = (uint8_t)(random_next(random) >> 32);
	}
}

#endif
