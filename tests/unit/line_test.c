/*
 * line_test - what becomes of a request in the line, as its client sees it.
 */
#include "ingress/line.h"

#include "tests/unit/unit.h"

#include "common/clock.h"
#include "common/crypto.h"
#include "common/log.h"
#include "tests/fake/fake_log.h"

#define SECOND INT64_C(1000000)

static struct lines *lines;
static struct campaign campaign;
static struct decision decision;
static uint64_t asked_n;

/* The last one told, and how often anybody was. */
static unsigned told_count;
static struct line_answer told;
static struct answer told_answer;

static void on_answer(struct waiter *waiter, const struct line_answer *answer) {
	told_count++;
	told = *answer;
	told_answer = answer->answer == NULL ? (struct answer){0} : *answer->answer;
	assert_ptr_equal(waiter->campaign, &campaign);
}

static void on_asked(void *context, struct campaign *which, uint64_t n) {
	(void)context;
	assert_ptr_equal(which, &campaign);
	asked_n = n;
}

static int begin(void **state) {
	(void)state;
	fake_log_reset("REQ_burger");
	campaign = (struct campaign){.id = "burger", .ordinal = 1};
	lines = lines_create(NULL);
	lines_set_asker(lines, on_asked, NULL);
	told_count = 0;
	asked_n = 0;
	return 0;
}

static int end(void **state) {
	(void)state;
	lines_destroy(lines);
	fake_log_reset("unused");
	return 0;
}

static struct waiter *book(int64_t wait_us) {
	const struct line_request request = {
		.campaign = &campaign, .wait_us = wait_us, .handler = on_answer};
	const struct book_request entry = {.person = {.identities_count = 1}, .units = 1};
	struct waiter *waiter = line_book(lines, &request, &entry);
	assert_non_null(waiter);
	return waiter;
}

static void cancel(int64_t wait_us) {
	const struct line_request request = {
		.campaign = &campaign, .wait_us = wait_us, .handler = on_answer};
	const struct cancel_request entry = {.person = {.identities_count = 1}, .number = 7};
	assert_non_null(line_cancel(lines, &request, &entry));
}

/* Decides a batch: every entry is sold out, or not found. */
static void decide(uint64_t n, enum message_kind kind, const struct batch_id *id, uint16_t count) {
	static uint8_t bytes[DECISION_BYTES_MAX];
	decision = (struct decision){
		.n = n,
		.define_n = 1,
		.line_position = 1000,
		.request_kind = kind,
		.state = CAMPAIGN_OPEN,
		.ordinal = 1,
		.batch = *id,
		.count = count,
	};
	for (uint16_t i = 0; i < count; i++) {
		decision.answers[i].verdict =
			kind == MESSAGE_BOOK ? VERDICT_SOLD_OUT : VERDICT_NOT_FOUND;
	}
	size_t size = decision_encode_body(&decision, bytes, sizeof bytes - DIGEST_BYTES);
	assert_true(size > 0);
	memset(bytes + size, 0, DIGEST_BYTES);
	lines_decided(lines, &campaign, &decision, bytes, size + DIGEST_BYTES);
}

static void pass(int64_t us) {
	lines_tick(lines, clock_monotonic_us() + us);
}

/* ---- stories ----------------------------------------------------------------------------------- */

static void a_decided_request_is_answered_with_its_answer(void **state) {
	(void)state;
	book(SECOND);
	struct batch_id id = book(SECOND)->batch->id;
	lines_flush(lines);
	fake_log_run();
	assert_int_equal(told_count, 0);
	decide(1, MESSAGE_BOOK, &id, 2);
	assert_int_equal(told_count, 2);
	assert_int_equal(told.outcome, LINE_DECIDED);
	assert_int_equal(told.n, 1);
	assert_int_equal(told.index, 1);
	assert_int_equal(told_answer.verdict, VERDICT_SOLD_OUT);
	decide(1, MESSAGE_BOOK, &id, 2); /* seen twice */
	assert_int_equal(told_count, 2);
}

static void bookings_and_cancellations_go_separately(void **state) {
	(void)state;
	struct batch_id id = book(SECOND)->batch->id;
	cancel(SECOND);
	lines_flush(lines);
	assert_int_equal(fake_log_calls(), 2);
	fake_log_run();
	decide(1, MESSAGE_CANCEL, &id, 1); /* a batch of the other kind has another id */
	assert_int_equal(told_count, 0);
	decide(1, MESSAGE_BOOK, &id, 1);
	assert_int_equal(told_count, 1);
}

static void who_has_waited_gets_a_ticket(void **state) {
	(void)state;
	book(SECOND);
	lines_flush(lines);
	fake_log_run();
	pass(SECOND / 2);
	assert_int_equal(told_count, 0);
	pass(SECOND + 2 * WAITERS_TICK_US);
	assert_int_equal(told_count, 1);
	assert_int_equal(told.outcome, LINE_QUEUED);
	assert_int_equal(told.n, 1);
	assert_int_equal(told.index, 0);
}

