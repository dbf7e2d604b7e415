/*
 * delivery_test - the life of a notice: every move that is allowed, and no other.
 */
#include "notifier/delivery.h"

#include "tests/unit/unit.h"

static const struct delivery_chance chance = {.backoff_ms = 5000, .random = 0};

static struct delivery claimed(void) {
	struct delivery delivery = {.state = DELIVERY_DUE};
	delivery_move(&delivery, DELIVERY_CLAIM, NULL);
	assert_int_equal(delivery.state, DELIVERY_CLAIMED);
	return delivery;
}

static void moves_are_those_of_the_picture(void **state) {
	(void)state;
	static const char *const table[] = {
		/* claim taken refused for-now put-back untrue */
		[DELIVERY_DUE] = "C.....",
		[DELIVERY_CLAIMED] = ".SFDDO",
		[DELIVERY_SENT] = "......",
		[DELIVERY_FAILED] = "......",
		[DELIVERY_OVERTAKEN] = "......",
	};
	static const char letters[] = ".DCSFO";
	for (enum delivery_state from = DELIVERY_DUE; from < DELIVERY_STATES; from++) {
		for (enum delivery_event event = 0; event < DELIVERY_EVENTS; event++) {
			bool allowed = table[from][event] != '.';
			assert_int_equal(delivery_allows(from, event), allowed);
			if (allowed) {
				struct delivery delivery = {.state = from};
				delivery_move(&delivery, event, &chance);
				assert_int_equal(letters[delivery.state], table[from][event]);
			}
		}
	}
}

static void only_tries_are_counted(void **state) {
	(void)state;
	static const struct {
		enum delivery_event event;
		uint16_t attempts;
	} cases[] = {
		{DELIVERY_TAKEN, 1},
		{DELIVERY_REFUSED, 1},
		{DELIVERY_REFUSED_FOR_NOW, 1},
		{DELIVERY_PUT_BACK, 0},
		{DELIVERY_UNTRUE, 0},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct delivery delivery = claimed();
		delivery_move(&delivery, cases[i].event, &chance);
		assert_int_equal(delivery.attempts, cases[i].attempts);
	}
}

static void pauses_double_up_to_an_hour(void **state) {
	(void)state;
	static const struct {
		uint16_t attempts;
		int64_t ceiling_ms;
	} cases[] = {
		{0, 5000}, {1, 10000}, {5, 160000}, {9, 2560000}, {10, 3600000}, {999, 3600000}};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t ceiling_ms = cases[i].ceiling_ms;
		struct delivery_chance random = chance;
		assert_int_equal(delivery_backoff_ms(cases[i].attempts, &random), ceiling_ms / 10);
		random.random = (uint32_t)(ceiling_ms - ceiling_ms / 10);
		assert_int_equal(delivery_backoff_ms(cases[i].attempts, &random), ceiling_ms);
		for (uint32_t step = 0; step < 1000; step++) {
			random.random = step * 4294967;
			int64_t ms = delivery_backoff_ms(cases[i].attempts, &random);
			assert_in_range(ms, ceiling_ms / 10, ceiling_ms);
		}
		random.retry_after_ms = 7200000; /* the provider knows better */
		assert_int_equal(delivery_backoff_ms(cases[i].attempts, &random), 7200000);
	}
}

static void patience_has_an_end(void **state) {
	(void)state;
	struct delivery delivery = {.state = DELIVERY_DUE};
	for (uint32_t attempt = 1; attempt <= DELIVERY_ATTEMPTS_MAX; attempt++) {
		delivery_move(&delivery, DELIVERY_CLAIM, NULL);
		delivery_move(&delivery, DELIVERY_REFUSED_FOR_NOW, &chance);
		assert_int_equal(delivery.state,
			attempt < DELIVERY_ATTEMPTS_MAX ? DELIVERY_DUE : DELIVERY_FAILED);
	}
	assert_int_equal(delivery.attempts, DELIVERY_ATTEMPTS_MAX);
}

static void what_was_put_back_may_go_at_once(void **state) {
	(void)state;
	struct delivery delivery = claimed();
	delivery_move(&delivery, DELIVERY_PUT_BACK, NULL);
	assert_int_equal(delivery.state, DELIVERY_DUE);
	assert_int_equal(delivery.wait_ms, 0);
}

static void too_much_doubt_is_poison(void **state) {
	(void)state;
	struct delivery delivery = claimed();
	delivery.ambiguous = DELIVERY_AMBIGUOUS_MAX - 1;
	assert_false(delivery_is_poisonous(&delivery));
	delivery.ambiguous++;
	assert_true(delivery_is_poisonous(&delivery));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(moves_are_those_of_the_picture),
		cmocka_unit_test(only_tries_are_counted),
		cmocka_unit_test(pauses_double_up_to_an_hour),
		cmocka_unit_test(patience_has_an_end),
		cmocka_unit_test(what_was_put_back_may_go_at_once),
		cmocka_unit_test(too_much_doubt_is_poison),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
