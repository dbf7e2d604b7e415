#include "ingress/http.h"

#include <string.h>

#include "ingress/http_head.h"

/* The headers that mean something here. */
enum header {
	HEADER_HOST,
	HEADER_AUTHORIZATION,
	HEADER_CONTENT_TYPE,
	HEADER_IDEMPOTENCY_KEY,
	HEADER_PREFER,
	HEADER_IF_NONE_MATCH,
	HEADER_ACCEPT_ENCODING,
	HEADER_ACCEPT_LANGUAGE,
	HEADER_FORWARDED_FOR,
	HEADER_TRANSFER_ENCODING,
	HEADER_EXPECT,
	HEADERS,
};

#define NAME(text)                                                                                 \
	{ text, sizeof(text) - 1 }

static const struct {
	struct http_slice name;
	enum {
		FIRST, /* counts, where there are several */
		LAST,
		ONLY, /* there must not be two: servers would differ about which one counts */
	} which;
} headers[HEADERS] = {
	[HEADER_HOST] = {NAME("host"), ONLY},
	[HEADER_AUTHORIZATION] = {NAME("authorization"), ONLY},
	[HEADER_CONTENT_TYPE] = {NAME("content-type"), ONLY},
	[HEADER_IDEMPOTENCY_KEY] = {NAME("idempotency-key"), ONLY},
	[HEADER_PREFER] = {NAME("prefer"), FIRST},
	[HEADER_IF_NONE_MATCH] = {NAME("if-none-match"), FIRST},
	[HEADER_ACCEPT_ENCODING] = {NAME("accept-encoding"), FIRST},
	[HEADER_ACCEPT_LANGUAGE] = {NAME("accept-language"), FIRST},
	[HEADER_FORWARDED_FOR] = {NAME("x-forwarded-for"), LAST},
	[HEADER_TRANSFER_ENCODING] = {NAME("transfer-encoding"), FIRST},
	[HEADER_EXPECT] = {NAME("expect"), FIRST},
};

/* HEADERS if it means nothing here. */
static enum header header_of(struct http_slice name) {
	enum header header = HEADER_HOST;
	while (header < HEADERS &&
		(headers[header].name.size != name.size ||
			!http_slice_equals_ignoring_case(headers[header].name, name))) {
		header++;
	}
	return header;
}

/* False if a header that must stand alone does not. */
static bool find_headers(struct http_slice found[HEADERS], const struct http_head *head) {
	memset(found, 0, HEADERS * sizeof(found[0]));
	for (size_t i = 0; i < head->lines_count; i++) {
		enum header header = header_of(head->lines[i].name);
		if (header == HEADERS) {
			continue;
		}
		if (found[header].start == NULL || headers[header].which == LAST) {
			found[header] = head->lines[i].value;
		} else if (headers[header].which == ONLY) {
			return false;
		}
	}
	return true;
}

static enum http_method method_of(struct http_slice name) {
	static const struct {
		const char *name;
		enum http_method method;
	} methods[] = {
		{"GET", HTTP_GET},
		{"HEAD", HTTP_HEAD},
		{"POST", HTTP_POST},
		{"DELETE", HTTP_DELETE},
	};
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (http_slice_is(name, methods[i].name)) {
			return methods[i].method;
		}
	}
	return HTTP_OTHER;
}

