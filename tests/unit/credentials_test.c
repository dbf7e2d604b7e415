/*
 * credentials_test - bodies of registrations and logins, as clients write them, and as nobody should.
 */
#include "ingress/credentials.h"

#include "tests/unit/unit.h"

static struct http_slice slice(const char *text) {
	return (struct http_slice){text, text == NULL ? 0 : strlen(text)};
}

static enum credentials_outcome read(
	struct credentials *credentials, const char *body, bool is_login) {
	char error[JSON_ERROR_BYTES];
	const struct credentials_call call = {
		.is_login = is_login, .accept_language = slice("hi-IN,hi;q=0.9")};
	enum credentials_outcome outcome = credentials_read(credentials, error, slice(body), &call);
	assert_int_equal(outcome == CREDENTIALS_BAD_BODY, error[0] != '\0');
	return outcome;
}

static void registrations(void **state) {
	(void)state;
	static const struct {
		const char *body;
		enum credentials_outcome outcome;
	} cases[] = {
		{"{\"email\":\"anna@example.org\"}", CREDENTIALS_READ},
		{"{\"phone\":\"+919876543210\",\"locale\":\"en\"}", CREDENTIALS_READ},
		{"{\"email\":\"anna@example.org\",\"phone\":null}", CREDENTIALS_READ},
		{"{}", CREDENTIALS_BAD_CONTACT},
		{"{\"email\":\"anna\"}", CREDENTIALS_BAD_CONTACT},
		{"{\"email\":\"a@example.org\",\"phone\":\"+919876543210\"}",
			CREDENTIALS_BAD_CONTACT},
		{"{\"phone\":\"12\"}", CREDENTIALS_BAD_CONTACT},
		{NULL, CREDENTIALS_BAD_BODY},
		{"", CREDENTIALS_BAD_BODY},
		{"[]", CREDENTIALS_BAD_BODY},
		{"{\"email\":5}", CREDENTIALS_BAD_BODY},
		{"{\"email\":\"anna@example.org\",\"code\":\"042137\"}", CREDENTIALS_BAD_BODY},
		{"{\"email\":\"anna@example.org\",\"locale\":7}", CREDENTIALS_BAD_BODY},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct credentials credentials;
		if (read(&credentials, cases[i].body, false) != cases[i].outcome) {
			fail_msg("wrong: %s", cases[i].body);
		}
	}
}

static void a_login_has_a_code(void **state) {
	(void)state;
	struct credentials credentials;
	assert_int_equal(
		read(&credentials, "{\"email\":\"a@example.org\"}", true), CREDENTIALS_BAD_BODY);
	assert_int_equal(
		read(&credentials, "{\"email\":\"a@example.org\",\"code\":\"042137\"}", true),
		CREDENTIALS_READ);
	assert_string_equal(credentials.code, "042137");
	assert_int_equal(
		read(&credentials, "{\"email\":\"a@example.org\",\"code\":\"12345678901234567\"}",
			true),
		CREDENTIALS_BAD_BODY);
}

static void a_contact_is_folded_but_written_to_as_typed(void **state) {
	(void)state;
	struct credentials credentials;
	assert_int_equal(read(&credentials, "{\"email\":\" Anna.B+x@Gmail.com \"}", false),
		CREDENTIALS_READ);
	assert_int_equal(credentials.channel, CHANNEL_EMAIL);
	assert_string_equal(credentials.normalised, "annab@gmail.com");
	assert_string_equal(credentials.contact, "Anna.B+x@gmail.com");
	assert_int_equal(
		read(&credentials, "{\"phone\":\"98765 43210\"}", false), CREDENTIALS_READ);
	assert_int_equal(credentials.channel, CHANNEL_SMS);
	assert_string_equal(credentials.contact, "+919876543210");
}

static void the_body_decides_the_language_before_the_header(void **state) {
	(void)state;
	static const struct {
		const char *locale;
		const char *want;
	} cases[] = {
		{"en-GB", "en"},
		{"HI", "hi"},
		{"tam", "tam"},
		{"", "en"},
		{"x", "en"},
		{"hindi", "en"},
		{"1", "en"},
	};
	struct credentials credentials;
	assert_int_equal(
		read(&credentials, "{\"email\":\"a@example.org\"}", false), CREDENTIALS_READ);
	assert_string_equal(credentials.locale, "hi");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char body[100];
		snprintf(body, sizeof body, "{\"email\":\"a@example.org\",\"locale\":\"%s\"}",
			cases[i].locale);
		assert_int_equal(read(&credentials, body, false), CREDENTIALS_READ);
		assert_string_equal(credentials.locale, cases[i].want);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registrations),
		cmocka_unit_test(a_login_has_a_code),
		cmocka_unit_test(a_contact_is_folded_but_written_to_as_typed),
		cmocka_unit_test(the_body_decides_the_language_before_the_header),
	};
	return cmocka_run_group_tests_name("credentials", tests, NULL, NULL);
}
