/*
 * feed_test - stories of one or two sequencers on one campaign, and a broker in memory.
 */
#include "sequencer/feed.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/pure/subjects.h"
#include "tests/unit/broker_story.h"
#include "tests/unit/random.h"

#define REQUESTS "REQ_c1"
#define DECISIONS "DEC_c1"
#define FEEDS 2
/* A standby is called every FEED_PATROL_MS, and its publish takes a round trip. */
#define PATIENCE_MS_MAX (FEED_PATIENCE_MS + (int)FEED_PATIENCE_SPREAD_MS + FEED_PATROL_MS + 5)

struct story {
	struct bus *bus;
	struct feed *feeds[FEEDS]; /* NULL: not there */
	bool blocked[FEEDS];       /* its loop does not come to patrol */
	struct random random;
	char buried[200]; /* "SUBJECT=BYTES; ..." */
};

/* ---- what happens ------------------------------------------------------------------------------ */

static uint64_t put(struct story *story, const char *subject, const struct request *request) {
	uint8_t bytes[1024];
	size_t size = request_encode(request, bytes, sizeof(bytes));
	assert_true(size > 0);
	return fake_stream_put(story->bus, REQUESTS, subject, bytes, size);
}

static void define(struct story *story, const char *more) {
	char json[300];
	snprintf(json, sizeof(json),
		"{\"id\":\"c1\",\"title\":\"One\",\"units\":5000,\"units_per_person\":1,"
		"\"time_zone\":\"Asia/Kolkata\",\"rules\":1%s}",
		more);
	static struct request request;
	request = (struct request){
		.kind = MESSAGE_DEFINE,
		.define = {.ordinal = 1, .json = json, .json_size = (uint32_t)strlen(json)},
	};
	put(story, "req.c1.define", &request);
}

static void open_at_once(struct story *story) {
	static struct request request;
	request = (struct request){.kind = MESSAGE_CONTROL, .command = CONTROL_START};
	define(story, "");
	put(story, "req.c1.control", &request);
}

static void book(struct story *story, int count) {
	static struct request request;
	for (; count > 0; count--) {
		request = (struct request){.kind = MESSAGE_BOOK, .count = 1};
		struct book_request *wish = &request.book[0];
		random_fill(&story->random, &wish->person.account, sizeof(wish->person.account));
		random_fill(&story->random, &wish->person.identities[0], sizeof(struct identity));
		random_fill(&story->random, &wish->key, sizeof(wish->key));
		wish->person.identities_count = 1;
		wish->units = 1;
		put(story, "req.c1.book", &request);
	}
}

static void run(struct story *story, int ms) {
	for (; ms > 0; ms -= FEED_PATROL_MS) {
		fake_broker_run(story->bus, ms < FEED_PATROL_MS ? ms : FEED_PATROL_MS);
		for (int i = 0; i < FEEDS; i++) {
			if (story->feeds[i] != NULL && !story->blocked[i]) {
				feed_patrol(story->feeds[i]);
			}
		}
	}
}

static void start(struct story *story, int i) {
	story->feeds[i] = feed_create(
		&(struct feed_options){.bus = story->bus, .campaign = "c1", .ordinal = 1});
}

static void kill_feed(struct story *story, int i) {
	feed_destroy(story->feeds[i]);
	story->feeds[i] = NULL;
}

static struct feed_view view(const struct story *story, int i) {
	return feed_view(story->feeds[i]);
}

/* How many decisions are stored. */
static uint64_t decided(struct story *story) {
	struct bus_message message;
	uint64_t n = 0;
	while (fake_stream_message(story->bus, DECISIONS, n + 1, &message)) {
		n++;
	}
	return n;
}

static uint64_t count(const char *metric) {
	for (size_t i = 0; i < feed_metrics_count; i++) {
		if (strcmp(feed_metrics[i].name, metric) == 0) {
			return *feed_metrics[i].value;
		}
	}
	fail();
	return 0;
}

