#include "cashier/moves.h"

#include <assert.h>
#include <stdint.h>

static const uint8_t order_moves[ORDER_STATES + 1][ORDER_EVENTS + 1] = {
	[ORDER_WANTED] =
		{
			[ORDER_CLAIM] = ORDER_ASKED,
			[ORDER_MADE] = ORDER_OPEN, /* told by a result that came too late */
			[ORDER_TOO_LATE] = ORDER_DROPPED,
			[ORDER_CANCELLED] = ORDER_DROPPED,
		},
	[ORDER_ASKED] =
		{
			[ORDER_CLAIM] = ORDER_ASKED, /* whoever had it left it */
			[ORDER_MADE] = ORDER_OPEN,
			[ORDER_PUT_BACK] = ORDER_WANTED,
			[ORDER_TOO_LATE] = ORDER_DROPPED,
			[ORDER_REFUSED] = ORDER_DROPPED,
		},
	[ORDER_OPEN] = {[ORDER_WAS_PAID] = ORDER_PAID, [ORDER_LAST_LOOK] = ORDER_SILENT},
	[ORDER_SILENT] = {[ORDER_WAS_PAID] = ORDER_PAID},
	/* It is there after all: somebody found it who asked whose a payment is. */
	[ORDER_DROPPED] = {[ORDER_MADE] = ORDER_OPEN},
};

static const uint8_t pay_moves[PAY_STATES + 1][PAY_STATES + 1] = {
	[PAY_FAILED] =
		{
			[PAY_AUTHORIZED] = PAY_AUTHORIZED, /* up to days later */
			[PAY_LAPSED] = PAY_LAPSED,
			[PAY_CAPTURED] = PAY_CAPTURED,
		},
	[PAY_AUTHORIZED] =
		{
			[PAY_LAPSED] = PAY_LAPSED,
			[PAY_CAPTURED] = PAY_CAPTURED,
		},
	/* Money that came counts, whatever was heard before. */
	[PAY_LAPSED] = {[PAY_CAPTURED] = PAY_CAPTURED},
};

static const uint8_t refund_moves[REFUND_STATES + 1][REFUND_EVENTS + 1] = {
	[REFUND_DUE] =
		{
			[REFUND_CLAIM] = REFUND_ASKED,
			[REFUND_HEARD_PENDING] = REFUND_PENDING,
			[REFUND_HEARD_FAILED] = REFUND_FAILED,
			[REFUND_HEARD_PROCESSED] = REFUND_PROCESSED,
		},
	[REFUND_ASKED] =
		{
			[REFUND_CLAIM] = REFUND_ASKED,
			[REFUND_PUT_BACK] = REFUND_DUE,
			[REFUND_HEARD_PENDING] = REFUND_PENDING,
			[REFUND_REFUSED] = REFUND_FAILED,
			[REFUND_HEARD_FAILED] = REFUND_FAILED,
			[REFUND_HEARD_PROCESSED] = REFUND_PROCESSED,
		},
	[REFUND_PENDING] =
		{
			[REFUND_CLAIM] = REFUND_PENDING, /* it is being asked about */
			[REFUND_PUT_BACK] = REFUND_PENDING,
			[REFUND_HEARD_PENDING] = REFUND_PENDING,
			[REFUND_HEARD_FAILED] = REFUND_FAILED,
			[REFUND_HEARD_PROCESSED] = REFUND_PROCESSED,
		},
	/* A person made another one. */
	[REFUND_FAILED] = {[REFUND_HEARD_PROCESSED] = REFUND_PROCESSED},
};

enum order_state order_move(enum order_state state, enum order_event event) {
	assert(state >= ORDER_WANTED && state <= ORDER_DROPPED);
	assert(event >= ORDER_CLAIM && event <= ORDER_LAST_LOOK);
	return (enum order_state)order_moves[state][event];
}

enum pay_state pay_move(enum pay_state state, enum pay_state heard) {
	assert(state >= PAY_FAILED && state <= PAY_CAPTURED);
	assert(heard >= PAY_FAILED && heard <= PAY_CAPTURED);
	return (enum pay_state)pay_moves[state][heard];
}

enum refund_state refund_move(enum refund_state state, enum refund_event event) {
	assert(state >= REFUND_DUE && state <= REFUND_FAILED);
	assert(event >= REFUND_CLAIM && event <= REFUND_HEARD_PROCESSED);
	return (enum refund_state)refund_moves[state][event];
}

/* Row and column 0 stand for nothing, and PostgreSQL counts from 1. */
static void append_table(struct text *array, const uint8_t *cells, size_t states, size_t events) {
	for (size_t state = 1; state <= states; state++) {
		text_append_char(array, state == 1 ? '{' : ',');
		for (size_t event = 1; event <= events; event++) {
			text_append_char(array, event == 1 ? '{' : ',');
			text_append_u64(array, cells[state * (events + 1) + event]);
		}
		text_append_char(array, '}');
	}
	text_append_char(array, '}');
}

void order_moves_append(struct text *array) {
	append_table(array, &order_moves[0][0], ORDER_STATES, ORDER_EVENTS);
}

void pay_moves_append(struct text *array) {
	append_table(array, &pay_moves[0][0], PAY_STATES, PAY_STATES);
}

void refund_moves_append(struct text *array) {
	append_table(array, &refund_moves[0][0], REFUND_STATES, REFUND_EVENTS);
}
