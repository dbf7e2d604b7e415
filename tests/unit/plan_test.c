/*
 * plan_test - which rows a decision becomes.
 *
 * The rows are read back from the binary COPY format by a reader that knows nothing of rows.c, and
 * compared as text: fields between blanks, "-" for NULL, times in milliseconds since 1970.
 */
#include "tests/unit/unit.h"

#include <inttypes.h>
#include <stdlib.h>

#include "fulfiller/plan.h"

#define ORDINAL 7u
#define TIME_MS INT64_C(1760000000123)
#define POSTGRES_EPOCH_MS INT64_C(946684800000)
#define TEXT_BYTES 4096u

/* What a column holds: an integer, a time, or a uuid shown by its first byte. */
#define BOOKINGS_SHAPE "iiuiiiitti"
#define CHANGES_SHAPE "iiiiiitt"

/* ---- reading rows back ------------------------------------------------------------------------- */

struct reader {
	const uint8_t *at;
	const uint8_t *end;
};

static int64_t read_big_endian(struct reader *reader, size_t size) {
	assert_true((size_t)(reader->end - reader->at) >= size);
	int64_t value = (int8_t)reader->at[0];
	for (size_t i = 1; i < size; i++) {
		value = value * 256 + reader->at[i];
	}
	reader->at += size;
	return value;
}

static void read_field(struct reader *reader, char shape, char *text, size_t capacity) {
	int64_t size = read_big_endian(reader, 4);
	if (size == -1) {
		snprintf(text, capacity, "-");
	} else if (shape == 'u') {
		assert_int_equal(size, 16);
		snprintf(text, capacity, "%c", (char)reader->at[0]);
		reader->at += 16;
	} else if (shape == 't') {
		assert_int_equal(size, 8);
		int64_t us = read_big_endian(reader, 8);
		assert_int_equal(us % 1000, 0);
		snprintf(text, capacity, "%" PRId64, us / 1000 + POSTGRES_EPOCH_MS - TIME_MS);
	} else {
		assert_true(size == 2 || size == 4 || size == 8);
		snprintf(text, capacity, "%" PRId64, read_big_endian(reader, (size_t)size));
	}
}

/* All rows as text, one a line; times are told as milliseconds after TIME_MS. */
static const char *tell(struct rows *rows, const char *shape) {
	static char text[TEXT_BYTES];
	text[0] = '\0';
	if (rows->count == 0) {
		return text;
	}
	size_t size = rows_seal(rows);
	struct reader reader = {rows->start, rows->start + size};
	assert_memory_equal(reader.at, "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0", 19);
	reader.at += 19;
	for (;;) {
		int64_t fields = read_big_endian(&reader, 2);
		if (fields == -1) {
			assert_ptr_equal(reader.at, reader.end);
			return text;
		}
		assert_int_equal(fields, strlen(shape));
		for (int64_t i = 0; i < fields; i++) {
			size_t used = strlen(text);
			read_field(&reader, shape[i], text + used, sizeof text - used - 2);
			strcat(text, i + 1 < fields ? " " : "\n");
		}
	}
}

/* ---- making decisions -------------------------------------------------------------------------- */

static struct decision decision;

static void decide(uint64_t n, enum message_kind kind) {
	memset(&decision, 0, sizeof decision);
	decision.n = n;
	decision.time_ms = TIME_MS;
	decision.ordinal = ORDINAL;
	decision.request_kind = kind;
	decision.state = CAMPAIGN_OPEN;
}

static struct answer *answer(enum verdict verdict, uint32_t number) {
	struct answer *added = &decision.answers[decision.count++];
	added->verdict = verdict;
	added->number = number;
	return added;
}

static struct answer *made(enum verdict verdict, uint32_t number, char account) {
	struct answer *added = answer(verdict, number);
	added->units = 2;
	added->place = 100 + number;
	added->time_ms = TIME_MS;
	memset(&added->account, account, sizeof added->account);
	return added;
}

static void effect(enum effect_kind kind, uint32_t number, int64_t pay_by_ms) {
	decision.effects[decision.effects_count++] =
		(struct effect){.kind = kind, .number = number, .pay_by_ms = pay_by_ms};
}

static int set_up(void **state) {
	struct plan *plan = malloc(sizeof *plan);
	plan_init(plan, ORDINAL);
	plan_restart(plan, 10);
	*state = plan;
	return 0;
}

static int tear_down(void **state) {
	plan_finish(*state);
	free(*state);
	return 0;
}

/* ---- tests ------------------------------------------------------------------------------------- */

