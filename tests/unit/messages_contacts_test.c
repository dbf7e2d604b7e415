/*
 * messages_contacts_test - contacts and codes: round trips, and everything that must not decode.
 */
#include "common/pure/messages.h"

#include "tests/unit/unit.h"

static uint8_t bytes[512];

static struct verified_contact a_contact(void) {
	struct verified_contact contact = {
		.channel = CHANNEL_EMAIL,
		.verified_at_ms = INT64_C(1795363559123),
		.linked = true,
		.contact = "asha@example.com",
		.locale = "hi",
	};
	memset(&contact.account, 0xa0, ACCOUNT_BYTES);
	memset(&contact.identity, 0x11, IDENTITY_BYTES);
	return contact;
}

static struct code_message a_code(void) {
	return (struct code_message){
		.channel = CHANNEL_SMS,
		.expires_at_ms = INT64_C(1795363559123),
		.contact = "+919876543210",
		.code = "004217",
		.locale = "en",
	};
}

static void contacts_round_trip(void **state) {
	(void)state;
	struct verified_contact contact = a_contact();
	struct verified_contact decoded;
	size_t size = verified_contact_encode(&contact, bytes, sizeof bytes);
	assert_true(size > 0);
	memset(&decoded, 0xee, sizeof decoded);
	assert_true(verified_contact_decode(&decoded, bytes, size));
	assert_memory_equal(&decoded.account, &contact.account, ACCOUNT_BYTES);
	assert_memory_equal(&decoded.identity, &contact.identity, IDENTITY_BYTES);
	assert_int_equal(decoded.channel, contact.channel);
	assert_int_equal(decoded.verified_at_ms, contact.verified_at_ms);
	assert_true(decoded.linked);
	assert_string_equal(decoded.contact, contact.contact);
	assert_string_equal(decoded.locale, contact.locale);

	memset(contact.contact, 'x', CONTACT_BYTES_MAX);
	memcpy(contact.locale, "en-IN-x", 8);
	size = verified_contact_encode(&contact, bytes, sizeof bytes);
	assert_true(verified_contact_decode(&decoded, bytes, size));
	assert_int_equal(strlen(decoded.contact), CONTACT_BYTES_MAX);
	assert_string_equal(decoded.locale, "en-IN-x");
}

static void codes_round_trip(void **state) {
	(void)state;
	struct code_message message = a_code();
	struct code_message decoded;
	size_t size = code_message_encode(&message, bytes, sizeof bytes);
	assert_true(size > 0);
	memset(&decoded, 0xee, sizeof decoded);
	assert_true(code_message_decode(&decoded, bytes, size));
	assert_int_equal(decoded.channel, message.channel);
	assert_int_equal(decoded.expires_at_ms, message.expires_at_ms);
	assert_string_equal(decoded.contact, message.contact);
	assert_string_equal(decoded.code, message.code);
	assert_string_equal(decoded.locale, message.locale);
}

static void code_states_round_trip(void **state) {
	(void)state;
	struct code_state before = {
		.nonce = "fifteen letters",
		.created_at_ms = 1,
		.sent_at_ms = INT64_C(1795363559123),
		.sends = 255,
		.tries = 5,
	};
	struct code_state after;
	size_t size = code_state_encode(&before, bytes, sizeof bytes);
	assert_int_equal(size, 36);
	assert_true(code_state_decode(&after, bytes, size));
	assert_memory_equal(after.nonce, before.nonce, sizeof before.nonce);
	assert_int_equal(after.created_at_ms, before.created_at_ms);
	assert_int_equal(after.sent_at_ms, before.sent_at_ms);
	assert_int_equal(after.sends, before.sends);
	assert_int_equal(after.tries, before.tries);
}

static void refuses_every_beginning_and_more(void **state) {
	(void)state;
	struct verified_contact contact = a_contact();
	struct code_message message = a_code();
	struct code_state code_state = {0};
	size_t size = verified_contact_encode(&contact, bytes, sizeof bytes);
	assert_false(verified_contact_decode(&contact, bytes, size + 1));
	for (size_t less = 0; less < size; less++) {
		assert_false(verified_contact_decode(&contact, bytes, less));
	}
	size = code_message_encode(&message, bytes, sizeof bytes);
	assert_false(code_message_decode(&message, bytes, size + 1));
	for (size_t less = 0; less < size; less++) {
		assert_false(code_message_decode(&message, bytes, less));
	}
	size = code_state_encode(&code_state, bytes, sizeof bytes);
	assert_false(code_state_decode(&code_state, bytes, size + 1));
	for (size_t less = 0; less < size; less++) {
		assert_false(code_state_decode(&code_state, bytes, less));
	}
}