static bool is_alphanumeric(char c) {
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A name or an address, and perhaps a port. Characters are checked, not the grammar: the point is
 * that nobody can hide a second host, a path or a user in it. */
static bool is_host(struct http_slice host) {
	for (size_t i = 0; i < host.size; i++) {
		if (!is_alphanumeric(host.start[i]) && strchr("-._:[]%~", host.start[i]) == NULL) {
			return false;
		}
	}
	return host.size > 0;
}

static int hex_value(char c) {
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	if (c >= 'a' && c <= 'f') {
		return c - 'a' + 10;
	}
	if (c >= 'A' && c <= 'F') {
		return c - 'A' + 10;
	}
	return -1;
}

/* Visible ASCII, every '%' followed by two digits, and no fragment: browsers do not send those. */
static bool is_target(struct http_slice target) {
	for (size_t i = 0; i < target.size; i++) {
		char c = target.start[i];
		if (c <= ' ' || c > '~' || c == '#') {
			return false;
		}
		if (c != '%') {
			continue;
		}
		if (target.size - i < 3 || hex_value(target.start[i + 1]) < 0 ||
			hex_value(target.start[i + 2]) < 0) {
			return false;
		}
	}
	return target.size > 0;
}

static bool skip_word(struct http_slice *slice, const char *word) {
	size_t size = strlen(word);
	if (slice->size < size ||
		!http_slice_is_word((struct http_slice){slice->start, size}, word)) {
		return false;
	}
	slice->start += size;
	slice->size -= size;
	return true;
}

/* Turns "http://host/path" into "/path". The host must be the one of the Host header, or the two
 * could send a proxy and us to different places. */
static bool strip_authority(struct http_slice *target, struct http_slice host) {
	if (!skip_word(target, "http://") && !skip_word(target, "https://")) {
		return true;
	}
	struct http_slice authority = {target->start, 0};
	while (authority.size < target->size &&
		strchr("/?", target->start[authority.size]) == NULL) {
		authority.size++;
	}
	if (!http_slice_equals_ignoring_case(authority, host)) {
		return false;
	}
	target->start += authority.size;
	target->size -= authority.size;
	if (target->size == 0) {
		*target = (struct http_slice){"/", 1};
	}
	return true;
}

static bool read_target(struct http_request *request, struct http_slice target) {
	if (!is_target(target) || !strip_authority(&target, request->host) ||
		target.start[0] != '/') {
		return false;
	}
	const char *mark = memchr(target.start, '?', target.size);
	request->path = target;
	request->query = (struct http_slice){NULL, 0};
	if (mark != NULL) {
		request->path.size = (size_t)(mark - target.start);
		request->query =
			(struct http_slice){mark + 1, target.size - request->path.size - 1};
	}
	return true;
}

/* What the head means. Returns 0, or the status to refuse it with. */
static int read_meaning(struct http_request *request, const struct http_head *head) {
	struct http_slice found[HEADERS];
	if (!find_headers(found, head)) {
		return 400;
	}
	request->method = method_of(head->method);
	request->keep_alive = head->keep_alive;
	request->host = found[HEADER_HOST];
	request->authorization = found[HEADER_AUTHORIZATION];
	request->content_type = found[HEADER_CONTENT_TYPE];
	request->idempotency_key = found[HEADER_IDEMPOTENCY_KEY];
	request->prefer = found[HEADER_PREFER];
	request->if_none_match = found[HEADER_IF_NONE_MATCH];
	request->accept_encoding = found[HEADER_ACCEPT_ENCODING];
	request->accept_language = found[HEADER_ACCEPT_LANGUAGE];
	request->forwarded_for = found[HEADER_FORWARDED_FOR];
	if (request->host.start == NULL ? head->version_minor > 0 : !is_host(request->host)) {
		return 400;
	}
	if (!read_target(request, head->target)) {
		return 400;
	}
	/* Chunks are one more way to disagree about where a body ends, and no client of ours needs
	 * them: the bodies are short and their length is known. */
	if (found[HEADER_TRANSFER_ENCODING].start != NULL) {
		return 501;
	}
	/* Clients then send the body at once, which is below one packet. HTTP/1.0 does not know
	 * Expect. */
	if (head->version_minor > 0 && found[HEADER_EXPECT].start != NULL) {
		return 417;
	}
	return head->content_length > HTTP_BODY_BYTES_MAX ? 413 : 0;
}

static enum http_outcome refuse(int *status, int reason) {
	*status = reason;
	return HTTP_BAD;
}

enum http_outcome http_read(struct http_request *request, const char *bytes, size_t size,
	size_t *consumed, int *status) {
	size_t head_size = 0;
	size_t window = size < HTTP_HEAD_BYTES_MAX ? size : HTTP_HEAD_BYTES_MAX;
	enum http_head_extent extent = http_head_find(bytes, window, &head_size);
	if (extent == HTTP_HEAD_REFUSED) {
		return refuse(status, 400);
	}
	if (extent == HTTP_HEAD_UNFINISHED) {
		if (size < HTTP_HEAD_BYTES_MAX) {
			return HTTP_INCOMPLETE;
		}
		return refuse(status, memchr(bytes, '\n', window) == NULL ? 414 : 431);
	}

	struct http_line lines[HTTP_HEADERS_MAX];
	struct http_head head = {.lines = lines, .lines_max = HTTP_HEADERS_MAX};
	int reason = http_head_read(&head, bytes, head_size);
	if (reason == 0) {
		reason = read_meaning(request, &head);
	}
	if (reason != 0) {
		return refuse(status, reason);
	}
	size_t body_size = (size_t)head.content_length;
	if (size - head_size < body_size) {
		return HTTP_INCOMPLETE;
	}
	request->body = (struct http_slice){body_size > 0 ? bytes + head_size : NULL, body_size};
	*consumed = head_size + body_size;
	return HTTP_COMPLETE;
}

static bool decode(struct http_slice value, char *target, size_t target_capacity) {
	size_t used = 0;
	for (size_t i = 0; i < value.size; i++) {
		int c = (unsigned char)value.start[i];
		if (c == '+') {
			c = ' ';
		} else if (c == '%') {
			if (value.size - i < 3) {
				return false;
			}
			int high = hex_value(value.start[i + 1]);
			int low = hex_value(value.start[i + 2]);
			if (high < 0 || low < 0) {
				return false;
			}
			c = high * 16 + low;
			i += 2;
		}
		if (c == '\0' || used + 1 >= target_capacity) {
			return false;
		}
		target[used++] = (char)c;
	}
	if (target_capacity == 0) {
		return false;
	}
	target[used] = '\0';
	return true;
}

bool http_query_value(
	struct http_slice query, const char *name, char *target, size_t target_capacity) {
	struct http_slice pair;
	while (http_slice_next(&query, '&', &pair)) {
		struct http_slice rest = pair;
		struct http_slice key;
		if (http_slice_next(&rest, '=', &key) && http_slice_is(key, name)) {
			return decode(rest, target, target_capacity);
		}
	}
	return false;
}

/* Tags may have commas in them, so the list is not cut at commas. A weak tag ("W/") matches the
 * same strong one: If-None-Match compares weakly (RFC 9110, 13.1.2). */
bool http_etag_matches(struct http_slice if_none_match, const char *etag) {
	struct http_slice list = http_slice_trim(if_none_match);
	if (http_slice_is(list, "*")) {
		return true;
	}
	while (list.size > 0) {
		const char *open = memchr(list.start, '"', list.size);
		if (open == NULL) {
			return false;
		}
		size_t rest = list.size - (size_t)(open - list.start);
		const char *close = memchr(open + 1, '"', rest - 1);
		if (close == NULL) {
			return false;
		}
		size_t size = (size_t)(close - open) + 1;
		if (http_slice_is((struct http_slice){open, size}, etag)) {
			return true;
		}
		list = (struct http_slice){close + 1, rest - size};
	}
	return false;
}

bool http_accepts(struct http_slice accept_encoding, const char *coding) {
	struct http_slice element;
	while (http_slice_next(&accept_encoding, ',', &element)) {
		struct http_slice name;
		if (!http_slice_next(&element, ';', &name) || !http_slice_is_word(name, coding)) {
			continue;
		}
		struct http_slice weight = http_slice_trim(element);
		/* "q=0", "q=0.0" ... refuse; any other digit accepts. */
		if (!skip_word(&weight, "q=")) {
			return true;
		}
		for (size_t i = 0; i < weight.size; i++) {
			if (weight.start[i] >= '1' && weight.start[i] <= '9') {
				return true;
			}
		}
		return false;
	}
	return false;
}
