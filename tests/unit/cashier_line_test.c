/*
 * cashier_line_test - one campaign's decisions, read by the cashier from a broker in memory.
 */
#include "cashier/line.h"

#include "tests/unit/broker_story.h"

#define ORDINAL 7u
#define STREAM "DEC_burger"
#define PAID_DEFINITION                                                                            \
	"{\"id\":\"burger\",\"title\":\"Burger\",\"units\":10,\"price_paise\":100,\"rules\":1,"    \
	"\"time_zone\":\"Asia/Kolkata\"}"
#define FREE_DEFINITION "{\"id\":\"burger\",\"title\":\"Burger\",\"units\":10,\"rules\":1}"

static const struct key booking_key = {.bytes = {1}};
static const struct news_names names = {"razorpay", &booking_key};
static struct decision decision;

struct story {
	struct bus *bus;
	struct line *line;
	struct news news;
	uint64_t decided;
};

static struct news *collect(void *owner) {
	return &((struct story *)owner)->news;
}

static void on_news(void *owner) {
	assert_non_null(owner);
}

static int begin(void **state) {
	broker_story_begin(state, sizeof(struct story));
	struct story *story = *state;
	story->line = line_create(&(struct line_options){
		.bus = story->bus,
		.names = &names,
		.campaign = "burger",
		.ordinal = ORDINAL,
		.collect = collect,
		.on_news = on_news,
		.owner = story,
	});
	return 0;
}

static int end(void **state) {
	struct story *story = *state;
	line_destroy(story->line);
	news_finish(&story->news);
	return broker_story_end(state);
}

static struct decision *next(struct story *story, enum message_kind kind, enum campaign_state is) {
	memset(&decision, 0, sizeof decision);
	decision.n = ++story->decided;
	decision.time_ms = INT64_C(1795363559000);
	decision.define_n = 1;
	decision.ordinal = ORDINAL;
	decision.state = is;
	decision.request_kind = kind;
	return &decision;
}

/* The digest of decision n begins with n. */
static void store(struct story *story) {
	static uint8_t bytes[DECISION_BYTES_MAX];
	size_t size = decision_encode_body(&decision, bytes, sizeof bytes - DIGEST_BYTES);
	assert_true(size > 0);
	memset(bytes + size, 0, DIGEST_BYTES);
	bytes[size] = (uint8_t)decision.n;
	fake_stream_put(story->bus, STREAM, "dec.burger", bytes, size + DIGEST_BYTES);
}

static void define(struct story *story, const char *json) {
	struct decision *made = next(story, MESSAGE_DEFINE, CAMPAIGN_SCHEDULED);
	made->count = 1;
	made->answers[0].verdict = VERDICT_ACCEPTED;
	made->definition = json;
	made->definition_size = (uint32_t)strlen(json);
	store(story);
}

static void open_it(struct story *story) {
	struct decision *made = next(story, MESSAGE_CONTROL, CAMPAIGN_OPEN);
	made->count = 1;
	made->answers[0].verdict = VERDICT_ACCEPTED;
	store(story);
}

static void hold(struct story *story, uint32_t number) {
	struct decision *made = next(story, MESSAGE_BOOK, CAMPAIGN_OPEN);
	made->count = 1;
	made->line_position = number;
	made->answers[0] = (struct answer){
		.verdict = VERDICT_HELD,
		.units = 2,
		.number = number,
		.place = number,
		.time_ms = made->time_ms,
		.pay_by_ms = made->time_ms + 60000,
	};
	store(story);
}

static struct books_position position_at(uint64_t n, uint8_t digest) {
	struct books_position position = {
		.n = n,
		.digest = {digest},
		.campaign = {.id = "burger",
			.ordinal = ORDINAL,
			.price_paise = 100,
			.currency = "INR"},
	};
	return position;
}

static void assert_holds(struct story *story, uint32_t count) {
	assert_int_equal(story->news.sheets[NEWS_HOLDS].count, count);
}

static const char *position(struct story *story) {
	sheet_clear(&story->news.sheets[NEWS_POSITIONS]);
	line_note(story->line, &story->news);
	return sheet_text(&story->news.sheets[NEWS_POSITIONS]);
}

