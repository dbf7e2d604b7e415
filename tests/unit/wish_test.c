/*
 * wish_test - booking requests as clients write them, and as nobody should.
 */
#include "ingress/wish.h"

#include "tests/unit/unit.h"

static struct http_slice slice(const char *text) {
	return (struct http_slice){text, text == NULL ? 0 : strlen(text)};
}

static void bodies(void **state) {
	(void)state;
	static const struct {
		const char *body;
		bool good;
		const char *id;
		uint32_t count;
	} cases[] = {
		{"{\"campaign_id\":\"burger\",\"count\":1}", true, "burger", 1},
		{"{\"campaign_id\":\"a-2\",\"count\":100}", true, "a-2", 100},
		{" {\t\"campaign_id\" : \"burger\" ,\r\n \"count\" : 2 } ", true, "burger", 2},
		{"{\"campaign_id\":\"burger\"}", true, "burger", 1},
		/* The other order, and escapes, are rare: the tree reads them. */
		{"{\"count\":3,\"campaign_id\":\"burger\"}", true, "burger", 3},
		{"{\"campaign_id\":\"\\u0062urger\",\"count\":1}", true, "burger", 1},
		{"{\"campaign_id\":\"Not An Id\",\"count\":1}", true, "Not An Id", 1},
		{"{\"campaign_id\":\"burger\",\"count\":0}", true, "burger", 0},
		{"{\"campaign_id\":\"burger\",\"count\":1000000}", true, "burger", 1000000},
		{NULL, false, "", 0},
		{"", false, "", 0},
		{"nonsense", false, "", 0},
		{"[]", false, "", 0},
		{"{}", false, "", 0},
		{"{\"count\":1}", false, "", 0},
		{"{\"campaign_id\":\"\",\"count\":1}x", false, "", 0},
		{"{\"campaign_id\":\"burger\",\"count\":1}x", false, "", 0},
		{"{\"campaign_id\":\"burger\",\"count\":1},", false, "", 0},
		{"{\"campaign_id\":\"burger\",\"count\":01}", false, "", 0},
		{"{\"campaign_id\":\"burger\",\"count\":-1}", false, "", 0},
		{"{\"campaign_id\":\"burger\",\"count\":1.5}", false, "", 0},
		{"{\"campaign_id\":\"burger\",\"count\":1000001}", false, "", 0},
		{"{\"campaign_id\":\"burger\",\"count\":1e99}", false, "", 0},
		{"{\"campaign_id\":\"burger\",\"count\":\"1\"}", false, "", 0},
		{"{\"campaign_id\":\"burger\",\"count\":1,\"more\":1}", false, "", 0},
		{"{\"campaign_id\":\"burger\",\"campaign_id\":\"burger\"}", false, "", 0},
		{"{\"campaign_id\":5,\"count\":1}", false, "", 0},
		{"{\"campaign_id\":\"aaaaaaaaaabbbbbbbbbbccccccccccdddddddddde\"}", false, "", 0},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct wish wish;
		char error[JSON_ERROR_BYTES] = "";
		assert_int_equal(wish_read(&wish, error, slice(cases[i].body)), cases[i].good);
		if (cases[i].good) {
			assert_string_equal(wish.campaign_id, cases[i].id);
			assert_int_equal(wish.count, cases[i].count);
		} else {
			assert_true(strlen(error) > 0);
		}
	}
}

/* Every prefix of a good body is a bad one, wherever its buffer ends. */
static void cut_bodies(void **state) {
	(void)state;
	static const char body[] = "{\"campaign_id\":\"burger\",\"count\":1}";
	for (size_t size = 0; size < sizeof body - 1; size++) {
		char *copy = test_malloc(size + 1);
		memcpy(copy, body, size);
		struct wish wish;
		char error[JSON_ERROR_BYTES];
		assert_false(wish_read(&wish, error, (struct http_slice){copy, size}));
		test_free(copy);
	}
}

static void idempotency_keys(void **state) {
	(void)state;
	char longest[IDEMPOTENCY_KEY_BYTES_MAX + 2] = {0};
	memset(longest, 'k', IDEMPOTENCY_KEY_BYTES_MAX);
	const struct {
		const char *header;
		bool good;
		const char *key;
	} cases[] = {
		{NULL, true, NULL},
		{"abc", true, "abc"},
		{"\"abc\"", true, "abc"},
		{"\"a b\"", true, "a b"},
		{"8e03978e-40d5-43dd-bc93-6894a57f9324", true,
			"8e03978e-40d5-43dd-bc93-6894a57f9324"},
		{"\"", true, "\""},
		{longest, true, longest},
		{"", false, NULL},
		{"\"\"", false, NULL},
		{"a b", false, NULL},
		{"a\tb", false, NULL},
		{"k\xc3\xbc", false, NULL},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct http_slice key;
		assert_int_equal(wish_idempotency_key(&key, slice(cases[i].header)), cases[i].good);
		if (cases[i].good && cases[i].key != NULL) {
			assert_true(http_slice_is(key, cases[i].key));
		} else if (cases[i].good) {
			assert_null(key.start);
		}
	}
	longest[IDEMPOTENCY_KEY_BYTES_MAX] = 'k';
	struct http_slice key;
	assert_false(wish_idempotency_key(&key, slice(longest)));
}

static void preferences(void **state) {
	(void)state;
	static const struct {
		const char *header;
		int seconds;
	} cases[] = {
		{NULL, -1},
		{"", -1},
		{"wait=5", 5},
		{"wait=0", 0},
		{"wait=10", 10},
		{"wait=11", 10},
		{"wait=4294967295", 10},
		{"Wait = 3", 3},
		{"wait=\"3\"", 3},
		{"respond-async, wait=7", 7},
		{"wait=7; foo=bar, return=minimal", 7},
		{"return=minimal,wait=2,wait=9", 2},
		{"wait", -1},
		{"wait=", -1},
		{"wait=x", -1},
		{"wait=-1", -1},
		{"wait=1.5", -1},
		{"waits=5", -1},
		{"wait=99999999999999999999", -1},
		{",,,", -1},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(wish_wait_seconds(slice(cases[i].header)), cases[i].seconds);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies),
		cmocka_unit_test(cut_bodies),
		cmocka_unit_test(idempotency_keys),
		cmocka_unit_test(preferences),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
