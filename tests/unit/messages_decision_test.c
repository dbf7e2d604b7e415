/*
 * messages_decision_test - decisions: what every verdict carries, what is implied, what must not decode.
 */
#include "common/pure/messages.h"

#include "tests/unit/random.h"
#include "tests/unit/unit.h"

#define HEAD_BYTES 90u

static struct decision decision;
static struct decision decoded;
static uint8_t bytes[DECISION_BYTES_MAX];

/* Appends a digest, as the seal does. */
static size_t encode(void) {
	size_t size = decision_encode_body(&decision, bytes, sizeof bytes - DIGEST_BYTES);
	if (size == 0) {
		return 0;
	}
	memcpy(bytes + size, decision.digest, DIGEST_BYTES);
	return size + DIGEST_BYTES;
}

static void reset(enum message_kind kind, uint16_t count) {
	memset(&decision, 0, sizeof decision);
	memset(&decoded, 0xee, sizeof decoded);
	decision.n = 77;
	decision.time_ms = INT64_C(1795363559123);
	decision.define_n = 3;
	decision.line_position = 5000;
	decision.request_kind = kind;
	decision.state = CAMPAIGN_OPEN;
	memset(&decision.batch, 0xb0, sizeof decision.batch);
	decision.opened_at_us = 12345;
	decision.counters =
		(struct counters){.available = 1, .held = 2, .sold = UNITS_MAX - 3, .waiting = 4};
	decision.count = count;
	decision.ordinal = 9;
	memset(decision.digest, 0xd0, sizeof decision.digest);
}

static struct answer fresh(enum verdict verdict, uint16_t index) {
	struct answer answer = {
		.verdict = verdict,
		.units = 2,
		.number = 1000u + index,
		.place = decision.line_position - decision.count + index + 1,
		.time_ms = decision.time_ms,
		.rank = verdict == VERDICT_WAITLISTED ? 8 : 0,
		.pay_by_ms = verdict == VERDICT_HELD ? decision.time_ms + 600000 : 0,
	};
	memset(&answer.account, 0xa0, sizeof answer.account);
	return answer;
}

static void assert_answer_equal(const struct answer *a, const struct answer *b) {
	assert_int_equal(a->verdict, b->verdict);
	assert_int_equal(a->status, b->status);
	assert_int_equal(a->repeated, b->repeated);
	assert_int_equal(a->units, b->units);
	assert_int_equal(a->number, b->number);
	assert_int_equal(a->rank, b->rank);
	assert_int_equal(a->place, b->place);
	assert_int_equal(a->time_ms, b->time_ms);
	assert_int_equal(a->pay_by_ms, b->pay_by_ms);
	assert_memory_equal(&a->account, &b->account, ACCOUNT_BYTES);
	assert_memory_equal(&a->payment, &b->payment, PAYMENT_BYTES);
}

static void assert_head_equal(void) {
	assert_int_equal(decoded.n, decision.n);
	assert_int_equal(decoded.time_ms, decision.time_ms);
	assert_int_equal(decoded.define_n, decision.define_n);
	assert_int_equal(decoded.line_position, decision.line_position);
	assert_int_equal(decoded.request_kind, decision.request_kind);
	assert_int_equal(decoded.state, decision.state);
	assert_memory_equal(&decoded.batch, &decision.batch, BATCH_ID_BYTES);
	assert_int_equal(decoded.opened_at_us, decision.opened_at_us);
	assert_memory_equal(&decoded.counters, &decision.counters, sizeof decision.counters);
	assert_int_equal(decoded.count, decision.count);
	assert_int_equal(decoded.effects_count, decision.effects_count);
	assert_int_equal(decoded.effects_before, decision.effects_before);
	assert_int_equal(decoded.ordinal, decision.ordinal);
	assert_memory_equal(decoded.digest, decision.digest, DIGEST_BYTES);
}

static void assert_round_trip(void) {
	size_t size = encode();
	assert_true(size > 0);
	assert_true(decision_decode(&decoded, bytes, size));
	assert_head_equal();
	for (uint16_t i = 0; i < decision.count; i++) {
		assert_answer_equal(&decoded.answers[i], &decision.answers[i]);
	}
	for (uint16_t i = 0; i < decision.effects_count; i++) {
		assert_memory_equal(
			&decoded.effects[i], &decision.effects[i], sizeof decision.effects[i]);
	}
	assert_int_equal(decision_encode_body(&decoded, bytes, sizeof bytes), size - DIGEST_BYTES);
}

