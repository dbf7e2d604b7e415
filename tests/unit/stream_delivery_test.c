/*
 * stream_delivery_test - reply subjects of both forms, and what only looks like one.
 */
#include "common/stream.h"

#include "tests/unit/unit.h"

static void reads_both_forms(void **state) {
	(void)state;
	static const char *const cases[] = {
		"$JS.ACK.REQ_c1.reader-1.1.20.3.1795364861961567436.7",
		"$JS.ACK.hub.ABC123.REQ_c1.reader-1.1.20.3.1795364861961567436.7",
		"$JS.ACK._.ABC123.REQ_c1.reader-1.1.20.3.1795364861961567436.7.random",
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct stream_delivery delivery;
		assert_true(stream_delivery_parse(&delivery, cases[i]));
		assert_int_equal(delivery.stream_sequence, 20);
		assert_int_equal(delivery.consumer_sequence, 3);
		assert_int_equal(delivery.time_ms, 1795364861961);
		assert_int_equal(delivery.pending, 7);
		assert_int_equal(delivery.consumer_size, strlen("reader-1"));
		assert_memory_equal(delivery.consumer, "reader-1", delivery.consumer_size);
	}
}

static void refuses_everything_else(void **state) {
	(void)state;
	static const char *const cases[] = {
		"",
		"_INBOX.x",
		"$JS.ACK.",
		"$JS.ACK.REQ_c1.reader.1.20.3.1795364861961567436",
		"$JS.ACK.REQ_c1.reader.1.20.3.1795364861961567436.7.8",
		"$JS.ACK.a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p",
		"$JS.ACK.REQ_c1.reader.1.twenty.3.1795364861961567436.7",
		"$JS.ACK.REQ_c1.reader.1.-20.3.1795364861961567436.7",
		"$JS.ACK.REQ_c1.reader.1.99999999999999999999999.3.1795364861961567436.7",
		"$JS.ACK.REQ_c1.reader.1.20.3..7",
		"$JS.FC.REQ_c1.reader.1.20.3.1795364861961567436.7",
	};
	struct stream_delivery delivery;
	assert_false(stream_delivery_parse(&delivery, NULL));
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_false(stream_delivery_parse(&delivery, cases[i]));
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_both_forms),
		cmocka_unit_test(refuses_everything_else),
	};
	return cmocka_run_group_tests_name("stream_delivery", tests, NULL, NULL);
}
