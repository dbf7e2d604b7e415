/*
 * drain_test - stories of one campaign on its way into the ledger, when all goes well and when not.
 *
 * The ledger is a fake one, and so is the log: a follower that gives what the test wrote, from the
 * position that it was made with.
 */
#include "fulfiller/drain.h"

#include <inttypes.h>
#include <stdlib.h>
#include <uv.h>

#include "common/clock.h"
#include "common/crypto.h"
#include "common/follower.h"
#include "common/log.h"
#include "common/pure/messages.h"
#include "tests/fake/fake_ledger.h"
#include "tests/unit/unit.h"

#define ORDINAL 5u
#define DECISIONS_MAX 64u
#define DECISION_BYTES 8192u
/* Longer than a plan lingers and a claim is repeated. */
#define PATIENCE_MS 2000

/* ---- a log and its follower -------------------------------------------------------------------- */

struct follower {
	struct follower_options options;
	uint64_t next;
	bool paused;
};

static struct {
	uint64_t count;
	size_t sizes[DECISIONS_MAX + 1];
	uint8_t bytes[DECISIONS_MAX + 1][DECISION_BYTES];
	struct follower *follower; /* the only one, NULL if there is none */
	uint64_t created_from;
} line;

static void deliver(void) {
	struct follower *follower = line.follower;
	while (follower != NULL && !follower->paused && follower->next <= line.count) {
		uint64_t n = follower->next;
		if (follower->options.handler(
			    follower->options.context, n, line.bytes[n], line.sizes[n])) {
			follower->next++;
		} else {
			follower->paused = true;
		}
	}
}

struct follower *follower_create(struct bus *bus, const struct follower_options *options) {
	(void)bus;
	assert_null(line.follower);
	line.follower = calloc(1, sizeof *line.follower);
	line.follower->options = *options;
	line.follower->next = options->from;
	line.created_from = options->from;
	return line.follower;
}

void follower_destroy(struct follower *follower) {
	if (follower != NULL) {
		assert_ptr_equal(follower, line.follower);
		free(follower);
		line.follower = NULL;
	}
}

void follower_resume(struct follower *follower) {
	assert_true(follower->paused);
	follower->paused = false;
	deliver();
}

void follower_offer(struct follower *follower, const struct bus_message *message) {
	(void)follower;
	(void)message;
}

static struct decision *begin_decision(uint64_t n, uint32_t ordinal, enum message_kind kind) {
	static struct decision decision;
	memset(&decision, 0, sizeof decision);
	decision.n = n;
	decision.time_ms = 1760000000000;
	decision.ordinal = ordinal;
	decision.state = CAMPAIGN_OPEN;
	decision.request_kind = kind;
	return &decision;
}

/* The digest of decision n begins with n. */
static void append_decision(const struct decision *decision) {
	uint8_t *bytes = line.bytes[++line.count];
	size_t size = decision_encode_body(decision, bytes, DECISION_BYTES - DIGEST_BYTES);
	assert_true(size > 0);
	memset(bytes + size, 0, DIGEST_BYTES);
	bytes[size] = (uint8_t)decision->n;
	line.sizes[line.count] = size + DIGEST_BYTES;
}

static void append(uint64_t n, uint32_t ordinal, bool define) {
	struct decision *decision =
		begin_decision(n, ordinal, define ? MESSAGE_DEFINE : MESSAGE_TICK);
	decision->count = 1;
	decision->answers[0].verdict = VERDICT_ACCEPTED;
	if (define) {
		decision->define_n = n;
		decision->definition = "{}";
		decision->definition_size = 2;
	}
	append_decision(decision);
}

static void append_bookings(uint16_t count) {
	struct decision *decision = begin_decision(line.count + 1, ORDINAL, MESSAGE_BOOK);
	decision->count = count;
	decision->line_position = count;
	for (uint16_t i = 0; i < count; i++) {
		decision->answers[i] = (struct answer){
			.verdict = VERDICT_BOOKED,
			.units = 1,
			.number = i + 1u,
			.place = i + 1u,
			.time_ms = decision->time_ms,
		};
	}
	append_decision(decision);
}

/* ---- a story ----------------------------------------------------------------------------------- */

struct story {
	uv_loop_t loop;
	struct store *store;
	struct fake_ledger *ledger;
	struct drain *drain;
};

