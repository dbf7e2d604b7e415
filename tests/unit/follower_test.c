/*
 * follower_test - stories of one follower and a broker in memory.
 */
#include "common/follower.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/broker_story.h"

#define STREAM "DEC_c1"

struct story {
	struct bus *bus;
	struct follower *follower;
	uint64_t written;
	uint64_t next;   /* the sequence that must come next */
	uint64_t refuse; /* is refused once; 0: none */
	char broken[200];
};

static void write_one(struct story *story) {
	char data[32];
	snprintf(data, sizeof(data), "d%d", (int)++story->written);
	fake_stream_append(story->bus, STREAM, "dec.c1", data);
}

static void write_many(struct story *story, int count) {
	for (; count > 0; count--) {
		write_one(story);
	}
}

/* As the broker's republishing does; it may never arrive, so a test calls it or does not. */
static void offer(struct story *story, uint64_t sequence) {
	struct bus_message message;
	assert_true(fake_stream_message(story->bus, STREAM, sequence, &message));
	follower_offer(story->follower, &message);
}

static bool on_decision(void *context, uint64_t sequence, const uint8_t *data, size_t size) {
	struct story *story = context;
	char expected[32];
	snprintf(expected, sizeof(expected), "d%d", (int)sequence);
	assert_int_equal(sequence, story->next);
	assert_int_equal(size, strlen(expected));
	assert_memory_equal(data, expected, size);
	if (sequence == story->refuse) {
		story->refuse = 0;
		return false;
	}
	story->next++;
	return true;
}

static void on_broken(void *context, const char *reason) {
	struct story *story = context;
	snprintf(story->broken, sizeof(story->broken), "%s", reason);
}

static void follow_from(struct story *story, uint64_t from) {
	story->next = from;
	story->follower = follower_create(story->bus, &(struct follower_options){.campaign = "c1",
							      .from = from,
							      .handler = on_decision,
							      .broken = on_broken,
							      .context = story});
}

static int begin(void **state) {
	return broker_story_begin(state, sizeof(struct story));
}

static int end(void **state) {
	struct story *story = *state;
	follower_destroy(story->follower);
	return broker_story_end(state);
}

static void reads_what_is_there(void **state) {
	struct story *story = *state;
	write_many(story, 500);
	follow_from(story, 101);
	fake_broker_run(story->bus, 100);
	assert_int_equal(story->next, 501);
	/* 64 at a time: eight round trips for 400 messages. */
	assert_int_equal(follower_position(story->follower), 501);
	assert_in_range(fake_broker_requests(story->bus), 400, 402);
}

static void an_empty_stream_is_waited_for(void **state) {
	struct story *story = *state;
	follow_from(story, 1);
	fake_broker_run(story->bus, 20000);
	write_one(story);
	offer(story, 1);
	assert_int_equal(story->next, 2);
	assert_string_equal(story->broken, "");
}

static void news_in_order_costs_no_request(void **state) {
	struct story *story = *state;
	write_one(story);
	follow_from(story, 1);
	fake_broker_run(story->bus, 10);
	uint32_t before = fake_broker_requests(story->bus);
	for (int i = 0; i < 1000; i++) {
		write_one(story);
		offer(story, story->written);
		fake_broker_run(story->bus, 10);
	}
	assert_int_equal(story->next, 1002);
	assert_int_equal(fake_broker_requests(story->bus), before);
}

static void a_gap_is_filled(void **state) {
	struct story *story = *state;
	write_one(story);
	follow_from(story, 1);
	fake_broker_run(story->bus, 10);
	write_many(story, 5);
	offer(story, 2);
	offer(story, 5);
	offer(story, 6);
	assert_int_equal(story->next, 3);
	fake_broker_run(story->bus, 10);
	assert_int_equal(story->next, 7);
}

static void a_large_gap_is_filled(void **state) {
	struct story *story = *state;
	follow_from(story, 1);
	fake_broker_run(story->bus, 10);
	write_many(story, 1000);
	offer(story, 1000);
	fake_broker_run(story->bus, 100);
	assert_int_equal(story->next, 1001);
}

static void a_missed_last_message_is_found(void **state) {
	struct story *story = *state;
	write_many(story, 3);
	follow_from(story, 1);
	fake_broker_run(story->bus, 10);
	write_many(story, 100);
	fake_broker_run(story->bus, 2 * FOLLOWER_SILENCE_MS + 100);
	assert_int_equal(story->next, 104);
}

static void an_idle_stream_is_asked_rarely(void **state) {
	struct story *story = *state;
	write_many(story, 3);
	follow_from(story, 1);
	fake_broker_run(story->bus, 60000);
	uint32_t before = fake_broker_requests(story->bus);
	fake_broker_run(story->bus, 80000);
	assert_in_range(fake_broker_requests(story->bus) - before, 9, 11);
	/* And is awake at once when there is news. */
	write_one(story);
	offer(story, 4);
	write_one(story);
	fake_broker_run(story->bus, 2 * FOLLOWER_SILENCE_MS + 100);
	assert_int_equal(story->next, 6);
}

static void a_refused_message_comes_again(void **state) {
	struct story *story = *state;
	write_many(story, 300);
	story->refuse = 150;
	follow_from(story, 1);
	fake_broker_run(story->bus, 1000);
	assert_int_equal(story->next, 150);
	write_many(story, 200);
	for (uint64_t i = 301; i <= 500; i++) {
		offer(story, i);
	}
	fake_broker_run(story->bus, 5000);
	assert_int_equal(story->next, 150);
	story->refuse = 400;
	follower_resume(story->follower);
	fake_broker_run(story->bus, 1000);
	assert_int_equal(story->next, 400);
	follower_resume(story->follower);
	follower_resume(story->follower);
	fake_broker_run(story->bus, 1000);
	assert_int_equal(story->next, 501);
}

