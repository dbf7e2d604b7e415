/*
 * identity_test - the table of who counts as the same person. docs/api.md shows it to clients.
 */
#include "common/identity.h"

#include "common/pure/text.h"
#include "tests/unit/unit.h"

#define LABEL_63 "a23456789012345678901234567890123456789012345678901234567890123"
#define LOCAL_64 LABEL_63 "4"

/* NULL: no email address. */
struct email_case {
	const char *typed;
	const char *normalised;
	const char *deliverable;
};

static const struct email_case emails[] = {
	{"asha@example.com", "asha@example.com", "asha@example.com"},
	{"  asha@example.com\t", "asha@example.com", "asha@example.com"},
	{"Asha.Kumar@Example.COM", "asha.kumar@example.com", "Asha.Kumar@example.com"},
	{"asha+burger@example.com", "asha@example.com", "asha+burger@example.com"},
	{"asha+a+b@example.com", "asha@example.com", "asha+a+b@example.com"},
	{"asha+@example.com", "asha@example.com", "asha+@example.com"},
	{"a.sha.kumar@gmail.com", "ashakumar@gmail.com", "a.sha.kumar@gmail.com"},
	{"A.Sha.Kumar+x@GoogleMail.com", "ashakumar@gmail.com", "A.Sha.Kumar+x@googlemail.com"},
	{"a.b@notgmail.com", "a.b@notgmail.com", "a.b@notgmail.com"},
	{"a.b@gmail.com.in", "a.b@gmail.com.in", "a.b@gmail.com.in"},
	{"o'neil_{x}~!#$%&*-/=?^`|@sub.example.co.in", "o'neil_{x}~!#$%&*-/=?^`|@sub.example.co.in",
		"o'neil_{x}~!#$%&*-/=?^`|@sub.example.co.in"},
	{"a@xn--c1yn36f.example", "a@xn--c1yn36f.example", "a@xn--c1yn36f.example"},
	{"1@2.de", "1@2.de", "1@2.de"},
	{LOCAL_64 "@a.de", LOCAL_64 "@a.de", LOCAL_64 "@a.de"},
	{LOCAL_64 "5@a.de", NULL, NULL},
	{"a@" LABEL_63 ".de", "a@" LABEL_63 ".de", "a@" LABEL_63 ".de"},
	{"a@" LABEL_63 "4.de", NULL, NULL},
	{"a@" LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63, NULL, NULL}, /* 257 bytes */
	{"+tag@example.com", NULL, "+tag@example.com"}, /* nothing is left to tell people apart */
	{"a.+tag@example.com", NULL, "a.+tag@example.com"},
	{"", NULL, NULL},
	{"   ", NULL, NULL},
	{"@", NULL, NULL},
	{"asha", NULL, NULL},
	{"asha@", NULL, NULL},
	{"@example.com", NULL, NULL},
	{"asha@localhost", NULL, NULL},
	{"asha@example.com.", NULL, NULL},
	{"asha@.example.com", NULL, NULL},
	{"asha@example..com", NULL, NULL},
	{"asha@-example.com", NULL, NULL},
	{"asha@example-.com", NULL, NULL},
	{"asha@exam_ple.com", NULL, NULL},
	{"asha@127.0.0.1", NULL, NULL},
	{"asha@[127.0.0.1]", NULL, NULL},
	{"asha@b@example.com", NULL, NULL},
	{".asha@example.com", NULL, NULL},
	{"asha.@example.com", NULL, NULL},
	{"as..ha@example.com", NULL, NULL},
	{"as ha@example.com", NULL, NULL},
	{"\"as ha\"@example.com", NULL, NULL},
	{"asha(comment)@example.com", NULL, NULL},
	{"asha,b@example.com", NULL, NULL},
	{"Asha <asha@example.com>", NULL, NULL},
	{"asha@example.com\r\nBcc: all@example.com", NULL, NULL},
	{"asha\n@example.com", NULL, NULL},
	{"\xc3\xa1sha@example.com", NULL, NULL},
	{"asha@ex\xc3\xa1mple.com", NULL, NULL},
};

static void normalises_email(void **state) {
	(void)state;
	for (size_t i = 0; i < COUNT_OF(emails); i++) {
		const struct email_case *row = &emails[i];
		char got[CONTACT_BYTES_MAX + 1];
		size_t size = strlen(row->typed);
		bool valid = identity_normalise_email(got, row->typed, size);
		assert_string_equal(
			valid ? got : "refused", row->normalised ? row->normalised : "refused");
		valid = identity_deliverable_email(got, row->typed, size);
		assert_string_equal(
			valid ? got : "refused", row->deliverable ? row->deliverable : "refused");
	}
	char got[CONTACT_BYTES_MAX + 1];
	assert_false(identity_normalise_email(got, "asha@example.com\0", 17));
	assert_false(identity_normalise_email(got, "as\0ha@example.com", 17));
}

