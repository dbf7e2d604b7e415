/*
 * batcher_test - the story of a line's batches, told by what they ask of the bus.
 *
 * The test is the bus and the clock. Batches are named A, B, C... in the order in which they begin;
 * what a batcher asks for is written into a transcript: "send A3" is a message with three entries.
 */
#include "ingress/batcher.h"

#include "tests/unit/unit.h"

#include <stdlib.h>

#include "common/pure/text.h"

#define LINGER_US 10000

static struct batch_pool pool;
static struct batcher batcher;
static char transcript_bytes[512];
static struct text transcript;
static uint8_t names;
static int64_t now_us;
static struct batch *sent; /* the last one */

static void note(const char *what, const struct batch *batch, uint64_t number) {
	text_append(&transcript, transcript.used == 0 ? "" : ", ");
	text_append(&transcript, what);
	text_append_char(&transcript, ' ');
	text_append_char(&transcript, (char)batch->id.bytes[0]);
	text_append_u64(&transcript, number);
}

static void name(struct batch *batch) {
	batch->id = (struct batch_id){.bytes = {(uint8_t)('A' + names++)}};
}

static void publish(struct batch *batch) {
	note("send", batch, batch->count);
	sent = batch;
}

static void forget(struct batch *batch) {
	note("forget", batch, batch->count);
}

static void stored(struct batch *batch) {
	note("stored", batch, batch->n);
}

/* As the line does: whoever waits is told, and leaves. */
static void refused(struct batch *batch) {
	note("refused", batch, batch->waiters_count);
	for (uint16_t i = 0; i < batch->count; i++) {
		batcher_leave(batch, i);
	}
}

static void ask(struct batch *batch) {
	note("ask", batch, batch->n);
}

static const struct batcher_port port = {
	.name = name,
	.publish = publish,
	.forget = forget,
	.stored = stored,
	.refused = refused,
	.ask = ask,
};

static int begin(void **state) {
	(void)state;
	struct batch *all = calloc(BATCHES_MAX, sizeof *all);
	assert_non_null(all);
	batch_pool_init(&pool, all);
	batcher_init(
		&batcher, &(struct batcher){.port = &port, .pool = &pool, .kind = MESSAGE_BOOK});
	transcript = text_init(transcript_bytes, sizeof transcript_bytes);
	names = 0;
	now_us = 1000000;
	sent = NULL;
	return 0;
}

static int end(void **state) {
	(void)state;
	free(pool.all);
	return 0;
}

/* The transcript since the last look. */
static void expect(const char *wanted) {
	assert_string_equal(transcript.start, wanted);
	text_clear(&transcript);
}

static struct batch *add(unsigned count) {
	static char somebody;
	struct batch *batch = NULL;
	for (unsigned i = 0; i < count; i++) {
		batch = batcher_open(&batcher, 77);
		if (batch == NULL) {
			return NULL;
		}
		const struct book_request entry = {
			.person = {.identities_count = 1, .identities = {{.bytes = {(uint8_t)i}}}},
			.units = 1,
		};
		book_request_encode(&batch->writer, &entry);
		batcher_added(&batcher, batch, (struct waiter *)&somebody);
	}
	return batch;
}

static void leave_all(struct batch *batch) {
	for (uint16_t i = 0; i < batch->count; i++) {
		batcher_leave(batch, i);
	}
}

static void flush(void) {
	batcher_flush(&batcher, now_us);
}

static void acknowledge(enum batcher_outcome outcome, uint64_t n) {
	batcher_acknowledged(sent, outcome, n, now_us);
}

static void decide(char which) {
	const struct batch_id id = {.bytes = {(uint8_t)which}};
	struct batch *batch = batcher_find(&batcher, &id);
	assert_non_null(batch);
	batcher_decided(batch);
	flush();
}

static bool is_found(char which) {
	const struct batch_id id = {.bytes = {(uint8_t)which}};
	return batcher_find(&batcher, &id) != NULL;
}

static void pass(int64_t us) {
	now_us += us;
	batcher_tick(&batcher, now_us);
}

/* ---- stories ----------------------------------------------------------------------------------- */