/* The wire format is a promise to every log that exists: these bytes must never change. */
static void a_booking_has_these_bytes(void **state) {
	(void)state;
	static const uint8_t want[] = {
		1, 16, 2, 2,                                    /* version, kinds, state */
		1, 0, 0, 0, 0, 0,                               /* counts */
		0, 0, 0, 0, 9, 0, 0, 0,                         /* definition size, ordinal */
		77, 0, 0, 0, 0, 0, 0, 0,                        /* n */
		0xd3, 0xd6, 0x01, 0x04, 0xa2, 0x01, 0, 0,       /* time */
		3, 0, 0, 0, 0, 0, 0, 0,                         /* define n */
		0x88, 0x13, 0, 0, 0, 0, 0, 0,                   /* line position */
		0xb0, 0xb0, 0xb0, 0xb0, 0xb0, 0xb0, 0xb0, 0xb0, /* batch id */
		0xb0, 0xb0, 0xb0, 0xb0, 0xb0, 0xb0, 0xb0, 0xb0, /**/
		0x39, 0x30, 0, 0, 0, 0, 0, 0,                   /* opened at */
		1, 0, 0, 0, 2, 0, 0, 0,                         /* available, held */
		0xfd, 0xc9, 0x9a, 0x3b, 4, 0, 0, 0,             /* sold, waiting */
		1, 2, 0xe8, 3, 0, 0,                            /* verdict, units, number */
		0xa0, 0xa0, 0xa0, 0xa0, 0xa0, 0xa0, 0xa0, 0xa0, /* account */
		0xa0, 0xa0, 0xa0, 0xa0, 0xa0, 0xa0, 0xa0, 0xa0, /**/
	};
	reset(MESSAGE_BOOK, 1);
	decision.answers[0] = fresh(VERDICT_BOOKED, 0);
	assert_int_equal(decision_encode_body(&decision, bytes, sizeof bytes), sizeof want);
	assert_memory_equal(bytes, want, sizeof want);
}

static void fresh_answers_round_trip(void **state) {
	(void)state;
	reset(MESSAGE_BOOK, 3);
	decision.answers[0] = fresh(VERDICT_BOOKED, 0);
	decision.answers[1] = fresh(VERDICT_HELD, 1);
	decision.answers[2] = fresh(VERDICT_WAITLISTED, 2);
	assert_round_trip();
	assert_int_equal(decoded.answers[0].place, 4998);
	assert_int_equal(decoded.answers[2].place, 5000);
}

static void repeated_answers_round_trip(void **state) {
	(void)state;
	static const enum verdict verdicts[] = {VERDICT_BOOKED, VERDICT_HELD, VERDICT_WAITLISTED};
	reset(MESSAGE_BOOK, COUNT_OF(verdicts));
	for (uint16_t i = 0; i < COUNT_OF(verdicts); i++) {
		decision.answers[i] = fresh(verdicts[i], i);
		decision.answers[i].repeated = true;
		decision.answers[i].place = 7;
		decision.answers[i].time_ms = 1000;
		decision.answers[i].account = (struct account_id){0};
	}
	assert_round_trip();
}

/* What every other verdict carries, and nothing more. */
static void all_verdicts_round_trip(void **state) {
	(void)state;
	static const struct {
		enum verdict verdict;
		bool first_booking;
		bool number;
		bool payment;
	} cases[] = {
		{VERDICT_SOLD_OUT, false, false, false},
		{VERDICT_ALREADY_BOOKED, true, true, false},
		{VERDICT_OVER_LIMIT, true, true, false},
		{VERDICT_NOT_OPEN, false, false, false},
		{VERDICT_PAUSED, false, false, false},
		{VERDICT_CLOSED, false, false, false},
		{VERDICT_BAD_UNITS, false, false, false},
		{VERDICT_NOT_VERIFIED, false, false, false},
		{VERDICT_CANCELLED, false, true, false},
		{VERDICT_NOT_FOUND, false, false, false},
		{VERDICT_NOT_CANCELLABLE, false, false, false},
		{VERDICT_PAID, false, true, true},
		{VERDICT_REFUND_DUE, false, true, true},
		{VERDICT_PAYMENT_NOTED, false, true, true},
		{VERDICT_PAYMENT_MISMATCH, false, true, true},
		{VERDICT_ACCEPTED, false, false, false},
		{VERDICT_REFUSED, false, false, false},
		{VERDICT_UNREADABLE, false, false, false},
	};
	reset(MESSAGE_BOOK, COUNT_OF(cases));
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct answer *answer = &decision.answers[i];
		answer->verdict = cases[i].verdict;
		answer->number = cases[i].number ? UINT32_MAX : 0;
		memset(&answer->payment, cases[i].payment ? 0x99 : 0, PAYMENT_BYTES);
		if (cases[i].first_booking) {
			answer->units = UNITS_PER_PERSON_MAX;
			answer->place = 1;
			answer->time_ms = 0;
			answer->status = BOOKING_REFUND_DUE;
		}
	}
	decision.answers[8].repeated = true;  /* cancelled before */
	decision.answers[11].repeated = true; /* paid before */
	assert_round_trip();
}