static int begin(void **state) {
	struct story *story = calloc(1, sizeof *story);
	crypto_init();
	log_set_level(LOG_FATAL);
	memset(&line, 0, sizeof line);
	uv_loop_init(&story->loop);
	story->store = store_create("", "");
	story->ledger = fake_ledger(story->store);
	*state = story;
	return 0;
}

static int end(void **state) {
	struct story *story = *state;
	drain_destroy(story->drain);
	uv_run(&story->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&story->loop), 0);
	assert_null(line.follower);
	store_destroy(story->store);
	free(story);
	return 0;
}

/* The ledger has everything up to n. */
static void ledger_is_at(struct story *story, uint64_t n) {
	story->ledger->n = n;
	story->ledger->digest = (uint8_t)n;
	story->ledger->defined = n > 0;
}

/* The log has so many decisions; the first one defines the campaign. */
static void line_has(uint64_t count) {
	while (line.count < count) {
		append(line.count + 1, ORDINAL, line.count == 0);
	}
}

static void start(struct story *story) {
	story->drain = drain_create(&(struct drain_options){
		.loop = &story->loop,
		.store = story->store,
		.campaign = "c1",
		.ordinal = ORDINAL,
	});
}

/* Turns the loop until the transcript is that, or patience ends. */
static void expect(struct story *story, const char *transcript) {
	for (int ms = 0; ms < PATIENCE_MS; ms++) {
		deliver();
		uv_run(&story->loop, UV_RUN_NOWAIT);
		if (strcmp(story->ledger->transcript, transcript) == 0) {
			return;
		}
		uv_sleep(1);
	}
	assert_string_equal(story->ledger->transcript, transcript);
}

static void expect_stopped(struct story *story, const char *reason) {
	for (int ms = 0; ms < PATIENCE_MS && drain_state(story->drain) != DRAIN_STOPPED; ms++) {
		deliver();
		uv_run(&story->loop, UV_RUN_NOWAIT);
		uv_sleep(1);
	}
	assert_int_equal(drain_state(story->drain), DRAIN_STOPPED);
	assert_non_null(strstr(drain_reason(story->drain), reason));
}

static void expect_position(struct story *story, uint64_t n) {
	assert_int_equal(story->ledger->n, n);
	assert_int_equal(drain_state(story->drain), DRAIN_FOLLOWING);
}

/* ---- when all goes well ------------------------------------------------------------------------ */

static void what_comes_together_is_written_together(void **state) {
	struct story *story = *state;
	line_has(3);
	start(story);
	expect(story, "claim 0; write 1-3");
	line_has(5);
	expect(story, "claim 0; write 1-3; write 4-5");
	expect_position(story, 5);
}

static void it_goes_on_where_the_ledger_is(void **state) {
	struct story *story = *state;
	ledger_is_at(story, 7);
	line_has(9);
	start(story);
	expect(story, "claim 7; write 8-9");
	assert_int_equal(line.created_from, 7); /* the last one is read again, for its digest */
}

static void nothing_is_written_before_there_is_a_definition(void **state) {
	struct story *story = *state;
	append(1, 0, false);
	append(2, 0, false);
	start(story);
	expect(story, "claim 0");
	append(3, ORDINAL, true);
	expect(story, "claim 0; write 1-3");
}

static void at_the_end_what_was_read_is_written(void **state) {
	struct story *story = *state;
	line_has(3);
	start(story);
	expect(story, "claim 0");
	deliver(); /* the plan lingers */
	drain_end(story->drain);
	assert_string_equal(story->ledger->transcript, "claim 0; write 1-3");
}

/* ---- in a rush ---------------------------------------------------------------------------------- */

/* Milliseconds until the next decision, of so many bookings, is in the ledger. */
static int64_t time_to_write(struct story *story, uint16_t bookings) {
	char transcript[sizeof story->ledger->transcript + 64];
	append_bookings(bookings);
	snprintf(transcript, sizeof transcript, "%s; write %" PRIu64 "-%" PRIu64,
		story->ledger->transcript, line.count, line.count);
	int64_t begun_us = clock_monotonic_us();
	expect(story, transcript);
	return (clock_monotonic_us() - begun_us) / 1000;
}

/* A slow machine makes nothing come sooner; that it comes soon is seen by the best of some. */
static int64_t shortest_time_to_write(struct story *story, uint16_t bookings) {
	int64_t shortest_ms = time_to_write(story, bookings);
	for (int i = 0; i < 4; i++) {
		int64_t next_ms = time_to_write(story, bookings);
		shortest_ms = next_ms < shortest_ms ? next_ms : shortest_ms;
	}
	return shortest_ms;
}

