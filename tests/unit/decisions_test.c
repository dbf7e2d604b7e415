/*
 * decisions_test - what is kept, what is overwritten, and that what is gone is gotten once for all.
 */
#include "ingress/decisions.h"

#include "tests/unit/unit.h"

#include "common/pure/limits.h"
#include "tests/fake/fake_log.h"

static struct decisions *decisions;

static int begin(void **state) {
	(void)state;
	fake_log_reset("unused");
	decisions = decisions_create(NULL);
	return 0;
}

static int end(void **state) {
	(void)state;
	decisions_destroy(decisions);
	return 0;
}

static struct decision_name name_of(uint32_t ordinal, uint64_t n) {
	return (struct decision_name){.campaign_ordinal = ordinal, .n = n};
}

static void put(uint32_t ordinal, uint64_t n, const char *bytes) {
	const struct decision_name name = name_of(ordinal, n);
	decisions_put(decisions, &name, (const uint8_t *)bytes, strlen(bytes));
}

static bool has(uint32_t ordinal, uint64_t n, const char *bytes) {
	const struct decision_name name = name_of(ordinal, n);
	size_t size = 0;
	const uint8_t *found = decisions_get(decisions, &name, &size);
	return found != NULL && size == strlen(bytes) && memcmp(found, bytes, size) == 0;
}

static void what_is_put_is_there(void **state) {
	(void)state;
	put(1, 7, "seven");
	put(1, 8, "eight");
	put(2, 7, "other seven");
	put(1, 7, "seven");
	assert_true(has(1, 7, "seven"));
	assert_true(has(1, 8, "eight"));
	assert_true(has(2, 7, "other seven"));
	assert_false(has(2, 8, "eight"));
	assert_false(has(0, 0, ""));
}

/* Fills the ring several times over, with sizes that never fit its end exactly. */
static void the_newest_stay_whole(void **state) {
	(void)state;
	static uint8_t bytes[100003];
	uint64_t n = 0;
	for (uint64_t total = 0; total < 3u * DECISIONS_BYTES; total += sizeof bytes) {
		memset(bytes, (int)(++n % 251), sizeof bytes);
		const struct decision_name name = name_of(1, n);
		decisions_put(decisions, &name, bytes, sizeof bytes);
	}
	size_t kept = 0;
	for (uint64_t i = 1; i <= n; i++) {
		const struct decision_name name = name_of(1, i);
		size_t size = 0;
		const uint8_t *found = decisions_get(decisions, &name, &size);
		if (found != NULL) {
			memset(bytes, (int)(i % 251), sizeof bytes);
			assert_int_equal(size, sizeof bytes);
			assert_memory_equal(found, bytes, size);
			kept++;
		} else {
			assert_int_equal(kept, 0); /* the old ones go first */
		}
	}
	assert_in_range(kept, DECISIONS_BYTES / sizeof bytes - 2, DECISIONS_BYTES / sizeof bytes);
}

static void nonsense_is_not_kept(void **state) {
	(void)state;
	static uint8_t bytes[DECISION_BYTES_MAX + 1];
	const struct decision_name name = name_of(1, 1);
	size_t size = 0;
	decisions_put(decisions, &name, bytes, 0);
	assert_null(decisions_get(decisions, &name, &size));
	decisions_put(decisions, &name, bytes, sizeof bytes);
	assert_null(decisions_get(decisions, &name, &size));
}

/* ---- gets -------------------------------------------------------------------------------------- */

static unsigned found_count;
static unsigned missing_count;

static void on_decision(void *context, const uint8_t *bytes, size_t size) {
	const char *expected = context;
	if (bytes == NULL) {
		missing_count++;
		return;
	}
	assert_int_equal(size, strlen(expected));
	assert_memory_equal(bytes, expected, size);
	found_count++;
}

static void many_who_ask_are_answered_by_one_get(void **state) {
	(void)state;
	static char seven[] = "seven";
	found_count = 0;
	for (unsigned i = 0; i < 7; i++) {
		fake_log_put("DEC_burger", "dec.burger", seven, strlen(seven));
	}
	const struct decision_name name = name_of(1, 7);
	for (unsigned i = 0; i < 100; i++) {
		assert_true(decisions_fetch(decisions, &name, "burger", on_decision, seven));
	}
	assert_int_equal(fake_log_calls(), 1);
	assert_int_equal(found_count, 0);
	fake_log_run();
	assert_int_equal(found_count, 100);
	assert_true(has(1, 7, "seven"));
}

static void what_is_not_there_is_told(void **state) {
	(void)state;
	missing_count = 0;
	const struct decision_name name = name_of(1, 7);
	assert_true(decisions_fetch(decisions, &name, "burger", on_decision, NULL));
	fake_log_run();
	assert_int_equal(missing_count, 1);
	fake_log_put("DEC_burger", "dec.burger", "one", 3);
	fake_log_fail(1, STREAM_UNKNOWN);
	const struct decision_name first = name_of(1, 1);
	assert_true(decisions_fetch(decisions, &first, "burger", on_decision, NULL));
	fake_log_run();
	assert_int_equal(missing_count, 2);
}

static void those_who_wait_are_bounded_and_freed(void **state) {
	(void)state;
	const struct decision_name name = name_of(1, 7);
	for (unsigned i = 0; i < DECISIONS_FETCHES_MAX; i++) {
		assert_true(decisions_fetch(decisions, &name, "burger", on_decision, NULL));
	}
	assert_false(decisions_fetch(decisions, &name, "burger", on_decision, NULL));
	/* end() destroys them unanswered. */
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void) {
	const struct CMUnitTest tests[] = {
		STORY(what_is_put_is_there),
		STORY(the_newest_stay_whole),
		STORY(nonsense_is_not_kept),
		STORY(many_who_ask_are_answered_by_one_get),
		STORY(what_is_not_there_is_told),
		STORY(those_who_wait_are_bounded_and_freed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
