/*
 * holders_test - when a campaign is over those who have something go to the line, strangers do not.
 */
#include "ingress/holders.h"

#include "tests/unit/unit.h"

#include <stdlib.h>

#include "common/crypto.h"
#include "common/log.h"
#include "tests/fake/fake_log.h"

#define SECOND INT64_C(1000000)

static struct campaign campaign;
static struct request request;
static struct decision decision;
static uint64_t last_n;

static int begin(void **state) {
	(void)state;
	fake_log_reset("unused");
	campaign = (struct campaign){.id = "burger", .ordinal = 1, .state = CAMPAIGN_OPEN};
	campaign.definition.units = 100;
	campaign.line_position = 100;
	last_n = 0;
	return 0;
}

static int end(void **state) {
	(void)state;
	holders_destroy(campaign.holders);
	return 0;
}

static struct person person(uint8_t email, uint8_t phone) {
	struct person somebody = {.identities_count = phone == 0 ? 1 : 2};
	/* Spread out, as hashes are. */
	const struct key key = {.bytes = {1}};
	crypto_mac(somebody.identities[0].bytes, 16, &key, "email", &(struct part){&email, 1}, 1);
	crypto_mac(somebody.identities[1].bytes, 16, &key, "phone", &(struct part){&phone, 1}, 1);
	return somebody;
}

/* One batch: entry i is email i + first, with the verdict given. */
static void decide(uint8_t first, const enum verdict *verdicts, uint16_t count) {
	static uint8_t bytes[DECISION_BYTES_MAX];
	last_n++;
	request = (struct request){.kind = MESSAGE_BOOK, .count = count};
	decision = (struct decision){
		.n = last_n,
		.time_ms = 1700000000000,
		.define_n = 1,
		.line_position = 50,
		.request_kind = MESSAGE_BOOK,
		.state = CAMPAIGN_OPEN,
		.ordinal = 1,
		.count = count,
	};
	for (uint16_t i = 0; i < count; i++) {
		uint8_t email = (uint8_t)(first + i);
		request.book[i].person = person(email, i == 0 ? 200 : 0);
		request.book[i].units = 1;
		bool granted = verdicts[i] == VERDICT_BOOKED;
		decision.answers[i] = (struct answer){
			.verdict = verdicts[i],
			.number = granted ? email : 0,
			.units = granted,
			.place = granted ? decision.line_position - count + i + 1 : 0,
			.time_ms = granted ? decision.time_ms : 0,
		};
	}
	size_t size = request_encode(&request, bytes, sizeof bytes);
	assert_true(size > 0);
	fake_log_put("REQ_burger", "req.burger.book", bytes, size);
	size = decision_encode_body(&decision, bytes, sizeof bytes - DIGEST_BYTES);
	assert_true(size > 0);
	memset(bytes + size, 0, DIGEST_BYTES);
	fake_log_put("DEC_burger", "dec.burger", bytes, size + DIGEST_BYTES);
	campaign.newest_n = last_n;
}

static bool may_have(uint8_t email, uint8_t phone, int64_t now_us) {
	const struct person somebody = person(email, phone);
	return holders_may_have(NULL, &campaign, &somebody, now_us);
}

static const enum verdict mixed[] = {VERDICT_BOOKED, VERDICT_SOLD_OUT, VERDICT_BOOKED};

static void when_it_is_over(void **state) {
	(void)state;
	assert_true(holders_is_over(&campaign));
	campaign.counters.available = 1;
	assert_false(holders_is_over(&campaign));
	campaign.counters = (struct counters){.held = 1};
	assert_false(holders_is_over(&campaign));
	campaign.counters = (struct counters){.sold = 100};
	campaign.definition.cancellable = true;
	assert_false(holders_is_over(&campaign));
	campaign.definition.cancellable = false;
	campaign.definition.waiting_list = 10;
	assert_false(holders_is_over(&campaign));
	campaign.definition.waiting_list = 0;
	campaign.state = CAMPAIGN_PAUSED;
	assert_false(holders_is_over(&campaign));
	campaign.state = CAMPAIGN_CLOSED;
	campaign.counters.available = 5;
	assert_true(holders_is_over(&campaign));
}

static void everybody_goes_to_the_line_until_all_is_read(void **state) {
	(void)state;
	decide(1, mixed, 3);
	assert_true(may_have(99, 0, SECOND));
	assert_true(may_have(99, 0, SECOND));
	fake_log_run();
	assert_false(may_have(99, 0, SECOND));
}

static void holders_are_known_by_each_of_their_contacts(void **state) {
	(void)state;
	for (uint8_t i = 0; i < 60; i++) {
		decide((uint8_t)(1 + 3 * i), mixed, 3);
	}
	may_have(1, 0, SECOND);
	fake_log_run();
	for (uint8_t i = 0; i < 60; i++) {
		uint8_t first = (uint8_t)(1 + 3 * i);
		assert_true(may_have(first, 0, SECOND));
		assert_true(may_have(250, 200, SECOND)); /* an unknown email, but that phone */
		assert_true(may_have((uint8_t)(first + 2), 0, SECOND));
	}
	unsigned strangers = 0;
	for (uint8_t i = 0; i < 60; i++) {
		strangers += may_have((uint8_t)(2 + 3 * i), 0, SECOND);
	}
	assert_true(strangers <= 5);
}

static void decisions_that_gave_nothing_cost_one_get(void **state) {
	(void)state;
	static const enum verdict nothing[] = {VERDICT_SOLD_OUT, VERDICT_PAUSED};
	for (int i = 0; i < 10; i++) {
		decide(1, nothing, 2);
	}
	may_have(1, 0, SECOND);
	fake_log_run();
	assert_int_equal(fake_log_calls(), 10);
	assert_false(may_have(1, 0, SECOND));
}

static void what_could_not_be_read_is_read_again(void **state) {
	(void)state;
	for (uint8_t i = 0; i < 40; i++) {
		decide((uint8_t)(1 + 3 * i), mixed, 3);
	}
	fake_log_fail(20, STREAM_UNKNOWN);
	may_have(1, 0, SECOND);
	fake_log_run();
	assert_true(may_have(250, 0, SECOND)); /* not complete, and not yet time to try again */
	for (int64_t now_us = 2 * SECOND; now_us < 6 * SECOND; now_us += SECOND) {
		may_have(250, 0, now_us);
		fake_log_run();
	}
	assert_false(may_have(250, 0, 7 * SECOND));
	for (uint8_t i = 0; i < 40; i++) {
		assert_true(may_have((uint8_t)(1 + 3 * i), 0, 7 * SECOND));
	}
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
	crypto_init();
	log_init("holders_test", LOG_FATAL, LOG_FORMAT_TEXT);
	const struct CMUnitTest tests[] = {
		STORY(when_it_is_over),
		STORY(everybody_goes_to_the_line_until_all_is_read),
		STORY(holders_are_known_by_each_of_their_contacts),
		STORY(decisions_that_gave_nothing_cost_one_get),
		STORY(what_could_not_be_read_is_read_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
