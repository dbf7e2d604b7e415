/*
 * zone_test - offsets on both sides of a change, and names that must not reach the file system.
 */
#include "common/zone.h"

#include <stdlib.h>

#include "common/pure/timestamp.h"
#include "tests/unit/unit.h"

static int offset_at(const char *zone, const char *time) {
	int64_t time_ms = 0;
	assert_true(timestamp_parse(time, strlen(time), &time_ms));
	return zone_offset_minutes(zone, time_ms);
}

static void knows_offsets(void **state) {
	(void)state;
	static const struct {
		const char *zone;
		const char *time;
		int want;
	} cases[] = {
		{"UTC", "2026-11-22T16:05:59Z", 0},
		{"Asia/Kolkata", "2026-11-22T16:05:59Z", 330},
		{"Asia/Kolkata", "2026-06-22T16:05:59Z", 330},
		{"Asia/Kathmandu", "2026-06-22T16:05:59Z", 345},
		{"America/New_York", "2026-03-08T06:59:59.999Z", -300},
		{"America/New_York", "2026-03-08T07:00:00Z", -240},
		{"America/New_York", "2026-11-01T05:59:59.999Z", -240},
		{"America/New_York", "2026-11-01T06:00:00Z", -300},
		{"Europe/Berlin", "2026-03-29T00:59:59Z", 60},
		{"Europe/Berlin", "2026-03-29T01:00:00Z", 120},
		{"Europe/Berlin", "2097-07-01T00:00:00Z", 120}, /* by rule, after the table ends */
		{"America/St_Johns", "2026-11-22T16:05:59Z", -210},
		{"Pacific/Kiritimati", "2026-11-22T16:05:59Z", 840},
		{"Etc/GMT+12", "2026-11-22T16:05:59Z", -720},
		{"Nowhere/Else", "2026-11-22T16:05:59Z", 0},
		{"../etc/passwd", "2026-11-22T16:05:59Z", 0},
		{"", "2026-11-22T16:05:59Z", 0},
	};
	/* Twice: the second time from the cache. */
	for (size_t i = 0; i < 2 * COUNT_OF(cases); i++) {
		size_t row = i % COUNT_OF(cases);
		assert_int_equal(offset_at(cases[row].zone, cases[row].time), cases[row].want);
	}
}

static void knows_names(void **state) {
	(void)state;
	static const struct {
		const char *name;
		bool plain;
		bool known;
	} cases[] = {
		{"UTC", true, true},
		{"Asia/Kolkata", true, true},
		{"America/Argentina/Buenos_Aires", true, true},
		{"Etc/GMT-14", true, true},
		{"Asia/Atlantis", true, false},
		{"Asia", true, false}, /* a folder */
		{"tzdata", true, false},
		{"", false, false},
		{"/etc/localtime", false, false},
		{"../zoneinfo/UTC", false, false},
		{"Asia/../UTC", false, false},
		{"UTC ", false, false},
		{"UTC\n", false, false},
		{":UTC", false, false},
		{"EST5EDT,M3.2.0", false, false},
		{"posix/UTC", false, false},
		{"posixrules", false, false},
		{"right/UTC", false, false},
		{"localtime", false, false},
		{"\xc3\xa9", false, false},
		{"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", false, false},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(zone_is_plain(cases[i].name), cases[i].plain);
		assert_int_equal(zone_is_known(cases[i].name), cases[i].known);
	}
}

/* More zones and hours than the cache has room for. */
static void the_cache_never_lies(void **state) {
	(void)state;
	static const char *const zones[] = {"America/New_York", "Asia/Kolkata", "Europe/Berlin"};
	static const int winter[] = {-300, 330, 60};
	static const int summer[] = {-240, 330, 120};
	for (int64_t hour = 0; hour < 400; hour++) {
		for (size_t i = 0; i < COUNT_OF(zones); i++) {
			int64_t january_ms = INT64_C(1767960000000) + hour * 3600000;
			int64_t july_ms = INT64_C(1782900000000) + hour * 3600000;
			assert_int_equal(zone_offset_minutes(zones[i], january_ms), winter[i]);
			assert_int_equal(zone_offset_minutes(zones[i], july_ms), summer[i]);
		}
	}
}

static void the_environment_does_not_move(void **state) {
	(void)state;
	const char *before = getenv("TZ");
	assert_non_null(before);
	zone_offset_minutes("Asia/Tokyo", 0);
	assert_ptr_equal(getenv("TZ"), before);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_offsets),
		cmocka_unit_test(knows_names),
		cmocka_unit_test(the_cache_never_lies),
		cmocka_unit_test(the_environment_does_not_move),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
