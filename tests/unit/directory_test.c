/*
 * directory_test - the directory of campaigns and a broker in memory.
 */
#include "common/directory.h"

#include <stdio.h>

#include "common/pure/subjects.h"
#include "tests/unit/broker_story.h"

struct story {
	struct bus *bus;
	struct directory *directory;
	char told[1000]; /* "id=ordinal ..." */
};

static void on_campaign(void *context, const char *id, uint32_t ordinal) {
	struct story *story = context;
	size_t used = strlen(story->told);
	snprintf(story->told + used, sizeof(story->told) - used, "%s=%u ", id, ordinal);
}

static void publish(struct story *story, const char *subject) {
	fake_stream_append(story->bus, STREAM_CAMPAIGNS, subject, "{}");
}

static void announce(struct story *story, const char *subject) {
	struct bus_publication publication = {.subject = subject,
		.expected_last_sequence = -1,
		.expected_last_subject_sequence = -1};
	bus_publish(story->bus, &publication);
}

static int begin(void **state) {
	return broker_story_begin(state, sizeof(struct story));
}

static int end(void **state) {
	struct story *story = *state;
	directory_destroy(story->directory);
	return broker_story_end(state);
}

static void open_directory(struct story *story) {
	story->directory = directory_create(story->bus, on_campaign, story);
}

static void tells_what_is_there(void **state) {
	struct story *story = *state;
	publish(story, "campaigns.a");
	publish(story, "campaigns.b");
	open_directory(story);
	assert_false(directory_is_complete(story->directory));
	fake_broker_run(story->bus, 10);
	assert_string_equal(story->told, "a=1 b=2 ");
	assert_true(directory_is_complete(story->directory));
}

static void no_stream_yet_is_no_campaigns(void **state) {
	struct story *story = *state;
	open_directory(story);
	fake_broker_run(story->bus, 10);
	assert_true(directory_is_complete(story->directory));
	publish(story, "campaigns.a");
	fake_broker_run(story->bus, DIRECTORY_POLL_MS + 10);
	assert_string_equal(story->told, "a=1 ");
}

static void an_announcement_is_heard_before_it_is_stored(void **state) {
	struct story *story = *state;
	open_directory(story);
	fake_broker_run(story->bus, 10);
	announce(story, "campaigns.a");
	fake_broker_run(story->bus, 60);
	publish(story, "campaigns.a");
	fake_broker_run(story->bus, 60);
	assert_string_equal(story->told, "a=1 ");
}

static void what_cannot_be_a_campaign_is_left_out(void **state) {
	struct story *story = *state;
	publish(story, "campaigns.a");
	publish(story, "campaigns.Not-An-Id");
	publish(story, "elsewhere");
	publish(story, "campaigns.a"); /* sent twice after a lost acknowledgement */
	publish(story, "campaigns.b");
	open_directory(story);
	fake_broker_run(story->bus, 20);
	assert_string_equal(story->told, "a=1 b=5 ");
}

static void lost_answers_and_connections_are_survived(void **state) {
	struct story *story = *state;
	publish(story, "campaigns.a");
	fake_faults(story->bus)->lose_replies = 2;
	open_directory(story);
	fake_broker_run(story->bus, 10000);
	assert_string_equal(story->told, "a=1 ");
	fake_broker_set_connected(story->bus, false);
	publish(story, "campaigns.b");
	fake_broker_run(story->bus, 10000);
	fake_broker_set_connected(story->bus, true);
	fake_broker_run(story->bus, 10);
	assert_string_equal(story->told, "a=1 b=2 ");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		STORY(tells_what_is_there),
		STORY(no_stream_yet_is_no_campaigns),
		STORY(an_announcement_is_heard_before_it_is_stored),
		STORY(what_cannot_be_a_campaign_is_left_out),
		STORY(lost_answers_and_connections_are_survived),
	};
	return cmocka_run_group_tests_name("directory", tests, NULL, NULL);
}
