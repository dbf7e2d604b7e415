/*
 * stream_reply_test - JetStream's answers as servers 2.9 and 2.14 word them, and their meaning.
 */
#include "common/stream_reply.h"

#include "tests/unit/unit.h"

static void acknowledgements_have_a_meaning(void **state) {
	(void)state;
	static const struct {
		const char *reply;
		enum stream_outcome outcome;
		uint64_t sequence;
	} cases[] = {
		{"{\"stream\":\"DEC_c1\", \"seq\":3}", STREAM_STORED, 3},
		{"{\"stream\":\"DEC_c1\",\"seq\":3,\"duplicate\": true}", STREAM_STORED, 3},
		{"{\"stream\":\"DEC_c1\",\"domain\":\"hub\",\"seq\":3}", STREAM_STORED, 3},
		{"{\"stream\":\"DEC_c1\",\"seq\":0,\"duplicate\":true}", STREAM_UNKNOWN, 0},
		{"{\"stream\":\"DEC_c1\"}", STREAM_UNKNOWN, 0},
		{"{\"error\":{\"code\":400,\"err_code\":10071,\"description\":\"wrong last "
		 "sequence: 3\"},"
		 "\"stream\":\"DEC_c1\",\"seq\":0}",
			STREAM_CONFLICT, 0},
		{"{\"error\":{\"code\":400,\"err_code\":10164}}", STREAM_CONFLICT, 0},
		{"{\"error\":{\"code\":503,\"err_code\":10077,\"description\":\"maximum bytes "
		 "exceeded\"},\"stream\":\"DEC_c1\",\"seq\":0}",
			STREAM_FULL, 0},
		{"{\"error\":{\"code\":500,\"err_code\":10047}}", STREAM_FULL, 0},
		{"{\"error\":{\"code\":503,\"err_code\":10023}}", STREAM_FULL, 0},
		{"{\"error\":{\"code\":429,\"err_code\":10167}}", STREAM_UNKNOWN, 0},
		{"{\"error\":{\"code\":503,\"err_code\":10008}}", STREAM_UNKNOWN, 0},
		{"{\"error\":{\"code\":400,\"err_code\":10109,\"description\":\"invalid operation "
		 "on sealed "
		 "stream\"}}",
			STREAM_REFUSED, 0},
		{"{\"error\":{\"code\":400,\"err_code\":10058}}", STREAM_REFUSED, 0},
		{"{\"error\":{\"code\":400,\"err_code\":10005}}", STREAM_REFUSED, 0},
		{"{\"error\":{\"code\":500,\"err_code\":10074}}", STREAM_REFUSED, 0},
		{"{\"error\":{\"code\":404,\"err_code\":10037}}", STREAM_MISSING, 0},
		{"{\"error\":{\"code\":404,\"err_code\":10059}}", STREAM_MISSING, 0},
		{"", STREAM_UNKNOWN, 0},
		{"+OK", STREAM_UNKNOWN, 0},
		{"{\"seq\":", STREAM_UNKNOWN, 0},
		{"{\"seq\":-1}", STREAM_UNKNOWN, 0},
		{"{\"seq\":\"3\"}", STREAM_UNKNOWN, 0},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct stream_reply reply;
		stream_reply_read_ack(
			&reply, (const uint8_t *)cases[i].reply, strlen(cases[i].reply));
		assert_string_equal(
			stream_outcome_name(reply.outcome), stream_outcome_name(cases[i].outcome));
		assert_int_equal(reply.sequence, cases[i].sequence);
	}
}

static void the_words_fit_into_a_log_line(void **state) {
	(void)state;
	static const char json[] = "{\"error\":{\"code\":400,\"err_code\":10052,"
				   "\"description\":\"say \\\"no\\\"\\nto C:\\\\\"}}";
	struct stream_reply reply;
	stream_reply_read_ack(&reply, (const uint8_t *)json, strlen(json));
	assert_int_equal(reply.error_code, 10052);
	assert_string_equal(reply.error, "say 'no''to C:'");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(acknowledgements_have_a_meaning),
		cmocka_unit_test(the_words_fit_into_a_log_line),
	};
	return cmocka_run_group_tests_name("stream_reply", tests, NULL, NULL);
}