static void on_buried(void *context, const struct bus_message *message) {
	struct story *story = context;
	size_t used = strlen(story->buried);
	snprintf(story->buried + used, sizeof(story->buried) - used, "%s=%.*s; ", message->subject,
		(int)message->size, (const char *)message->data);
}

static int begin(void **state) {
	broker_story_begin(state, sizeof(struct story));
	struct story *story = *state;
	story->random.state = 7;
	fake_stream_take(story->bus, REQUESTS, "req.c1.");
	fake_stream_take(story->bus, DECISIONS, "dec.c1");
	bus_subscribe(story->bus, "deadletter.*", NULL, on_buried, story);
	return 0;
}

static int end(void **state) {
	struct story *story = *state;
	for (int i = 0; i < FEEDS; i++) {
		kill_feed(story, i);
	}
	return broker_story_end(state);
}

/* Two sequencers; 0 is the active one, and all is decided. */
static void begin_with_two(struct story *story) {
	open_at_once(story);
	start(story, 0);
	run(story, 500);
	start(story, 1);
	run(story, 500);
	assert_true(view(story, 0).active);
	assert_false(view(story, 1).active);
	assert_true(view(story, 1).caught_up);
	assert_int_equal(decided(story), 2);
}

/* ---- the stories ------------------------------------------------------------------------------- */

static void the_first_one_decides_after_its_patience(void **state) {
	struct story *story = *state;
	open_at_once(story);
	start(story, 0);
	run(story, FEED_PATIENCE_MS - FEED_PATROL_MS);
	assert_int_equal(decided(story), 0);
	run(story, PATIENCE_MS_MAX - FEED_PATIENCE_MS + 2 * FEED_PATROL_MS);
	assert_int_equal(decided(story), 2);
	/* And from then on at once: a round trip, not a patrol. */
	book(story, 1);
	fake_broker_run(story->bus, 3);
	assert_int_equal(decided(story), 3);
}

static void a_standby_waits_while_the_other_decides(void **state) {
	struct story *story = *state;
	begin_with_two(story);
	uint64_t takeovers = count("firstcome_takeovers_total");
	for (int i = 0; i < 1000; i++) {
		book(story, 1);
		run(story, FEED_PATROL_MS);
	}
	assert_int_equal(decided(story), 1002);
	assert_int_equal(count("firstcome_takeovers_total"), takeovers);
	assert_int_equal(view(story, 0).verified, 1002);
	assert_int_equal(view(story, 1).verified, 1002);
}

static void a_standby_takes_over_from_a_dead_one(void **state) {
	struct story *story = *state;
	begin_with_two(story);
	kill_feed(story, 0);
	book(story, 5);
	run(story, FEED_PATIENCE_MS - FEED_PATROL_MS);
	assert_int_equal(decided(story), 2);
	run(story, PATIENCE_MS_MAX - FEED_PATIENCE_MS + 2 * FEED_PATROL_MS);
	assert_int_equal(decided(story), 7);
	assert_true(view(story, 1).active);
	/* The dead one comes back: it reads again, and stands by. */
	start(story, 0);
	run(story, 500);
	assert_int_equal(view(story, 0).verified, 7);
	assert_true(view(story, 0).caught_up);
	assert_false(view(story, 0).active);
}

/* Its decisions come later than its requests: that is no reason to take over. */
static void who_reads_again_is_patient(void **state) {
	struct story *story = *state;
	begin_with_two(story);
	book(story, 200);
	run(story, 500);
	kill_feed(story, 1);
	uint64_t takeovers = count("firstcome_takeovers_total");
	fake_faults(story->bus)->mute_stream = DECISIONS;
	start(story, 1);
	run(story, 2000);
	assert_int_equal(view(story, 1).n, 202);
	assert_int_equal(view(story, 1).verified, 0);
	fake_faults(story->bus)->mute_stream = NULL;
	run(story, 1000);
	assert_int_equal(view(story, 1).verified, 202);
	assert_int_equal(count("firstcome_takeovers_total"), takeovers);
}

