/*
 * moves_test - every state and every event of orders, payments and refunds.
 */
#include "cashier/moves.h"

#include "tests/unit/unit.h"

/* Rows are states, columns events, "-" is no move. */
static void assert_moves(const char *const *rows, int states, int events, int (*move)(int, int)) {
	for (int state = 1; state <= states; state++) {
		const char *cell = rows[state - 1];
		for (int event = 1; event <= events; event++) {
			int want = cell[0] == '-' ? 0 : cell[0] - '0';
			if (move(state, event) != want) {
				fail_msg("state %d, event %d: %d instead of %d", state, event,
					move(state, event), want);
			}
			cell += cell[1] == ' ' ? 2 : 1;
		}
		assert_int_equal(*cell, '\0');
	}
}

static int move_order(int state, int event) {
	return (int)order_move((enum order_state)state, (enum order_event)event);
}

static int move_pay(int state, int heard) {
	return (int)pay_move((enum pay_state)state, (enum pay_state)heard);
}

static int move_refund(int state, int event) {
	return (int)refund_move((enum refund_state)state, (enum refund_event)event);
}

static void orders(void **state) {
	(void)state;
	static const char *const rows[] = {
		/* claim, made, put back, too late, refused, cancelled, paid, last look */
		"2 3 - 6 - 6 - -", /* wanted */
		"2 3 1 6 6 - - -", /* asked */
		"- - - - - - 4 5", /* open */
		"- - - - - - - -", /* paid */
		"- - - - - - 4 -", /* silent */
		"- 3 - - - - - -", /* dropped */
	};
	assert_moves(rows, ORDER_STATES, ORDER_EVENTS, move_order);
}

static void payments(void **state) {
	(void)state;
	static const char *const rows[] = {
		/* failed, authorised, lapsed, captured */
		"- 2 3 4", /* failed */
		"- - 3 4", /* authorised */
		"- - - 4", /* lapsed */
		"- - - -", /* captured */
	};
	assert_moves(rows, PAY_STATES, PAY_STATES, move_pay);
}

static void refunds(void **state) {
	(void)state;
	static const char *const rows[] = {
		/* claim, put back, pending, refused, failed, processed */
		"2 - 3 - 5 4", /* due */
		"2 1 3 5 5 4", /* asked */
		"3 3 3 - 5 4", /* pending */
		"- - - - - -", /* processed */
		"- - - - - 4", /* failed */
	};
	assert_moves(rows, REFUND_STATES, REFUND_EVENTS, move_refund);
}

static int after(int (*move)(int, int), int state, int event) {
	int next = move(state, event);
	return next == 0 ? state : next;
}

/* What the statements rely on: of several words about a payment the highest is as good as all. */
static void any_order_of_what_was_heard_is_the_same(void **state) {
	(void)state;
	for (int begin = 1; begin <= PAY_STATES; begin++) {
		for (int first = 1; first <= PAY_STATES; first++) {
			for (int second = 1; second <= PAY_STATES; second++) {
				int both = after(move_pay, after(move_pay, begin, first), second);
				int highest =
					after(move_pay, begin, first > second ? first : second);
				assert_int_equal(both, highest);
			}
		}
	}
}

static void assert_heard_of_refunds(int begin, int first, int second) {
	int highest = first > second ? first : second;
	int both = after(move_refund, after(move_refund, begin, first), second);
	/* A refund that failed and was then processed was made good by a person. */
	if (!(first == REFUND_HEARD_PROCESSED && second == REFUND_HEARD_FAILED)) {
		assert_int_equal(both, after(move_refund, begin, highest));
	}
}

static void any_order_of_what_was_heard_of_refunds_is_the_same(void **state) {
	(void)state;
	static const int heard[] = {
		REFUND_HEARD_PENDING, REFUND_HEARD_FAILED, REFUND_HEARD_PROCESSED};
	for (int begin = 1; begin <= REFUND_STATES; begin++) {
		for (size_t i = 0; i < COUNT_OF(heard); i++) {
			for (size_t j = 0; j < COUNT_OF(heard); j++) {
				assert_heard_of_refunds(begin, heard[i], heard[j]);
			}
		}
	}
}

static void what_ended_well_stays(void **state) {
	(void)state;
	for (int event = 1; event <= ORDER_EVENTS; event++) {
		assert_int_equal(move_order(ORDER_PAID, event), 0);
	}
	for (int event = 1; event <= PAY_STATES; event++) {
		assert_int_equal(move_pay(PAY_CAPTURED, event), 0);
	}
	for (int event = 1; event <= REFUND_EVENTS; event++) {
		assert_int_equal(move_refund(REFUND_PROCESSED, event), 0);
	}
}

static void statements_get_the_same_tables(void **state) {
	(void)state;
	char bytes[MOVES_ARRAY_BYTES];
	struct text text = text_init(bytes, sizeof bytes);
	pay_moves_append(&text);
	assert_string_equal(bytes, "{{0,2,3,4},{0,0,3,4},{0,0,0,4},{0,0,0,0}}");
	text_clear(&text);
	refund_moves_append(&text);
	assert_string_equal(
		bytes, "{{2,0,3,0,5,4},{2,1,3,5,5,4},{3,3,3,0,5,4},{0,0,0,0,0,0},{0,0,0,0,0,4}}");
	text_clear(&text);
	order_moves_append(&text);
	assert_false(text.failed);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders),
		cmocka_unit_test(payments),
		cmocka_unit_test(refunds),
		cmocka_unit_test(any_order_of_what_was_heard_is_the_same),
		cmocka_unit_test(any_order_of_what_was_heard_of_refunds_is_the_same),
		cmocka_unit_test(what_ended_well_stays),
		cmocka_unit_test(statements_get_the_same_tables),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
