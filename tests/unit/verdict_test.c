/*
 * verdict_test - crowds whose stories cannot be true.
 */
#include "tests/load/verdict.h"

#include "tests/unit/unit.h"

#define PEOPLE 3u

static struct visitor visitors[PEOPLE];
static struct crowd crowd;
static struct verdict verdict;
static struct verdict_counts before;
static struct verdict_counts after;

/* Three people with bookings, one after the other; 3 of 5 are gone. */
static int begin(void **state) {
	(void)state;
	for (uint32_t i = 0; i < PEOPLE; i++) {
		visitors[i] = (struct visitor){
			.state = VISITOR_BOOKED,
			.first_sent_us = i * 100,
			.told_us = i * 100 + 50,
			.place = i + 1,
			.booking_id = {(char)('A' + i)},
		};
	}
	crowd = (struct crowd){.count = PEOPLE, .people = visitors};
	before = (struct verdict_counts){.sold = 0, .available = 5};
	after = (struct verdict_counts){.sold = 3, .available = 2};
	return 0;
}

static bool is_clean(void) {
	assert_true(verdict_find(&verdict, &crowd, &before, &after));
	return verdict_is_clean(&verdict);
}

static void all_is_well(void **state) {
	(void)state;
	assert_true(is_clean());
	assert_int_equal(verdict.winners, 3);
}

static void those_who_came_together_may_stand_in_any_order(void **state) {
	(void)state;
	visitors[0].told_us = 1000;
	visitors[1].told_us = 1000;
	visitors[0].place = 2;
	visitors[1].place = 1;
	assert_true(is_clean());
}

static void overtaken(void **state) {
	(void)state;
	visitors[1].place = 3;
	visitors[2].place = 2;
	assert_false(is_clean());
	assert_int_equal(verdict.inversions, 1);
}

static void given_twice(void **state) {
	(void)state;
	visitors[2].booking_id[0] = 'A';
	assert_false(is_clean());
	assert_int_equal(verdict.ids_twice, 1);
	begin(NULL);
	visitors[2].place = 1;
	assert_false(is_clean());
	assert_int_equal(verdict.places_twice, 1);
}

static void more_gone_than_people_know_of(void **state) {
	(void)state;
	after.sold = 4;
	assert_false(is_clean());
	visitors[2].state = VISITOR_UNTOLD; /* one who asked and does not know */
	after.sold = 2;
	assert_true(is_clean());
	after.sold = 3;
	assert_true(is_clean());
	after.sold = 4;
	assert_false(is_clean());
	visitors[2].first_sent_us = -1; /* one who never asked */
	after.sold = 3;
	assert_false(is_clean());
}

static void fewer_gone_than_people_have(void **state) {
	(void)state;
	after.sold = 2;
	assert_false(is_clean());
}

static void refused_while_there_is_something(void **state) {
	(void)state;
	visitors[2].state = VISITOR_REFUSED;
	after = (struct verdict_counts){.sold = 2, .available = 3};
	assert_false(is_clean());
	assert_true(verdict.refused_early);
	after.available = 0;
	assert_true(is_clean());
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all_is_well, begin),
		cmocka_unit_test_setup(those_who_came_together_may_stand_in_any_order, begin),
		cmocka_unit_test_setup(overtaken, begin),
		cmocka_unit_test_setup(given_twice, begin),
		cmocka_unit_test_setup(more_gone_than_people_know_of, begin),
		cmocka_unit_test_setup(fewer_gone_than_people_have, begin),
		cmocka_unit_test_setup(refused_while_there_is_something, begin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
