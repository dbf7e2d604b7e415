/*
 * email_test - a message as a mail, and what the words of a mail server come to.
 */
#include "notifier/email.h"

#include "tests/unit/unit.h"

static const struct email_settings settings = {
	.from_name = "Firstcome",
	.from_address = "no-reply@example.com",
	.domain = "example.com",
};

static struct message code_message(const char *contact) {
	return (struct message){
		.template = TEMPLATE_CODE,
		.language = LANGUAGE_ENGLISH,
		.contact = contact,
		.name = "code-0123",
		.date_ms = 1,
		.variables.values =
			{
				[VARIABLE_CODE] = "123456",
				[VARIABLE_MINUTES] = "10",
				[VARIABLE_DOMAIN] = "tickets.example.com",
			},
	};
}

static struct transfer transfer;

static void a_message_becomes_a_mail(void **state) {
	(void)state;
	struct message message = code_message("anna@example.org");
	assert_true(email_compose(&transfer, &settings, &message));
	assert_string_equal(transfer.recipient, "anna@example.org");
	assert_int_equal(transfer.body_size, strlen(transfer.body));
	assert_non_null(strstr(transfer.body, "\r\nTo: anna@example.org\r\n"));
	assert_non_null(strstr(transfer.body, "\r\nMessage-ID: <code-0123@example.com>\r\n"));
	assert_non_null(strstr(transfer.body, "\r\nX-Firstcome-Template: code\r\n"));
	assert_non_null(strstr(transfer.body, "\r\nSubject: 123456 is your Firstcome code\r\n"));
}

static void a_contact_that_is_none_is_refused(void **state) {
	(void)state;
	static const char *const contacts[] = {
		"", "anna", "+919812345678", "a@b>\r\nRCPT TO:<c@d", "a@b c@d"};
	for (size_t i = 0; i < COUNT_OF(contacts); i++) {
		struct message message = code_message(contacts[i]);
		assert_false(email_compose(&transfer, &settings, &message));
	}
}

static void the_servers_words_become_one_of_three(void **state) {
	(void)state;
	static const struct {
		enum transfer_stage stage;
		int status;
		enum outcome want;
		bool unsure;
	} cases[] = {
		{TRANSFER_ANSWERED, 250, OUTCOME_OK, false},
		{TRANSFER_ANSWERED, 251, OUTCOME_OK, false},
		{TRANSFER_ANSWERED, 421, OUTCOME_TEMPFAIL, false},
		{TRANSFER_ANSWERED, 450, OUTCOME_TEMPFAIL, false},
		{TRANSFER_ANSWERED, 452, OUTCOME_TEMPFAIL, false},
		{TRANSFER_ANSWERED, 550, OUTCOME_PERMFAIL, false},
		{TRANSFER_ANSWERED, 554, OUTCOME_PERMFAIL, false},
		{TRANSFER_ANSWERED, 354, OUTCOME_TEMPFAIL, false}, /* no end of the mail */
		{TRANSFER_SENDER_REFUSED, 550, OUTCOME_TEMPFAIL, false},
		{TRANSFER_UNREACHED, 554, OUTCOME_TEMPFAIL, false},
		{TRANSFER_UNREACHED, 0, OUTCOME_TEMPFAIL, false},
		{TRANSFER_UNSURE, 0, OUTCOME_TEMPFAIL, true},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct transfer_reply reply = {.stage = cases[i].stage, .status = cases[i].status};
		struct send_result result;
		email_judge(&result, &reply);
		assert_int_equal(result.outcome, cases[i].want);
		assert_int_equal(result.unsure, cases[i].unsure);
	}
}

static void what_is_kept_names_nobody(void **state) {
	(void)state;
	struct transfer_reply reply = {.stage = TRANSFER_ANSWERED, .status = 550};
	struct send_result result;
	snprintf(reply.words, sizeof reply.words,
		"550 5.1.1 <anna@example.org>: \"no\" such\tmailbox 9812345678\r\n");
	email_judge(&result, &reply);
	assert_string_equal(result.error, "550 5.1.1 (removed) ?no? such mailbox (removed)");
	assert_string_equal(result.provider_id, "");
	reply.status = 250;
	snprintf(reply.words, sizeof reply.words, "250 2.0.0 Ok: queued as 4F1C2A-x\r\n");
	email_judge(&result, &reply);
	assert_string_equal(result.provider_id, "4F1C2A-x");
	assert_string_equal(result.error, "");
	snprintf(reply.words, sizeof reply.words, "250 OK\r\n");
	email_judge(&result, &reply);
	assert_string_equal(result.provider_id, "");
}

static void long_words_are_cut(void **state) {
	(void)state;
	struct transfer_reply reply = {.stage = TRANSFER_ANSWERED, .status = 451};
	struct send_result result;
	memset(reply.words, 'w', sizeof reply.words - 1);
	for (size_t i = 7; i < sizeof reply.words - 1; i += 8) {
		reply.words[i] = ' ';
	}
	email_judge(&result, &reply);
	assert_true(strlen(result.error) > OUTCOME_ERROR_BYTES - 16);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_becomes_a_mail),
		cmocka_unit_test(a_contact_that_is_none_is_refused),
		cmocka_unit_test(the_servers_words_become_one_of_three),
		cmocka_unit_test(what_is_kept_names_nobody),
		cmocka_unit_test(long_words_are_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