static void who_does_not_wait_gets_a_ticket_when_it_is_stored_and_not_before(void **state) {
	(void)state;
	book(0);
	lines_flush(lines);
	pass(2 * WAITERS_TICK_US);
	assert_int_equal(told_count, 0);
	fake_log_run();
	assert_int_equal(told_count, 1);
	assert_int_equal(told.outcome, LINE_QUEUED);
	assert_int_equal(told.n, 1);
}

static void what_is_not_stored_in_time_is_late(void **state) {
	(void)state;
	book(0);
	lines_flush(lines);
	fake_log_fail(UINT32_MAX, STREAM_UNKNOWN);
	for (int64_t us = 0; us < LINE_STORE_US; us += SECOND / 10) {
		fake_log_run();
		pass(us);
	}
	assert_int_equal(told_count, 0);
	pass(LINE_STORE_US + 2 * WAITERS_TICK_US);
	assert_int_equal(told_count, 1);
	assert_int_equal(told.outcome, LINE_LATE);
	/* Nobody waits: it is not tried again. */
	fake_log_run();
	uint32_t calls = fake_log_calls();
	pass(5 * SECOND);
	assert_int_equal(fake_log_calls(), calls);
}

static void a_refused_batch_is_told_at_once(void **state) {
	(void)state;
	book(SECOND);
	book(SECOND);
	lines_flush(lines);
	fake_log_fail(1, STREAM_REFUSED);
	fake_log_run();
	assert_int_equal(told_count, 2);
	assert_int_equal(told.outcome, LINE_REFUSED);
}

/* A ticket for a place that somebody else had would lead to that one's booking. */
static void nobody_gets_a_place_that_was_decided_before(void **state) {
	(void)state;
	campaign.newest_n = 1;
	book(0);
	lines_flush(lines);
	fake_log_run(); /* stored as 1, though 1 was decided: the broker has forgotten it */
	assert_int_equal(told_count, 1);
	assert_int_equal(told.outcome, LINE_REFUSED);
	book(0);
	lines_flush(lines);
	pass(2 * WAITERS_TICK_US);
	fake_log_run();
	assert_int_equal(told_count, 2);
	assert_int_equal(told.outcome, LINE_QUEUED);
	assert_int_equal(told.n, 2);
}

static void a_full_stream_may_have_room_later(void **state) {
	(void)state;
	book(5 * SECOND);
	lines_flush(lines);
	fake_log_fail(1, STREAM_FULL);
	fake_log_run();
	assert_int_equal(told_count, 0);
	pass(SECOND);
	fake_log_run();
	pass(6 * SECOND);
	assert_int_equal(told.outcome, LINE_QUEUED);
}

static void who_goes_away_is_not_told(void **state) {
	(void)state;
	struct waiter *waiter = book(SECOND);
	struct batch_id id = waiter->batch->id;
	book(SECOND);
	line_abandon(waiter);
	lines_flush(lines);
	fake_log_run();
	decide(1, MESSAGE_BOOK, &id, 2);
	assert_int_equal(told_count, 1);
	assert_int_equal(told.index, 1);
}

static void a_decision_that_does_not_fit_is_no_answer(void **state) {
	(void)state;
	struct batch_id id = book(SECOND)->batch->id;
	lines_flush(lines);
	fake_log_run();
	decide(1, MESSAGE_BOOK, &id, 3);
	assert_int_equal(told_count, 1);
	assert_int_equal(told.outcome, LINE_REFUSED);
}

static void a_decision_that_does_not_come_is_asked_for(void **state) {
	(void)state;
	book(5 * SECOND);
	lines_flush(lines);
	fake_log_run();
	pass(BATCHER_STALL_US / 2);
	assert_int_equal(asked_n, 0);
	pass(BATCHER_STALL_US + SECOND / 10);
	assert_int_equal(asked_n, 1);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
	crypto_init();
	log_init("line_test", LOG_FATAL, LOG_FORMAT_TEXT);
	const struct CMUnitTest tests[] = {
		STORY(a_decided_request_is_answered_with_its_answer),
		STORY(bookings_and_cancellations_go_separately),
		STORY(who_has_waited_gets_a_ticket),
		STORY(who_does_not_wait_gets_a_ticket_when_it_is_stored_and_not_before),
		STORY(what_is_not_stored_in_time_is_late),
		STORY(a_refused_batch_is_told_at_once),
		STORY(nobody_gets_a_place_that_was_decided_before),
		STORY(a_full_stream_may_have_room_later),
		STORY(who_goes_away_is_not_told),
		STORY(a_decision_that_does_not_fit_is_no_answer),
		STORY(a_decision_that_does_not_come_is_asked_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