static void a_refused_offer_comes_again(void **state) {
	struct story *story = *state;
	write_one(story);
	follow_from(story, 1);
	fake_broker_run(story->bus, 10);
	write_many(story, 2);
	story->refuse = 2;
	offer(story, 2);
	offer(story, 3);
	assert_int_equal(story->next, 2);
	follower_resume(story->follower);
	fake_broker_run(story->bus, 10);
	assert_int_equal(story->next, 4);
}

static void lost_answers_are_asked_for_again(void **state) {
	struct story *story = *state;
	write_many(story, 200);
	follow_from(story, 1);
	fake_faults(story->bus)->lose_replies = 50;
	fake_broker_run(story->bus, 30000);
	assert_int_equal(story->next, 201);
	assert_string_equal(story->broken, "");
}

static void a_broken_connection_is_survived(void **state) {
	struct story *story = *state;
	write_many(story, 10);
	follow_from(story, 1);
	fake_broker_run(story->bus, 10);
	fake_broker_set_connected(story->bus, false);
	write_many(story, 300);
	fake_broker_run(story->bus, 60000);
	assert_int_equal(story->next, 11);
	fake_broker_set_connected(story->bus, true);
	fake_broker_run(story->bus, 100);
	assert_int_equal(story->next, 311);
}

/* The leader has what a replica does not have yet. */
static void a_replica_that_lags_is_passed_over(void **state) {
	struct story *story = *state;
	write_many(story, 100);
	fake_faults(story->bus)->visible_max = 50;
	follow_from(story, 41);
	fake_broker_run(story->bus, 30000);
	assert_string_equal(story->broken, "");
	assert_int_equal(story->next, 101);
	write_many(story, 5);
	offer(story, 105);
	fake_broker_run(story->bus, 10000);
	assert_int_equal(story->next, 106);
}

/* A leader that was cut off knows only later that it is none any more. */
static void one_that_does_not_know_is_waited_for(void **state) {
	struct story *story = *state;
	write_many(story, 50);
	follow_from(story, 101);
	fake_broker_run(story->bus, 20000);
	assert_string_equal(story->broken, "");
	write_many(story, 51);
	fake_broker_run(story->bus, 3000);
	assert_int_equal(story->next, 102);
}

static void a_stream_that_is_shorter_breaks_off(void **state) {
	struct story *story = *state;
	write_many(story, 50);
	follow_from(story, 101);
	fake_broker_run(story->bus, 60000);
	assert_string_equal(story->broken, "the stream ends at 50, but was read up to 100 before");
}

static void a_stream_made_anew_breaks_off(void **state) {
	struct story *story = *state;
	write_many(story, 500);
	follow_from(story, 1);
	fake_broker_run(story->bus, 100);
	fake_stream_delete(story->bus, STREAM);
	story->written = 0;
	for (int i = 0; i < 60; i++) {
		write_one(story);
		offer(story, story->written);
		fake_broker_run(story->bus, 1000);
	}
	assert_non_null(strstr(story->broken, "but was read up to 500 before"));
	assert_int_equal(story->next, 501);
}

static void a_missing_message_breaks_off(void **state) {
	struct story *story = *state;
	write_many(story, 100);
	fake_stream_lose(story->bus, STREAM, 70);
	follow_from(story, 1);
	fake_broker_run(story->bus, 60000);
	assert_string_equal(story->broken, "message 70 is missing, but the stream goes on to 100");
	assert_int_equal(story->next, 70);
}

/* Everything at once, from a seed: whatever happens, all of it comes, once and in order. */
static void whatever_happens_all_of_it_comes(void **state) {
	struct story *story = *state;
	unsigned seed = 1;
	write_one(story);
	follow_from(story, 1);
	for (int turn = 0; turn < 20000; turn++) {
		int dice = rand_r(&seed) % 100;
		write_many(story, dice < 50);
		if (dice < 40) {
			offer(story, story->written);
		} else if (dice == 60) {
			fake_faults(story->bus)->lose_replies = (uint32_t)(rand_r(&seed) % 10);
		} else if (dice == 61) {
			fake_broker_set_connected(story->bus, false);
		} else if (dice == 62) {
			fake_broker_set_connected(story->bus, true);
		} else if (dice == 63) {
			story->refuse = story->next;
		} else if (dice < 70) {
			follower_resume(story->follower);
		} else {
			fake_broker_run(story->bus, dice - 69);
		}
	}
	story->refuse = 0;
	fake_faults(story->bus)->lose_replies = 0;
	fake_broker_set_connected(story->bus, true);
	follower_resume(story->follower);
	fake_broker_run(story->bus, 20000);
	assert_string_equal(story->broken, "");
	assert_int_equal(story->next, story->written + 1);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		STORY(reads_what_is_there),
		STORY(an_empty_stream_is_waited_for),
		STORY(news_in_order_costs_no_request),
		STORY(a_gap_is_filled),
		STORY(a_large_gap_is_filled),
		STORY(a_missed_last_message_is_found),
		STORY(an_idle_stream_is_asked_rarely),
		STORY(a_refused_message_comes_again),
		STORY(a_refused_offer_comes_again),
		STORY(lost_answers_are_asked_for_again),
		STORY(a_broken_connection_is_survived),
		STORY(a_replica_that_lags_is_passed_over),
		STORY(one_that_does_not_know_is_waited_for),
		STORY(a_stream_that_is_shorter_breaks_off),
		STORY(a_stream_made_anew_breaks_off),
		STORY(a_missing_message_breaks_off),
		STORY(whatever_happens_all_of_it_comes),
	};
	return cmocka_run_group_tests_name("follower", tests, NULL, NULL);
}
