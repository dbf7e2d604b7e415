/*
 * codebook_test - the life of a one-time code: its rules, and that they hold over all ingresses.
 */
#include "ingress/codebook.h"

#include "tests/unit/unit.h"

#include "common/log.h"
#include "common/pure/subjects.h"
#include "ingress/codebook_rules.h"
#include "tests/fake/fake_log.h"

static const uint8_t nonce[16] = "first nonce....";
static const uint8_t other_nonce[16] = "other nonce....";

/* One contact's state, as the stream would keep it. */
struct book {
	bool exists;
	struct code_state state;
	int64_t now_ms;
	struct code_verdict verdict;
};

static const struct code_state *stored(const struct book *book) {
	return book->exists ? &book->state : NULL;
}

static enum code_permit keep(
	struct book *book, struct code_verdict verdict, const struct code_state *next) {
	book->verdict = verdict;
	if (verdict.permit == CODE_GRANTED) {
		book->exists = true;
		book->state = *next;
	}
	return verdict.permit;
}

static enum code_permit send(struct book *book, const uint8_t fresh[16]) {
	struct code_state next;
	return keep(book, codebook_rules_send(&next, stored(book), fresh, book->now_ms), &next);
}

static enum code_permit try(struct book *book) {
	struct code_state next;
	return keep(book, codebook_rules_try(&next, stored(book), book->now_ms), &next);
}

#define START INT64_C(1700000000000)

static void the_same_code_is_sent_five_times_half_a_minute_apart(void **state) {
	(void)state;
	struct book book = {.now_ms = START};
	assert_int_equal(send(&book, nonce), CODE_GRANTED);
	assert_int_equal(book.verdict.expires_at_ms, START + 600000);
	book.now_ms += 29999;
	assert_int_equal(send(&book, other_nonce), CODE_TOO_SOON);
	assert_int_equal(book.verdict.retry_after_ms, 1);
	for (int sends = 2; sends <= 5; sends++) {
		book.now_ms = START + (sends - 1) * 30000;
		assert_int_equal(send(&book, other_nonce), CODE_GRANTED);
		assert_memory_equal(book.state.nonce, nonce, sizeof nonce);
		assert_int_equal(book.verdict.expires_at_ms, START + 600000);
	}
	book.now_ms = START + 300000;
	assert_int_equal(send(&book, other_nonce), CODE_TOO_MANY);
	assert_int_equal(book.verdict.retry_after_ms, 300000);
	book.now_ms = START + 600000;
	assert_int_equal(send(&book, other_nonce), CODE_GRANTED);
	assert_memory_equal(book.state.nonce, other_nonce, sizeof nonce);
	assert_int_equal(book.state.sends, 1);
	assert_int_equal(book.state.tries, 0);
}

static void five_tries_and_not_one_more(void **state) {
	(void)state;
	struct book book = {.now_ms = START};
	assert_int_equal(try(&book), CODE_NONE);
	send(&book, nonce);
	for (int tries = 1; tries <= 5; tries++) {
		assert_int_equal(try(&book), CODE_GRANTED);
		assert_int_equal(book.state.tries, tries);
	}
	book.now_ms = START + 60000;
	assert_int_equal(try(&book), CODE_TOO_MANY);
	assert_int_equal(book.verdict.retry_after_ms, 540000);
	/* A message with a code that nobody may try would be no help. */
	assert_int_equal(send(&book, nonce), CODE_TOO_MANY);
	book.now_ms = START + 600000;
	assert_int_equal(try(&book), CODE_NONE);
}

static void sending_again_gives_no_new_tries(void **state) {
	(void)state;
	struct book book = {.now_ms = START};
	send(&book, nonce);
	try(&book);
	try(&book);
	book.now_ms += 30000;
	assert_int_equal(send(&book, nonce), CODE_GRANTED);
	assert_int_equal(book.state.tries, 2);
}