/* The loop's clock is a little behind. */
#define RUSH_LINGER_MS_MIN (DRAIN_RUSH_LINGER_MS - 50)
#define RUSH_ROWS (DRAIN_LINGER_MS * DRAIN_RUSH_ROWS_PER_MS)

static void in_a_rush_a_plan_waits_for_company(void **state) {
	struct story *story = *state;
	line_has(1);
	start(story);
	expect(story, "claim 0; write 1-1");
	assert_true(shortest_time_to_write(story, RUSH_ROWS - 1) < RUSH_LINGER_MS_MIN);
	time_to_write(story, RUSH_ROWS);
	/* As many in the longer time are no rush any more. */
	assert_true(time_to_write(story, RUSH_ROWS) >= RUSH_LINGER_MS_MIN);
	assert_true(shortest_time_to_write(story, 1) < RUSH_LINGER_MS_MIN);
}

static void in_a_rush_what_comes_meanwhile_is_written_together(void **state) {
	struct story *story = *state;
	line_has(1);
	start(story);
	expect(story, "claim 0; write 1-1");
	time_to_write(story, RUSH_ROWS);
	append_bookings(1);
	deliver();
	append_bookings(1);
	expect(story, "claim 0; write 1-1; write 2-2; write 3-4");
}

static void a_rush_ends_with_what_was_read(void **state) {
	struct story *story = *state;
	line_has(1);
	start(story);
	expect(story, "claim 0; write 1-1");
	time_to_write(story, RUSH_ROWS);
	append_bookings(1);
	deliver(); /* the plan lingers for long */
	drain_end(story->drain);
	assert_string_equal(story->ledger->transcript, "claim 0; write 1-1; write 2-2; write 3-3");
}

/* ---- when another fulfiller is there ----------------------------------------------------------- */

static void it_waits_while_another_has_the_campaign(void **state) {
	struct story *story = *state;
	ledger_is_at(story, 2);
	line_has(4);
	story->ledger->claim_fault = STORE_BUSY;
	story->ledger->faults_count = 1;
	start(story);
	expect(story, "claim busy");
	assert_null(line.follower);
	expect(story, "claim busy; claim 2; write 3-4");
}

static void a_plan_that_another_has_written_is_dropped(void **state) {
	struct story *story = *state;
	ledger_is_at(story, 2);
	line_has(4);
	start(story);
	expect(story, "claim 2");
	deliver(); /* the plan is 3 to 4 */
	line_has(6);
	ledger_is_at(story, 5);
	expect(story, "claim 2; write 3-6 moved; claim 5; write 6-6");
	expect_position(story, 6);
}

static void it_lets_go_when_another_took_over(void **state) {
	struct story *story = *state;
	ledger_is_at(story, 2);
	line_has(3);
	start(story);
	expect(story, "claim 2; write 3-3");
	story->ledger->write_fault = STORE_UNAVAILABLE;
	story->ledger->claim_fault = STORE_BUSY;
	story->ledger->faults_count = 1;
	line_has(4);
	expect(story, "claim 2; write 3-3; write 4-4 unavailable");
	story->ledger->faults_count = 1;
	expect(story, "claim 2; write 3-3; write 4-4 unavailable; claim busy");
	assert_null(line.follower);
}

/* ---- when the database is away ----------------------------------------------------------------- */

static void the_same_plan_is_written_when_the_database_is_back(void **state) {
	struct story *story = *state;
	line_has(2);
	story->ledger->write_fault = STORE_UNAVAILABLE;
	story->ledger->faults_count = 1;
	start(story);
	expect(story, "claim 0; write 1-2 unavailable");
	line_has(4); /* not read meanwhile */
	expect(story, "claim 0; write 1-2 unavailable; claim 0; write 1-2; write 3-4");
	assert_int_equal(line.created_from, 1);
	expect_position(story, 4);
}

static void a_commit_in_doubt_is_not_written_twice(void **state) {
	struct story *story = *state;
	line_has(2);
	story->ledger->write_fault = STORE_UNAVAILABLE;
	story->ledger->faults_count = 1;
	story->ledger->doubtful = true;
	start(story);
	expect(story, "claim 0; write 1-2 unavailable; claim 2");
	line_has(3);
	expect(story, "claim 0; write 1-2 unavailable; claim 2; write 3-3");
}

