/*
 * timestamp_test - known points in time both ways, every day of 8,000 years, and what is no date-time.
 */
#include "common/pure/timestamp.h"

#include "tests/unit/unit.h"

#include <time.h>

#define MS_PER_DAY INT64_C(86400000)

static const char *written(int64_t time_ms, int offset_minutes) {
	static char buffer[64];
	struct text text = text_init(buffer, sizeof buffer);
	timestamp_append(&text, time_ms, offset_minutes);
	return text.failed ? "failed" : buffer;
}

static void writes(void **state) {
	(void)state;
	static const struct {
		int64_t time_ms;
		int offset_minutes;
		const char *want;
	} cases[] = {
		{0, 0, "1970-01-01T00:00:00.000Z"},
		{0, -1, "1969-12-31T23:59:00.000-00:01"},
		{0, 330, "1970-01-01T05:30:00.000+05:30"},
		{0, -1439, "1969-12-31T00:01:00.000-23:59"},
		{INT64_C(951782399999), 0, "2000-02-28T23:59:59.999Z"},
		{INT64_C(951782400000), 0, "2000-02-29T00:00:00.000Z"},
		{INT64_C(951868800000), 0, "2000-03-01T00:00:00.000Z"},
		{INT64_C(1795363559123), 330, "2026-11-22T21:35:59.123+05:30"},
		{INT64_C(4107542400000), 0, "2100-03-01T00:00:00.000Z"},
		{TIMESTAMP_MS_MAX, 0, "9999-12-31T23:59:59.999Z"},
		{TIMESTAMP_MS_MAX, 1, "failed"}, /* would be in the year 10000 */
		{TIMESTAMP_MS_MAX, -60, "9999-12-31T22:59:59.999-01:00"},
		{TIMESTAMP_MS_MAX + 1, 0, "failed"},
		{-1, 0, "failed"},
		{INT64_MIN, 0, "failed"},
		{INT64_MAX, 0, "failed"},
		{0, 1440, "failed"},
		{0, -1440, "failed"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_string_equal(
			written(cases[i].time_ms, cases[i].offset_minutes), cases[i].want);
	}
}

static void parses(void **state) {
	(void)state;
	static const struct {
		const char *bytes;
		int64_t want;
	} cases[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"1970-01-01t00:00:00z", 0},
		{"1970-01-01T00:00:00+00:00", 0},
		{"1970-01-01T00:00:00-00:00", 0},
		{"1970-01-01T05:30:00+05:30", 0},
		{"1969-12-31T23:59:00-00:01", 0},
		{"1969-12-31T00:01:00-23:59", 0},
		{"1970-01-01T00:00:00.5Z", 500},
		{"1970-01-01T00:00:00.05Z", 50},
		{"1970-01-01T00:00:00.123456789012345Z", 123},
		{"1970-01-01T00:00:00.9999Z", 999},
		{"2026-11-22T21:35:59.123+05:30", INT64_C(1795363559123)},
		{"2024-02-29T00:00:00Z", INT64_C(1709164800000)},
		{"2000-02-29T00:00:00Z", INT64_C(951782400000)},
		{"2016-12-31T23:59:60Z", INT64_C(1483228799000)}, /* a leap second */
		{"2017-01-01T05:29:60.25+05:30", INT64_C(1483228799250)},
		{"9999-12-31T23:59:59.999Z", TIMESTAMP_MS_MAX},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t time_ms = -1;
		assert_true(timestamp_parse(cases[i].bytes, strlen(cases[i].bytes), &time_ms));
		assert_int_equal(time_ms, cases[i].want);
	}
}

static void refuses(void **state) {
	(void)state;
	static const char *const wrong[] = {
		"",
		"2026-11-22",
		"2026-11-22T16:05:59",   /* no offset */
		"2026-11-22 16:05:59Z",  /* RFC 3339 would tolerate it; we do not */
		"2026-11-22T16:05Z",     /* no seconds */
		"2026-11-22T16:05:59.Z", /* a dot and nothing */
		"2026-11-22T16:05:59,5Z",
		"2026-11-22T16:05:59+0530",
		"2026-11-22T16:05:59+5:30",
		"2026-11-22T16:05:59+24:00",
		"2026-11-22T16:05:59+05:60",
		"2026-11-22T16:05:59Zx",
		"2026-11-22T16:05:59Z ",
		" 2026-11-22T16:05:59Z",
		"2026-11-22T24:00:00Z",
		"2026-11-22T16:60:00Z",
		"2026-11-22T16:05:61Z",
		"2026-11-22T16:05:60Z", /* a leap second in the afternoon */
		"2026-00-22T16:05:59Z",
		"2026-13-22T16:05:59Z",
		"2026-11-00T16:05:59Z",
		"2026-11-31T16:05:59Z",
		"2026-02-29T16:05:59Z",
		"2100-02-29T16:05:59Z",
		"26-11-22T16:05:59Z",
		"-2026-11-22T16:05:59Z",
		"02026-11-22T16:05:59Z",
		"2026-1-22T16:05:59Z",
		"1969-12-31T23:59:59Z", /* before everything */
		"1970-01-01T00:00:00+00:01",
		"9999-12-31T23:59:59-00:01", /* after everything */
		"now",
	};
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		int64_t time_ms = 42;
		assert_false(timestamp_parse(wrong[i], strlen(wrong[i]), &time_ms));
		assert_int_equal(time_ms, 42);
	}
	int64_t time_ms;
	assert_false(timestamp_parse("1970-01-01T00:00:00Z\0", 21, &time_ms));
}

static void refuses_every_beginning(void **state) {
	(void)state;
	static const char whole[] = "2026-11-22T16:05:59.123+05:30";
	for (size_t size = 0; size < sizeof whole - 1; size++) {
		int64_t time_ms;
		assert_false(timestamp_parse(whole, size, &time_ms));
	}
}

/* The C library does the same arithmetic in another way. */
static void agrees_with_the_c_library(void **state) {
	(void)state;
	for (int64_t time_ms = 0; time_ms <= TIMESTAMP_MS_MAX; time_ms += MS_PER_DAY) {
		time_t seconds = (time_t)(time_ms / 1000);
		struct tm fields;
		gmtime_r(&seconds, &fields);
		char want[64];
		strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%S.000Z", &fields);
		const char *got = written(time_ms, 0);
		assert_string_equal(got, want);
		int64_t back = -1;
		assert_true(timestamp_parse(got, strlen(got), &back));
		assert_int_equal(back, time_ms);
	}
}

static void leaves_a_failed_text_alone(void **state) {
	(void)state;
	char buffer[8];
	struct text text = text_init(buffer, sizeof buffer);
	text_append(&text, "at ");
	timestamp_append(&text, 0, 0);
	assert_true(text.failed);
	assert_string_equal(buffer, "at ");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes),
		cmocka_unit_test(parses),
		cmocka_unit_test(refuses),
		cmocka_unit_test(refuses_every_beginning),
		cmocka_unit_test(agrees_with_the_c_library),
		cmocka_unit_test(leaves_a_failed_text_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