static void each_wish_that_has_a_booking_becomes_a_row(void **state) {
	struct plan *plan = *state;
	decide(11, MESSAGE_BOOK);
	made(VERDICT_BOOKED, 1, 'a');
	made(VERDICT_HELD, 2, 'b')->pay_by_ms = TIME_MS + 600000;
	made(VERDICT_WAITLISTED, 3, 'c')->rank = 5;
	assert_null(plan_add(plan, &decision));
	/* campaign number account status units place decision_n booked_at pay_by rank */
	assert_string_equal(tell(&plan->bookings, BOOKINGS_SHAPE), "7 1 a 3 2 101 11 0 - -\n"
								   "7 2 b 2 2 102 11 0 600000 -\n"
								   "7 3 c 1 2 103 11 0 - 5\n");
	assert_int_equal(plan->changes.count, 0);
}

static void what_changes_nothing_becomes_no_row(void **state) {
	static const enum verdict verdicts[] = {
		VERDICT_SOLD_OUT,
		VERDICT_ALREADY_BOOKED,
		VERDICT_OVER_LIMIT,
		VERDICT_NOT_OPEN,
		VERDICT_PAUSED,
		VERDICT_CLOSED,
		VERDICT_BAD_UNITS,
		VERDICT_NOT_VERIFIED,
		VERDICT_NOT_FOUND,
		VERDICT_NOT_CANCELLABLE,
		VERDICT_PAYMENT_NOTED,
		VERDICT_PAYMENT_MISMATCH,
		VERDICT_ACCEPTED,
		VERDICT_REFUSED,
		VERDICT_UNREADABLE,
	};
	static const enum verdict repeatable[] = {
		VERDICT_BOOKED, VERDICT_HELD, VERDICT_WAITLISTED, VERDICT_CANCELLED, VERDICT_PAID};
	struct plan *plan = *state;
	decide(11, MESSAGE_BOOK);
	for (size_t i = 0; i < COUNT_OF(verdicts); i++) {
		answer(verdicts[i], 1);
	}
	for (size_t i = 0; i < COUNT_OF(repeatable); i++) {
		made(repeatable[i], 1, 'a')->repeated = true;
	}
	assert_null(plan_add(plan, &decision));
	assert_int_equal(plan->bookings.count, 0);
	assert_int_equal(plan->changes.count, 0);
	assert_false(plan_is_empty(plan)); /* the position moves all the same */
}

static void changes_stand_in_the_order_in_which_they_happened(void **state) {
	struct plan *plan = *state;
	decide(11, MESSAGE_CANCEL);
	effect(EFFECT_RELEASED, 4, 0);
	effect(EFFECT_PROMOTED_BOOKED, 5, 0);
	decision.effects_before = 2;
	answer(VERDICT_CANCELLED, 6);
	answer(VERDICT_NOT_FOUND, 9);
	answer(VERDICT_PAID, 7);
	answer(VERDICT_REFUND_DUE, 8);
	effect(EFFECT_PROMOTED_HELD, 10, TIME_MS + 500);
	assert_null(plan_add(plan, &decision));
	/* campaign decision_n position number status cause pay_by changed_at */
	assert_string_equal(tell(&plan->changes, CHANGES_SHAPE), "7 11 0 4 4 1 - 0\n"
								 "7 11 1 5 3 2 - 0\n"
								 "7 11 2 6 5 30 - 0\n"
								 "7 11 3 7 3 40 - 0\n"
								 "7 11 4 8 6 41 - 0\n"
								 "7 11 5 10 2 3 500 0\n");
	assert_int_equal(plan->refunds_count, 1);
	assert_int_equal(plan->bookings.count, 0);
}

static void a_plan_ends_where_its_last_decision_ends(void **state) {
	struct plan *plan = *state;
	decide(11, MESSAGE_BOOK);
	made(VERDICT_BOOKED, 1, 'a');
	assert_null(plan_add(plan, &decision));
	decide(12, MESSAGE_CONTROL);
	decision.state = CAMPAIGN_PAUSED;
	decision.time_ms = TIME_MS + 5;
	decision.counters = (struct counters){1, 2, 3, 4};
	decision.digest[31] = 9;
	assert_null(plan_add(plan, &decision));
	assert_int_equal(plan->base_n, 10);
	assert_int_equal(plan->last_n, 12);
	assert_int_equal(plan->time_ms, TIME_MS + 5);
	assert_int_equal(plan->state, CAMPAIGN_PAUSED);
	assert_int_equal(plan->counters.available, 1);
	assert_int_equal(plan->counters.waiting, 4);
	assert_int_equal(plan->digest[31], 9);
	assert_int_equal(plan->bookings.count, 1);
}

static void the_newest_definition_is_kept(void **state) {
	struct plan *plan = *state;
	static const char *const texts[] = {"{\"first\":true}", "{}"};
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		decide(11 + i, MESSAGE_DEFINE);
		decision.definition = texts[i];
		decision.definition_size = (uint32_t)strlen(texts[i]);
		answer(VERDICT_ACCEPTED, 0);
		assert_null(plan_add(plan, &decision));
	}
	assert_int_equal(plan->definition_size, 2);
	assert_memory_equal(plan->definition, "{}", 2);
}

