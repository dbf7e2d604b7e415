/*
 * reader_test - stories of one reader and a broker in memory.
 */
#include "common/reader.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/reader_held.h"
#include "tests/unit/broker_story.h"

#define STREAM "REQ_c1"
#define MESSAGE_BYTES 5000

struct story {
	struct bus *bus;
	struct reader *reader;
	uint64_t written;
	int padding;       /* each message has so many dots at its end */
	uint64_t next;     /* the sequence that must come next */
	uint64_t pause_at; /* pauses itself when it has got this one; 0: never */
	char broken[200];
};

static void describe(char data[MESSAGE_BYTES], const struct story *story, uint64_t sequence) {
	static char dots[MESSAGE_BYTES];
	memset(dots, '.', sizeof(dots));
	snprintf(data, MESSAGE_BYTES, "r%d%.*s", (int)sequence, story->padding, dots);
}

static void write_many(struct story *story, int count) {
	for (; count > 0; count--) {
		char data[MESSAGE_BYTES];
		describe(data, story, ++story->written);
		fake_stream_append(story->bus, STREAM, "req.c1.book", data);
	}
}

static void on_request(void *context, const struct reader_message *message) {
	struct story *story = context;
	char expected[MESSAGE_BYTES];
	describe(expected, story, message->sequence);
	assert_int_equal(message->sequence, story->next);
	assert_string_equal(message->subject, "req.c1.book");
	struct bus_message stored;
	assert_true(fake_stream_message(story->bus, STREAM, message->sequence, &stored));
	assert_int_equal(message->time_ms, stored.time_ms);
	assert_int_equal(message->size, strlen(expected));
	assert_memory_equal(message->data, expected, message->size);
	story->next++;
	if (message->sequence == story->pause_at) {
		reader_pause(story->reader);
	}
}

static void on_broken(void *context, const char *reason) {
	struct story *story = context;
	assert_string_equal(story->broken, "");
	snprintf(story->broken, sizeof(story->broken), "%s", reason);
}

static void read_from(struct story *story, uint64_t from) {
	story->next = from;
	story->reader = reader_create(story->bus, &(struct reader_options){.stream = STREAM,
							  .from = from,
							  .handler = on_request,
							  .broken = on_broken,
							  .context = story});
}

static int begin(void **state) {
	return broker_story_begin(state, sizeof(struct story));
}

static int end(void **state) {
	struct story *story = *state;
	reader_destroy(story->reader);
	return broker_story_end(state);
}

static void reads_what_is_there_and_what_comes(void **state) {
	struct story *story = *state;
	write_many(story, 100);
	read_from(story, 41);
	fake_broker_run(story->bus, 200);
	assert_int_equal(story->next, 101);
	write_many(story, 10);
	fake_broker_run(story->bus, 20);
	assert_int_equal(story->next, 111);
	assert_int_equal(reader_position(story->reader), 111);
}

static void a_quiet_stream_is_left_alone(void **state) {
	struct story *story = *state;
	write_many(story, 3);
	read_from(story, 1);
	fake_broker_run(story->bus, 1000);
	uint32_t before = fake_broker_requests(story->bus);
	fake_broker_run(story->bus, 600000);
	assert_int_equal(fake_broker_requests(story->bus), before);
}

static void a_stream_that_comes_later_is_waited_for(void **state) {
	struct story *story = *state;
	read_from(story, 1);
	fake_broker_run(story->bus, 60000);
	write_many(story, 5);
	fake_broker_run(story->bus, 3000);
	assert_int_equal(story->next, 6);
	assert_string_equal(story->broken, "");
}

static void lost_messages_are_noticed_by_the_next_one(void **state) {
	struct story *story = *state;
	write_many(story, 10);
	read_from(story, 1);
	fake_broker_run(story->bus, 100);
	fake_faults(story->bus)->lose_deliveries = 3;
	write_many(story, 10);
	fake_broker_run(story->bus, 300);
	assert_int_equal(story->next, 21);
}

static void a_lost_last_message_is_noticed_by_the_heartbeat(void **state) {
	struct story *story = *state;
	write_many(story, 10);
	read_from(story, 1);
	fake_broker_run(story->bus, 100);
	fake_faults(story->bus)->lose_deliveries = 1;
	write_many(story, 1);
	fake_broker_run(story->bus, 1200);
	assert_int_equal(story->next, 12);
}

static void silence_makes_a_new_consumer(void **state) {
	struct story *story = *state;
	write_many(story, 10);
	read_from(story, 1);
	fake_broker_run(story->bus, 100);
	fake_faults(story->bus)->mute = true;
	write_many(story, 10);
	fake_broker_run(story->bus, 30000);
	assert_int_equal(story->next, 11);
	fake_faults(story->bus)->mute = false;
	fake_broker_run(story->bus, 6000);
	assert_int_equal(story->next, 21);
}

