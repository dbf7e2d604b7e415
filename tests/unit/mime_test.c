/*
 * mime_test - mails as bytes, against what the RFCs say, and against those who try to add a header.
 */
#include "notifier/mime.h"

#include "notifier/mime_encoding.h"
#include "tests/unit/unit.h"

static const struct mail plain = {
	.date_ms = INT64_C(1795363559123), /* 2026-11-22T16:05:59.123Z */
	.from_name = "Firstcome",
	.from_address = "no-reply@example.com",
	.to = "anna@example.org",
	.subject = "Booked: Burger (7K3M-9QXT-4C2P-H)",
	.message_id = "burger-17-booked@example.com",
	.template = "booked",
	.language = "en",
	.text = "It is yours\n\n-- \nbye\n",
	.html = "<p style=\"x\">बर्गर</p>",
};

static char buffer[MIME_BYTES_MAX];

static bool write(const struct mail *mail) {
	struct text text = text_init(buffer, sizeof buffer);
	return mime_write(&text, mail);
}

static void a_whole_mail(void **state) {
	(void)state;
	assert_true(write(&plain));
	assert_string_equal(buffer,
		"Date: Sun, 22 Nov 2026 16:05:59 +0000\r\n"
		"From: \"Firstcome\"\r\n <no-reply@example.com>\r\n"
		"To: anna@example.org\r\n"
		"Subject: Booked: Burger (7K3M-9QXT-4C2P-H)\r\n"
		"Message-ID: <burger-17-booked@example.com>\r\n"
		"Auto-Submitted: auto-generated\r\n"
		"X-Firstcome-Template: booked\r\n"
		"Content-Language: en\r\n"
		"MIME-Version: 1.0\r\n"
		"Content-Type: multipart/alternative;\r\n boundary=\"=_firstcome_part\"\r\n"
		"\r\n--=_firstcome_part\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
		"It is yours\r\n\r\n--=20\r\nbye\r\n"
		"\r\n--=_firstcome_part\r\n"
		"Content-Type: text/html; charset=utf-8\r\n"
		"Content-Transfer-Encoding: base64\r\n\r\n"
		"PHAgc3R5bGU9IngiPuCkrOCksOCljeCkl+CksDwvcD4=\r\n"
		"\r\n--=_firstcome_part--\r\n");
}

static void dates_are_right(void **state) {
	(void)state;
	static const struct {
		int64_t ms;
		const char *want;
	} cases[] = {
		{0, "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n"},
		{INT64_C(951782400000), "Date: Tue, 29 Feb 2000 00:00:00 +0000\r\n"},
		{INT64_C(1798761599999), "Date: Thu, 31 Dec 2026 23:59:59 +0000\r\n"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct mail mail = plain;
		mail.date_ms = cases[i].ms;
		assert_true(write(&mail));
		assert_memory_equal(buffer, cases[i].want, strlen(cases[i].want));
	}
}

static void nobody_adds_a_header(void **state) {
	(void)state;
	static const char *const bad[] = {
		"x\r\nBcc: all@example.com", "x\ny", "x\ry", "x\ty", "x\x7fy"};
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct mail mails[] = {plain, plain, plain, plain, plain, plain, plain};
		mails[0].subject = bad[i];
		mails[1].from_name = bad[i];
		mails[2].from_address = bad[i];
		mails[3].to = bad[i];
		mails[4].message_id = bad[i];
		mails[5].template = bad[i];
		mails[6].language = bad[i];
		for (size_t k = 0; k < COUNT_OF(mails); k++) {
			assert_false(write(&mails[k]));
		}
	}
}

static void only_plain_addresses_pass(void **state) {
	(void)state;
	static const char *const good[] = {"a@b", "Anna.Lab+x@example.com", "o'neil@example.com"};
	static const char *const bad[] = {"", "@", "a@", "@b", "a@b@c", "a b@c", "a@b,c@d", "<a@b>",
		"\"a b\"@c", "a@b;", "a@[1.2.3.4]", "añ@b", "a@b\n", "a\\@b", "(x)a@b"};
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		assert_true(mime_address_is_plain(good[i]));
	}
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		assert_false(mime_address_is_plain(bad[i]));
	}
	char longest[260];
	memset(longest, 'a', sizeof longest);
	longest[1] = '@';
	longest[254] = '\0';
	assert_true(mime_address_is_plain(longest));
	longest[254] = 'a';
	longest[255] = '\0';
	assert_false(mime_address_is_plain(longest));
}

static void names_are_quoted_or_encoded(void **state) {
	(void)state;
	struct mail mail = plain;
	mail.from_name = "The \"Burger\" \\ Co, Ltd";
	assert_true(write(&mail));
	assert_non_null(strstr(buffer,
		"From: \"The \\\"Burger\\\" \\\\ Co, Ltd\"\r\n <no-reply@example.com>\r\n"));
	mail.from_name = "बर्गर";
	assert_true(write(&mail));
	assert_non_null(strstr(
		buffer, "From: =?UTF-8?B?4KSs4KSw4KWN4KSX4KSw?=\r\n <no-reply@example.com>\r\n"));
	mail.from_name = "";
	assert_true(write(&mail));
	assert_non_null(strstr(buffer, "From: no-reply@example.com\r\n"));
}