/* It heard of decisions that the broker has lost since, as after a power failure: it waits longer for
 * them, and not for ever. */
static void decisions_that_got_lost_are_made_again(void **state) {
	struct story *story = *state;
	begin_with_two(story);
	book(story, 200);
	run(story, 500);
	kill_feed(story, 0);
	kill_feed(story, 1);
	fake_faults(story->bus)->mute_stream = DECISIONS;
	start(story, 1);
	run(story, 1000);
	fake_stream_cut(story->bus, DECISIONS, 100);
	fake_faults(story->bus)->mute_stream = NULL;
	run(story, 4000);
	assert_int_equal(view(story, 1).verified, 102);
	run(story, 4000);
	assert_int_equal(view(story, 1).verified, 202);
	assert_null(view(story, 1).stopped);
}

/* A publish that got lost makes the standby impatient: two believe to be active, until the fence
 * refuses one of them. */
static void of_two_active_ones_one_stands_back(void **state) {
	struct story *story = *state;
	begin_with_two(story);
	fake_faults(story->bus)->lose_replies = 1;
	book(story, 1);
	run(story, PATIENCE_MS_MAX + FEED_PATROL_MS);
	assert_int_equal(decided(story), 3);
	assert_true(view(story, 0).active);
	assert_true(view(story, 1).active);
	run(story, 2000);
	uint64_t conflicts = count("firstcome_publish_conflicts_total");
	book(story, 1);
	run(story, 200);
	assert_int_equal(decided(story), 4);
	assert_int_equal(count("firstcome_publish_conflicts_total"), conflicts + 1);
	assert_int_equal(view(story, 0).active + view(story, 1).active, 1);
	assert_null(view(story, 0).stopped);
	assert_null(view(story, 1).stopped);
}

/* As after SIGSTOP and SIGCONT: what waited for it all this time comes before its own timers. */
static void who_was_frozen_stands_back_before_it_publishes(void **state) {
	struct story *story = *state;
	begin_with_two(story);
	story->blocked[0] = true;
	run(story, FEED_PATIENCE_MS);
	uint64_t published = count("firstcome_decisions_published_total");
	uint64_t conflicts = count("firstcome_publish_conflicts_total");
	book(story, 1);
	run(story, PATIENCE_MS_MAX + FEED_PATROL_MS);
	assert_int_equal(decided(story), 3);
	assert_false(view(story, 0).active);
	assert_true(view(story, 1).active);
	assert_int_equal(count("firstcome_decisions_published_total"), published + 1);
	assert_int_equal(count("firstcome_publish_conflicts_total"), conflicts);
}

static void a_standby_that_was_frozen_is_patient_anew(void **state) {
	struct story *story = *state;
	begin_with_two(story);
	kill_feed(story, 0);
	story->blocked[1] = true;
	book(story, 1);
	run(story, 10 * PATIENCE_MS_MAX);
	story->blocked[1] = false;
	run(story, FEED_PATIENCE_MS);
	assert_int_equal(decided(story), 2);
	run(story, PATIENCE_MS_MAX - FEED_PATIENCE_MS + 3 * FEED_PATROL_MS);
	assert_int_equal(decided(story), 3);
}

static void a_lost_acknowledgement_does_no_harm(void **state) {
	struct story *story = *state;
	begin_with_two(story);
	for (int i = 0; i < 20; i++) {
		fake_faults(story->bus)->lose_replies = 1 + (uint32_t)i % 3;
		book(story, 10);
		run(story, 3000);
	}
	assert_int_equal(decided(story), 202);
	assert_int_equal(view(story, 0).verified, 202);
	assert_int_equal(view(story, 1).verified, 202);
}

static void a_forged_decision_stops_the_campaign(void **state) {
	struct story *story = *state;
	begin_with_two(story);
	uint64_t stopped = count("firstcome_campaigns_stopped");
	fake_stream_append(story->bus, DECISIONS, "dec.c1", "not what was computed");
	book(story, 2);
	run(story, 500);
	for (int i = 0; i < FEEDS; i++) {
		assert_string_equal(view(story, i).stopped,
			"the stored decision differs from the computed one");
		assert_int_equal(view(story, i).verified, 2);
	}
	assert_int_equal(decided(story), 3); /* nobody goes on behind it */
	assert_int_equal(count("firstcome_campaigns_stopped"), stopped + 2);
}

