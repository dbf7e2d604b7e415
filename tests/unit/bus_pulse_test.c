/*
 * bus_pulse_test - when a broker that does not answer any more is left, and when not.
 */
#include "common/bus_pulse.h"

#include "tests/fake/fake_broker.h"
#include "tests/unit/unit.h"

#define PATIENCE_MS ((BUS_PULSE_MISSES_MAX + 1) * BUS_PULSE_MS)

static struct bus *bus;
static struct bus_pulse *pulse;
static int left;

static void leave(struct bus *which) {
	assert_ptr_equal(which, bus);
	left++;
}

static int set_up(void **state) {
	(void)state;
	left = 0;
	bus = fake_broker_create();
	pulse = bus_pulse_create(bus, leave);
	return 0;
}

static int tear_down(void **state) {
	(void)state;
	bus_pulse_destroy(pulse);
	fake_broker_destroy(bus);
	return 0;
}

static void a_broker_that_answers_is_kept(void **state) {
	(void)state;
	fake_broker_run(bus, 10 * PATIENCE_MS);
	assert_int_equal(left, 0);
	assert_true(fake_broker_requests(bus) > 10);
}

static void one_that_falls_silent_is_left_after_a_while(void **state) {
	(void)state;
	fake_broker_run(bus, PATIENCE_MS);
	fake_faults(bus)->lose_replies = UINT32_MAX;
	fake_broker_run(bus, (BUS_PULSE_MISSES_MAX - 1) * BUS_PULSE_MS);
	assert_int_equal(left, 0);
	fake_broker_run(bus, 2 * BUS_PULSE_MS);
	assert_int_equal(left, 1);
}

static void a_short_silence_is_forgotten(void **state) {
	(void)state;
	for (int i = 0; i < 5; i++) {
		fake_broker_run(bus, PATIENCE_MS);
		fake_faults(bus)->lose_replies = BUS_PULSE_MISSES_MAX - 1;
	}
	fake_broker_run(bus, PATIENCE_MS);
	assert_int_equal(left, 0);
}

static void one_that_never_answered_is_kept(void **state) {
	(void)state;
	fake_faults(bus)->lose_replies = UINT32_MAX;
	fake_broker_run(bus, 10 * PATIENCE_MS);
	assert_int_equal(left, 0);
}

static void a_new_connection_gets_its_own_patience(void **state) {
	(void)state;
	fake_broker_run(bus, PATIENCE_MS);
	fake_faults(bus)->lose_replies = UINT32_MAX;
	fake_broker_run(bus, (BUS_PULSE_MISSES_MAX - 1) * BUS_PULSE_MS);
	fake_broker_set_connected(bus, false);
	fake_broker_run(bus, PATIENCE_MS);
	fake_broker_set_connected(bus, true);
	fake_broker_run(bus, (BUS_PULSE_MISSES_MAX - 1) * BUS_PULSE_MS);
	assert_int_equal(left, 0);
	fake_broker_run(bus, 2 * BUS_PULSE_MS);
	assert_int_equal(left, 1);
}

static void publish_in_vain(int periods) {
	for (int i = 0; i < periods; i++) {
		bus_pulse_note(pulse, false);
		fake_broker_run(bus, BUS_PULSE_MS);
	}
}

static void one_that_stores_nothing_is_left_sooner(void **state) {
	(void)state;
	publish_in_vain(BUS_PULSE_UNSTORED_MAX - 1);
	assert_int_equal(left, 0);
	publish_in_vain(1);
	assert_int_equal(left, 1);
}

static void one_that_stores_anything_is_kept(void **state) {
	(void)state;
	for (int i = 0; i < 5; i++) {
		publish_in_vain(BUS_PULSE_UNSTORED_MAX - 1);
		bus_pulse_note(pulse, false);
		bus_pulse_note(pulse, true);
	}
	fake_broker_run(bus, PATIENCE_MS);
	assert_int_equal(left, 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_broker_that_answers_is_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			one_that_falls_silent_is_left_after_a_while, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_short_silence_is_forgotten, set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_that_never_answered_is_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_new_connection_gets_its_own_patience, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			one_that_stores_nothing_is_left_sooner, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			one_that_stores_anything_is_kept, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
