/*
 * token_test - round trips, expiry to the millisecond, rotated keys, and every kind of forgery.
 */
#include "common/token.h"

#include "tests/unit/unit.h"

#define NOW_MS INT64_C(1795363559123)
#define EXPIRY_MS INT64_C(1795968359000)

static struct token_keys keys;

static int make_keys(void **state) {
	(void)state;
	keys.count = 3;
	static const uint8_t ids[] = {7, 3, 255};
	for (uint32_t i = 0; i < keys.count; i++) {
		keys.keys[i].id = ids[i];
		memset(keys.keys[i].key.bytes, (int)(0x40 + i), KEY_BYTES);
	}
	return 0;
}

static struct token a_token(uint8_t identities_count) {
	struct token token = {
		.person.identities_count = identities_count,
		.channels = {CHANNEL_EMAIL, CHANNEL_SMS},
		.expires_at_ms = EXPIRY_MS,
	};
	memset(&token.person.account, 0xa0, ACCOUNT_BYTES);
	memset(&token.person.identities[0], 0x11, IDENTITY_BYTES);
	memset(&token.person.identities[1], 0x22, IDENTITY_BYTES);
	return token;
}

static enum token_outcome read_text(const char *text, int64_t now_ms) {
	struct token token;
	return token_read(&token, &keys, text, strlen(text), now_ms);
}

static void round_trips(void **state) {
	(void)state;
	for (uint8_t count = 1; count <= IDENTITIES_MAX; count++) {
		struct token token = a_token(count);
		char text[TOKEN_SIZE];
		token_write(text, &keys, &token);
		assert_int_equal(strlen(text), count == 1 ? 78 : TOKEN_SIZE - 1);
		struct token got;
		assert_int_equal(token_read(&got, &keys, text, strlen(text), NOW_MS), TOKEN_VALID);
		assert_memory_equal(&got.person.account, &token.person.account, ACCOUNT_BYTES);
		assert_int_equal(got.person.identities_count, count);
		assert_int_equal(got.expires_at_ms, EXPIRY_MS);
		for (uint8_t i = 0; i < count; i++) {
			assert_int_equal(got.channels[i], token.channels[i]);
			assert_memory_equal(&got.person.identities[i], &token.person.identities[i],
				IDENTITY_BYTES);
		}
	}
}

static void expires_to_the_millisecond(void **state) {
	(void)state;
	struct token token = a_token(1);
	token.expires_at_ms = EXPIRY_MS + 999; /* the rest of a second is cut off */
	char text[TOKEN_SIZE];
	token_write(text, &keys, &token);
	assert_int_equal(read_text(text, EXPIRY_MS - 1), TOKEN_VALID);
	assert_int_equal(read_text(text, EXPIRY_MS), TOKEN_EXPIRED);
	assert_int_equal(read_text(text, INT64_MAX), TOKEN_EXPIRED);
	assert_int_equal(read_text(text, 0), TOKEN_VALID);
}

static void keys_rotate(void **state) {
	(void)state;
	struct token token = a_token(2);
	char text[TOKEN_SIZE];
	token_write(text, &keys, &token);
	struct token_keys rotated = {.count = 2, .keys = {{.id = 8}, keys.keys[0]}};
	struct token got;
	assert_int_equal(token_read(&got, &rotated, text, strlen(text), NOW_MS), TOKEN_VALID);
	rotated.count = 1; /* the old key is gone */
	assert_int_equal(token_read(&got, &rotated, text, strlen(text), NOW_MS), TOKEN_INVALID);
	rotated.keys[0].id = keys.keys[0].id; /* the number again, with another key */
	assert_int_equal(token_read(&got, &rotated, text, strlen(text), NOW_MS), TOKEN_INVALID);
}

static void refuses_every_changed_character(void **state) {
	(void)state;
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=. ";
	struct token token = a_token(1);
	char text[TOKEN_SIZE];
	token_write(text, &keys, &token);
	for (size_t i = 0; text[i] != '\0'; i++) {
		char right = text[i];
		for (const char *c = alphabet; *c != '\0'; c++) {
			text[i] = *c;
			assert_int_equal(
				read_text(text, NOW_MS), *c == right ? TOKEN_VALID : TOKEN_INVALID);
		}
		text[i] = right;
	}
}

static void refuses_other_lengths(void **state) {
	(void)state;
	struct token token = a_token(2);
	char text[TOKEN_SIZE + 8] = {0};
	token_write(text, &keys, &token);
	struct token got;
	for (size_t size = 0; size < TOKEN_SIZE + 7; size++) {
		enum token_outcome want = size == TOKEN_SIZE - 1 ? TOKEN_VALID : TOKEN_INVALID;
		assert_int_equal(token_read(&got, &keys, text, size, NOW_MS), want);
	}
	static const char *const wrong[] = {
		"", "fc1", "fc1.", "fc1.AAAA", "fc2.AAAA", "Bearer fc1.AAAA"};
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		assert_int_equal(read_text(wrong[i], NOW_MS), TOKEN_INVALID);
	}
}

/* Even a token with a right MAC is checked: another version of us may have made it. */
static void refuses_nonsense_with_a_right_mac(void **state) {
	(void)state;
	char text[TOKEN_SIZE];
	struct token token = a_token(2);
	token.person.identities[1] = token.person.identities[0];
	token_write(text, &keys, &token);
	assert_int_equal(read_text(text, NOW_MS), TOKEN_INVALID);
	token = a_token(1);
	token.channels[0] = (enum channel)3;
	token_write(text, &keys, &token);
	assert_int_equal(read_text(text, NOW_MS), TOKEN_INVALID);
}

int main(void) {
	crypto_init();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trips),
		cmocka_unit_test(expires_to_the_millisecond),
		cmocka_unit_test(keys_rotate),
		cmocka_unit_test(refuses_every_changed_character),
		cmocka_unit_test(refuses_other_lengths),
		cmocka_unit_test(refuses_nonsense_with_a_right_mac),
	};
	return cmocka_run_group_tests(tests, make_keys, NULL);
}
