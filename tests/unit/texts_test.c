/*
 * texts_test - every template is there in every language, names the same variables, and fits.
 */
#include "notifier/texts.h"

#include "common/pure/text.h"
#include "notifier/gsm.h"
#include "notifier/render.h"
#include "tests/unit/unit.h"

/* The variables that a sentence names, as bits. Fails the test on a name that is none. */
static uint32_t named(const char *sentence) {
	uint32_t bits = 0;
	for (const char *open = strstr(sentence, "{{"); open != NULL; open = strstr(open, "{{")) {
		const char *close = strstr(open, "}}");
		enum variable which = VARIABLE_COUNT;
		assert_non_null(close);
		if (!variable_parse(open + 2, (size_t)(close - open - 2), &which)) {
			fail_msg("unknown variable in \"%s\"", sentence);
		}
		bits |= UINT32_C(1) << which;
		open = close;
	}
	return bits;
}

static const char *const *sentences(const struct template_text *text, const char *target[5]) {
	target[0] = text->subject;
	target[1] = text->heading;
	target[2] = text->lead;
	target[3] = text->closing;
	target[4] = text->sms;
	return target;
}

static void every_language_says_the_same_with_the_same_variables(void **state) {
	(void)state;
	for (enum language language = 0; language < LANGUAGE_COUNT; language++) {
		for (enum template which = 0; which < TEMPLATE_COUNT; which++) {
			const char *english[5];
			const char *other[5];
			sentences(&texts_of(LANGUAGE_ENGLISH)->templates[which], english);
			sentences(&texts_of(language)->templates[which], other);
			for (size_t i = 0; i < 5; i++) {
				assert_non_null(other[i]);
				assert_true(strlen(other[i]) > 0);
				assert_true(text_is_utf8(other[i], strlen(other[i])));
				assert_int_equal(named(other[i]), named(english[i]));
			}
		}
	}
}

static void every_language_has_months_labels_and_a_footer(void **state) {
	(void)state;
	for (enum language language = 0; language < LANGUAGE_COUNT; language++) {
		const struct language_texts *texts = texts_of(language);
		for (size_t i = 0; i < 12; i++) {
			assert_non_null(texts->months[i]);
		}
		for (enum template which = 0; which < TEMPLATE_COUNT; which++) {
			const enum variable *fact = template_facts(which);
			for (; *fact != VARIABLE_COUNT; fact++) {
				assert_non_null(texts->labels[*fact]);
			}
		}
		assert_int_equal(named(texts->footer), named(texts_of(LANGUAGE_ENGLISH)->footer));
	}
}

static void languages_are_found_by_locale(void **state) {
	(void)state;
	static const struct {
		const char *locale;
		enum language want;
	} cases[] = {
		{"en", LANGUAGE_ENGLISH},
		{"hi", LANGUAGE_HINDI},
		{"hi-IN", LANGUAGE_HINDI},
		{"hi_IN", LANGUAGE_HINDI},
		{"h", LANGUAGE_ENGLISH},
		{"hin", LANGUAGE_ENGLISH},
		{"ta", LANGUAGE_ENGLISH},
		{"", LANGUAGE_ENGLISH},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(texts_language(cases[i].locale), cases[i].want);
	}
}

static void names_are_read_back(void **state) {
	(void)state;
	for (enum template which = 0; which < TEMPLATE_COUNT; which++) {
		enum template found = TEMPLATE_COUNT;
		assert_true(template_parse(template_name(which), &found));
		assert_int_equal(found, which);
	}
	enum template found;
	assert_false(template_parse("booke", &found));
	assert_false(template_parse("", &found));
	for (enum variable which = 0; which < VARIABLE_COUNT; which++) {
		enum variable parsed = VARIABLE_COUNT;
		const char *name = variable_name(which);
		assert_true(variable_parse(name, strlen(name), &parsed));
		assert_int_equal(parsed, which);
	}
}

/* What a usual campaign fills in. */
static const struct variables usual = {
	.values =
		{
			[VARIABLE_CODE] = "123456",
			[VARIABLE_MINUTES] = "10",
			[VARIABLE_DOMAIN] = "tickets.example.com",
			[VARIABLE_URL] = "https://tickets.example.com",
			[VARIABLE_TITLE] = "Six million free burgers",
			[VARIABLE_BOOKING_ID] = "7K3M-9QXT-4C2P-H",
			[VARIABLE_UNITS] = "1",
			[VARIABLE_PLACE] = "4321098",
			[VARIABLE_RANK] = "4321",
			[VARIABLE_TIME] = "22 Nov 2026, 16:05",
			[VARIABLE_PAY_BY] = "22 Nov 2026, 16:15",
			[VARIABLE_ZONE] = "Asia/Kolkata",
			[VARIABLE_OFFSET] = "UTC+05:30",
			[VARIABLE_PAY_BY_OFFSET] = "UTC+05:30",
			[VARIABLE_PICKUP] = "At the counter.",
		},
};

static void an_sms_is_short(void **state) {
	(void)state;
	static const size_t parts_max[LANGUAGE_COUNT] = {
		[LANGUAGE_ENGLISH] = 1,
		[LANGUAGE_HINDI] = 3,
	};
	for (enum language language = 0; language < LANGUAGE_COUNT; language++) {
		for (enum template which = 0; which < TEMPLATE_COUNT; which++) {
			struct sms_content content;
			assert_true(render_sms(&content, which, language, &usual));
			struct gsm_size size = gsm_measure(content.body);
			assert_int_equal(size.is_gsm, language == LANGUAGE_ENGLISH);
			if (size.parts > parts_max[language]) {
				fail_msg("%s.%s takes %zu parts (%zu units): %s",
					template_name(which), texts_of(language)->code, size.parts,
					size.units, content.body);
			}
		}
	}
}

/* WICG "origin-bound one-time codes": the last line is what phones read. */
static void a_code_by_sms_ends_with_the_line_that_phones_read(void **state) {
	(void)state;
	for (enum language language = 0; language < LANGUAGE_COUNT; language++) {
		struct sms_content content;
		assert_true(render_sms(&content, TEMPLATE_CODE, language, &usual));
		assert_string_equal(strrchr(content.body, '\n'), "\n@tickets.example.com #123456");
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_language_says_the_same_with_the_same_variables),
		cmocka_unit_test(every_language_has_months_labels_and_a_footer),
		cmocka_unit_test(languages_are_found_by_locale),
		cmocka_unit_test(names_are_read_back),
		cmocka_unit_test(an_sms_is_short),
		cmocka_unit_test(a_code_by_sms_ends_with_the_line_that_phones_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
