/*
 * crypto - what libsodium is asked for.
 */
#include "common/crypto.h"

#include <assert.h>
#include <string.h>
#include <sysexits.h>

#include <sodium.h>

#include "common/log.h"

static_assert(KEY_BYTES >= crypto_generichash_blake2b_KEYBYTES_MIN, "a key is long enough");
static_assert(KEY_BYTES <= crypto_generichash_blake2b_KEYBYTES_MAX, "a key is short enough");
static_assert(CRYPTO_HMAC_BYTES == crypto_auth_hmacsha256_BYTES, "libsodium agrees");
static_assert(KEY_BYTES >= crypto_shorthash_siphash24_KEYBYTES, "SipHash takes the first half");

void crypto_init(void) {
	if (sodium_init() < 0) {
		log_fatal(EX_OSERR, "no_randomness",
			"hint=\"the system has no source of random bytes: check /dev/urandom\"");
	}
}

void crypto_random(void *target, size_t size) {
	randombytes_buf(target, size);
}

uint32_t crypto_random_below(uint32_t bound) {
	assert(bound > 0);
	return randombytes_uniform(bound);
}

static void update(
	crypto_generichash_blake2b_state *state, const struct part *parts, size_t parts_count) {
	for (size_t i = 0; i < parts_count; i++) {
		int failed =
			crypto_generichash_blake2b_update(state, parts[i].bytes, parts[i].size);
		assert(!failed);
	}
}

static void finish(crypto_generichash_blake2b_state *state, uint8_t *target, size_t target_size) {
	int failed = crypto_generichash_blake2b_final(state, target, target_size);
	assert(!failed);
}

void crypto_mac(uint8_t *target, size_t target_size, const struct key *key, const char *purpose,
	const struct part *parts, size_t parts_count) {
	uint8_t personal[crypto_generichash_blake2b_PERSONALBYTES] = {0};
	size_t purpose_size = strlen(purpose);
	assert(purpose_size > 0);
	assert(purpose_size <= sizeof personal);
	assert(target_size >= crypto_generichash_blake2b_BYTES_MIN);
	assert(target_size <= crypto_generichash_blake2b_BYTES_MAX);
	memcpy(personal, purpose, purpose_size);

	crypto_generichash_blake2b_state state;
	int failed = crypto_generichash_blake2b_init_salt_personal(
		&state, key->bytes, KEY_BYTES, target_size, NULL, personal);
	assert(!failed);
	update(&state, parts, parts_count);
	finish(&state, target, target_size);
	sodium_memzero(&state, sizeof state); /* it began with the key */
}

void crypto_digest(
	uint8_t *target, size_t target_size, const struct part *parts, size_t parts_count) {
	assert(target_size >= crypto_generichash_blake2b_BYTES_MIN);
	assert(target_size <= crypto_generichash_blake2b_BYTES_MAX);
	crypto_generichash_blake2b_state state;
	int failed = crypto_generichash_blake2b_init(&state, NULL, 0, target_size);
	assert(!failed);
	update(&state, parts, parts_count);
	finish(&state, target, target_size);
}

void crypto_hmac_sha256(uint8_t target[CRYPTO_HMAC_BYTES], struct part key,
	const struct part *parts, size_t parts_count) {
	crypto_auth_hmacsha256_state state;
	crypto_auth_hmacsha256_init(&state, key.bytes, key.size);
	for (size_t i = 0; i < parts_count; i++) {
		crypto_auth_hmacsha256_update(&state, parts[i].bytes, parts[i].size);
	}
	crypto_auth_hmacsha256_final(&state, target);
	sodium_memzero(&state, sizeof state); /* it began with the key */
}

uint64_t crypto_short_mac(const struct key *key, const void *bytes, size_t size) {
	uint8_t mac[crypto_shorthash_siphash24_BYTES];
	int failed = crypto_shorthash_siphash24(mac, bytes, size, key->bytes);
	assert(!failed);
	uint64_t value = 0;
	for (size_t i = 0; i < sizeof mac; i++) {
		value |= (uint64_t)mac[i] << (8 * i);
	}
	return value;
}

bool crypto_equal(const void *a, const void *b, size_t size) {
	return sodium_memcmp(a, b, size) == 0;
}

void crypto_forget(void *secret, size_t size) {
	sodium_memzero(secret, size);
}