/* A number that nobody has is named to who paid for it, not to who cancels it. */
static void not_found_names_the_payment(void **state) {
	(void)state;
	for (int pay = 0; pay < 2; pay++) {
		reset(pay ? MESSAGE_PAY : MESSAGE_CANCEL, 1);
		decision.answers[0].verdict = VERDICT_NOT_FOUND;
		decision.answers[0].number = pay ? 5 : 0;
		memset(&decision.answers[0].payment, pay ? 0x99 : 0, PAYMENT_BYTES);
		assert_round_trip();
	}
}

static void effects_and_definition_round_trip(void **state) {
	(void)state;
	reset(MESSAGE_DEFINE, 1);
	decision.answers[0].verdict = VERDICT_ACCEPTED;
	decision.definition = "{\"title\":\"\xe0\xa4\xac\"}";
	decision.definition_size = (uint32_t)strlen(decision.definition);
	decision.effects_count = 3;
	decision.effects_before = 1;
	decision.effects[0] = (struct effect){.kind = EFFECT_RELEASED, .number = 1};
	decision.effects[1] = (struct effect){.kind = EFFECT_PROMOTED_BOOKED, .number = 2};
	decision.effects[2] =
		(struct effect){.kind = EFFECT_PROMOTED_HELD, .number = 3, .pay_by_ms = 4};
	assert_round_trip();
	assert_int_equal(decoded.definition_size, decision.definition_size);
	assert_memory_equal(decoded.definition, decision.definition, decision.definition_size);
}

/* The largest decision keeps its promise to limits.h. */
static void the_largest_decision_fits(void **state) {
	(void)state;
	static char definition[DEFINITION_BYTES_MAX];
	memset(definition, ' ', sizeof definition);
	reset(MESSAGE_BOOK, BATCH_REQUESTS_MAX);
	for (uint16_t i = 0; i < BATCH_REQUESTS_MAX; i++) {
		decision.answers[i] = fresh(VERDICT_HELD, i);
	}
	decision.definition = definition;
	decision.definition_size = sizeof definition;
	decision.effects_count = EFFECTS_MAX;
	for (uint16_t i = 0; i < EFFECTS_MAX; i++) {
		decision.effects[i] =
			(struct effect){.kind = EFFECT_PROMOTED_HELD, .number = 1, .pay_by_ms = 1};
	}
	assert_round_trip();
}

static void heads_alone_can_be_read(void **state) {
	(void)state;
	reset(MESSAGE_BOOK, 2);
	decision.answers[0] = fresh(VERDICT_BOOKED, 0);
	decision.answers[1].verdict = VERDICT_SOLD_OUT;
	decision.definition = "{}";
	decision.definition_size = 2;
	size_t size = encode();
	assert_true(decision_decode_head(&decoded, bytes, size));
	assert_head_equal();
	assert_null(decoded.definition);
	for (size_t less = 0; less < HEAD_BYTES + DIGEST_BYTES; less++) {
		assert_false(decision_decode_head(&decoded, bytes, less));
	}
	bytes[1] = MESSAGE_BOOK;
	assert_false(decision_decode_head(&decoded, bytes, size));
}

