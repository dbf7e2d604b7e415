/*
 * crypto_test - known answers, made with other implementations of BLAKE2b, SipHash and base64url.
 */
#include "common/crypto.h"

#include "common/pure/text.h"
#include "tests/unit/unit.h"

/* 00 01 02 ... 1f */
static struct key counting_key(void) {
	struct key key;
	for (uint8_t i = 0; i < KEY_BYTES; i++) {
		key.bytes[i] = i;
	}
	return key;
}

static void assert_hex(const uint8_t *bytes, size_t size, const char *want) {
	char buffer[160];
	struct text text = text_init(buffer, sizeof buffer);
	text_append_hex(&text, bytes, size);
	assert_string_equal(buffer, want);
}

/* Python: hashlib.blake2b(data, key=key, person=purpose, digest_size=size) */
static void macs_have_known_answers(void **state) {
	(void)state;
	struct key key = counting_key();
	uint8_t mac[32];
	struct part parts[] = {{"a", 1}, {"", 0}, {"bc", 2}};
	crypto_mac(mac, 16, &key, "token", parts, COUNT_OF(parts));
	assert_hex(mac, 16, "5f1361521db587d2f4bf4fa2f1c1edbf");
	crypto_mac(mac, 32, &key, "ticket", NULL, 0);
	assert_hex(mac, 32, "571365b150a251feae3806436c87c77b9b2d7a79c934a58e6267624c5fffadef");
}

static void purposes_and_keys_separate(void **state) {
	(void)state;
	struct key key = counting_key();
	struct part part = {"abc", 3};
	uint8_t one[16];
	uint8_t other[16];
	crypto_mac(one, 16, &key, "token", &part, 1);
	crypto_mac(other, 16, &key, "tokens", &part, 1);
	assert_memory_not_equal(one, other, 16);
	key.bytes[31] ^= 1;
	crypto_mac(other, 16, &key, "token", &part, 1);
	assert_memory_not_equal(one, other, 16);
}

static void digests_have_known_answers(void **state) {
	(void)state;
	uint8_t digest[32];
	struct part part = {"abc", 3};
	crypto_digest(digest, 32, &part, 1);
	assert_hex(digest, 32, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

/* The example of the SipHash paper, appendix A. */
static void siphash_has_its_known_answer(void **state) {
	(void)state;
	struct key key = counting_key();
	uint8_t input[15];
	for (uint8_t i = 0; i < sizeof input; i++) {
		input[i] = i;
	}
	assert_true(crypto_short_mac(&key, input, sizeof input) == UINT64_C(0xa129ca6149be45e5));
}

static void base64_round_trips(void **state) {
	(void)state;
	uint8_t bytes[40];
	crypto_random(bytes, sizeof bytes);
	for (size_t size = 0; size <= sizeof bytes; size++) {
		char encoded[CRYPTO_BASE64_SIZE(sizeof bytes)];
		crypto_base64_encode(encoded, bytes, size);
		assert_int_equal(strlen(encoded) + 1, CRYPTO_BASE64_SIZE(size));
		uint8_t decoded[sizeof bytes];
		assert_int_equal(
			crypto_base64_decode(decoded, size, encoded, strlen(encoded)), size);
		assert_memory_equal(decoded, bytes, size);
		if (size > 0) {
			assert_int_equal(
				crypto_base64_decode(decoded, size - 1, encoded, strlen(encoded)),
				SIZE_MAX);
		}
	}
	char encoded[5];
	crypto_base64_encode(encoded, (const uint8_t *)"\xfb\xff\xfe", 3);
	assert_string_equal(encoded, "-__-");
}

static void base64_refuses_what_is_not_canonical(void **state) {
	(void)state;
	static const char *const wrong[] = {
		"A",     /* six bits are no byte */
		"AB",    /* bits behind the byte */
		"AAB",   /* bits behind the bytes */
		"AA==",  /* padding */
		"AA=",   /* half of the padding */
		"++++",  /* the other alphabet */
		"////",  /* the other alphabet */
		"AA\n",  /* blanks */
		"AA AA", /* blanks */
		"AAAA!", /* anything else */
		/* Not ASCII; found by fuzz_texts: libsodium alone would decode it. */
		"d\xfb\xfb\xfb\xfb\xfbw",
	};
	uint8_t decoded[16];
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		assert_int_equal(
			crypto_base64_decode(decoded, sizeof decoded, wrong[i], strlen(wrong[i])),
			SIZE_MAX);
	}
	assert_int_equal(crypto_base64_decode(decoded, sizeof decoded, "AA\0A", 4), SIZE_MAX);
}

static void compares_forgets_and_is_random(void **state) {
	(void)state;
	uint8_t a[16] = {1, 2, 3};
	uint8_t b[16] = {1, 2, 3};
	assert_true(crypto_equal(a, b, sizeof a));
	b[15] = 1;
	assert_false(crypto_equal(a, b, sizeof a));
	crypto_forget(a, sizeof a);
	static const uint8_t zeroes[16];
	assert_memory_equal(a, zeroes, sizeof a);

	crypto_random(a, sizeof a);
	crypto_random(b, sizeof b);
	assert_memory_not_equal(a, b, sizeof a);
	bool seen[10] = {false};
	for (int i = 0; i < 1000; i++) {
		uint32_t value = crypto_random_below(COUNT_OF(seen));
		assert_true(value < COUNT_OF(seen));
		seen[value] = true;
	}
	for (size_t i = 0; i < COUNT_OF(seen); i++) {
		assert_true(seen[i]);
	}
}

int main(void) {
	crypto_init();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(macs_have_known_answers),
		cmocka_unit_test(purposes_and_keys_separate),
		cmocka_unit_test(digests_have_known_answers),
		cmocka_unit_test(siphash_has_its_known_answer),
		cmocka_unit_test(base64_round_trips),
		cmocka_unit_test(base64_refuses_what_is_not_canonical),
		cmocka_unit_test(compares_forgets_and_is_random),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