static void an_idle_line_sends_at_once(void **state) {
	(void)state;
	add(1);
	flush();
	expect("send A1");
	acknowledge(BATCHER_STORED, 4);
	expect("stored A4");
	decide('A');
	expect("");
	add(1);
	flush();
	expect("send B1");
}

static void what_comes_while_one_is_in_flight_goes_together(void **state) {
	(void)state;
	add(1);
	flush();
	add(3);
	flush();
	add(2);
	flush();
	expect("send A1");
	acknowledge(BATCHER_STORED, 1);
	expect("stored A1");
	decide('A');
	expect("send B5");
}

static void a_decision_may_come_before_its_acknowledgement(void **state) {
	(void)state;
	add(2);
	flush();
	add(1);
	expect("send A2");
	decide('A');
	expect("forget A2, send B1");
}

static void a_batch_is_full_at_its_limit(void **state) {
	(void)state;
	add(BATCH_REQUESTS_MAX + 1);
	flush();
	expect("send A1024");
	assert_true(sent->writer.used <= BATCH_BYTES_MAX);
	assert_false(sent->writer.failed);
	acknowledge(BATCHER_STORED, 1);
	decide('A');
	expect("stored A1, send B1");
}

static void the_message_is_what_was_added(void **state) {
	(void)state;
	static struct request request;
	add(3);
	flush();
	assert_true(request_decode(&request, sent->bytes, sent->writer.used));
	assert_int_equal(request.kind, MESSAGE_BOOK);
	assert_int_equal(request.count, 3);
	assert_int_equal(request.opened_at_us, 77);
	assert_memory_equal(&request.batch, &sent->id, sizeof sent->id);
	assert_int_equal(request.book[2].person.identities[0].bytes[0], 2);
}

static void what_may_be_lost_is_sent_again_with_the_same_bytes(void **state) {
	(void)state;
	add(2);
	flush();
	static uint8_t bytes[BATCH_BUFFER_BYTES];
	size_t size = sent->writer.used;
	memcpy(bytes, sent->bytes, size);
	expect("send A2");
	acknowledge(BATCHER_UNKNOWN, 0);
	add(1);
	flush();
	expect("");
	pass(BATCHER_RETRY_MS_MIN * 1000);
	expect("send A2");
	assert_int_equal(sent->writer.used, size);
	assert_memory_equal(sent->bytes, bytes, size);
	acknowledge(BATCHER_STORED, 9);
	expect("stored A9");
	decide('A');
	expect("send B1");
}

static void tries_come_ever_more_seldom(void **state) {
	(void)state;
	add(1);
	flush();
	unsigned tries = 1;
	for (int64_t us = 0; us < 10000000; us += 10000) {
		if (sent->state == BATCH_SENT) {
			acknowledge(BATCHER_UNKNOWN, 0);
			tries++;
		}
		pass(10000);
	}
	assert_in_range(tries, 10, 30);
}

static void what_was_stored_after_all_is_found_while_it_is_tried_again(void **state) {
	(void)state;
	add(1);
	flush();
	acknowledge(BATCHER_UNKNOWN, 0);
	expect("send A1");
	decide('A');
	pass(2000000);
	expect("");
}

static void nobody_waits_so_nothing_is_tried_again(void **state) {
	(void)state;
	add(2);
	flush();
	acknowledge(BATCHER_UNKNOWN, 0);
	leave_all(sent);
	add(1);
	expect("send A2");
	pass(2000000);
	expect("send B1");
	assert_false(is_found('A'));
}

static void nobody_waits_so_nothing_is_sent(void **state) {
	(void)state;
	add(1);
	flush();
	leave_all(add(3));
	acknowledge(BATCHER_STORED, 1);
	decide('A');
	expect("send A1, stored A1");
	assert_int_equal(batcher.entries_waiting, 0);
	assert_null(batcher.first);
	assert_null(batcher.last);
}

static void a_refused_batch_makes_room_for_the_next(void **state) {
	(void)state;
	add(2);
	flush();
	add(1);
	acknowledge(BATCHER_REFUSED, 0);
	expect("send A2, refused A2, forget A2, send B1");
}