static void what_cannot_follow_is_refused_and_leaves_the_plan_as_it_was(void **state) {
	struct plan *plan = *state;
	static const struct {
		uint64_t n;
		uint32_t ordinal;
		uint16_t effects_before;
		const char *reason;
	} cases[] = {
		{10, ORDINAL, 0, "its number does not follow the one before"},
		{12, ORDINAL, 0, "its number does not follow the one before"},
		{11, ORDINAL + 1, 0, "it belongs to another campaign"},
		{11, ORDINAL, 1, "its effects are miscounted"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		decide(cases[i].n, MESSAGE_BOOK);
		made(VERDICT_BOOKED, 1, 'a');
		decision.ordinal = cases[i].ordinal;
		decision.effects_before = cases[i].effects_before;
		assert_string_equal(plan_add(plan, &decision), cases[i].reason);
		assert_true(plan_is_empty(plan));
		assert_int_equal(plan->bookings.count, 0);
	}
}

static void a_decision_before_the_definition_has_no_ordinal(void **state) {
	struct plan *plan = *state;
	decide(11, MESSAGE_BOOK);
	decision.ordinal = 0;
	answer(VERDICT_NOT_OPEN, 0);
	assert_null(plan_add(plan, &decision));
}

static void a_plan_is_full_at_its_limits_and_takes_the_largest_decision_still(void **state) {
	struct plan *plan = *state;
	uint64_t n = 10;
	while (!plan_is_full(plan)) {
		decide(++n, MESSAGE_BOOK);
		for (uint32_t i = 0; i < BATCH_REQUESTS_MAX; i++) {
			made(VERDICT_HELD, i + 1, 'a')->pay_by_ms = TIME_MS;
		}
		for (uint32_t i = 0; i < EFFECTS_MAX; i++) {
			effect(EFFECT_PROMOTED_HELD, 1, TIME_MS);
		}
		assert_null(plan_add(plan, &decision));
	}
	uint32_t rows = plan->bookings.count + plan->changes.count;
	assert_int_equal(rows, (n - 10) * (BATCH_REQUESTS_MAX + EFFECTS_MAX));
	assert_true(rows <= PLAN_ROWS_FULL + BATCH_REQUESTS_MAX + EFFECTS_MAX);
}

static void a_plan_begun_anew_keeps_nothing(void **state) {
	struct plan *plan = *state;
	decide(11, MESSAGE_DEFINE);
	decision.definition = "{}";
	decision.definition_size = 2;
	answer(VERDICT_REFUND_DUE, 1);
	assert_null(plan_add(plan, &decision));
	plan_restart(plan, 11);
	assert_true(plan_is_empty(plan));
	assert_int_equal(plan->definition_size, 0);
	assert_int_equal(plan->changes.count, 0);
	assert_int_equal(plan->refunds_count, 0);
	decide(12, MESSAGE_BOOK);
	made(VERDICT_BOOKED, 2, 'z');
	assert_null(plan_add(plan, &decision));
	assert_string_equal(tell(&plan->bookings, BOOKINGS_SHAPE), "7 2 z 3 2 102 12 0 - -\n");
}

static void rows_may_follow_a_trailer(void **state) {
	struct plan *plan = *state;
	decide(11, MESSAGE_BOOK);
	made(VERDICT_BOOKED, 1, 'a');
	assert_null(plan_add(plan, &decision));
	rows_seal(&plan->bookings); /* a try that failed */
	decide(12, MESSAGE_BOOK);
	made(VERDICT_BOOKED, 2, 'b');
	assert_null(plan_add(plan, &decision));
	assert_string_equal(tell(&plan->bookings, BOOKINGS_SHAPE), "7 1 a 3 2 101 11 0 - -\n"
								   "7 2 b 3 2 102 12 0 - -\n");
}

#define PLAN_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
	const struct CMUnitTest tests[] = {
		PLAN_TEST(each_wish_that_has_a_booking_becomes_a_row),
		PLAN_TEST(what_changes_nothing_becomes_no_row),
		PLAN_TEST(changes_stand_in_the_order_in_which_they_happened),
		PLAN_TEST(a_plan_ends_where_its_last_decision_ends),
		PLAN_TEST(the_newest_definition_is_kept),
		PLAN_TEST(what_cannot_follow_is_refused_and_leaves_the_plan_as_it_was),
		PLAN_TEST(a_decision_before_the_definition_has_no_ordinal),
		PLAN_TEST(a_plan_is_full_at_its_limits_and_takes_the_largest_decision_still),
		PLAN_TEST(a_plan_begun_anew_keeps_nothing),
		PLAN_TEST(rows_may_follow_a_trailer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
