/*
 * agenda_test - what was planned in any order comes in the order of time.
 */
#include "tests/load/agenda.h"

#include "tests/unit/unit.h"

static void in_the_order_of_time(void **state) {
	(void)state;
	struct agenda agenda = {0};
	uint32_t number = 1;
	assert_null(agenda_first(&agenda));
	for (uint32_t i = 0; i < 5000; i++) {
		number = number * 1103515245u + 12345u;
		agenda_add(&agenda,
			&(struct agenda_entry){.due_us = number >> 16, .person = number >> 16});
	}
	int64_t before_us = 0;
	for (uint32_t i = 0; i < 5000; i++) {
		const int64_t first_us = agenda_first(&agenda)->due_us;
		struct agenda_entry entry = agenda_take(&agenda);
		assert_int_equal(entry.due_us, first_us);
		assert_int_equal(entry.due_us, entry.person);
		assert_true(entry.due_us >= before_us);
		before_us = entry.due_us;
	}
	assert_null(agenda_first(&agenda));
	agenda_finish(&agenda);
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(in_the_order_of_time)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