/* Every kind of answer, each read alone from behind all the others. */
static void one_answer_can_be_read(void **state) {
	(void)state;
	static const enum verdict verdicts[] = {VERDICT_BOOKED, VERDICT_SOLD_OUT, VERDICT_HELD,
		VERDICT_ALREADY_BOOKED, VERDICT_WAITLISTED, VERDICT_CANCELLED, VERDICT_PAID,
		VERDICT_BOOKED};
	reset(MESSAGE_BOOK, COUNT_OF(verdicts));
	for (uint16_t i = 0; i < COUNT_OF(verdicts); i++) {
		decision.answers[i] = fresh(verdicts[i], i);
		decision.answers[i].repeated = i == 0;
		decision.answers[i].status = BOOKING_HELD;
	}
	decision.definition = "{}";
	decision.definition_size = 2;
	decision.effects_count = 1;
	decision.effects[0] = (struct effect){.kind = EFFECT_RELEASED, .number = 1};
	size_t size = encode();
	static struct decision head;
	assert_true(decision_decode(&decoded, bytes, size));
	assert_true(decision_decode_head(&head, bytes, size));
	for (uint16_t i = 0; i < COUNT_OF(verdicts); i++) {
		struct answer answer;
		assert_true(decision_decode_answer(&head, i, bytes, size, &answer));
		assert_answer_equal(&answer, &decoded.answers[i]);
	}
	struct answer none;
	assert_false(decision_decode_answer(&head, COUNT_OF(verdicts), bytes, size, &none));
}

static void one_answer_is_read_as_strictly(void **state) {
	(void)state;
	enum { SECOND = HEAD_BYTES + 22 };
	static struct decision head;
	struct answer answer;
	reset(MESSAGE_BOOK, 2);
	decision.answers[0] = fresh(VERDICT_BOOKED, 0);
	decision.answers[1] = fresh(VERDICT_HELD, 1);
	size_t size = encode();
	assert_true(decision_decode_head(&head, bytes, size));
	/* What ends before the answer does; the digest is no part of it. */
	for (size_t less = HEAD_BYTES + DIGEST_BYTES; less < size; less++) {
		assert_false(decision_decode_answer(&head, 1, bytes, less, &answer));
	}
	assert_true(decision_decode_answer(&head, 1, bytes, size, &answer));
	bytes[SECOND + 1] = 0; /* units: its own field, nobody else's */
	assert_false(decision_decode_answer(&head, 1, bytes, size, &answer));
	assert_true(decision_decode_answer(&head, 0, bytes, size, &answer));
	bytes[SECOND + 1] = 1;
	bytes[HEAD_BYTES] = 4; /* no verdict: where the next answer begins is not known */
	assert_false(decision_decode_answer(&head, 1, bytes, size, &answer));
	bytes[HEAD_BYTES] = 0x80 | VERDICT_SOLD_OUT;
	assert_false(decision_decode_answer(&head, 1, bytes, size, &answer));
}

static void refuses_every_beginning_and_more(void **state) {
	(void)state;
	reset(MESSAGE_BOOK, 2);
	decision.answers[0] = fresh(VERDICT_BOOKED, 0);
	decision.answers[1] = fresh(VERDICT_HELD, 1);
	size_t size = encode();
	bytes[size] = 0;
	assert_false(decision_decode(&decoded, bytes, size + 1));
	for (size_t less = 0; less < size; less++) {
		assert_false(decision_decode(&decoded, bytes, less));
	}
	for (size_t capacity = 0; capacity < size - DIGEST_BYTES; capacity++) {
		assert_int_equal(decision_encode_body(&decision, bytes, capacity), 0);
	}
}

static void refuses_wrong_fields(void **state) {
	(void)state;
	enum { ANSWER = HEAD_BYTES, EFFECT = ANSWER + 22 };
	static const struct {
		size_t offset;
		uint8_t value;
	} wrong[] = {
		{0, 2},              /* version */
		{1, MESSAGE_BOOK},   /* kind */
		{2, 7},              /* kind of request */
		{2, MESSAGE_TICK},   /* a fresh booking that nobody asked for */
		{3, 5},              /* state */
		{5, 0xff},           /* more answers than BATCH_REQUESTS_MAX */
		{7, 0xff},           /* more effects than EFFECTS_MAX */
		{8, 2},              /* more effects before than there are */
		{12, 1},             /* a definition larger than DEFINITION_BYTES_MAX */
		{17, 0x10},          /* ordinal */
		{18, 0},             /* n */
		{33, 1},             /* time */
		{34, 78},            /* defined by a later request */
		{73, 0xff},          /* opened at */
		{77, 0x3b},          /* counters whose sum is above UNITS_MAX */
		{89, 0xff},          /* waiting */
		{ANSWER, 0},         /* verdict */
		{ANSWER, 4},         /* verdict */
		{ANSWER, 0x80 | 1},  /* repeated: other fields */
		{ANSWER, 0x80 | 10}, /* sold out is not remembered */
		{ANSWER + 1, 0},     /* units */
		{ANSWER + 1, 101},   /* units */
		{ANSWER + 2, 0},     /* number */
		{EFFECT, 0},         /* kind of effect */
		{EFFECT, 4},         /* kind of effect */
		{EFFECT + 1, 0},     /* number */
	};
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		reset(MESSAGE_BOOK, 1);
		decision.n = 5;
		decision.answers[0] = fresh(VERDICT_BOOKED, 0);
		decision.answers[0].number = 1;
		decision.effects_count = 1;
		decision.effects[0] = (struct effect){.kind = EFFECT_RELEASED, .number = 1};
		size_t size = encode();
		assert_true(decision_decode(&decoded, bytes, size));
		bytes[wrong[i].offset] = wrong[i].value;
		if (decision_decode(&decoded, bytes, size)) {
			fail_msg("row %zu was accepted", i);
		}
		bool in_head = wrong[i].offset < HEAD_BYTES && wrong[i].offset != 2;
		assert_true(!in_head || !decision_decode_head(&decoded, bytes, size));
	}
}