static void in_a_stall_an_acknowledgement_is_enough(void **state) {
	(void)state;
	add(1);
	flush();
	acknowledge(BATCHER_STORED, 1);
	add(1);
	expect("send A1, stored A1");
	pass(BATCHER_STALL_US - 1);
	expect("");
	pass(1);
	expect("ask A1, send B1");
	add(1);
	acknowledge(BATCHER_STORED, 2);
	expect("stored B2, send C1");
	acknowledge(BATCHER_STORED, 3);
	expect("stored C3");
	pass(BATCHER_ASK_US);
	expect("ask A1, ask B2, ask C3");
	/* Decisions come again: from now on they are waited for. */
	decide('A');
	decide('B');
	add(1);
	flush();
	expect("");
	decide('C');
	expect("send D1");
}

static void a_stored_batch_that_nobody_waits_for_is_forgotten_in_a_stall(void **state) {
	(void)state;
	add(1);
	flush();
	acknowledge(BATCHER_STORED, 1);
	leave_all(sent);
	add(1);
	pass(BATCHER_STALL_US);
	expect("send A1, stored A1, send B1");
	assert_false(is_found('A'));
	assert_true(is_found('B'));
}

static void the_queue_is_bounded(void **state) {
	(void)state;
	add(1);
	flush();
	assert_non_null(add(BATCHER_WAITING_MAX));
	assert_null(add(1));
	assert_int_equal(batcher.entries_waiting, BATCHER_WAITING_MAX);
	decide('A');
	assert_int_equal(batcher.entries_waiting, BATCHER_WAITING_MAX - BATCH_REQUESTS_MAX);
	assert_non_null(add(1));
}

/* Sends batch after batch, each so long after the one before, and keeps so many entries waiting. */
static void go_on_slowly(unsigned rounds, int64_t round_us, unsigned waiting) {
	for (unsigned i = 0; i < rounds; i++) {
		while (batcher.entries_waiting < waiting && add(1) != NULL) {
		}
		now_us += round_us;
		decide((char)sent->id.bytes[0]);
		flush();
		text_clear(&transcript);
	}
}

static void who_would_wait_for_too_long_is_not_let_in(void **state) {
	(void)state;
	add(1);
	flush();
	go_on_slowly(60, 200000, 5 * BATCH_REQUESTS_MAX);
	/* Four rounds of 200 ms, not five. */
	assert_in_range(
		batcher.entries_waiting, 2 * BATCH_REQUESTS_MAX, 4 * BATCH_REQUESTS_MAX - 1);
	assert_null(add(4 * BATCH_REQUESTS_MAX));
	/* The same queue is no trouble where it goes quickly. */
	go_on_slowly(60, 2000, 5 * BATCH_REQUESTS_MAX);
	assert_int_equal(batcher.entries_waiting, 4 * BATCH_REQUESTS_MAX);
	assert_non_null(add(1));
}

static void what_goes_with_the_next_batch_is_let_in_however_slow_it_is(void **state) {
	(void)state;
	add(1);
	flush();
	go_on_slowly(60, 5 * BATCHER_WAITING_US_MAX, 5 * BATCH_REQUESTS_MAX);
	assert_int_equal(batcher.entries_waiting, 0);
	assert_non_null(add(BATCH_REQUESTS_MAX));
	assert_null(add(1));
	/* And when it was idle for a while, that is forgotten. */
	now_us += LINGER_US;
	decide((char)sent->id.bytes[0]);
	flush();
	decide((char)sent->id.bytes[0]);
	for (unsigned i = 0; i < 100; i++) {
		now_us += LINGER_US;
		add(1);
		flush();
		decide((char)sent->id.bytes[0]);
		text_clear(&transcript);
	}
	assert_non_null(add(5 * BATCH_REQUESTS_MAX));
}

/* Two batches, the second in flight, while the processors are short. */
static void begin_lingering(unsigned count) {
	batcher.linger_us = LINGER_US;
	add(count);
	flush();
	batcher_decided(sent);
	now_us += LINGER_US;
	add(count);
	flush();
	text_clear(&transcript);
}

