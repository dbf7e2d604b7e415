/*
 * notice_test - what a notice says about a booking, and when it says nothing any more.
 */
#include "notifier/notice.h"

#include "tests/unit/unit.h"

static void a_notice_holds_as_long_as_its_booking_is_so(void **state) {
	(void)state;
	/* waiting, held, booked, released, cancelled, refund due */
	static const char *const table[TEMPLATE_COUNT] = {
		[TEMPLATE_CODE] = "......",
		[TEMPLATE_BOOKED] = "..x...",
		[TEMPLATE_HELD] = ".x....",
		[TEMPLATE_WAITLISTED] = "x.....",
		[TEMPLATE_PROMOTED] = ".xx...",
		[TEMPLATE_RELEASED] = "...x.x",
		[TEMPLATE_CANCELLED] = "....x.",
	};
	for (enum template which = 0; which < TEMPLATE_COUNT; which++) {
		for (enum booking_status status = BOOKING_WAITING; status <= BOOKING_REFUND_DUE;
			status++) {
			struct notice notice = {.template = which, .status = status};
			assert_int_equal(notice_is_true(&notice), table[which][status - 1] == 'x');
		}
	}
}

static struct notice booked(void) {
	return (struct notice){
		.campaign_ordinal = 3,
		.number = 17,
		.template = TEMPLATE_BOOKED,
		.channel = CHANNEL_EMAIL,
		.status = BOOKING_BOOKED,
		.units = 2,
		.place = 6000000000,
		.booked_at_ms = INT64_C(1795363559123), /* 2026-11-22T16:05:59.123Z */
		.pay_by_ms = INT64_C(1798741800000),    /* 2026-12-31T18:30:00Z */
		.campaign_id = "burger",
		.title = "Burger",
		.pickup_text = "Any shop.",
		.time_zone = "Asia/Kolkata",
		.contact = "anna@example.org",
		.locale = "en",
	};
}

static const struct key key = {{7}};
static const struct notice_facts facts = {
	.booking_key = &key,
	.public_url = "https://tickets.example.com",
	.public_domain = "tickets.example.com",
	.now_ms = 5,
	.booked_at_offset_minutes = 330,
	.pay_by_offset_minutes = -210,
};

static void numbers_and_times_are_written_for_people(void **state) {
	(void)state;
	struct notice notice = booked();
	struct notice_words words;
	struct message message;
	notice_message(&message, &words, &notice, &facts);
	const char *const *values = message.variables.values;
	assert_string_equal(values[VARIABLE_UNITS], "2");
	assert_string_equal(values[VARIABLE_PLACE], "6000000000");
	assert_string_equal(values[VARIABLE_TIME], "22 Nov 2026, 21:35");
	assert_string_equal(values[VARIABLE_OFFSET], "UTC+05:30");
	assert_string_equal(values[VARIABLE_ZONE], "Asia/Kolkata");
	assert_null(values[VARIABLE_RANK]);
	assert_null(values[VARIABLE_PAY_BY]); /* it is booked: nothing to pay any more */
	assert_null(values[VARIABLE_CODE]);
	char id[BOOKING_ID_SIZE];
	booking_id_write(id, &key, (struct booking_name){3, 17});
	assert_string_equal(values[VARIABLE_BOOKING_ID], id);
	assert_string_equal(message.contact, "anna@example.org");
	assert_int_equal(message.date_ms, 5);
}

static void a_hold_names_its_deadline(void **state) {
	(void)state;
	struct notice notice = booked();
	struct notice_words words;
	struct message message;
	notice.status = BOOKING_HELD;
	notice.template = TEMPLATE_PROMOTED;
	notice.rank = 9;
	snprintf(notice.locale, sizeof notice.locale, "hi-IN");
	notice_message(&message, &words, &notice, &facts);
	const char *const *values = message.variables.values;
	assert_int_equal(message.language, LANGUAGE_HINDI);
	assert_string_equal(values[VARIABLE_PAY_BY], "31 दिसंबर 2026, 15:00");
	assert_string_equal(values[VARIABLE_PAY_BY_OFFSET], "UTC-03:30");
	assert_string_equal(values[VARIABLE_RANK], "9");
}

static void a_day_has_no_leading_zero(void **state) {
	(void)state;
	struct notice notice = booked();
	struct notice_words words;
	struct message message;
	notice.booked_at_ms = INT64_C(1777600800000); /* 2026-05-01T02:00:00Z */
	notice_message(&message, &words, &notice, &facts);
	assert_string_equal(message.variables.values[VARIABLE_TIME], "1 May 2026, 07:30");
}

static void a_name_is_the_same_on_every_try(void **state) {
	(void)state;
	struct notice notice = booked();
	struct notice_words words;
	struct message message;
	notice_message(&message, &words, &notice, &facts);
	assert_string_equal(message.name, "burger-17-booked");
	notice.delivery.attempts = 7;
	struct notice_words again;
	notice_message(&message, &again, &notice, &facts);
	assert_string_equal(message.name, "burger-17-booked");
}

static void the_longest_name_fits(void **state) {
	(void)state;
	struct notice notice = booked();
	struct notice_words words;
	struct message message;
	memset(notice.campaign_id, 'c', sizeof notice.campaign_id - 1);
	notice.number = UINT32_MAX;
	notice.template = TEMPLATE_WAITLISTED;
	notice_message(&message, &words, &notice, &facts);
	assert_string_equal(strrchr(message.name, '-'), "-waitlisted");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_notice_holds_as_long_as_its_booking_is_so),
		cmocka_unit_test(numbers_and_times_are_written_for_people),
		cmocka_unit_test(a_hold_names_its_deadline),
		cmocka_unit_test(a_day_has_no_leading_zero),
		cmocka_unit_test(a_name_is_the_same_on_every_try),
		cmocka_unit_test(the_longest_name_fits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