static void refuses_a_place_before_the_first(void **state) {
	(void)state;
	reset(MESSAGE_BOOK, 2);
	decision.line_position = 2;
	decision.answers[0] = fresh(VERDICT_BOOKED, 0);
	decision.answers[1].verdict = VERDICT_SOLD_OUT;
	size_t size = encode();
	assert_true(decision_decode(&decoded, bytes, size));
	assert_int_equal(decoded.answers[0].place, 1);
	bytes[42] = 1; /* line position */
	assert_false(decision_decode(&decoded, bytes, size));
}

static void refuses_a_definition_that_is_not_utf8(void **state) {
	(void)state;
	reset(MESSAGE_DEFINE, 0);
	decision.definition = "\xff";
	decision.definition_size = 1;
	size_t size = encode();
	assert_false(decision_decode(&decoded, bytes, size));
}

static void before_the_definition_there_is_no_state(void **state) {
	(void)state;
	reset((enum message_kind)0, 1);
	decision.state = (enum campaign_state)0;
	decision.ordinal = 0;
	decision.define_n = 0;
	decision.answers[0].verdict = VERDICT_UNREADABLE;
	assert_round_trip();
}

/* Whatever the bytes are, decoding reads within them (the sanitizers watch), and what it accepts can
 * be written again to the very same bytes. */
static void damaged_decisions_do_no_harm(void **state) {
	(void)state;
	struct random random = {.state = 5};
	static uint8_t again[1024];
	for (int i = 0; i < 20000; i++) {
		reset(MESSAGE_BOOK, 3);
		decision.answers[0] = fresh(VERDICT_BOOKED, 0);
		decision.answers[1] = fresh(VERDICT_HELD, 1);
		decision.answers[2].verdict = VERDICT_SOLD_OUT;
		decision.effects_count = 1;
		decision.effects[0] = (struct effect){.kind = EFFECT_RELEASED, .number = 1};
		size_t size = encode();
		for (uint64_t changes = 1 + random_below(&random, 3); changes > 0; changes--) {
			bytes[random_below(&random, size)] = (uint8_t)random_next(&random);
		}
		if (decision_decode(&decoded, bytes, size)) {
			size_t body = size - DIGEST_BYTES;
			assert_int_equal(decision_encode_body(&decoded, again, sizeof again), body);
			assert_memory_equal(again, bytes, body);
		}
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_booking_has_these_bytes),
		cmocka_unit_test(fresh_answers_round_trip),
		cmocka_unit_test(repeated_answers_round_trip),
		cmocka_unit_test(all_verdicts_round_trip),
		cmocka_unit_test(not_found_names_the_payment),
		cmocka_unit_test(effects_and_definition_round_trip),
		cmocka_unit_test(the_largest_decision_fits),
		cmocka_unit_test(heads_alone_can_be_read),
		cmocka_unit_test(one_answer_can_be_read),
		cmocka_unit_test(one_answer_is_read_as_strictly),
		cmocka_unit_test(refuses_every_beginning_and_more),
		cmocka_unit_test(refuses_wrong_fields),
		cmocka_unit_test(refuses_a_place_before_the_first),
		cmocka_unit_test(refuses_a_definition_that_is_not_utf8),
		cmocka_unit_test(before_the_definition_there_is_no_state),
		cmocka_unit_test(damaged_decisions_do_no_harm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