static void a_definition_says_what_a_unit_costs(void **state) {
	struct story *story = *state;
	define(story, PAID_DEFINITION);
	open_it(story);
	hold(story, 1);
	line_follow(story->line, NULL);
	fake_broker_run(story->bus, 2000);
	assert_holds(story, 1);
	assert_non_null(strstr(sheet_text(&story->news.sheets[NEWS_HOLDS]),
		"\"amount\":200,\"currency\":\"INR\""));
	assert_non_null(strstr(position(story), "\"base\":0,\"n\":3,\"campaign\":7,"));
	assert_non_null(strstr(position(story), "\"price\":100,\"currency\":\"INR\",\"zone\":"
						"\"Asia/Kolkata\",\"free\":false"));
	line_noted(story->line);
	assert_string_equal(position(story), "[]");
}

static void what_costs_nothing_is_read_until_it_opens(void **state) {
	struct story *story = *state;
	define(story, FREE_DEFINITION);
	open_it(story);
	hold(story, 1);
	line_follow(story->line, NULL);
	fake_broker_run(story->bus, 2000);
	assert_holds(story, 0);
	assert_non_null(strstr(position(story), "\"n\":2,"));
	assert_non_null(strstr(position(story), "\"free\":true"));
	line_noted(story->line);
	uint32_t asked = fake_broker_requests(story->bus);
	hold(story, 2);
	fake_broker_run(story->bus, 60000);
	assert_int_equal(fake_broker_requests(story->bus), asked);
	assert_string_equal(line_reason(story->line), "");
}

/* Before the opening the price may change. */
static void the_last_definition_counts(void **state) {
	struct story *story = *state;
	define(story, FREE_DEFINITION);
	define(story, PAID_DEFINITION);
	open_it(story);
	hold(story, 1);
	line_follow(story->line, NULL);
	fake_broker_run(story->bus, 2000);
	assert_holds(story, 1);
}

static void goes_on_where_the_books_are(void **state) {
	struct story *story = *state;
	define(story, PAID_DEFINITION);
	open_it(story);
	hold(story, 1);
	hold(story, 2);
	struct books_position at = position_at(3, 3);
	line_follow(story->line, &at);
	fake_broker_run(story->bus, 2000);
	assert_holds(story, 1);
	assert_non_null(strstr(position(story), "\"base\":3,\"n\":4,"));
}

static void books_of_another_log_stop_it(void **state) {
	struct story *story = *state;
	define(story, PAID_DEFINITION);
	open_it(story);
	hold(story, 1);
	struct books_position at = position_at(2, 99);
	line_follow(story->line, &at);
	fake_broker_run(story->bus, 2000);
	assert_non_null(strstr(line_reason(story->line), "is not the one in the books"));
	assert_holds(story, 0);
	/* For good: reading again from the same place would not help. */
	line_forget(story->line);
	line_follow(story->line, &at);
	fake_broker_run(story->bus, 2000);
	assert_holds(story, 0);
}

static void books_of_another_broker_stop_it(void **state) {
	struct story *story = *state;
	struct books_position at = position_at(2, 2);
	at.campaign.ordinal = 8;
	assert_true(line_is_at(story->line, &at));
	line_follow(story->line, &at);
	assert_non_null(strstr(line_reason(story->line), "belong to another broker"));
}

static void a_message_that_is_no_decision_stops_it(void **state) {
	struct story *story = *state;
	define(story, PAID_DEFINITION);
	fake_stream_append(story->bus, STREAM, "dec.burger", "what is this");
	line_follow(story->line, NULL);
	fake_broker_run(story->bus, 2000);
	assert_non_null(strstr(line_reason(story->line), "message 2"));
}

static void full_news_make_it_wait(void **state) {
	struct story *story = *state;
	define(story, PAID_DEFINITION);
	open_it(story);
	while (!news_is_full(&story->news)) {
		news_add_look(&story->news, ORDINAL, 1, 0);
	}
	line_follow(story->line, NULL);
	fake_broker_run(story->bus, 2000);
	assert_string_equal(position(story), "[]");
	news_clear(&story->news);
	line_resume(story->line);
	fake_broker_run(story->bus, 2000);
	assert_non_null(strstr(position(story), "\"n\":2,"));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		STORY(a_definition_says_what_a_unit_costs),
		STORY(what_costs_nothing_is_read_until_it_opens),
		STORY(the_last_definition_counts),
		STORY(goes_on_where_the_books_are),
		STORY(books_of_another_log_stop_it),
		STORY(books_of_another_broker_stop_it),
		STORY(a_message_that_is_no_decision_stops_it),
		STORY(full_news_make_it_wait),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