static void it_tries_to_claim_until_the_database_is_there(void **state) {
	struct story *story = *state;
	line_has(1);
	story->ledger->claim_fault = STORE_UNAVAILABLE;
	story->ledger->faults_count = 2;
	start(story);
	expect(story, "claim unavailable; claim unavailable; claim 0; write 1-1");
}

/* ---- when something does not fit together ------------------------------------------------------ */

static void another_log_is_noticed_by_the_digest(void **state) {
	struct story *story = *state;
	ledger_is_at(story, 2);
	story->ledger->digest = 99;
	line_has(4);
	start(story);
	expect_stopped(story, "decision 2 of the log is not the one in the ledger");
	assert_string_equal(story->ledger->transcript, "claim 2");
}

static void a_ledger_that_went_back_is_noticed(void **state) {
	struct story *story = *state;
	line_has(3);
	start(story);
	expect(story, "claim 0; write 1-3");
	ledger_is_at(story, 1); /* a backup */
	line_has(4);
	expect_stopped(story, "the ledger went back from decision 3 to 1");
}

static void a_message_that_nobody_can_read_stops_the_campaign(void **state) {
	struct story *story = *state;
	line_has(2);
	line.sizes[2]--;
	start(story);
	expect_stopped(story, "message 2 of DEC_c1 is not a decision");
	assert_string_equal(story->ledger->transcript, "claim 0");
}

static void a_decision_of_another_campaign_stops_the_campaign(void **state) {
	struct story *story = *state;
	line_has(1);
	append(2, ORDINAL + 1, false);
	start(story);
	expect_stopped(story, "it belongs to another campaign");
}

static void a_decision_at_the_wrong_place_stops_the_campaign(void **state) {
	struct story *story = *state;
	line_has(1);
	append(3, ORDINAL, false);
	start(story);
	expect_stopped(story, "message 2 of DEC_c1 is not a decision");
}

static void a_ledger_that_refuses_for_ever_stops_the_campaign(void **state) {
	struct story *story = *state;
	line_has(1);
	story->ledger->write_fault = STORE_MOVED;
	story->ledger->faults_count = 100;
	start(story);
	expect_stopped(story, "the ledger refuses what the log says: the ledger said no");
}

static void an_error_of_the_ledger_stops_the_campaign(void **state) {
	struct story *story = *state;
	line_has(1);
	story->ledger->write_fault = STORE_BROKEN;
	story->ledger->faults_count = 1;
	start(story);
	expect_stopped(story, "the ledger said no");
}

static void a_log_that_got_shorter_stops_the_campaign(void **state) {
	struct story *story = *state;
	ledger_is_at(story, 2);
	start(story);
	expect(story, "claim 2");
	line.follower->options.broken(line.follower->options.context, "the log ends at 1");
	expect_stopped(story, "the log ends at 1");
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
	const struct CMUnitTest tests[] = {
		STORY(what_comes_together_is_written_together),
		STORY(it_goes_on_where_the_ledger_is),
		STORY(nothing_is_written_before_there_is_a_definition),
		STORY(at_the_end_what_was_read_is_written),
		STORY(in_a_rush_a_plan_waits_for_company),
		STORY(in_a_rush_what_comes_meanwhile_is_written_together),
		STORY(a_rush_ends_with_what_was_read),
		STORY(it_waits_while_another_has_the_campaign),
		STORY(a_plan_that_another_has_written_is_dropped),
		STORY(it_lets_go_when_another_took_over),
		STORY(the_same_plan_is_written_when_the_database_is_back),
		STORY(a_commit_in_doubt_is_not_written_twice),
		STORY(it_tries_to_claim_until_the_database_is_there),
		STORY(another_log_is_noticed_by_the_digest),
		STORY(a_ledger_that_went_back_is_noticed),
		STORY(a_message_that_nobody_can_read_stops_the_campaign),
		STORY(a_decision_of_another_campaign_stops_the_campaign),
		STORY(a_decision_at_the_wrong_place_stops_the_campaign),
		STORY(a_ledger_that_refuses_for_ever_stops_the_campaign),
		STORY(an_error_of_the_ledger_stops_the_campaign),
		STORY(a_log_that_got_shorter_stops_the_campaign),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
