/*
 * webhooks_test - what the provider told, read from a stream on a broker in memory.
 */
#include "cashier/webhooks.h"

#include "common/pure/subjects.h"
#include "tests/unit/broker_story.h"

#define SUBJECT "payments.razorpay"

static const struct key booking_key = {.bytes = {1}};
static const struct news_names names = {"razorpay", &booking_key};

struct story {
	struct bus *bus;
	struct webhooks *webhooks;
	struct news news;
	uint32_t told; /* that there are news */
	uint32_t events;
};

static struct news *collect(void *owner) {
	return &((struct story *)owner)->news;
}

static void on_news(void *owner) {
	((struct story *)owner)->told++;
}

static size_t an_event(struct story *story, uint8_t bytes[PAYMENT_EVENT_BYTES_MAX]) {
	struct payment_event event = {
		.kind = PAYMENT_EVENT_CAPTURED,
		.order_id = "order_1",
		.currency = "INR",
		.amount_paise = 100,
	};
	snprintf(event.payment_id, sizeof event.payment_id, "pay_%u", ++story->events);
	return payment_event_encode(&event, bytes, PAYMENT_EVENT_BYTES_MAX);
}

static void store(struct story *story, const char *subject) {
	uint8_t bytes[PAYMENT_EVENT_BYTES_MAX];
	size_t size = an_event(story, bytes);
	fake_stream_put(story->bus, STREAM_PAYMENTS, subject, bytes, size);
}

static void store_many(struct story *story, int count) {
	for (; count > 0; count--) {
		store(story, SUBJECT);
	}
}

/* As the ingress does. */
static void publish(struct story *story) {
	uint8_t bytes[PAYMENT_EVENT_BYTES_MAX];
	size_t size = an_event(story, bytes);
	bus_publish(story->bus, &(struct bus_publication){
					.subject = SUBJECT,
					.data = bytes,
					.size = size,
					.expected_last_sequence = -1,
					.expected_last_subject_sequence = -1,
				});
}

static void assert_payments(struct story *story, uint32_t count) {
	assert_int_equal(story->news.sheets[NEWS_PAYMENTS].count, count);
}

/* What the next round would write. */
static void assert_position(struct story *story, const char *want) {
	sheet_clear(&story->news.sheets[NEWS_POSITIONS]);
	webhooks_note(story->webhooks, &story->news);
	assert_string_equal(sheet_text(&story->news.sheets[NEWS_POSITIONS]), want);
}

static int begin(void **state) {
	broker_story_begin(state, sizeof(struct story));
	struct story *story = *state;
	fake_stream_take(story->bus, STREAM_PAYMENTS, "payments.");
	story->webhooks = webhooks_create(&(struct webhooks_options){
		.bus = story->bus,
		.names = &names,
		.collect = collect,
		.on_news = on_news,
		.owner = story,
	});
	return 0;
}

static int end(void **state) {
	struct story *story = *state;
	webhooks_destroy(story->webhooks);
	news_finish(&story->news);
	return broker_story_end(state);
}

static void reads_from_the_position_on(void **state) {
	struct story *story = *state;
	store_many(story, 10);
	webhooks_follow(story->webhooks, 4);
	fake_broker_run(story->bus, 100);
	assert_payments(story, 6);
	assert_position(story, "[{\"source\":\"PAYMENTS\",\"base\":4,\"n\":10,\"free\":false}]");
	webhooks_noted(story->webhooks);
	assert_position(story, "[]");
	assert_true(story->told > 0);
}

static void hears_of_a_new_one_at_once(void **state) {
	struct story *story = *state;
	webhooks_follow(story->webhooks, 0);
	fake_broker_run(story->bus, 5000);
	assert_payments(story, 0);
	publish(story);
	fake_broker_run(story->bus, 5);
	assert_payments(story, 1);
}

static void finds_what_it_did_not_hear(void **state) {
	struct story *story = *state;
	webhooks_follow(story->webhooks, 0);
	fake_broker_run(story->bus, 100);
	store_many(story, 3);
	fake_broker_run(story->bus, 2000);
	assert_payments(story, 3);
}

static void waits_for_one_that_is_not_stored_yet(void **state) {
	struct story *story = *state;
	store(story, SUBJECT);
	webhooks_follow(story->webhooks, 1);
	fake_broker_run(story->bus, 100);
	/* Replicas have it a little later. */
	fake_faults(story->bus)->visible_max = 1;
	publish(story);
	fake_broker_run(story->bus, 5);
	fake_faults(story->bus)->visible_max = 0;
	fake_broker_run(story->bus, 50);
	assert_payments(story, 1);
}

static void what_is_no_event_is_left_out(void **state) {
	struct story *story = *state;
	store(story, SUBJECT);
	fake_stream_append(story->bus, STREAM_PAYMENTS, SUBJECT, "what is this");
	store(story, "payments.stripe");
	store(story, SUBJECT);
	webhooks_follow(story->webhooks, 0);
	fake_broker_run(story->bus, 2000);
	assert_payments(story, 2);
	assert_position(story, "[{\"source\":\"PAYMENTS\",\"base\":0,\"n\":4,\"free\":false}]");
}

static void what_is_gone_is_skipped(void **state) {
	struct story *story = *state;
	store_many(story, 10);
	for (uint64_t sequence = 3; sequence <= 7; sequence++) {
		fake_stream_lose(story->bus, STREAM_PAYMENTS, sequence);
	}
	webhooks_follow(story->webhooks, 0);
	fake_broker_run(story->bus, 500);
	assert_payments(story, 5);
	assert_position(story, "[{\"source\":\"PAYMENTS\",\"base\":0,\"n\":10,\"free\":false}]");
}

static void a_lost_answer_is_asked_for_again(void **state) {
	struct story *story = *state;
	store_many(story, 3);
	fake_faults(story->bus)->lose_replies = 2;
	webhooks_follow(story->webhooks, 0);
	fake_broker_run(story->bus, 10000);
	assert_payments(story, 3);
}

static void forgets_and_begins_anew(void **state) {
	struct story *story = *state;
	store_many(story, 5);
	webhooks_follow(story->webhooks, 0);
	fake_broker_run(story->bus, 2);
	webhooks_forget(story->webhooks);
	news_clear(&story->news);
	fake_broker_run(story->bus, 5000);
	assert_true(news_is_empty(&story->news));
	webhooks_follow(story->webhooks, 2);
	fake_broker_run(story->bus, 100);
	assert_payments(story, 3);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		STORY(reads_from_the_position_on),
		STORY(hears_of_a_new_one_at_once),
		STORY(finds_what_it_did_not_hear),
		STORY(waits_for_one_that_is_not_stored_yet),
		STORY(what_is_no_event_is_left_out),
		STORY(what_is_gone_is_skipped),
		STORY(a_lost_answer_is_asked_for_again),
		STORY(forgets_and_begins_anew),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
