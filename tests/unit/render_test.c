/*
 * render_test - sentences with their values, escaped for where they go.
 */
#include "notifier/render.h"

#include "common/pure/limits.h"
#include "tests/unit/unit.h"

static struct variables hostile(void) {
	struct variables variables = {{NULL}};
	variables.values[VARIABLE_TITLE] = "<b>\"A&B's\"</b>";
	variables.values[VARIABLE_PICKUP] = "Door 1\nDoor 2\tleft";
	variables.values[VARIABLE_UNITS] = "2";
	variables.values[VARIABLE_URL] = "https://a-very-long-name.tickets.example.com";
	return variables;
}

static void values_are_escaped_for_their_place(void **state) {
	(void)state;
	struct variables variables = hostile();
	static const struct {
		enum escaping escaping;
		const char *sentence;
		const char *want;
	} cases[] = {
		{ESCAPING_NONE, "no variables & nothing", "no variables & nothing"},
		{ESCAPING_NONE, "{{units}}", "2"},
		{ESCAPING_NONE, "a {{units}}{{units}} b", "a 22 b"},
		{ESCAPING_NONE, "{{title}}", "<b>\"A&B's\"</b>"},
		{ESCAPING_LINE, "{{title}}", "<b>\"A&B's\"</b>"},
		{ESCAPING_HTML, "{{title}}", "&lt;b&gt;&quot;A&amp;B&#39;s&quot;&lt;/b&gt;"},
		{ESCAPING_HTML, "\"{{units}}\" & more", "&quot;2&quot; &amp; more"},
		{ESCAPING_NONE, "{{pickup}}", "Door 1\nDoor 2\tleft"},
		{ESCAPING_LINE, "{{pickup}}", "Door 1 Door 2 left"},
		{ESCAPING_HTML, "{{pickup}}", "Door 1<br>Door 2\tleft"},
		{ESCAPING_SHORT, "{{pickup}}!", "Door 1 Door 2 left!"},
		{ESCAPING_SHORT, "see {{url}}", "see https://a-very-long-name.tickets.example.com"},
		{ESCAPING_NONE, "{ {units} } }}", "{ {units} } }}"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char buffer[200];
		struct text text = text_init(buffer, sizeof buffer);
		assert_true(render_fill(&text, cases[i].sentence, &variables, cases[i].escaping));
		assert_string_equal(buffer, cases[i].want);
	}
}

static void what_is_missing_is_never_sent(void **state) {
	(void)state;
	struct variables variables = hostile();
	static const char *const sentences[] = {
		"{{code}}", /* has no value here */
		"{{nobody}}",
		"{{}}",
		"{{ units }}",
		"{{units",
		"ok {{units}} then {{rank}}",
	};
	for (size_t i = 0; i < COUNT_OF(sentences); i++) {
		char buffer[200];
		struct text text = text_init(buffer, sizeof buffer);
		assert_false(render_fill(&text, sentences[i], &variables, ESCAPING_NONE));
	}
	struct email_content email;
	struct sms_content sms;
	assert_false(render_email(&email, TEMPLATE_BOOKED, LANGUAGE_ENGLISH, &variables));
	assert_false(render_sms(&sms, TEMPLATE_BOOKED, LANGUAGE_ENGLISH, &variables));
}

static void an_sms_variable_has_thirty_characters_not_bytes(void **state) {
	(void)state;
	struct variables variables = {{NULL}};
	char buffer[400];
	variables.values[VARIABLE_TITLE] = "बर्गर बर्गर बर्गर बर्गर बर्गर बर्गर बर्गर"; /* 41 */
	struct text text = text_init(buffer, sizeof buffer);
	assert_true(render_fill(&text, "{{title}}", &variables, ESCAPING_SHORT));
	assert_string_equal(buffer, "बर्गर बर्गर बर्गर बर्गर बर्गर "); /* 30 */
	variables.values[VARIABLE_TITLE] = "123456789012345678901234567890";
	text_clear(&text);
	assert_true(render_fill(&text, "{{title}}", &variables, ESCAPING_SHORT));
	assert_string_equal(buffer, "123456789012345678901234567890");
}

static struct variables booked(void) {
	return (struct variables){
		.values =
			{
				[VARIABLE_DOMAIN] = "tickets.example.com",
				[VARIABLE_URL] = "https://tickets.example.com",
				[VARIABLE_TITLE] = "Burger & fries",
				[VARIABLE_BOOKING_ID] = "7K3M-9QXT-4C2P-H",
				[VARIABLE_UNITS] = "2",
				[VARIABLE_PLACE] = "17",
				[VARIABLE_TIME] = "22 Nov 2026, 16:05",
				[VARIABLE_ZONE] = "Asia/Kolkata",
				[VARIABLE_OFFSET] = "UTC+05:30",
				[VARIABLE_PICKUP] = "Any shop.\nUntil Friday.",
			},
	};
}

static void a_confirmation_by_email(void **state) {
	(void)state;
	struct variables variables = booked();
	struct email_content content;
	assert_true(render_email(&content, TEMPLATE_BOOKED, LANGUAGE_ENGLISH, &variables));
	assert_string_equal(content.subject, "Booked: Burger & fries (7K3M-9QXT-4C2P-H)");
	assert_string_equal(content.text,
		"It is yours\n\n"
		"Your booking for \"Burger & fries\" is confirmed. Show this booking ID when you "
		"collect.\n\n"
		"    7K3M-9QXT-4C2P-H\n\n"
		"How many: 2\n"
		"Place in line: 17\n"
		"Time: 22 Nov 2026, 16:05 (Asia/Kolkata, UTC+05:30)\n"
		"How to collect:\nAny shop.\nUntil Friday.\n\n"
		"You can see your booking at any time on https://tickets.example.com\n\n"
		"-- \n"
		"You get this message because your address was given at tickets.example.com. "
		"Answers to it are not read.\n");
	assert_non_null(strstr(content.html, "<html lang=\"en\">"));
	assert_non_null(strstr(content.html, "Burger &amp; fries"));
	assert_null(strstr(content.html, "Burger & fries"));
	assert_non_null(strstr(content.html, ">7K3M-9QXT-4C2P-H</p>"));
	assert_non_null(strstr(content.html, "Any shop.<br>Until Friday."));
}

static void a_fact_without_a_value_is_left_out(void **state) {
	(void)state;
	struct variables variables = booked();
	struct email_content content;
	variables.values[VARIABLE_PICKUP] = NULL;
	assert_true(render_email(&content, TEMPLATE_PROMOTED, LANGUAGE_HINDI, &variables));
	const struct language_texts *hindi = texts_of(LANGUAGE_HINDI);
	assert_null(strstr(content.text, hindi->labels[VARIABLE_PICKUP]));
	assert_null(strstr(content.text, hindi->labels[VARIABLE_PAY_BY]));
	variables.values[VARIABLE_PAY_BY] = "25 Oct 2026, 02:30";
	variables.values[VARIABLE_PAY_BY_OFFSET] = "UTC+01:00";
	variables.values[VARIABLE_ZONE] = "Europe/Berlin";
	variables.values[VARIABLE_OFFSET] = "UTC+02:00";
	assert_true(render_email(&content, TEMPLATE_PROMOTED, LANGUAGE_HINDI, &variables));
	assert_non_null(strstr(content.text, "25 Oct 2026, 02:30 (Europe/Berlin, UTC+01:00)\n"));
}

static void a_confirmation_by_sms_names_its_variables(void **state) {
	(void)state;
	struct variables variables = booked();
	struct sms_content content;
	assert_true(render_sms(&content, TEMPLATE_BOOKED, LANGUAGE_ENGLISH, &variables));
	assert_string_equal(content.body, "Booked: Burger & fries, 2 for you. Your booking ID is "
					  "7K3M-9QXT-4C2P-H, show it to "
					  "collect. 22 Nov 2026, 16:05 (Asia/Kolkata)");
	assert_string_equal(content.variables,
		"{\"title\":\"Burger & fries\",\"booking_id\":\"7K3M-9QXT-4C2P-H\",\"units\":\"2\","
		"\"time\":\"22 Nov 2026, 16:05\",\"zone\":\"Asia/Kolkata\"}");
}

/* size characters of three bytes, or of the byte that grows most in HTML. */
static char *filled(char *target, size_t bytes, const char *character) {
	size_t size = strlen(character);
	size_t used = 0;
	while (used + size <= bytes) {
		memcpy(target + used, character, size);
		used += size;
	}
	target[used] = '\0';
	return target;
}

static void the_largest_campaign_fits(void **state) {
	(void)state;
	static const char *const characters[] = {"\"", "ब"};
	static char title[CAMPAIGN_TITLE_BYTES_MAX + 1];
	static char pickup[CAMPAIGN_PICKUP_BYTES_MAX + 1];
	static char zone[CAMPAIGN_ZONE_BYTES_MAX + 1];
	static char domain[254];
	struct variables variables = booked();
	variables.values[VARIABLE_CODE] = "123456";
	variables.values[VARIABLE_MINUTES] = "10";
	variables.values[VARIABLE_RANK] = "18446744073709551615";
	variables.values[VARIABLE_PLACE] = "18446744073709551615";
	variables.values[VARIABLE_PAY_BY] = "22 Nov 2026, 16:05";
	variables.values[VARIABLE_PAY_BY_OFFSET] = "UTC+05:30";
	variables.values[VARIABLE_URL] = filled(domain, sizeof domain - 1, "d");
	variables.values[VARIABLE_DOMAIN] = domain;
	variables.values[VARIABLE_ZONE] = filled(zone, sizeof zone - 1, "z");
	for (size_t i = 0; i < COUNT_OF(characters); i++) {
		variables.values[VARIABLE_TITLE] = filled(title, sizeof title - 1, characters[i]);
		variables.values[VARIABLE_PICKUP] =
			filled(pickup, sizeof pickup - 1, characters[i]);
		for (enum template which = 0; which < TEMPLATE_COUNT; which++) {
			for (enum language language = 0; language < LANGUAGE_COUNT; language++) {
				struct email_content email;
				struct sms_content sms;
				assert_true(render_email(&email, which, language, &variables));
				assert_true(render_sms(&sms, which, language, &variables));
			}
		}
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_escaped_for_their_place),
		cmocka_unit_test(what_is_missing_is_never_sent),
		cmocka_unit_test(an_sms_variable_has_thirty_characters_not_bytes),
		cmocka_unit_test(a_confirmation_by_email),
		cmocka_unit_test(a_fact_without_a_value_is_left_out),
		cmocka_unit_test(a_confirmation_by_sms_names_its_variables),
		cmocka_unit_test(the_largest_campaign_fits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