static void normalises_the_longest_address(void **state) {
	(void)state;
	/* 64 + 1 + 189 = 254 bytes. */
	char typed[CONTACT_BYTES_MAX + 2];
	int size = snprintf(typed, sizeof typed, "%s@%s.%s.%s", LOCAL_64, LABEL_63, LABEL_63,
		"a2345678901234567890123456789012345678901234567890123456789xy");
	assert_int_equal(size, CONTACT_BYTES_MAX);
	char got[CONTACT_BYTES_MAX + 1];
	assert_true(identity_normalise_email(got, typed, (size_t)size));
	assert_string_equal(got, typed);
	assert_true(identity_deliverable_email(got, typed, (size_t)size));
	typed[size] = 'z';
	assert_false(identity_normalise_email(got, typed, (size_t)size + 1));
}

static void normalises_phone(void **state) {
	(void)state;
	static const struct {
		const char *typed;
		const char *normalised; /* NULL: no phone number */
	} cases[] = {
		{"9876543210", "+919876543210"}, {"6000000000", "+916000000000"},
		{"98765 43210", "+919876543210"}, {" (98765)-43.210\t", "+919876543210"},
		{"+919876543210", "+919876543210"}, {"+91 98765-43210", "+919876543210"},
		{"0091 98765 43210", "+919876543210"}, {"+1 (415) 555-2671", "+14155552671"},
		{"+12345678", "+12345678"}, {"+123456789012345", "+123456789012345"},
		{"00123456789012345", "+123456789012345"}, {"+1234567", NULL}, /* too short */
		{"+1234567890123456", NULL},                                   /* too long */
		{"001234567890123456", NULL},
		{"5876543210", NULL},   /* no Indian mobile number, and no country */
		{"919876543210", NULL}, /* no '+' */
		{"09876543210", NULL},  /* a trunk prefix, and no country */
		{"987654321", NULL}, {"+0123456789", NULL}, {"000123456789", NULL},
		{"++919876543210", NULL}, {"00+919876543210", NULL}, {"9876+543210", NULL},
		{"+", NULL}, {"00", NULL}, {"", NULL}, {"-", NULL}, {"98765x3210", NULL},
		{"9876543210;ext=1", NULL}, {"tel:+919876543210", NULL}, {"+91987654321\n0", NULL},
		{"\xe0\xa5\xaf\xe0\xa5\xae", NULL}, /* digits of another script */
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char got[CONTACT_BYTES_MAX + 1];
		bool valid = identity_normalise_phone(got, cases[i].typed, strlen(cases[i].typed));
		assert_string_equal(valid ? got : "refused",
			cases[i].normalised ? cases[i].normalised : "refused");
	}
	char long_text[CONTACT_BYTES_MAX + 1];
	memset(long_text, ' ', sizeof long_text);
	memcpy(long_text, "9876543210", 10);
	char got[CONTACT_BYTES_MAX + 1];
	assert_true(identity_normalise_phone(got, long_text, CONTACT_BYTES_MAX));
	assert_false(identity_normalise_phone(got, long_text, CONTACT_BYTES_MAX + 1));
}

static void normalising_twice_changes_nothing(void **state) {
	(void)state;
	for (size_t i = 0; i < COUNT_OF(emails); i++) {
		if (emails[i].normalised != NULL) {
			char got[CONTACT_BYTES_MAX + 1];
			const char *once = emails[i].normalised;
			assert_true(identity_normalise_email(got, once, strlen(once)));
			assert_string_equal(got, once);
		}
	}
}

/* Python: hashlib.blake2b(bytes([channel]) + contact, key=key, person=b"identity", digest_size=16) */
static void identities_have_known_values(void **state) {
	(void)state;
	static const struct {
		enum channel channel;
		const char *normalised;
		const char *want;
	} cases[] = {
		{CHANNEL_EMAIL, "asha@example.com", "cc513d466294e48381e9ee6e6c8662cd"},
		{CHANNEL_EMAIL, "ashakumar@gmail.com", "470e45a654f59383b1daf81d7ec402ba"},
		{CHANNEL_SMS, "+919876543210", "11648d378ea63e9968fc0a25e1b0aac6"},
	};
	struct key key;
	for (uint8_t i = 0; i < KEY_BYTES; i++) {
		key.bytes[i] = i;
	}
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct identity identity = identity_of(&key, cases[i].channel, cases[i].normalised);
		char buffer[2 * IDENTITY_BYTES + 1];
		struct text text = text_init(buffer, sizeof buffer);
		text_append_hex(&text, identity.bytes, IDENTITY_BYTES);
		assert_string_equal(buffer, cases[i].want);
	}
}

int main(void) {
	crypto_init();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(normalises_email),
		cmocka_unit_test(normalises_the_longest_address),
		cmocka_unit_test(normalises_phone),
		cmocka_unit_test(normalising_twice_changes_nothing),
		cmocka_unit_test(identities_have_known_values),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