static void where_processors_are_short_the_next_batch_waits_for_company(void **state) {
	(void)state;
	begin_lingering(BATCHER_LINGER_COUNT_MIN);
	now_us += LINGER_US / 2;
	add(1);
	batcher_decided(sent);
	assert_true(batcher_flush(&batcher, now_us));
	add(1);
	now_us += LINGER_US / 2 - 1;
	assert_true(batcher_flush(&batcher, now_us));
	now_us += 1;
	assert_false(batcher_flush(&batcher, now_us));
	assert_int_equal(sent->count, 2);
	assert_int_equal(sent->state, BATCH_SENT);
}

static void a_full_batch_waits_for_nobody(void **state) {
	(void)state;
	begin_lingering(BATCHER_LINGER_COUNT_MIN);
	now_us += 1;
	add(BATCH_REQUESTS_MAX);
	batcher_decided(sent);
	assert_false(batcher_flush(&batcher, now_us));
	assert_int_equal(sent->count, BATCH_REQUESTS_MAX);
	assert_int_equal(sent->state, BATCH_SENT);
}

static void small_batches_wait_for_nobody(void **state) {
	(void)state;
	begin_lingering(BATCHER_LINGER_COUNT_MIN - 1);
	add(1);
	now_us += 1;
	batcher_decided(sent);
	assert_false(batcher_flush(&batcher, now_us));
	assert_int_equal(sent->count, 1);
	assert_int_equal(sent->state, BATCH_SENT);
}

static void where_there_are_enough_it_goes_with_the_decision(void **state) {
	(void)state;
	begin_lingering(BATCHER_LINGER_COUNT_MIN);
	batcher.linger_us = 0;
	add(1);
	now_us += 1;
	batcher_decided(sent);
	assert_false(batcher_flush(&batcher, now_us));
	assert_int_equal(sent->count, 1);
	assert_int_equal(sent->state, BATCH_SENT);
}

static void the_pool_is_bounded_and_whole_at_the_end(void **state) {
	(void)state;
	static struct batcher many[BATCHES_MAX];
	for (size_t i = 0; i < BATCHES_MAX; i++) {
		batcher_init(&many[i],
			&(struct batcher){.port = &port, .pool = &pool, .kind = MESSAGE_CANCEL});
		assert_non_null(batcher_open(&many[i], 0));
	}
	assert_null(batcher_open(&batcher, 0));
	for (size_t i = 0; i < BATCHES_MAX; i++) {
		batcher_flush(&many[i], now_us); /* empty ones are given back */
	}
	size_t free_count = 0;
	for (const struct batch *batch = pool.free; batch != NULL; batch = batch->next) {
		free_count++;
	}
	assert_int_equal(free_count, BATCHES_MAX);
	expect("");
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
	const struct CMUnitTest tests[] = {
		STORY(an_idle_line_sends_at_once),
		STORY(what_comes_while_one_is_in_flight_goes_together),
		STORY(a_decision_may_come_before_its_acknowledgement),
		STORY(a_batch_is_full_at_its_limit),
		STORY(the_message_is_what_was_added),
		STORY(what_may_be_lost_is_sent_again_with_the_same_bytes),
		STORY(tries_come_ever_more_seldom),
		STORY(what_was_stored_after_all_is_found_while_it_is_tried_again),
		STORY(nobody_waits_so_nothing_is_tried_again),
		STORY(nobody_waits_so_nothing_is_sent),
		STORY(a_refused_batch_makes_room_for_the_next),
		STORY(in_a_stall_an_acknowledgement_is_enough),
		STORY(a_stored_batch_that_nobody_waits_for_is_forgotten_in_a_stall),
		STORY(the_queue_is_bounded),
		STORY(who_would_wait_for_too_long_is_not_let_in),
		STORY(what_goes_with_the_next_batch_is_let_in_however_slow_it_is),
		STORY(where_processors_are_short_the_next_batch_waits_for_company),
		STORY(a_full_batch_waits_for_nobody),
		STORY(small_batches_wait_for_nobody),
		STORY(where_there_are_enough_it_goes_with_the_decision),
		STORY(the_pool_is_bounded_and_whole_at_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
