/*
 * crypto - keyed hashes, random bytes and comparisons, from libsodium.
 *
 * The only file that includes sodium.h. Every use names its purpose, which goes into the hash, so
 * that a value made for one purpose is worth nothing for another.
 */
#ifndef COMMON_CRYPTO_H
#define COMMON_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEY_BYTES 32u

struct key {
	uint8_t bytes[KEY_BYTES];
};

/* Once, before anything else here. Exits if the system has no randomness. */
void crypto_init(void);

/* Fills target with unpredictable bytes. */
void crypto_random(void *target, size_t size);
/* Uniform in [0, bound). */
uint32_t crypto_random_below(uint32_t bound);

struct part {
	const void *bytes;
	size_t size;
};

/* BLAKE2b (RFC 7693) of the parts one after the other, keyed and personalised by purpose (at most
 * 16 bytes, e.g. "token"). target_size: 16 to 64. The parts are joined without separators: the
 * caller gives at most one of variable length, or the lengths too. */
void crypto_mac(uint8_t *target, size_t target_size, const struct key *key, const char *purpose,
	const struct part *parts, size_t parts_count);
/* The same without a key. (crypto_hash is a function of libsodium.) */
void crypto_digest(
	uint8_t *target, size_t target_size, const struct part *parts, size_t parts_count);
/* HMAC-SHA256 (RFC 2104): for signatures that others make, as payment providers do. A key of any
 * length, no purpose. */
#define CRYPTO_HMAC_BYTES 32u
void crypto_hmac_sha256(uint8_t target[CRYPTO_HMAC_BYTES], struct part key,
	const struct part *parts, size_t parts_count);
/* SipHash-2-4: a fast keyed function of a few bytes to 64 bits, for permutations. Its key has 16 bytes:
 * the first half of key, which must not be used for anything else. */
uint64_t crypto_short_mac(const struct key *key, const void *bytes, size_t size);

/* True if equal; takes the same time wherever they differ. */
bool crypto_equal(const void *a, const void *b, size_t size);
/* Overwrites a secret; never optimised away. */
void crypto_forget(void *secret, size_t size);

#endif
