/*
 * bloom_test - the filter never loses anybody, and is wrong about as few as promised.
 */
#include "ingress/bloom.h"

#include "tests/unit/unit.h"

#include <stdlib.h>

#include "common/crypto.h"

#define PEOPLE 20000u

static struct bloom make(uint64_t identities) {
	struct bloom bloom = {.bits = bloom_bits(identities)};
	bloom.words = calloc(bloom.bits / 64, sizeof *bloom.words);
	assert_non_null(bloom.words);
	return bloom;
}

static void sizes(void **state) {
	(void)state;
	static const struct {
		uint64_t identities;
		uint64_t bits;
	} cases[] = {
		{0, 64},
		{1, 64},
		{6, 64},
		{7, 128},
		{1000, 16384},
		{12000000, 1 << 27},
		{UINT64_MAX, BLOOM_BITS_MAX},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(bloom_bits(cases[i].identities), cases[i].bits);
	}
}

static void everybody_is_remembered_and_few_strangers_are(void **state) {
	(void)state;
	static struct identity people[2 * PEOPLE];
	crypto_random(people, sizeof people);
	struct bloom bloom = make(PEOPLE);
	for (size_t i = 0; i < PEOPLE; i++) {
		bloom_add(&bloom, &people[i]);
	}
	size_t strangers = 0;
	for (size_t i = 0; i < PEOPLE; i++) {
		assert_true(bloom_may_have(&bloom, &people[i]));
		strangers += bloom_may_have(&bloom, &people[PEOPLE + i]);
	}
	assert_true(strangers < PEOPLE * 15 / 1000);
	free(bloom.words);
}

/* Too small for what is put in: it says yes to nearly all, and still loses nobody. */
static void a_full_filter_loses_nobody(void **state) {
	(void)state;
	struct identity people[500];
	crypto_random(people, sizeof people);
	struct bloom bloom = make(1);
	for (size_t i = 0; i < COUNT_OF(people); i++) {
		bloom_add(&bloom, &people[i]);
	}
	for (size_t i = 0; i < COUNT_OF(people); i++) {
		assert_true(bloom_may_have(&bloom, &people[i]));
	}
	free(bloom.words);
}

static void an_empty_filter_has_nobody(void **state) {
	(void)state;
	struct bloom bloom = make(100);
	struct identity somebody;
	for (size_t i = 0; i < 1000; i++) {
		crypto_random(&somebody, sizeof somebody);
		assert_false(bloom_may_have(&bloom, &somebody));
	}
	free(bloom.words);
}

int main(void) {
	crypto_init();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(everybody_is_remembered_and_few_strangers_are),
		cmocka_unit_test(a_full_filter_loses_nobody),
		cmocka_unit_test(an_empty_filter_has_nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
