/*
 * subjects_test - every name as it stands in the broker's permissions, and what is no campaign id.
 */
#include "common/pure/subjects.h"

#include "tests/unit/unit.h"

#define LONGEST_ID "a234567890b234567890c234567890d234567890"

static void knows_campaign_ids(void **state) {
	(void)state;
	static const struct {
		const char *id;
		bool want;
	} cases[] = {
		{"a", true},
		{"7", true},
		{"burger", true},
		{"burger-2026", true},
		{"a--b", true},
		{LONGEST_ID, true},
		{LONGEST_ID "e", false},
		{"", false},
		{"-", false},
		{"-a", false},
		{"a-", false},
		{"Burger", false},
		{"a.b", false},
		{"a*", false},
		{">", false},
		{"a b", false},
		{"a_b", false},
		{"\xc3\xa9", false},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(
			campaign_id_is_valid(cases[i].id, strlen(cases[i].id)), cases[i].want);
	}
	assert_false(campaign_id_is_valid("a\0b", 3));
}

static void builds_names(void **state) {
	(void)state;
	char name[SUBJECT_BYTES_MAX];
	stream_requests(name, "burger");
	assert_string_equal(name, "REQ_burger");
	stream_decisions(name, "burger");
	assert_string_equal(name, "DEC_burger");
	subject_requests_all(name, "burger");
	assert_string_equal(name, "req.burger.*");
	subject_decision(name, "burger");
	assert_string_equal(name, "dec.burger");
	subject_decided(name, "burger");
	assert_string_equal(name, "decided.burger");
	subject_campaign(name, LONGEST_ID);
	assert_string_equal(name, "campaigns." LONGEST_ID);
}

static void request_subjects_round_trip(void **state) {
	(void)state;
	static const struct {
		enum line_subject what;
		const char *name;
	} cases[] = {
		{LINE_DEFINE, "req." LONGEST_ID ".define"},
		{LINE_BOOK, "req." LONGEST_ID ".book"},
		{LINE_CONTROL, "req." LONGEST_ID ".control"},
		{LINE_PAY, "req." LONGEST_ID ".pay"},
		{LINE_CANCEL, "req." LONGEST_ID ".cancel"},
		{LINE_TICK, "req." LONGEST_ID ".tick"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char name[SUBJECT_BYTES_MAX];
		subject_request(name, LONGEST_ID, cases[i].what);
		assert_string_equal(name, cases[i].name);
		enum line_subject what;
		assert_true(subject_request_parse(name, &what));
		assert_int_equal(what, cases[i].what);
	}
}

static void refuses_other_request_subjects(void **state) {
	(void)state;
	static const char *const wrong[] = {"", "req.", "req.burger", "req.burger.", "req..book",
		"req.burger.books", "req.burger.boo", "req.burger.book.", "req.burger.x.book",
		"dec.burger.book", "req.Burger.book", " req.burger.book"};
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		enum line_subject what;
		assert_false(subject_request_parse(wrong[i], &what));
	}
}

static void finds_the_id_in_a_subject(void **state) {
	(void)state;
	assert_string_equal(
		subject_campaign_id("decided.burger", SUBJECT_DECIDED_PREFIX), "burger");
	assert_string_equal(subject_campaign_id("campaigns.b-1", "campaigns."), "b-1");
	assert_null(subject_campaign_id("decided.", SUBJECT_DECIDED_PREFIX));
	assert_null(subject_campaign_id("decided.a.b", SUBJECT_DECIDED_PREFIX));
	assert_null(subject_campaign_id("decide", SUBJECT_DECIDED_PREFIX));
	assert_null(subject_campaign_id("dec.burger", SUBJECT_DECIDED_PREFIX));
	assert_null(subject_campaign_id("decided.*", SUBJECT_DECIDED_PREFIX));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_campaign_ids),
		cmocka_unit_test(builds_names),
		cmocka_unit_test(request_subjects_round_trip),
		cmocka_unit_test(refuses_other_request_subjects),
		cmocka_unit_test(finds_the_id_in_a_subject),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