static void a_code_that_is_nearly_over_is_not_sent(void **state) {
	(void)state;
	struct book book = {.now_ms = START};
	send(&book, nonce);
	book.now_ms = START + 540000;
	assert_int_equal(send(&book, nonce), CODE_GRANTED);
	book.now_ms = START + 570001;
	assert_int_equal(send(&book, nonce), CODE_TOO_SOON);
	assert_int_equal(book.verdict.retry_after_ms, 29999);
}

static void a_clock_that_is_behind_does_no_harm(void **state) {
	(void)state;
	struct book book = {.now_ms = START};
	send(&book, nonce);
	book.now_ms = START - 5000;
	assert_int_equal(send(&book, nonce), CODE_TOO_SOON);
	assert_int_equal(book.verdict.retry_after_ms, 30000);
	assert_int_equal(try(&book), CODE_GRANTED);
	assert_int_equal(book.verdict.expires_at_ms, START - 5000 + 600000);
}

static void codes_depend_on_key_person_and_nonce(void **state) {
	(void)state;
	const struct key keys[] = {{.bytes = {1}}, {.bytes = {2}}};
	const struct identity people[] = {{.bytes = {1}}, {.bytes = {2}}};
	struct code_state states[2] = {{.sends = 1}, {.sends = 1}};
	memcpy(states[0].nonce, nonce, sizeof nonce);
	memcpy(states[1].nonce, other_nonce, sizeof nonce);
	char codes[8][CODE_DIGITS + 1];
	for (size_t i = 0; i < 8; i++) {
		codebook_rules_code(codes[i], &keys[i & 1], &people[i >> 1 & 1], &states[i >> 2]);
		assert_int_equal(strlen(codes[i]), CODE_DIGITS);
		assert_int_equal(strspn(codes[i], "0123456789"), CODE_DIGITS);
		for (size_t j = 0; j < i; j++) {
			assert_string_not_equal(codes[i], codes[j]);
		}
	}
	char again[CODE_DIGITS + 1];
	states[0].sends = 5;
	states[0].tries = 4;
	codebook_rules_code(again, &keys[0], &people[0], &states[0]);
	assert_string_equal(again, codes[0]);
}

static void codes_as_people_type_them(void **state) {
	(void)state;
	static const struct {
		const char *typed;
		bool right;
	} cases[] = {
		{"042137", true},
		{" 042 137 ", true},
		{"042-137", true},
		{"042138", false},
		{"142137", false},
		{"04213", false},
		{"0421370", false},
		{"042137 1", false},
		{"", false},
		{"       ", false},
		{"o42137", false},
		{"42137", false},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(codebook_rules_is_right(cases[i].typed, "042137"), cases[i].right);
	}
}

/* ---- several ingresses ------------------------------------------------------------------------- */

static const struct key code_key = {.bytes = {3}};
static const struct identity asha = {.bytes = {4}};
static const struct identity ravi = {.bytes = {5}};

static unsigned outcomes[CODEBOOK_UNAVAILABLE + 1];
static struct codebook_answer last_answer;

static void on_answer(void *context, const struct codebook_answer *answer) {
	(void)context;
	outcomes[answer->outcome]++;
	last_answer = *answer;
}

static struct codebook codebook = {.key = &code_key};

static int begin(void **state) {
	(void)state;
	fake_log_reset(STREAM_CODEBOOK);
	memset(outcomes, 0, sizeof outcomes);
	return 0;
}

static void two_ingresses_that_are_asked_at_once_send_one_code(void **state) {
	(void)state;
	codebook_send(&codebook, &asha, on_answer, NULL);
	codebook_send(&codebook, &asha, on_answer, NULL);
	fake_log_run();
	assert_int_equal(outcomes[CODEBOOK_GRANTED], 1);
	assert_int_equal(outcomes[CODEBOOK_TOO_SOON], 1);
}