static const char *words(const char *value) {
	struct text text = text_init(buffer, sizeof buffer);
	mime_append_words(&text, value, strlen("Subject: "));
	assert_false(text.failed);
	return buffer;
}

static void subjects_are_folded_or_encoded(void **state) {
	(void)state;
	assert_string_equal(words("short"), "short");
	assert_string_equal(words("=?UTF-8?B?x?="), "=?UTF-8?B?PT9VVEYtOD9CP3g/PQ==?=");
	assert_string_equal(words("Booked: some very long title that goes on and on until it is "
				  "beyond the end (7K3M-9QXT-4C2P-H)"),
		"Booked: some very long title that goes on and on until it is beyond\r\n"
		" the end (7K3M-9QXT-4C2P-H)");
	assert_string_equal(words("बुकिंग पक्की: बर्गर बर्गर (7K3M-9QXT-4C2P-H)"),
		"=?UTF-8?B?4KSs4KWB4KSV4KS/4KSC4KSXIOCkquCkleCljeCkleClgDog4KSs?=\r\n"
		" =?UTF-8?B?4KSw4KWN4KSX4KSwIOCkrOCksOCljeCkl+CksCAoN0szTS05UVhULTRDMlAt?=\r\n"
		" =?UTF-8?B?SCk=?=");
}

/* No line is longer than 76 characters, whatever comes in. */
static void assert_lines_are_short(const char *encoded) {
	while (*encoded != '\0') {
		size_t size = strcspn(encoded, "\r\n");
		assert_true(size <= 76);
		encoded += size;
		encoded += strspn(encoded, "\r\n");
	}
}

static void encoded_lines_are_short(void **state) {
	(void)state;
	static const char *const characters[] = {"a", "=", " ", "é", "ब", "🍔"};
	for (size_t i = 0; i < COUNT_OF(characters); i++) {
		for (size_t count = 1; count < 120; count++) {
			char value[600];
			size_t size = strlen(characters[i]);
			for (size_t k = 0; k < count; k++) {
				memcpy(value + k * size, characters[i], size);
			}
			value[count * size] = '\0';
			struct text text = text_init(buffer, sizeof buffer);
			mime_append_quoted_printable(&text, value);
			assert_lines_are_short(buffer);
			text_clear(&text);
			mime_append_base64_body(&text, value);
			assert_lines_are_short(buffer);
			if (size > 1) {
				assert_lines_are_short(words(value));
			}
		}
	}
}

static void quoted_printable_keeps_what_would_get_lost(void **state) {
	(void)state;
	static const struct {
		const char *body;
		const char *want;
	} cases[] = {
		{"", ""},
		{"a=b", "a=3Db\r\n"},
		{"blank \nend ", "blank=20\r\nend=20\r\n"},
		{"tab\t\n", "tab=09\r\n"},
		{"a b\tc", "a b\tc\r\n"},
		{"\n\n", "\r\n\r\n"},
		{"a\rb", "a=0Db\r\n"},
		{"é", "=C3=A9\r\n"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct text text = text_init(buffer, sizeof buffer);
		mime_append_quoted_printable(&text, cases[i].body);
		assert_string_equal(buffer, cases[i].want);
	}
}

static void base64_has_network_line_ends(void **state) {
	(void)state;
	static const struct {
		const char *body;
		const char *want;
	} cases[] = {
		{"", ""},
		{"a", "YQ==\r\n"},
		{"ab", "YWI=\r\n"},
		{"abc", "YWJj\r\n"},
		{"a\n", "YQ0K\r\n"},
		{"\n\n", "DQoNCg==\r\n"},
		{"ab\nc", "YWINCmM=\r\n"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct text text = text_init(buffer, sizeof buffer);
		mime_append_base64_body(&text, cases[i].body);
		assert_string_equal(buffer, cases[i].want);
	}
}

static void what_does_not_fit_is_refused(void **state) {
	(void)state;
	char small[300];
	struct text text = text_init(small, sizeof small);
	assert_false(mime_write(&text, &plain));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_mail),
		cmocka_unit_test(dates_are_right),
		cmocka_unit_test(nobody_adds_a_header),
		cmocka_unit_test(only_plain_addresses_pass),
		cmocka_unit_test(names_are_quoted_or_encoded),
		cmocka_unit_test(subjects_are_folded_or_encoded),
		cmocka_unit_test(encoded_lines_are_short),
		cmocka_unit_test(quoted_printable_keeps_what_would_get_lost),
		cmocka_unit_test(base64_has_network_line_ends),
		cmocka_unit_test(what_does_not_fit_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
