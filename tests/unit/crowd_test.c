/*
 * crowd_test - what people are told, one answer after the other, and what contradicts.
 */
#include "tests/load/crowd.h"

#include "tests/unit/unit.h"

static struct visitor visitors[1];
static struct crowd crowd = {.count = 1, .people = visitors};

static int begin(void **state) {
	(void)state;
	visitors[0] = (struct visitor){.first_sent_us = -1};
	return 0;
}

static enum crowd_news told(int status, const char *body) {
	const struct reply reply = {.status = status, .body = body, .body_size = strlen(body)};
	return crowd_told(&crowd, 0, &reply, 500);
}

#define BOOKING(id, place) "{\"booking_id\":\"" id "\",\"place\":" place ",\"status\":\"booked\"}"
#define MINE BOOKING("AAAA-BBBB-CCCC-D", "7")

static void a_booking_is_told_once_and_again(void **state) {
	(void)state;
	crowd_sent(&crowd, 0, 100);
	crowd_sent(&crowd, 0, 200);
	assert_int_equal(visitors[0].first_sent_us, 100);
	assert_int_equal(visitors[0].tries, 2);
	assert_int_equal(told(201, MINE), CROWD_BOOKED);
	assert_int_equal(visitors[0].place, 7);
	assert_int_equal(visitors[0].told_us, 500);
	assert_memory_equal(visitors[0].booking_id, "AAAA-BBBB-CCCC-D", CROWD_ID_BYTES);
	assert_int_equal(told(201, MINE), CROWD_AGAIN);
}

static void another_booking_contradicts(void **state) {
	(void)state;
	assert_int_equal(told(201, MINE), CROWD_BOOKED);
	assert_int_equal(told(201, BOOKING("AAAA-BBBB-CCCC-E", "7")), CROWD_WRONG);
	assert_int_equal(told(201, BOOKING("AAAA-BBBB-CCCC-D", "8")), CROWD_WRONG);
	assert_int_equal(told(410, "{}"), CROWD_WRONG);
}

static void who_was_refused_gets_nothing_later(void **state) {
	(void)state;
	assert_int_equal(told(410, "{}"), CROWD_REFUSED);
	assert_int_equal(told(410, "{}"), CROWD_AGAIN);
	assert_int_equal(told(201, MINE), CROWD_WRONG);
}

static void a_ticket_is_asked_about_until_it_is_decided(void **state) {
	(void)state;
	assert_int_equal(told(202, "{\"ticket\":\"t1.x\",\"status\":\"queued\"}"), CROWD_QUEUED);
	assert_int_equal(told(200, "{\"ticket\":\"t1.x\",\"status\":\"queued\"}"), CROWD_QUEUED);
	assert_int_equal(
		told(200, "{\"ticket\":\"t1.x\",\"status\":\"booked\",\"booking\":" MINE "}"),
		CROWD_BOOKED);
}

static void a_ticket_may_end_in_a_refusal(void **state) {
	(void)state;
	assert_int_equal(told(200, "{\"status\":\"sold_out\"}"), CROWD_REFUSED);
}

static void later_is_not_never(void **state) {
	(void)state;
	assert_int_equal(told(503, "{}"), CROWD_LATER);
	assert_int_equal(told(429, "{}"), CROWD_LATER);
	assert_int_equal(told(201, MINE), CROWD_BOOKED);
}

static void what_makes_no_sense(void **state) {
	(void)state;
	assert_int_equal(told(201, "{}"), CROWD_WRONG);
	assert_int_equal(told(201, BOOKING("AAAA", "7")), CROWD_WRONG);
	assert_int_equal(told(201, BOOKING("AAAA-BBBB-CCCC-D", "first")), CROWD_WRONG);
	assert_int_equal(told(200, "{}"), CROWD_WRONG);
	assert_int_equal(told(401, "{}"), CROWD_WRONG);
	assert_int_equal(told(409, "{}"), CROWD_WRONG);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_booking_is_told_once_and_again, begin),
		cmocka_unit_test_setup(another_booking_contradicts, begin),
		cmocka_unit_test_setup(who_was_refused_gets_nothing_later, begin),
		cmocka_unit_test_setup(a_ticket_is_asked_about_until_it_is_decided, begin),
		cmocka_unit_test_setup(a_ticket_may_end_in_a_refusal, begin),
		cmocka_unit_test_setup(later_is_not_never, begin),
		cmocka_unit_test_setup(what_makes_no_sense, begin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
