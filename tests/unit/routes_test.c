/*
 * routes_test - the table of calls, asked by a table of requests.
 */
#include "ingress/routes.h"

#include "tests/unit/unit.h"

#define X13 "xxxxxxxxxxxxx"
#define X65 X13 X13 X13 X13 X13 /* longer than any parameter */

static struct route_match match;

static enum route_outcome find(enum http_method method, const char *path) {
	return routes_match(&match, method, (struct http_slice){path, strlen(path)});
}

static void calls_are_found(void **state) {
	(void)state;
	static const struct {
		enum http_method method;
		const char *path;
		enum route route;
		const char *parameter;
	} cases[] = {
		{HTTP_POST, "/v1/bookings", ROUTE_BOOK, NULL},
		{HTTP_GET, "/v1/bookings", ROUTE_BOOKINGS, NULL},
		{HTTP_HEAD, "/v1/bookings", ROUTE_BOOKINGS, NULL},
		{HTTP_GET, "/v1/bookings/7K3M-9QXT-4C2P-H", ROUTE_BOOKING, "7K3M-9QXT-4C2P-H"},
		{HTTP_DELETE, "/v1/bookings/7K3M-9QXT-4C2P-H", ROUTE_CANCEL, "7K3M-9QXT-4C2P-H"},
		{HTTP_GET, "/v1/requests/t1.abc", ROUTE_REQUEST, "t1.abc"},
		{HTTP_GET, "/v1/campaigns", ROUTE_CAMPAIGNS, NULL},
		{HTTP_GET, "/v1/campaigns/burger", ROUTE_CAMPAIGN, "burger"},
		{HTTP_GET, "/v1/campaigns/availability", ROUTE_CAMPAIGN, "availability"},
		{HTTP_GET, "/v1/campaigns/burger/availability", ROUTE_AVAILABILITY, "burger"},
		{HTTP_GET, "/v1/campaigns/burger/definition", ROUTE_DEFINITION, "burger"},
		{HTTP_POST, "/v1/register", ROUTE_REGISTER, NULL},
		{HTTP_POST, "/v1/login", ROUTE_LOGIN, NULL},
		{HTTP_GET, "/", ROUTE_FILE, NULL},
		{HTTP_HEAD, "/app.js", ROUTE_FILE, NULL},
		{HTTP_GET, "/v1.html", ROUTE_FILE, NULL},
		{HTTP_GET, "/%76%31/bookings", ROUTE_FILE, NULL},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(find(cases[i].method, cases[i].path), ROUTE_FOUND);
		assert_int_equal(match.route, cases[i].route);
		if (cases[i].parameter == NULL) {
			assert_null(match.parameter.start);
		} else {
			assert_true(http_slice_is(match.parameter, cases[i].parameter));
		}
	}
}

static void other_paths_are_unknown(void **state) {
	(void)state;
	static const char *const paths[] = {
		"/v1",
		"/v1/",
		"/v1/nothing",
		"/v1/bookings/",
		"/v1/bookings/a/b",
		"/v1/bookings/%00",
		"/v1/bookings//",
		"/v1/campaigns/",
		"/v1/campaigns//availability",
		"/v1/campaigns/a/b/availability",
		"/v1/campaigns/a/availability/",
		"/v1/campaigns/a/Availability",
		"/v1/Bookings",
		"/v1/requests/",
		"/v1/requests/" X65,
	};
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		assert_int_equal(find(HTTP_GET, paths[i]), ROUTE_UNKNOWN_PATH);
		assert_int_equal(match.route, ROUTE_NONE);
	}
}

static void other_methods_are_told_which_there_are(void **state) {
	(void)state;
	static const struct {
		enum http_method method;
		const char *path;
		const char *allow;
	} cases[] = {
		{HTTP_DELETE, "/v1/bookings", "GET, HEAD, POST"},
		{HTTP_OTHER, "/v1/bookings", "GET, HEAD, POST"},
		{HTTP_POST, "/v1/bookings/X", "DELETE, GET, HEAD"},
		{HTTP_GET, "/v1/login", "POST"},
		{HTTP_HEAD, "/v1/register", "POST"},
		{HTTP_POST, "/v1/campaigns", "GET, HEAD"},
		{HTTP_POST, "/v1/campaigns/burger/availability", "GET, HEAD"},
		{HTTP_DELETE, "/", "GET, HEAD"},
		{HTTP_POST, "/index.html", "GET, HEAD"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(find(cases[i].method, cases[i].path), ROUTE_OTHER_METHOD);
		assert_string_equal(match.allow, cases[i].allow);
		assert_int_equal(match.route, ROUTE_NONE);
	}
}

static void every_route_has_a_name(void **state) {
	(void)state;
	for (int route = 0; route < ROUTE_COUNT; route++) {
		assert_true(strlen(routes_name((enum route)route)) > 0);
	}
	assert_string_equal(routes_name(ROUTE_BOOK), "POST /v1/bookings");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_are_found),
		cmocka_unit_test(other_paths_are_unknown),
		cmocka_unit_test(other_methods_are_told_which_there_are),
		cmocka_unit_test(every_route_has_a_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
