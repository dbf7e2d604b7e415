/*
 * routes - the table of all calls, and the search in it.
 */
#include "ingress/routes.h"

#include <assert.h>
#include <string.h>

#define PARAMETER_BYTES_MAX 64u

struct row {
	enum http_method method;
	const char *pattern; /* "*" stands for one parameter */
	const char *allow;   /* all methods of this pattern */
	const char *name;
};

/* The calls of a busy day stand first: the search goes from the top. */
static const struct row rows[] = {
	[ROUTE_BOOK] = {HTTP_POST, "/v1/bookings", "GET, HEAD, POST", "POST /v1/bookings"},
	[ROUTE_REQUEST] = {HTTP_GET, "/v1/requests/*", "GET, HEAD", "GET /v1/requests/{ticket}"},
	[ROUTE_AVAILABILITY] = {HTTP_GET, "/v1/campaigns/*/availability", "GET, HEAD",
		"GET /v1/campaigns/{id}/availability"},
	[ROUTE_CAMPAIGN] = {HTTP_GET, "/v1/campaigns/*", "GET, HEAD", "GET /v1/campaigns/{id}"},
	[ROUTE_CAMPAIGNS] = {HTTP_GET, "/v1/campaigns", "GET, HEAD", "GET /v1/campaigns"},
	[ROUTE_DEFINITION] = {HTTP_GET, "/v1/campaigns/*/definition", "GET, HEAD",
		"GET /v1/campaigns/{id}/definition"},
	[ROUTE_REGISTER] = {HTTP_POST, "/v1/register", "POST", "POST /v1/register"},
	[ROUTE_LOGIN] = {HTTP_POST, "/v1/login", "POST", "POST /v1/login"},
	[ROUTE_BOOKINGS] = {HTTP_GET, "/v1/bookings", "GET, HEAD, POST", "GET /v1/bookings"},
	[ROUTE_BOOKING] = {HTTP_GET, "/v1/bookings/*", "DELETE, GET, HEAD",
		"GET /v1/bookings/{id}"},
	[ROUTE_CANCEL] = {HTTP_DELETE, "/v1/bookings/*", "DELETE, GET, HEAD",
		"DELETE /v1/bookings/{id}"},
};

#define ROWS (sizeof rows / sizeof rows[0])

static_assert(ROWS == ROUTE_FILE, "every call but files has a row");

static bool is_parameter(const char *start, size_t size) {
	return size >= 1 && size <= PARAMETER_BYTES_MAX && memchr(start, '%', size) == NULL;
}

/* parameter is set only if the pattern has one. */
static bool path_fits(const char *pattern, struct http_slice path, struct http_slice *parameter) {
	const char *star = strchr(pattern, '*');
	size_t pattern_size = strlen(pattern);
	if (star == NULL) {
		return path.size == pattern_size && memcmp(path.start, pattern, path.size) == 0;
	}
	size_t before = (size_t)(star - pattern);
	size_t after = pattern_size - before - 1;
	if (path.size <= before + after || memcmp(path.start, pattern, before) != 0 ||
		memcmp(path.start + path.size - after, star + 1, after) != 0) {
		return false;
	}
	const char *start = path.start + before;
	size_t size = path.size - before - after;
	if (memchr(start, '/', size) != NULL || !is_parameter(start, size)) {
		return false;
	}
	*parameter = (struct http_slice){start, size};
	return true;
}

static enum route_outcome match_file(struct route_match *match, enum http_method method) {
	if (method != HTTP_GET) {
		match->allow = "GET, HEAD";
		return ROUTE_OTHER_METHOD;
	}
	match->route = ROUTE_FILE;
	return ROUTE_FOUND;
}

enum route_outcome routes_match(
	struct route_match *match, enum http_method method, struct http_slice path) {
	*match = (struct route_match){.route = ROUTE_NONE};
	if (method == HTTP_HEAD) {
		method = HTTP_GET;
	}
	for (size_t i = 0; i < ROWS; i++) {
		struct http_slice parameter = {NULL, 0};
		if (!path_fits(rows[i].pattern, path, &parameter)) {
			continue;
		}
		if (rows[i].method == method) {
			*match = (struct route_match){
				.route = (enum route)i, .parameter = parameter};
			return ROUTE_FOUND;
		}
		match->allow = rows[i].allow;
	}
	if (match->allow != NULL) {
		return ROUTE_OTHER_METHOD;
	}
	if (path.size >= 3 && memcmp(path.start, "/v1", 3) == 0 &&
		(path.size == 3 || path.start[3] == '/')) {
		return ROUTE_UNKNOWN_PATH;
	}
	return match_file(match, method);
}

const char *routes_name(enum route route) {
	assert(route < ROUTE_COUNT);
	if (route == ROUTE_FILE) {
		return "GET a file";
	}
	return route == ROUTE_NONE ? "none" : rows[route].name;
}