static void six_tries_at_once_are_five(void **state) {
	(void)state;
	codebook_send(&codebook, &asha, on_answer, NULL);
	fake_log_run();
	char code[CODE_DIGITS + 1];
	memcpy(code, last_answer.code, sizeof code);
	for (int i = 0; i < 2; i++) {
		for (int j = 0; j < 3; j++) {
			codebook_try(&codebook, &asha, on_answer, NULL);
		}
		fake_log_run();
	}
	assert_int_equal(outcomes[CODEBOOK_GRANTED], 1 + CODE_TRIES_MAX);
	assert_int_equal(outcomes[CODEBOOK_TOO_MANY], 1);
	codebook_try(&codebook, &ravi, on_answer, NULL);
	fake_log_run();
	assert_int_equal(outcomes[CODEBOOK_NONE], 1);
}

static void every_try_is_shown_the_code_that_was_sent(void **state) {
	(void)state;
	codebook_send(&codebook, &asha, on_answer, NULL);
	fake_log_run();
	char code[CODE_DIGITS + 1];
	memcpy(code, last_answer.code, sizeof code);
	assert_int_equal(strlen(code), CODE_DIGITS);
	codebook_try(&codebook, &asha, on_answer, NULL);
	fake_log_run();
	assert_string_equal(last_answer.code, code);
}

static void a_crowd_of_conflicts_ends(void **state) {
	(void)state;
	codebook_send(&codebook, &asha, on_answer, NULL);
	fake_log_run();
	fake_log_fail(UINT32_MAX, STREAM_CONFLICT);
	uint32_t calls = fake_log_calls();
	codebook_try(&codebook, &asha, on_answer, NULL);
	fake_log_run();
	assert_int_equal(outcomes[CODEBOOK_UNAVAILABLE], 1);
	assert_true(fake_log_calls() - calls <= 2 * CODEBOOK_ROUNDS_MAX);
}

static void a_broker_that_does_not_answer_grants_nothing(void **state) {
	(void)state;
	fake_log_fail(1, STREAM_UNKNOWN);
	codebook_send(&codebook, &asha, on_answer, NULL);
	fake_log_run();
	assert_int_equal(outcomes[CODEBOOK_UNAVAILABLE], 1);
	codebook_send(&codebook, &asha, on_answer, NULL);
	fake_log_step(); /* read */
	fake_log_fail(1, STREAM_UNKNOWN);
	fake_log_run();
	assert_int_equal(outcomes[CODEBOOK_UNAVAILABLE], 2);
	assert_int_equal(outcomes[CODEBOOK_GRANTED], 0);
}

static void a_state_that_nobody_can_read_grants_nothing(void **state) {
	(void)state;
	char subject[64] = SUBJECT_CODEBOOK_PREFIX "04000000000000000000000000000000";
	fake_log_put(STREAM_CODEBOOK, subject, "garbage", 7);
	codebook_try(&codebook, &asha, on_answer, NULL);
	fake_log_run();
	assert_int_equal(outcomes[CODEBOOK_UNAVAILABLE], 1);
}

#define STORY(test) cmocka_unit_test_setup(test, begin)

int main(void) {
	crypto_init();
	log_init("codebook_test", LOG_FATAL, LOG_FORMAT_TEXT);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_code_is_sent_five_times_half_a_minute_apart),
		cmocka_unit_test(five_tries_and_not_one_more),
		cmocka_unit_test(sending_again_gives_no_new_tries),
		cmocka_unit_test(a_code_that_is_nearly_over_is_not_sent),
		cmocka_unit_test(a_clock_that_is_behind_does_no_harm),
		cmocka_unit_test(codes_depend_on_key_person_and_nonce),
		cmocka_unit_test(codes_as_people_type_them),
		STORY(two_ingresses_that_are_asked_at_once_send_one_code),
		STORY(six_tries_at_once_are_five),
		STORY(every_try_is_shown_the_code_that_was_sent),
		STORY(a_crowd_of_conflicts_ends),
		STORY(a_broker_that_does_not_answer_grants_nothing),
		STORY(a_state_that_nobody_can_read_grants_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
