/*
 * sms_test - a message as a form, what a provider's answer comes to, and the file of template ids.
 */
#include "notifier/sms.h"

#include "tests/unit/unit.h"

static struct sms_templates templates;
static struct transfer transfer;

static struct message code_message(const char *contact) {
	return (struct message){
		.template = TEMPLATE_CODE,
		.language = LANGUAGE_ENGLISH,
		.contact = contact,
		.name = "code-0123",
		.variables.values =
			{
				[VARIABLE_CODE] = "123456",
				[VARIABLE_MINUTES] = "10",
				[VARIABLE_DOMAIN] = "tickets.example.com",
			},
	};
}

static size_t compose(const char *contact) {
	sms_templates_init(&templates);
	struct sms_settings settings = {.from = "+15005550006", .templates = &templates};
	struct message message = code_message(contact);
	return sms_compose(&transfer, &settings, &message);
}

static void a_message_becomes_a_form(void **state) {
	(void)state;
	assert_int_equal(compose("+919812345678"), 1);
	assert_string_equal(transfer.header, "I-Twilio-Idempotency-Token: code-0123");
	assert_string_equal(transfer.body,
		"To=%2B919812345678&From=%2B15005550006"
		"&Body=123456%20is%20your%20Firstcome%20code.%20It%20is%20good%20for%2010%"
		"20minutes."
		"%20Share%20it%20with%20nobody.%0A%0A%40tickets.example.com%20%23123456"
		"&ContentSid=code.en"
		"&ContentVariables=%7B%22code%22%3A%22123456%22%2C%22minutes%22%3A%2210%22%2C"
		"%22domain%22%3A%22tickets.example.com%22%7D");
	assert_int_equal(transfer.body_size, strlen(transfer.body));
}

static void a_contact_that_is_no_phone_is_refused(void **state) {
	(void)state;
	static const char *const contacts[] = {"", "+", "919812345678", "+9198123",
		"+9198123456789012", "+91981234567a", "anna@example.org", "+91 9812345678"};
	for (size_t i = 0; i < COUNT_OF(contacts); i++) {
		assert_int_equal(compose(contacts[i]), 0);
	}
}

static void the_providers_answer_becomes_one_of_three(void **state) {
	(void)state;
	static const struct {
		enum transfer_stage stage;
		int status;
		const char *words;
		enum outcome want;
		const char *error;
		const char *provider_id;
	} cases[] = {
		{TRANSFER_ANSWERED, 201,
			"{\"sid\":\"SM12ab\",\"status\":\"queued\",\"price\":null}", OUTCOME_OK, "",
			"SM12ab"},
		{TRANSFER_ANSWERED, 200, "not JSON", OUTCOME_OK, "", ""},
		{TRANSFER_ANSWERED, 201, "{\"sid\":\"SM\\\"; drop\"}", OUTCOME_OK, "", "SM"},
		{TRANSFER_ANSWERED, 400,
			"{\"code\":21211,\"message\":\"The 'To' number +919812345678 is bad\"}",
			OUTCOME_PERMFAIL, "HTTP 400 code 21211 The 'To' number (removed) is bad",
			""},
		{TRANSFER_ANSWERED, 400, "{\"code\":21610,\"message\":\"unsubscribed\"}",
			OUTCOME_PERMFAIL, "HTTP 400 code 21610 unsubscribed", ""},
		/* Our sender is wrong, not the person. */
		{TRANSFER_ANSWERED, 400, "{\"code\":21606,\"message\":\"From\"}", OUTCOME_TEMPFAIL,
			"HTTP 400 code 21606 From", ""},
		{TRANSFER_ANSWERED, 401, "{\"code\":20003,\"message\":\"Authenticate\"}",
			OUTCOME_TEMPFAIL, "HTTP 401 code 20003 Authenticate", ""},
		{TRANSFER_ANSWERED, 404, "<html>", OUTCOME_TEMPFAIL, "HTTP 404 code 0", ""},
		{TRANSFER_ANSWERED, 429, "{\"code\":20429}", OUTCOME_TEMPFAIL,
			"HTTP 429 code 20429", ""},
		{TRANSFER_ANSWERED, 503, "", OUTCOME_TEMPFAIL, "HTTP 503 code 0", ""},
		/* A code that means never, with a status that means later. */
		{TRANSFER_ANSWERED, 500, "{\"code\":21211}", OUTCOME_TEMPFAIL,
			"HTTP 500 code 21211", ""},
		{TRANSFER_UNREACHED, 0, "Couldn't connect", OUTCOME_TEMPFAIL, "Couldn't connect",
			""},
		{TRANSFER_UNSURE, 0, "Timeout", OUTCOME_TEMPFAIL, "Timeout", ""},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct transfer_reply reply = {.stage = cases[i].stage, .status = cases[i].status};
		struct send_result result;
		snprintf(reply.words, sizeof reply.words, "%s", cases[i].words);
		sms_judge(&result, &reply);
		assert_int_equal(result.outcome, cases[i].want);
		assert_string_equal(result.error, cases[i].error);
		assert_string_equal(result.provider_id, cases[i].provider_id);
		assert_int_equal(result.unsure, cases[i].stage == TRANSFER_UNSURE);
	}
}