static void lost_answers_are_asked_for_again(void **state) {
	struct story *story = *state;
	write_many(story, 10);
	fake_faults(story->bus)->lose_replies = 3;
	read_from(story, 1);
	fake_broker_run(story->bus, 20000);
	assert_int_equal(story->next, 11);
}

static void a_broken_connection_is_survived(void **state) {
	struct story *story = *state;
	write_many(story, 10);
	read_from(story, 1);
	fake_broker_run(story->bus, 5);
	fake_broker_set_connected(story->bus, false);
	fake_broker_run(story->bus, 60000);
	write_many(story, 10);
	fake_broker_set_connected(story->bus, true);
	fake_broker_run(story->bus, 100);
	assert_int_equal(story->next, 21);
	assert_string_equal(story->broken, "");
}

static void flow_control_is_answered(void **state) {
	struct story *story = *state;
	write_many(story, 1);
	read_from(story, 1);
	fake_broker_run(story->bus, 100);
	uint32_t before = fake_broker_publications(story->bus);
	fake_broker_ask_flow_control(story->bus);
	assert_int_equal(fake_broker_publications(story->bus), before + 1);
	assert_int_equal(story->next, 2);
}

static void a_paused_reader_goes_on_where_it_was(void **state) {
	struct story *story = *state;
	write_many(story, 100);
	read_from(story, 1);
	story->pause_at = 30;
	fake_broker_run(story->bus, 1000);
	assert_int_equal(story->next, 31);
	uint32_t requests = fake_broker_requests(story->bus);
	story->pause_at = 60;
	reader_resume(story->reader);
	assert_int_equal(story->next, 61); /* from what was held */
	write_many(story, 10);
	fake_broker_run(story->bus, 60000);
	assert_int_equal(story->next, 61);
	reader_resume(story->reader);
	fake_broker_run(story->bus, 10);
	assert_int_equal(story->next, 111);
	assert_int_equal(fake_broker_requests(story->bus), requests);
}

static void flow_control_waits_for_a_paused_reader(void **state) {
	struct story *story = *state;
	write_many(story, 10);
	read_from(story, 1);
	story->pause_at = 5;
	fake_broker_run(story->bus, 1000);
	uint32_t before = fake_broker_publications(story->bus);
	fake_broker_ask_flow_control(story->bus);
	assert_int_equal(fake_broker_publications(story->bus), before);
	story->pause_at = 7;
	reader_resume(story->reader);
	assert_int_equal(fake_broker_publications(story->bus), before);
	reader_resume(story->reader);
	assert_int_equal(fake_broker_publications(story->bus), before + 1);
	assert_int_equal(story->next, 11);
}

static void what_is_held_is_bounded(void **state) {
	struct story *story = *state;
	story->padding = MESSAGE_BYTES - 20;
	int count = (int)(READER_HELD_BYTES_MAX / MESSAGE_BYTES) + 100;
	write_many(story, count);
	read_from(story, 1);
	story->pause_at = 1;
	fake_broker_run(story->bus, INT64_C(2) * count);
	reader_resume(story->reader);
	assert_int_equal(story->next, 2); /* it was too much: all of it is read again */
	fake_broker_run(story->bus, INT64_C(2) * count);
	assert_int_equal(story->next, count + 1);
	assert_string_equal(story->broken, "");
}

static void a_paused_reader_survives_a_broken_connection(void **state) {
	struct story *story = *state;
	write_many(story, 100);
	read_from(story, 1);
	story->pause_at = 30;
	fake_broker_run(story->bus, 1000);
	fake_broker_set_connected(story->bus, false);
	fake_broker_run(story->bus, 1000);
	fake_broker_set_connected(story->bus, true);
	fake_broker_run(story->bus, 10000);
	assert_int_equal(story->next, 31);
	reader_resume(story->reader);
	fake_broker_run(story->bus, 200);
	assert_int_equal(story->next, 101);
}

/* What it held came over the connection that was lost. Had it been handed out while the stream was asked
 * for the message before it, the answer would have been about another one than the last that was read. */
static void a_reader_that_goes_on_while_it_asks_is_not_misled(void **state) {
	struct story *story = *state;
	read_from(story, 1);
	story->pause_at = 5;
	for (int i = 0; i < 10; i++) {
		write_many(story, 1);
		fake_broker_run(story->bus, 10);
	}
	fake_broker_set_connected(story->bus, false);
	fake_broker_run(story->bus, 1000);
	fake_broker_set_connected(story->bus, true);
	reader_resume(story->reader);
	fake_broker_run(story->bus, 1000);
	assert_string_equal(story->broken, "");
	assert_int_equal(story->next, 11);
}

