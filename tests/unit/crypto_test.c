/*
 * crypto_test - known answers, made with other implementations.
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

/* HMAC-SHA256: RFC 4231. */
static uint8_t key_repeated[131];
static uint8_t data_repeated[50];

/* Case 5 is about cutting the result, which nobody does here. */
static void hmacs_have_the_answers_of_the_standard(void **state) {
	(void)state;
	static const char text_of_case_7[] =
		"This is a test using a larger than block-size key and a larger than block-size "
		"data. The key needs to be hashed before being used by the HMAC algorithm.";
	static uint8_t counting[25];
	for (uint8_t i = 0; i < sizeof counting; i++) {
		counting[i] = (uint8_t)(i + 1);
	}
	static const struct {
		const char *name;
		uint8_t key_byte; /* 0: key_text */
		size_t key_size;
		const char *key_text;
		uint8_t data_byte; /* 0: data_text */
		const char *data_text;
		const char *mac;
	} cases[] = {
		{"1", 0x0b, 20, NULL, 0, "Hi There",
			"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
		{"2", 0, 4, "Jefe", 0, "what do ya want for nothing?",
			"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
		{"3", 0xaa, 20, NULL, 0xdd, NULL,
			"773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
		{"4", 0, 25, (const char *)counting, 0xcd, NULL,
			"82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
		{"6", 0xaa, 131, NULL, 0, "Test Using Larger Than Block-Size Key - Hash Key First",
			"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
		{"7", 0xaa, 131, NULL, 0, text_of_case_7,
			"9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint8_t mac[CRYPTO_HMAC_BYTES];
		memset(key_repeated, cases[i].key_byte, sizeof key_repeated);
		memset(data_repeated, cases[i].data_byte, sizeof data_repeated);
		struct part key = {key_repeated, cases[i].key_size};
		struct part data = {data_repeated, sizeof data_repeated};
		if (cases[i].key_text != NULL) {
			key.bytes = cases[i].key_text;
		}
		if (cases[i].data_text != NULL) {
			data = (struct part){cases[i].data_text, strlen(cases[i].data_text)};
		}
		print_message("case %s\n", cases[i].name);
		crypto_hmac_sha256(mac, key, &data, 1);
		assert_hex(mac, sizeof mac, cases[i].mac);
	}
}

/* Python: run = hmac.digest(run, hmac.digest(key, data, "sha256"), "sha256"), from 32 zeroes on,
 * with n % 150 bytes of key that count up, and n bytes of data that count up by 7. */
static void hmacs_are_right_for_all_lengths_in_any_parts(void **state) {
	(void)state;
	uint8_t run[CRYPTO_HMAC_BYTES] = {0};
	uint8_t key[150];
	uint8_t data[301];
	for (size_t i = 0; i < sizeof key; i++) {
		key[i] = (uint8_t)i;
	}
	for (size_t i = 0; i < sizeof data; i++) {
		data[i] = (uint8_t)(7 * i);
	}
	for (size_t n = 0; n < sizeof data; n++) {
		uint8_t mac[CRYPTO_HMAC_BYTES];
		size_t cut = n / 3;
		struct part parts[] = {{data, cut}, {"", 0}, {data + cut, n - cut}};
		crypto_hmac_sha256(mac, (struct part){key, n % 150}, parts, COUNT_OF(parts));
		struct part link = {mac, sizeof mac};
		crypto_hmac_sha256(run, (struct part){run, sizeof run}, &link, 1);
	}
	assert_hex(run, sizeof run,
		"9ec2d73a64a5a2fa4e0704c417926eaa0c57811dd51557a7887ed58631794a0e");
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
		cmocka_unit_test(hmacs_have_the_answers_of_the_standard),
		cmocka_unit_test(hmacs_are_right_for_all_lengths_in_any_parts),
		cmocka_unit_test(siphash_has_its_known_answer),
		cmocka_unit_test(compares_forgets_and_is_random),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