static void a_newer_request_stops_the_campaign(void **state) {
	struct story *story = *state;
	begin_with_two(story);
	const uint8_t newer[] = {MESSAGE_VERSION + 1, 0};
	fake_stream_put(story->bus, REQUESTS, "req.c1.book", newer, sizeof(newer));
	run(story, 500);
	assert_string_equal(
		view(story, 1).stopped, "a newer program wrote a request: upgrade this sequencer");
	assert_int_equal(decided(story), 2);
}

static void a_lost_stream_stops_the_campaign(void **state) {
	struct story *story = *state;
	begin_with_two(story);
	fake_stream_delete(story->bus, DECISIONS);
	run(story, 30000);
	assert_non_null(view(story, 0).stopped);
	assert_non_null(view(story, 1).stopped);
}

/* Both bury it, under one message id: the broker keeps one. A restart does not bury it again. */
static void what_nobody_can_read_is_decided_and_buried(void **state) {
	struct story *story = *state;
	begin_with_two(story);
	fake_stream_append(story->bus, REQUESTS, "req.c1.book", "\x01rubbish");
	book(story, 1);
	run(story, 100);
	assert_int_equal(decided(story), 4);
	assert_string_equal(
		story->buried, "deadletter.REQ_c1=\x01rubbish; deadletter.REQ_c1=\x01rubbish; ");
	enum verdict verdict;
	assert_true(feed_verdict(story->feeds[0], 3, &verdict));
	assert_int_equal(verdict, VERDICT_UNREADABLE);
	kill_feed(story, 0);
	start(story, 0);
	run(story, 500);
	assert_int_equal(view(story, 0).verified, 4);
	assert_int_equal(strlen(story->buried), 2 * strlen("deadletter.REQ_c1=\x01rubbish; "));
}

static void time_is_told_by_ticks(void **state) {
	struct story *story = *state;
	define(story, ",\"opens_at\":\"1970-01-01T00:01:00Z\"");
	start(story, 0);
	start(story, 1);
	run(story, 59000);
	assert_int_equal(decided(story), 1);
	uint64_t ticks = count("firstcome_ticks_total");
	run(story, 1100);
	assert_int_equal(decided(story), 2);
	assert_int_equal(view(story, 0).state, CAMPAIGN_OPEN);
	run(story, 60000);
	assert_int_equal(count("firstcome_ticks_total"), ticks + 1); /* the standby sent none */
}

/* The active one died before the opening: the other sends the tick, if a little later. */
static void a_standby_tells_the_time_if_nobody_else_does(void **state) {
	struct story *story = *state;
	define(story, ",\"opens_at\":\"1970-01-01T00:01:00Z\"");
	start(story, 0);
	run(story, 1000);
	start(story, 1);
	run(story, 58000);
	kill_feed(story, 0);
	run(story, 1500);
	assert_int_equal(decided(story), 1);
	run(story, 1000);
	assert_int_equal(decided(story), 2);
	assert_int_equal(view(story, 1).state, CAMPAIGN_OPEN);
}

/* The decisions are silent: the other reader must wait, and go on where it was. */
static void a_reader_of_requests_that_is_too_fast_waits(void **state) {
	struct story *story = *state;
	begin_with_two(story);
	fake_faults(story->bus)->mute_stream = DECISIONS;
	book(story, 3 * FEED_TURNS);
	run(story, 3 * FEED_TURNS + 5000);
	assert_int_equal(view(story, 1).n, view(story, 1).verified + FEED_TURNS);
	fake_faults(story->bus)->mute_stream = NULL;
	run(story, 30000);
	assert_int_equal(decided(story), 2 + 3 * FEED_TURNS);
	for (int i = 0; i < FEEDS; i++) {
		assert_int_equal(view(story, i).verified, 2 + 3 * FEED_TURNS);
		assert_null(view(story, i).stopped);
	}
}

