/*
 * people_test - accounts, names of wishes, and what tokens prove.
 */
#include "ingress/people.h"

#include "tests/unit/unit.h"

static const struct key key = {.bytes = {1}};
static const struct identity asha = {.bytes = {1}};
static const struct identity ravi = {.bytes = {2}};

static void an_account_follows_from_the_contact(void **state) {
	(void)state;
	struct account_id first = people_account_of(&key, &asha);
	struct account_id again = people_account_of(&key, &asha);
	struct account_id other = people_account_of(&key, &ravi);
	assert_memory_equal(&first, &again, sizeof first);
	assert_memory_not_equal(&first, &other, sizeof first);
	assert_memory_not_equal(&first, &asha, sizeof first);
}

static struct request_key wish(const struct account_id *account, const char *name) {
	return people_request_key(
		&key, account, (struct http_slice){name, name == NULL ? 0 : strlen(name)});
}

static void a_wish_is_named_by_person_and_key(void **state) {
	(void)state;
	const struct account_id a = {.bytes = {1}};
	const struct account_id b = {.bytes = {2}};
	const struct request_key keys[] = {
		wish(&a, "k1"), wish(&a, "k2"), wish(&b, "k1"), wish(&a, NULL), wish(&a, NULL)};
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		for (size_t j = 0; j < i; j++) {
			assert_memory_not_equal(&keys[i], &keys[j], sizeof keys[i]);
		}
	}
	struct request_key again = wish(&a, "k1");
	assert_memory_equal(&again, &keys[0], sizeof again);
}

static void what_a_token_proves(void **state) {
	(void)state;
	const struct account_id account = {.bytes = {9}};
	const struct proof email = {.channel = CHANNEL_EMAIL, .identity = asha};
	const struct proof phone = {.channel = CHANNEL_SMS, .identity = ravi};
	static const struct {
		bool has_email;
		bool has_phone;
		bool verified[4]; /* email, phone, either, both */
	} cases[] = {
		{true, false, {true, false, true, false}},
		{false, true, {false, true, true, false}},
		{true, true, {true, true, true, true}},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct token token;
		bool both = cases[i].has_email && cases[i].has_phone;
		people_make_token(&token, &account, cases[i].has_email ? &email : &phone,
			both ? &phone : NULL, 123456789);
		assert_int_equal(token.person.identities_count, both ? 2 : 1);
		assert_int_equal(token.expires_at_ms, 123456000);
		assert_memory_equal(&token.person.account, &account, sizeof account);
		assert_int_equal(people_has_channel(&token, CHANNEL_EMAIL), cases[i].has_email);
		assert_int_equal(people_has_channel(&token, CHANNEL_SMS), cases[i].has_phone);
		for (int wanted = VERIFICATION_EMAIL; wanted <= VERIFICATION_BOTH; wanted++) {
			assert_int_equal(people_are_verified(&token, (enum verification)wanted),
				cases[i].verified[wanted]);
		}
	}
}

int main(void) {
	crypto_init();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_account_follows_from_the_contact),
		cmocka_unit_test(a_wish_is_named_by_person_and_key),
		cmocka_unit_test(what_a_token_proves),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
