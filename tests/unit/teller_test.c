/*
 * teller_test - payments on their way into the line, on a broker in memory.
 */
#include "cashier/teller.h"

#include "tests/unit/broker_story.h"

#define PAYMENTS 5u

struct story {
	struct bus *bus;
	struct teller *teller;
	uint32_t stored;
	uint32_t untold;
};

static struct request request_read;
static struct tell tells[BOOKS_TELLS_MAX];

static void on_told(void *owner, const char *payment_id, enum pay_state state, bool stored) {
	struct story *story = owner;
	assert_int_equal(strncmp(payment_id, "pay_", 4), 0);
	assert_int_equal(state, PAY_CAPTURED);
	story->stored += stored;
	story->untold += !stored;
}

static void tell(struct story *story, const char *campaign, uint32_t count) {
	for (uint32_t i = 0; i < count; i++) {
		tells[i] = (struct tell){
			.request = {.number = i + 1,
				.amount_paise = 100,
				.outcome = PAYMENT_CAPTURED},
			.state = PAY_CAPTURED,
		};
		memset(tells[i].request.payment.bytes, (int)i, PAYMENT_BYTES);
		snprintf(tells[i].campaign_id, sizeof tells[i].campaign_id, "%s", campaign);
		snprintf(tells[i].payment_id, sizeof tells[i].payment_id, "pay_%u", i);
	}
	teller_tell(story->teller, tells, count);
}

/* Reads the n-th message of a line. */
static const struct request *message(struct story *story, const char *stream, uint64_t n) {
	struct bus_message stored;
	assert_true(fake_stream_message(story->bus, stream, n, &stored));
	assert_true(request_decode(&request_read, stored.data, stored.size));
	return &request_read;
}

static bool is_there(struct story *story, const char *stream, uint64_t n) {
	struct bus_message stored;
	return fake_stream_message(story->bus, stream, n, &stored);
}

static int begin(void **state) {
	broker_story_begin(state, sizeof(struct story));
	struct story *story = *state;
	fake_stream_take(story->bus, "REQ_burger", "req.burger.");
	fake_stream_take(story->bus, "REQ_pizza", "req.pizza.");
	story->teller = teller_create(story->bus, on_told, story);
	return 0;
}

static int end(void **state) {
	struct story *story = *state;
	teller_destroy(story->teller);
	return broker_story_end(state);
}

static void a_batch_is_one_message(void **state) {
	struct story *story = *state;
	tell(story, "burger", PAYMENTS);
	assert_int_equal(teller_under_way(story->teller), 1);
	fake_broker_run(story->bus, 10);
	const struct request *request = message(story, "REQ_burger", 1);
	assert_int_equal(request->kind, MESSAGE_PAY);
	assert_int_equal(request->count, PAYMENTS);
	assert_int_equal(request->pay[4].number, 5);
	assert_int_equal(request->pay[4].amount_paise, 100);
	assert_int_equal(request->pay[4].payment.bytes[0], 4);
	assert_int_equal(request->pay[4].outcome, PAYMENT_CAPTURED);
	assert_int_equal(story->stored, PAYMENTS);
	assert_int_equal(teller_under_way(story->teller), 0);
}

static void each_campaign_has_its_own_line(void **state) {
	struct story *story = *state;
	tell(story, "burger", 2);
	tell(story, "pizza", 3);
	fake_broker_run(story->bus, 10);
	assert_int_equal(message(story, "REQ_burger", 1)->count, 2);
	assert_int_equal(message(story, "REQ_pizza", 1)->count, 3);
	assert_int_equal(story->stored, 5);
}

static void more_than_a_batch_are_several(void **state) {
	struct story *story = *state;
	tell(story, "burger", BOOKS_TELLS_MAX);
	fake_broker_run(story->bus, 10);
	assert_int_equal(message(story, "REQ_burger", 1)->count, BATCH_REQUESTS_MAX);
	assert_int_equal(message(story, "REQ_burger", 2)->count, BATCH_REQUESTS_MAX);
	assert_false(is_there(story, "REQ_burger", 3));
	assert_int_equal(story->stored, BOOKS_TELLS_MAX);
}

static void a_lost_one_is_sent_again(void **state) {
	struct story *story = *state;
	fake_faults(story->bus)->lose_replies = 3;
	tell(story, "burger", PAYMENTS);
	fake_broker_run(story->bus, 60000);
	assert_int_equal(message(story, "REQ_burger", 1)->count, PAYMENTS);
	assert_false(is_there(story, "REQ_burger", 2));
	assert_int_equal(story->stored, PAYMENTS);
	assert_int_equal(story->untold, 0);
}

/* They are told again by a later round, with another batch. */
static void one_that_cannot_be_stored_is_given_up(void **state) {
	struct story *story = *state;
	fake_faults(story->bus)->lose_replies = 1000;
	tell(story, "burger", PAYMENTS);
	fake_broker_run(story->bus, 110000);
	assert_int_equal(story->stored, 0);
	assert_int_equal(story->untold, PAYMENTS);
	assert_int_equal(teller_under_way(story->teller), 0);
}

static void what_is_under_way_may_be_forgotten(void **state) {
	struct story *story = *state;
	tell(story, "burger", PAYMENTS);
	tell(story, "pizza", PAYMENTS);
	teller_destroy(story->teller);
	story->teller = NULL;
	fake_broker_run(story->bus, 100);
	assert_int_equal(story->stored + story->untold, 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		STORY(a_batch_is_one_message),
		STORY(each_campaign_has_its_own_line),
		STORY(more_than_a_batch_are_several),
		STORY(a_lost_one_is_sent_again),
		STORY(one_that_cannot_be_stored_is_given_up),
		STORY(what_is_under_way_may_be_forgotten),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