static void a_reader_of_decisions_that_is_too_fast_waits(void **state) {
	struct story *story = *state;
	begin_with_two(story);
	book(story, 3 * FEED_TURNS);
	run(story, 10000);
	assert_int_equal(decided(story), 2 + 3 * FEED_TURNS);
	kill_feed(story, 1);
	fake_faults(story->bus)->mute_stream = REQUESTS;
	start(story, 1);
	run(story, 3 * FEED_TURNS + 5000);
	assert_int_equal(view(story, 1).verified, 0);
	fake_faults(story->bus)->mute_stream = NULL;
	run(story, 30000);
	assert_int_equal(view(story, 1).verified, 2 + 3 * FEED_TURNS);
	assert_null(view(story, 1).stopped);
	assert_false(view(story, 1).active);
}

/* Kills, lost messages, broken connections, loops that hang, from a seed: what was asked is decided,
 * and both have computed and read the same. */
static void whatever_happens_all_is_decided(void **state) {
	struct story *story = *state;
	struct random random = {11};
	begin_with_two(story);
	for (int turn = 0; turn < 4000; turn++) {
		int i = (int)random_below(&random, FEEDS);
		struct fake_faults *faults = fake_faults(story->bus);
		book(story, random_below(&random, 2) == 0);
		switch (random_below(&random, 100)) {
		case 0:
			kill_feed(story, i);
			start(story, i);
			break;
		case 1:
			faults->lose_replies = (uint32_t)random_below(&random, 4);
			break;
		case 2:
			faults->lose_deliveries = (uint32_t)random_below(&random, 10);
			break;
		case 3:
			fake_broker_set_connected(story->bus, random_below(&random, 2) == 0);
			break;
		case 4:
			story->blocked[i] = !story->blocked[i];
			break;
		case 5:
			faults->mute_stream = random_below(&random, 2) == 0 ? DECISIONS : NULL;
			break;
		default:
			run(story, (int)random_below(&random, 30));
		}
	}
	fake_broker_set_connected(story->bus, true);
	*fake_faults(story->bus) = (struct fake_faults){0};
	story->blocked[0] = false;
	story->blocked[1] = false;
	run(story, 30000);
	struct feed_view first = view(story, 0);
	struct feed_view second = view(story, 1);
	assert_null(first.stopped);
	assert_null(second.stopped);
	assert_int_equal(first.verified, decided(story));
	assert_int_equal(second.verified, first.verified);
	assert_int_equal(first.n, first.verified);
	assert_int_equal(first.counters.sold, first.verified - 2);
	assert_int_equal(second.counters.sold, first.counters.sold);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		STORY(the_first_one_decides_after_its_patience),
		STORY(a_standby_waits_while_the_other_decides),
		STORY(a_standby_takes_over_from_a_dead_one),
		STORY(who_reads_again_is_patient),
		STORY(decisions_that_got_lost_are_made_again),
		STORY(of_two_active_ones_one_stands_back),
		STORY(who_was_frozen_stands_back_before_it_publishes),
		STORY(a_standby_that_was_frozen_is_patient_anew),
		STORY(a_lost_acknowledgement_does_no_harm),
		STORY(a_forged_decision_stops_the_campaign),
		STORY(a_newer_request_stops_the_campaign),
		STORY(a_lost_stream_stops_the_campaign),
		STORY(what_nobody_can_read_is_decided_and_buried),
		STORY(time_is_told_by_ticks),
		STORY(a_standby_tells_the_time_if_nobody_else_does),
		STORY(a_reader_of_requests_that_is_too_fast_waits),
		STORY(a_reader_of_decisions_that_is_too_fast_waits),
		STORY(whatever_happens_all_is_decided),
	};
	return cmocka_run_group_tests_name("feed", tests, NULL, NULL);
}
