/*
 * reply_test - answers as our server writes them, in any pieces, and what is none.
 */
#include "tests/load/reply.h"

#include "tests/unit/unit.h"

#define BODY "{\"booking_id\":\"ZH4D-CSXZ-9B9E-H\",\"count\":1,\"place\":17,\"status\":\"booked\"}"

static const char booked[] = "HTTP/1.1 201 Created\r\n"
			     "Date: Sun, 22 Nov 2026 19:00:00 GMT\r\n"
			     "Content-Type: application/json\r\n"
			     "Cache-Control: no-store\r\n"
			     "Content-Length: 72\r\n"
			     "\r\n" BODY;

static const char busy[] = "HTTP/1.1 503 Service Unavailable\r\n"
			   "Retry-After: 3\r\n"
			   "Connection: close\r\n"
			   "Content-Length: 2\r\n"
			   "\r\n{}";

static const char not_modified[] = "HTTP/1.1 304 Not Modified\r\n"
				   "ETag: \"17-open\"\r\n"
				   "\r\n";

static enum reply_outcome read_text(struct reply *reply, const char *text) {
	return reply_read(reply, text, strlen(text));
}

static void a_booking(void **state) {
	(void)state;
	struct reply reply;
	char value[20];
	assert_int_equal(sizeof BODY - 1, 72);
	assert_int_equal(read_text(&reply, booked), REPLY_COMPLETE);
	assert_int_equal(reply.status, 201);
	assert_false(reply.closes);
	assert_int_equal(reply.size, strlen(booked));
	assert_true(reply_member(&reply, "booking_id", value, sizeof value));
	assert_string_equal(value, "ZH4D-CSXZ-9B9E-H");
	assert_true(reply_member(&reply, "place", value, sizeof value));
	assert_string_equal(value, "17");
	assert_true(reply_member(&reply, "status", value, sizeof value));
	assert_string_equal(value, "booked");
	assert_false(reply_member(&reply, "booked", value, sizeof value)); /* a value, not a name */
	assert_false(reply_member(&reply, "rank", value, sizeof value));
	assert_false(reply_member(&reply, "booking_id", value, 16)); /* no room */
}

static void any_beginning_of_it_is_incomplete(void **state) {
	(void)state;
	struct reply reply;
	for (size_t size = 0; size < strlen(booked); size++) {
		assert_int_equal(reply_read(&reply, booked, size), REPLY_INCOMPLETE);
	}
}

static void headers_that_a_client_acts_on(void **state) {
	(void)state;
	struct reply reply;
	assert_int_equal(read_text(&reply, busy), REPLY_COMPLETE);
	assert_int_equal(reply.status, 503);
	assert_int_equal(reply.retry_after_s, 3);
	assert_true(reply.closes);
	assert_int_equal(read_text(&reply, not_modified), REPLY_COMPLETE);
	assert_int_equal(reply.body_size, 0);
	assert_int_equal(reply.size, strlen(not_modified));
	assert_int_equal(reply.etag_size, strlen("\"17-open\""));
	assert_memory_equal(reply.etag, "\"17-open\"", reply.etag_size);
}

static void only_its_own_name_is_a_member(void **state) {
	(void)state;
	static const char body[] = "{\"displace\":1,\"place\":\"of \",\"x\":\"place\",\"place\":2}";
	const struct reply reply = {.body = body, .body_size = sizeof body - 1};
	const struct reply cut = {.body = body, .body_size = 22};
	char value[20];
	assert_true(reply_member(&reply, "place", value, sizeof value));
	assert_string_equal(value, "of "); /* the first */
	assert_true(reply_member(&reply, "x", value, sizeof value));
	assert_string_equal(value, "place");
	assert_false(reply_member(&reply, "lace", value, sizeof value));
	assert_false(
		reply_member(&cut, "place", value, sizeof value)); /* nothing behind the colon */
}

static void a_blank_before_a_value(void **state) {
	(void)state;
	struct reply reply;
	char value[20];
	assert_int_equal(read_text(&reply, "HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n"
					   "[{\"number\": 7, \"at\": "),
		REPLY_COMPLETE);
	assert_true(reply_member(&reply, "number", value, sizeof value));
	assert_string_equal(value, "7");
}

static void what_is_no_answer(void **state) {
	(void)state;
	static const char *const texts[] = {
		"HTTP/1.0 200 OK\r\n\r\n",
		"HTTP/1.1 abc\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\n",
		"HTTP/1.1 200\r\nContent-Length: x\r\n\r\n",
		"HTTP/1.1 200\r\nContent-Length: 99999999\r\n\r\n",
		"HTTP/1.1 200\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 600 Beyond\r\n\r\n",
		"HTTP/1.1 20\r\n\r\n",
		"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
		"garbage\r\n\r\n",
		"\r\n\r\n",
	};
	struct reply reply;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		assert_int_equal(read_text(&reply, texts[i]), REPLY_BROKEN);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_booking),
		cmocka_unit_test(any_beginning_of_it_is_incomplete),
		cmocka_unit_test(headers_that_a_client_acts_on),
		cmocka_unit_test(only_its_own_name_is_a_member),
		cmocka_unit_test(a_blank_before_a_value),
		cmocka_unit_test(what_is_no_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