static void retry_after_is_believed_up_to_an_hour(void **state) {
	(void)state;
	struct transfer_reply reply = {
		.stage = TRANSFER_ANSWERED, .status = 429, .retry_after_seconds = 90};
	struct send_result result;
	sms_judge(&result, &reply);
	assert_int_equal(result.retry_after_ms, 90000);
	reply.retry_after_seconds = 86400;
	sms_judge(&result, &reply);
	assert_int_equal(result.retry_after_ms, 3600000);
	/* In milliseconds it would not fit. */
	reply.retry_after_seconds = INT64_MAX;
	sms_judge(&result, &reply);
	assert_int_equal(result.retry_after_ms, 3600000);
	/* A date that is over. */
	reply.retry_after_seconds = -5;
	sms_judge(&result, &reply);
	assert_int_equal(result.retry_after_ms, 0);
}

/* ---- template ids ------------------------------------------------------------------------------- */

/* A line for each template, with one of them changed. */
static const char *file(const char *instead_of, const char *line) {
	static char lines[4096];
	size_t used = 0;
	for (enum template which = 0; which < TEMPLATE_COUNT; which++) {
		for (enum language language = 0; language < LANGUAGE_COUNT; language++) {
			char name[32];
			snprintf(name, sizeof name, "%s.%s", template_name(which),
				texts_of(language)->code);
			bool replaced = strcmp(name, instead_of) == 0;
			used += (size_t)snprintf(lines + used, sizeof lines - used,
				replaced ? "%s" : "%s 11071%d%d\n", replaced ? line : name,
				(int)which, (int)language);
		}
	}
	return lines;
}

static void template_ids_are_read_from_a_file(void **state) {
	(void)state;
	char error[SMS_TEMPLATES_ERROR_BYTES];
	assert_true(sms_templates_read(
		&templates, file("booked.hi", "\n# registered in June\nbooked.hi HXabc\n"), error));
	assert_string_equal(templates.ids[TEMPLATE_BOOKED][LANGUAGE_HINDI], "HXabc");
	assert_string_equal(templates.ids[TEMPLATE_CODE][LANGUAGE_HINDI], "1107101");
}

static void a_file_with_a_mistake_is_refused(void **state) {
	(void)state;
	static const struct {
		const char *line;
		const char *error;
	} cases[] = {
		{"", "booked.en has no id; add a line for it"},
		{"booked.en\n", "line 3: the id must have 1 to 64 characters, after one blank"},
		{"booked.en \n", "line 3: the id must have 1 to 64 characters, after one blank"},
		{"booked.en a b\n", "line 3: the id must be one word"},
		{"booked.fr 1\n", "line 3: no such template; write for example booked.en and a "
				  "blank and its id"},
		{"booked.en 1\ncode.en 2\n",
			"line 4: this template has an id already; keep one of the two lines"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char error[SMS_TEMPLATES_ERROR_BYTES];
		assert_false(
			sms_templates_read(&templates, file("booked.en", cases[i].line), error));
		assert_string_equal(error, cases[i].error);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_becomes_a_form),
		cmocka_unit_test(a_contact_that_is_no_phone_is_refused),
		cmocka_unit_test(the_providers_answer_becomes_one_of_three),
		cmocka_unit_test(retry_after_is_believed_up_to_an_hour),
		cmocka_unit_test(template_ids_are_read_from_a_file),
		cmocka_unit_test(a_file_with_a_mistake_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