static void says_when_it_does_not_fit(void **state) {
	(void)state;
	struct verified_contact contact = a_contact();
	size_t size = verified_contact_encode(&contact, bytes, sizeof bytes);
	for (size_t capacity = 0; capacity < size; capacity++) {
		assert_int_equal(verified_contact_encode(&contact, bytes, capacity), 0);
	}
	struct code_message message = a_code();
	assert_int_equal(code_message_encode(&message, bytes, 10), 0);
	struct code_state code_state = {0};
	assert_int_equal(code_state_encode(&code_state, bytes, 35), 0);
}

static void does_not_encode_wrong_texts(void **state) {
	(void)state;
	static const char *const contacts[] = {
		"", "a b@c.de", "a\n@c.de", "a\x7f@c.de", "\xc3\xa9@c.de"};
	for (size_t i = 0; i < COUNT_OF(contacts); i++) {
		struct verified_contact contact = a_contact();
		snprintf(contact.contact, sizeof contact.contact, "%s", contacts[i]);
		assert_int_equal(verified_contact_encode(&contact, bytes, sizeof bytes), 0);
	}
	static const char *const locales[] = {"", "e n", "en_IN", "\xc3\xa9", "\r\n"};
	for (size_t i = 0; i < COUNT_OF(locales); i++) {
		struct verified_contact contact = a_contact();
		snprintf(contact.locale, sizeof contact.locale, "%s", locales[i]);
		assert_int_equal(verified_contact_encode(&contact, bytes, sizeof bytes), 0);
	}
	static const char *const codes[] = {"", "12345", "12345a", "-12345"};
	for (size_t i = 0; i < COUNT_OF(codes); i++) {
		struct code_message message = a_code();
		snprintf(message.code, sizeof message.code, "%s", codes[i]);
		assert_int_equal(code_message_encode(&message, bytes, sizeof bytes), 0);
	}
	struct verified_contact contact = a_contact();
	contact.channel = (enum channel)3;
	assert_int_equal(verified_contact_encode(&contact, bytes, sizeof bytes), 0);
	contact = a_contact();
	memset(contact.locale, 'e', sizeof contact.locale); /* no NUL */
	assert_int_equal(verified_contact_encode(&contact, bytes, sizeof bytes), 0);
}

static void refuses_wrong_fields(void **state) {
	(void)state;
	enum { CHANNEL = 34, TIME = 35, LINKED = 43, SIZE = 44, TEXT = 45 };
	static const struct {
		size_t offset;
		uint8_t value;
	} wrong[] = {{0, 0}, {1, MESSAGE_CODE}, {CHANNEL, 0}, {CHANNEL, 3}, {TIME + 7, 0x80},
		{LINKED, 2}, {SIZE, 0}, {SIZE, 255}, {SIZE, 15}, {TEXT, ' '}, {TEXT, 0},
		{TEXT, 0x80}};
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		struct verified_contact contact = a_contact();
		size_t size = verified_contact_encode(&contact, bytes, sizeof bytes);
		bytes[wrong[i].offset] = wrong[i].value;
		if (verified_contact_decode(&contact, bytes, size)) {
			fail_msg("row %zu was accepted", i);
		}
	}
	/* A code of five digits, with everything else in order. */
	static const uint8_t short_code[] = {1, MESSAGE_CODE, CHANNEL_SMS, 0, 0, 0, 0, 0, 0, 0, 0,
		2, '+', '1', 5, '1', '2', '3', '4', '5', 2, 'e', 'n'};
	struct code_message message;
	assert_false(code_message_decode(&message, short_code, sizeof short_code));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(contacts_round_trip),
		cmocka_unit_test(codes_round_trip),
		cmocka_unit_test(code_states_round_trip),
		cmocka_unit_test(refuses_every_beginning_and_more),
		cmocka_unit_test(says_when_it_does_not_fit),
		cmocka_unit_test(does_not_encode_wrong_texts),
		cmocka_unit_test(refuses_wrong_fields),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
