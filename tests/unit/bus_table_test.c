/*
 * bus_table_test - requests by token and by deadline, against a naive table.
 */
#include "common/bus_table.h"

#include <stdlib.h>

#include "tests/unit/unit.h"

static void ignore(void *context, enum bus_outcome outcome, const struct bus_message *message) {
	(void)context;
	(void)outcome;
	(void)message;
}

static struct bus_waiting waiting_for(void *context) {
	return (struct bus_waiting){.handler = ignore, .context = context};
}

static void a_token_works_once(void **state) {
	(void)state;
	struct bus_table *table = bus_table_create();
	int context;
	struct bus_waiting waiting = waiting_for(&context);
	uint64_t token = bus_table_add(table, &waiting, 10);
	assert_int_not_equal(token, 0);
	struct bus_waiting got;
	assert_false(bus_table_take(table, 0, &got));
	assert_false(bus_table_take(table, token + BUS_REQUESTS_MAX, &got));
	assert_true(bus_table_take(table, token, &got));
	assert_ptr_equal(got.context, &context);
	assert_false(bus_table_take(table, token, &got));
	uint64_t next = bus_table_add(table, &waiting, 10);
	assert_int_not_equal(next, token);
	assert_false(bus_table_take(table, token, &got));
	assert_false(bus_table_take(table, bus_table_reserve(table), &got));
	bus_table_destroy(table);
}

static void a_full_table_says_so(void **state) {
	(void)state;
	struct bus_table *table = bus_table_create();
	struct bus_waiting waiting = waiting_for(NULL);
	uint64_t first = bus_table_add(table, &waiting, 0);
	for (uint32_t i = 1; i < BUS_REQUESTS_MAX; i++) {
		assert_int_not_equal(bus_table_add(table, &waiting, i), 0);
	}
	assert_int_equal(bus_table_add(table, &waiting, 0), 0);
	assert_int_equal(bus_table_count(table), BUS_REQUESTS_MAX);
	assert_true(bus_table_take(table, first, &waiting));
	assert_int_not_equal(bus_table_add(table, &waiting, 0), 0);
	bus_table_destroy(table);
}

static void what_is_newer_is_not_older(void **state) {
	(void)state;
	struct bus_table *table = bus_table_create();
	struct bus_waiting waiting = waiting_for(NULL);
	uint64_t tokens[3];
	for (int i = 0; i < 3; i++) {
		tokens[i] = bus_table_add(table, &waiting, i);
	}
	uint64_t newest = bus_table_newest(table);
	uint32_t cursor = 0;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(bus_table_older(table, newest, &cursor), tokens[i]);
		assert_true(bus_table_take(table, tokens[i], &waiting));
		bus_table_add(table, &waiting, i); /* takes the slot that has just become free */
	}
	assert_int_equal(bus_table_older(table, newest, &cursor), 0);
	assert_int_equal(bus_table_count(table), 3);
	bus_table_destroy(table);
}

static void owned_contexts_are_freed(void **state) {
	(void)state;
	struct bus_table *table = bus_table_create();
	struct bus_waiting waiting = {.handler = ignore, .context = malloc(10), .owned = true};
	bus_table_add(table, &waiting, 1);
	bus_table_destroy(table); /* the address sanitizer looks */
	bus_table_destroy(NULL);
}

/* A deadline for each token that waits, searched from end to end. */
struct naive {
	uint64_t token;
	int64_t deadline_us;
};

#define NAIVE_COUNT 500

static void is_the_same_as_a_naive_table(void **state) {
	(void)state;
	static struct naive naive[NAIVE_COUNT];
	struct bus_table *table = bus_table_create();
	struct bus_waiting waiting = waiting_for(NULL);
	unsigned seed = 3;
	for (int turn = 0; turn < 100000; turn++) {
		struct naive *one = &naive[rand_r(&seed) % NAIVE_COUNT];
		if (one->token != 0) {
			assert_true(bus_table_take(table, one->token, &waiting));
			one->token = 0;
		} else {
			one->deadline_us = rand_r(&seed) % 1000;
			one->token = bus_table_add(table, &waiting, one->deadline_us);
		}
		if (turn % 50 != 0) {
			continue;
		}
		int64_t earliest_us = INT64_MAX;
		for (int i = 0; i < NAIVE_COUNT; i++) {
			if (naive[i].token != 0 && naive[i].deadline_us < earliest_us) {
				earliest_us = naive[i].deadline_us;
			}
		}
		assert_int_equal(bus_table_deadline_us(table), earliest_us);
		assert_int_equal(bus_table_due(table, earliest_us - 1), 0);
		assert_true(earliest_us == INT64_MAX || bus_table_due(table, earliest_us) != 0);
	}
	bus_table_destroy(table);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_works_once),
		cmocka_unit_test(a_full_table_says_so),
		cmocka_unit_test(what_is_newer_is_not_older),
		cmocka_unit_test(owned_contexts_are_freed),
		cmocka_unit_test(is_the_same_as_a_naive_table),
	};
	return cmocka_run_group_tests_name("bus_table", tests, NULL, NULL);
}