static void a_deleted_stream_breaks_off(void **state) {
	struct story *story = *state;
	write_many(story, 10);
	read_from(story, 1);
	fake_broker_run(story->bus, 100);
	fake_stream_delete(story->bus, STREAM);
	fake_broker_run(story->bus, 30000);
	assert_string_equal(
		story->broken, "message 10 was there, but is not in the stream any more");
}

static void a_stream_made_anew_breaks_off(void **state) {
	struct story *story = *state;
	write_many(story, 10);
	read_from(story, 1);
	fake_broker_run(story->bus, 100);
	fake_stream_delete(story->bus, STREAM);
	write_many(story, 20); /* longer than it was: only its times tell */
	fake_broker_run(story->bus, 30000);
	assert_string_equal(story->broken, "the stream was deleted and made anew: the last "
					   "message that was read is another one now");
	assert_int_equal(story->next, 11);
}

static void a_stream_that_is_shorter_breaks_off(void **state) {
	struct story *story = *state;
	write_many(story, 10);
	read_from(story, 1);
	fake_broker_run(story->bus, 100);
	fake_broker_set_connected(story->bus, false);
	fake_stream_cut(story->bus, STREAM, 3);
	fake_broker_set_connected(story->bus, true);
	fake_broker_run(story->bus, 1000);
	assert_string_equal(story->broken, ""); /* a new leader may lag: it is given a while */
	fake_broker_run(story->bus, 10000);
	assert_string_equal(
		story->broken, "message 10 was there, but is not in the stream any more");
}

static void a_position_beyond_the_end_breaks_off(void **state) {
	struct story *story = *state;
	write_many(story, 10);
	read_from(story, 21);
	fake_broker_run(story->bus, 30000);
	assert_string_equal(
		story->broken, "message 20 was there, but is not in the stream any more");
}

static void a_missing_message_breaks_off(void **state) {
	struct story *story = *state;
	write_many(story, 10);
	fake_stream_lose(story->bus, STREAM, 6);
	read_from(story, 1);
	fake_broker_run(story->bus, 10000);
	assert_string_equal(story->broken, "message 6 is missing in the stream: the next one is 7");
	assert_int_equal(story->next, 6);
}

/* Everything at once, from a seed: whatever happens, all of it comes, once and in order. */
static void whatever_happens_all_of_it_comes(void **state) {
	struct story *story = *state;
	unsigned seed = 7;
	write_many(story, 1);
	read_from(story, 1);
	for (int turn = 0; turn < 20000; turn++) {
		int dice = rand_r(&seed) % 200;
		write_many(story, dice < 100);
		if (dice == 100) {
			fake_faults(story->bus)->lose_replies = (uint32_t)(rand_r(&seed) % 3);
		} else if (dice == 101) {
			fake_faults(story->bus)->lose_deliveries = (uint32_t)(rand_r(&seed) % 10);
		} else if (dice == 102) {
			fake_faults(story->bus)->mute = !fake_faults(story->bus)->mute;
		} else if (dice == 103 || dice == 104) {
			fake_broker_set_connected(story->bus, dice == 104);
		} else if (dice == 105) {
			fake_broker_run(story->bus, 5000);
		} else if (dice == 106) {
			reader_pause(story->reader);
		} else if (dice < 110) {
			reader_resume(story->reader);
		} else {
			fake_broker_run(story->bus, dice % 10);
		}
	}
	*fake_faults(story->bus) = (struct fake_faults){0};
	reader_resume(story->reader);
	fake_broker_set_connected(story->bus, true);
	fake_broker_run(story->bus, 60000);
	assert_string_equal(story->broken, "");
	assert_int_equal(story->next, story->written + 1);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		STORY(reads_what_is_there_and_what_comes),
		STORY(a_quiet_stream_is_left_alone),
		STORY(a_stream_that_comes_later_is_waited_for),
		STORY(lost_messages_are_noticed_by_the_next_one),
		STORY(a_lost_last_message_is_noticed_by_the_heartbeat),
		STORY(silence_makes_a_new_consumer),
		STORY(lost_answers_are_asked_for_again),
		STORY(a_broken_connection_is_survived),
		STORY(flow_control_is_answered),
		STORY(a_paused_reader_goes_on_where_it_was),
		STORY(flow_control_waits_for_a_paused_reader),
		STORY(what_is_held_is_bounded),
		STORY(a_paused_reader_survives_a_broken_connection),
		STORY(a_reader_that_goes_on_while_it_asks_is_not_misled),
		STORY(a_deleted_stream_breaks_off),
		STORY(a_stream_made_anew_breaks_off),
		STORY(a_stream_that_is_shorter_breaks_off),
		STORY(a_position_beyond_the_end_breaks_off),
		STORY(a_missing_message_breaks_off),
		STORY(whatever_happens_all_of_it_comes),
	};
	return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
