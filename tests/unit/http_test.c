/*
 * http_test - what the server takes for a request, what it refuses, and what its answers look like.
 *
 * The tables are the specification. The first ones hold what request smuggling is made of: bytes
 * that a proxy in front of us might read in another way than we do must never be a request.
 */
#include "ingress/http.h"

#include "tests/unit/unit.h"

#include <stdlib.h>

struct row {
	const char *what;
	const char *bytes;
	const char *expected;
};

static void append_slice(struct text *text, const char *before, struct http_slice slice) {
	if (slice.start != NULL) {
		text_append(text, before);
		text_append_bytes(text, slice.start, slice.size);
	}
}

/* "GET /path?query body=... close rest=3", "incomplete", or "400". */
static const char *reading(const char *bytes, size_t size) {
	static const char *const methods[] = {"GET ", "HEAD ", "POST ", "DELETE ", "OTHER "};
	static char buffer[32768];
	struct text text = text_init(buffer, sizeof(buffer));
	struct http_request request;
	size_t consumed = 0;
	int status = 0;
	switch (http_read(&request, bytes, size, &consumed, &status)) {
	case HTTP_INCOMPLETE:
		text_append(&text, "incomplete");
		break;
	case HTTP_BAD:
		text_append_u64(&text, (uint64_t)status);
		break;
	case HTTP_COMPLETE:
		text_append(&text, methods[request.method]);
		text_append_bytes(&text, request.path.start, request.path.size);
		append_slice(&text, "?", request.query);
		append_slice(&text, " body=", request.body);
		append_slice(&text, " authorization=", request.authorization);
		append_slice(&text, " type=", request.content_type);
		append_slice(&text, " key=", request.idempotency_key);
		append_slice(&text, " prefer=", request.prefer);
		append_slice(&text, " if-none-match=", request.if_none_match);
		append_slice(&text, " forwarded-for=", request.forwarded_for);
		append_slice(&text, " encoding=", request.accept_encoding);
		append_slice(&text, " language=", request.accept_language);
		text_append(&text, request.keep_alive ? "" : " close");
		if (consumed < size) {
			text_append(&text, " rest=");
			text_append_u64(&text, size - consumed);
		}
		break;
	}
	assert_false(text.failed);
	return buffer;
}

/* From memory of exactly that size, so that the address sanitizer sees a read beyond the end. */
static const char *reading_exactly(const char *bytes, size_t size) {
	char *copy = malloc(size == 0 ? 1 : size);
	assert_non_null(copy);
	memcpy(copy, bytes, size);
	const char *read = reading(copy, size);
	free(copy);
	return read;
}

static void check_rows(const struct row *rows, size_t count) {
	unsigned wrong = 0;
	for (size_t i = 0; i < count; i++) {
		const char *read = reading_exactly(rows[i].bytes, strlen(rows[i].bytes));
		if (strcmp(read, rows[i].expected) != 0) {
			print_error("%s\n  expected: %s\n  read:     %s\n", rows[i].what,
				rows[i].expected, read);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

#define CHECK(rows) check_rows(rows, COUNT_OF(rows))

static const struct row good[] = {
	{"the shortest", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /"},
	{"a query", "GET /v1/x?bytes=3&b HTTP/1.1\r\nHost: a\r\n\r\n", "GET /v1/x?bytes=3&b"},
	{"an empty query", "GET /? HTTP/1.1\r\nHost: a\r\n\r\n", "GET /?"},
	{"percent-encoded, left as it is", "GET /%41%2f?%20 HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /%41%2f?%20"},
	{"HEAD", "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD /"},
	{"DELETE", "DELETE /v1/bookings/7K3M HTTP/1.1\r\nHost: a\r\n\r\n",
		"DELETE /v1/bookings/7K3M"},
	{"POST with a body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
		"POST / body=hello"},
	{"POST without one", "POST / HTTP/1.1\r\nHost: a\r\n\r\n", "POST /"},
	{"a body of nothing", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "POST /"},
	{"leading zeros are a number",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 002\r\n\r\nhi", "POST / body=hi"},
	{"a body may hold anything",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n\n\r\r\n",
		"POST / body=\n\r\r\n"},
	{"GET with a body", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi",
		"GET / body=hi"},
	{"the next one waits", "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /2", "GET / rest=6"},
	{"bytes after a body are the next one",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nabc",
		"POST / body=a rest=2"},
	{"methods of others are known", "PUT / HTTP/1.1\r\nHost: a\r\n\r\n", "OTHER /"},
	{"OPTIONS", "OPTIONS /v1 HTTP/1.1\r\nHost: a\r\n\r\n", "OTHER /v1"},
	{"close", "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET / close"},
	{"close among others", "GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n",
		"GET / close"},
	{"keep-alive", "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", "GET /"},
	{"an upgrade is not taken up",
		"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: "
		"h2c\r\n"
		"HTTP2-Settings: AAMAAABk\r\n\r\n",
		"GET /"},
	{"a websocket neither",
		"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nXY",
		"GET / rest=2"},
	{"HTTP/1.0 without a host, and closed", "GET / HTTP/1.0\r\n\r\n", "GET / close"},
	{"HTTP/1.0 keep-alive is not kept",
		"GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", "GET / close"},
	{"HTTP/1.0 does not know Expect",
		"GET / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\n\r\n", "GET / close"},
	{"an absolute target", "GET http://a.example:80/x?y HTTP/1.1\r\nHost: A.example:80\r\n\r\n",
		"GET /x?y"},
	{"an absolute target without a path", "GET http://a HTTP/1.1\r\nHost: a\r\n\r\n", "GET /"},
	{"https is as good", "GET HTTPS://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "GET /"},
	{"a host with a port", "GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n", "GET /"},
	{"an IPv6 host", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", "GET /"},
	{"blanks around a value", "GET / HTTP/1.1\r\nHost:\t a \t\r\nPrefer:wait=5  \r\n\r\n",
		"GET / prefer=wait=5"},
	{"names in any case", "GET / HTTP/1.1\r\nHOST: a\r\nidEMPotency-KEY: k\r\n\r\n",
		"GET / key=k"},
	{"every header that is used",
		"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer t\r\nContent-Type: "
		"application/json\r\n"
		"Idempotency-Key: \"k\"\r\nPrefer: wait=1\r\nIf-None-Match: \"e\"\r\n"
		"X-Forwarded-For: 1.2.3.4\r\nAccept-Encoding: gzip\r\nAccept-Language: hi\r\n\r\n",
		"GET / authorization=Bearer t type=application/json key=\"k\" prefer=wait=1 "
		"if-none-match=\"e\" forwarded-for=1.2.3.4 encoding=gzip language=hi"},
	{"an empty value is a value", "GET / HTTP/1.1\r\nHost: a\r\nPrefer:\r\n\r\n",
		"GET / prefer="},
	{"of several proxies, the nearest",
		"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: "
		"1.2.3.4\r\n\r\n",
		"GET / forwarded-for=1.2.3.4"},
	{"of several preferences, the first",
		"GET / HTTP/1.1\r\nHost: a\r\nPrefer: wait=1\r\nPrefer: wait=9\r\n\r\n",
		"GET / prefer=wait=1"},
	{"bytes above ASCII in a value nobody reads",
		"GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: \xc3\xa9\xff\r\n\r\n", "GET /"},
};

static void reads_good_requests(void **state) {
	(void)state;
	CHECK(good);
}

static const struct row line_ends[] = {
	{"LF alone everywhere", "GET / HTTP/1.1\nHost: a\n\n", "400"},
	{"LF alone after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", "400"},
	{"LF alone after a header", "GET / HTTP/1.1\r\nHost: a\n\r\n", "400"},
	{"LF alone as the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\n", "400"},
	{"CR alone as the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\rX", "400"},
	{"CR in a value (CVE-2023-30589)",
		"GET / HTTP/1.1\r\nHost: a\r\nX:\rContent-Length: 3\r\n\r\nabc", "400"},
	{"CR CR LF", "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", "400"},
	{"CR LF CR and something (CVE-2025-23167)", "GET / HTTP/1.1\r\nHost: a\r\n\rX: y\r\n\r\n",
		"400"},
	{"CR in the request line", "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"CR in a name", "GET / HTTP/1.1\r\nHo\rst: a\r\n\r\n", "400"},
	{"an empty line in front", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"LF in front", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"a folded line", "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", "400"},
	{"a folded line with a tab", "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\tc\r\n\r\n", "400"},
	{"a folded length (CVE-2024-27982)",
		"POST / HTTP/1.1\r\nHost: a\r\n Content-Length: 3\r\n\r\nabc", "400"},
	{"the first header with a blank in front", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", "400"},
	{"a line of one blank", "GET / HTTP/1.1\r\nHost: a\r\n \r\n\r\n", "400"},
	{"a tab before the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\t\r\n\r\n", "400"},
	{"vertical tab as a blank", "GET / HTTP/1.1\r\nHost: a\r\nX:\vy\r\n\r\n", "400"},
	{"form feed as a blank", "GET / HTTP/1.1\r\nHost: a\r\nX:\fy\r\n\r\n", "400"},
	{"a bell", "GET / HTTP/1.1\r\nHost: a\r\nX: \a\r\n\r\n", "400"},
	{"DEL", "GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n", "400"},
	{"a tab in the request line", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
};

static void refuses_odd_line_ends(void **state) {
	(void)state;
	CHECK(line_ends);
}

static const struct row lengths[] = {
	{"two lengths",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
		"400"},
	{"two equal lengths",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
		"400"},
	{"a list of lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\na", "400"},
	{"a blank before the colon", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 1\r\n\r\na",
		"400"},
	{"a tab before the colon", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length\t: 1\r\n\r\na",
		"400"},
	{"a sign", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na", "400"},
	{"a negative one", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\na", "400"},
	{"hexadecimal", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\na", "400"},
	{"a blank inside", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1 1\r\n\r\na", "400"},
	{"an empty one", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\na", "400"},
	{"a fraction", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1.0\r\n\r\na", "400"},
	{"a word", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: one\r\n\r\na", "400"},
	{"digits of another script",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \xd9\xa1\r\n\r\na", "400"},
	{"2^64", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\na",
		"400"},
	{"2^64 - 1", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\na",
		"413"},
	{"the largest body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4096\r\n\r\n",
		"incomplete"},
	{"one byte more", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4097\r\n\r\n", "413"},
	{"length and chunks",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: "
		"chunked\r\n\r\n"
		"0\r\n\r\n",
		"400"},
	{"chunks and length",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: "
		"3\r\n\r\n"
		"0\r\n\r\n",
		"400"},
	{"chunks", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"501"},
	{"chunks on HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"501"},
	{"chunks, spelt otherwise",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n", "501"},
	{"identity", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n", "501"},
	{"two codings",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n",
		"400"},
	{"two headers of codings",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: "
		"chunked\r\n\r\n",
		"501"},
	{"an empty coding", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n", "501"},
	{"a coding with a blank before the colon",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n", "400"},
	{"a coding with a tab before its name",
		"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\tchunked\r\n\r\n", "501"},
	{"an underscore is not a dash",
		"POST / HTTP/1.1\r\nHost: a\r\nContent_Length: 5\r\n\r\nGET /", "POST / rest=5"},
};

static void refuses_ambiguous_lengths(void **state) {
	(void)state;
	CHECK(lengths);
}

static const struct row heads[] = {
	{"no host", "GET / HTTP/1.1\r\n\r\n", "400"},
	{"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"},
	{"two equal hosts", "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", "400"},
	{"two hosts on HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", "400"},
	{"an empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", "400"},
	{"a list of hosts", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", "400"},
	{"a host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400"},
	{"a host with a user", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", "400"},
	{"a host with a blank", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400"},
	{"a host above ASCII", "GET / HTTP/1.1\r\nHost: \xc3\xa9\r\n\r\n", "400"},
	{"a target for another host", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"a target with a user", "GET http://a@b/ HTTP/1.1\r\nHost: b\r\n\r\n", "400"},
	{"a target of another kind", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"an absolute target, no path but a query", "GET http://a?x HTTP/1.1\r\nHost: a\r\n\r\n",
		"400"},
	{"an absolute target on HTTP/1.0 without a host", "GET http://a/ HTTP/1.0\r\n\r\n", "400"},
	{"a star", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"a relative path", "GET x HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"no target", "GET  HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"two blanks", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"a blank in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"a fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"half a percent", "GET /%4 HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"no percent", "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"a target above ASCII", "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", "400"},
	{"a method of nobody", "BOOK / HTTP/1.1\r\nHost: a\r\n\r\n", "501"},
	{"small letters", "get / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400"},
	{"HTTP/2 in the words of 1", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "505"},
	{"HTTP/0.9", "GET /\r\n\r\n", "505"},
	{"HTTP/0.9 in the words of 1", "GET / HTTP/0.9\r\nHost: a\r\n\r\n", "505"},
	{"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", "505"},
	{"HTTP/11", "GET / HTTP/11\r\nHost: a\r\n\r\n", "505"},
	{"HTTP/1.10", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", "505"},
	{"http in small letters", "GET / http/1.1\r\nHost: a\r\n\r\n", "400"},
	{"a blank after the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "505"},
	{"two blanks before the version", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
	{"a blank instead of a target and a version", "GET \r\nHost: a\r\n\r\n", "400"},
	{"RTSP's GET", "GET / RTSP/1.0\r\nHost: a\r\n\r\n", "400"},
	{"the version of a source protocol", "SOURCE / ICE/1.0\r\nHost: a\r\n\r\n", "400"},
	{"RTSP", "DESCRIBE / RTSP/1.0\r\nHost: a\r\n\r\n", "400"},
	{"no colon", "GET / HTTP/1.1\r\nHost: a\r\nhello\r\n\r\n", "400"},
	{"no name", "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", "400"},
	{"a name that is no token", "GET / HTTP/1.1\r\nHost: a\r\nX(y): z\r\n\r\n", "400"},
	{"a name above ASCII", "GET / HTTP/1.1\r\nHost: a\r\n\xc3\xa9: z\r\n\r\n", "400"},
	{"two authorizations",
		"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: x\r\nAuthorization: y\r\n\r\n", "400"},
	{"two keys",
		"POST / HTTP/1.1\r\nHost: a\r\nIdempotency-Key: x\r\nIdempotency-Key: y\r\n\r\n",
		"400"},
	{"two types", "POST / HTTP/1.1\r\nHost: a\r\nContent-Type: x\r\nContent-Type: y\r\n\r\n",
		"400"},
	{"an expectation",
		"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n",
		"417"},
	{"TLS", "\x16\x03\x01\x02", "400"},
	{"SSH", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "501"},
	{"an answer", "HTTP/1.1 200 OK\r\n\r\n", "501"},
	{"the PROXY protocol",
		"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "501"},
};

static void refuses_bad_heads(void **state) {
	(void)state;
	CHECK(heads);
}

static void refuses_a_nul_byte_anywhere(void **state) {
	(void)state;
	const char head[] = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
	for (size_t i = 0; i < sizeof(head) - 1; i++) {
		char changed[sizeof(head)];
		memcpy(changed, head, sizeof(head));
		changed[i] = '\0';
		const char *read = reading_exactly(changed, sizeof(head) - 1);
		assert_string_equal(read, "400");
	}
}

/* Bytes come in pieces: a good request is never refused, and never complete, before its last
 * byte. */
static void waits_for_the_last_byte(void **state) {
	(void)state;
	for (size_t row = 0; row < COUNT_OF(good); row++) {
		const char *bytes = good[row].bytes;
		struct http_request request;
		size_t consumed = 0;
		int status = 0;
		assert_int_equal(http_read(&request, bytes, strlen(bytes), &consumed, &status),
			HTTP_COMPLETE);
		for (size_t size = 0; size < consumed; size++) {
			assert_string_equal(reading_exactly(bytes, size), "incomplete");
		}
	}
}

/* What is refused as a whole is not complete in a part, and a refusal is not taken back by more. */
static void never_takes_a_refusal_back(void **state) {
	(void)state;
	for (size_t row = 0; row < COUNT_OF(line_ends); row++) {
		const char *bytes = line_ends[row].bytes;
		bool refused = false;
		for (size_t size = 0; size <= strlen(bytes); size++) {
			const char *read = reading_exactly(bytes, size);
			assert_string_equal(read, refused                    ? "400"
						  : strcmp(read, "400") == 0 ? "400"
									     : "incomplete");
			refused = strcmp(read, "400") == 0;
		}
	}
}

/* A request with a header of the given size, and the number of headers. */
static const char *reading_large(size_t target_size, size_t headers, size_t value_size) {
	static char buffer[3u * HTTP_HEAD_BYTES_MAX];
	struct text text = text_init(buffer, sizeof(buffer));
	text_append(&text, "GET /");
	for (size_t i = 1; i < target_size; i++) {
		text_append_char(&text, 'x');
	}
	text_append(&text, " HTTP/1.1\r\nHost: a\r\n");
	for (size_t i = 1; i < headers; i++) {
		text_append(&text, "X: ");
		for (size_t j = 0; j < value_size; j++) {
			text_append_char(&text, 'y');
		}
		text_append(&text, "\r\n");
	}
	text_append(&text, "\r\n");
	assert_false(text.failed);
	const char *read = reading_exactly(text.start, text.used);
	return strncmp(read, "GET /", 5) == 0 ? "GET" : read;
}

static void bounds_the_head(void **state) {
	(void)state;
	const size_t around = strlen("GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n");
	assert_string_equal(reading_large(1, 64, 1), "GET");
	assert_string_equal(reading_large(1, 65, 1), "431");
	assert_string_equal(reading_large(1, 500, 1), "431");
	assert_string_equal(reading_large(1, 2, HTTP_HEAD_BYTES_MAX - around), "GET");
	assert_string_equal(reading_large(1, 2, HTTP_HEAD_BYTES_MAX - around + 1), "431");
	assert_string_equal(reading_large(1, 2, (size_t)HTTP_HEAD_BYTES_MAX * 2), "431");
	assert_string_equal(reading_large(HTTP_HEAD_BYTES_MAX - 100, 1, 0), "GET");
	assert_string_equal(reading_large(HTTP_HEAD_BYTES_MAX, 1, 0), "414");
	assert_string_equal(reading_large((size_t)HTTP_HEAD_BYTES_MAX * 2, 1, 0), "414");
}

/* The largest request there is; one byte less is incomplete. */
static void is_complete_within_its_bounds(void **state) {
	(void)state;
	static char buffer[HTTP_HEAD_BYTES_MAX + HTTP_BODY_BYTES_MAX + 1];
	struct text text = text_init(buffer, sizeof(buffer));
	text_append(&text, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4096\r\nX: ");
	while (text.used < HTTP_HEAD_BYTES_MAX - strlen("\r\n\r\n")) {
		text_append_char(&text, 'x');
	}
	text_append(&text, "\r\n\r\n");
	while (text.used < HTTP_HEAD_BYTES_MAX + HTTP_BODY_BYTES_MAX) {
		text_append_char(&text, 'z');
	}
	assert_false(text.failed);
	assert_memory_equal(reading_exactly(buffer, text.used), "POST / body=zzz", 15);
	assert_string_equal(reading_exactly(buffer, text.used - 1), "incomplete");
}

static const char date[] = "Sun, 06 Nov 1994 08:49:37 GMT";

static const char *written(const struct http_response *response, bool keep_alive) {
	static char buffer[4096];
	struct text text = text_init(buffer, sizeof(buffer));
	http_write(&text, response, date, keep_alive);
	return text.failed ? "failed" : buffer;
}

static void writes_an_api_answer(void **state) {
	(void)state;
	struct http_response response = {
		.status = 202,
		.content_type = "application/json",
		.location = "/v1/requests/abc",
		.preference_applied = "wait=1",
		.retry_after = 2,
		.body = "{}",
		.body_size = 2,
	};
	assert_string_equal(written(&response, true), "HTTP/1.1 202 Accepted\r\n"
						      "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
						      "Content-Type: application/json\r\n"
						      "Cache-Control: no-store\r\n"
						      "Location: /v1/requests/abc\r\n"
						      "Preference-Applied: wait=1\r\n"
						      "Retry-After: 2\r\n"
						      "X-Content-Type-Options: nosniff\r\n"
						      "Content-Length: 2\r\n"
						      "\r\n"
						      "{}");
}

static void writes_a_page_that_nobody_may_frame(void **state) {
	(void)state;
	struct http_response response = {
		.status = 200,
		.content_type = "text/html; charset=utf-8",
		.content_encoding = "gzip",
		.cache_control = "no-cache",
		.etag = "\"1-gzip\"",
		.vary = "Accept-Encoding",
		.body = "<p>",
		.body_size = 3,
	};
	assert_string_equal(written(&response, false),
		"HTTP/1.1 200 OK\r\n"
		"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
		"Content-Type: text/html; charset=utf-8\r\n"
		"Content-Encoding: gzip\r\n"
		"Cache-Control: no-cache\r\n"
		"ETag: \"1-gzip\"\r\n"
		"Vary: Accept-Encoding\r\n"
		"X-Content-Type-Options: nosniff\r\n"
		"Content-Security-Policy: default-src 'self'; frame-ancestors 'none'; base-uri "
		"'none'; "
		"form-action 'self'\r\n"
		"Referrer-Policy: no-referrer\r\n"
		"Connection: close\r\n"
		"Content-Length: 3\r\n"
		"\r\n"
		"<p>");
}

static void writes_no_body_where_there_is_none(void **state) {
	(void)state;
	struct http_response head = {
		.status = 200, .body = "hello", .body_size = 5, .without_body = true};
	assert_string_equal(written(&head, true),
		"HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
		"Cache-Control: no-store\r\nContent-Length: 5\r\n\r\n");
	struct http_response unchanged = {
		.status = 304, .etag = "\"1\"", .cache_control = "no-cache"};
	assert_string_equal(written(&unchanged, true),
		"HTTP/1.1 304 Not Modified\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
		"Cache-Control: no-cache\r\nETag: \"1\"\r\n\r\n");
	struct http_response nothing = {.status = 204};
	assert_string_equal(written(&nothing, true),
		"HTTP/1.1 204 No Content\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
		"Cache-Control: no-store\r\n\r\n");
	struct http_response method = {.status = 405, .allow = "GET, HEAD"};
	assert_string_equal(written(&method, true),
		"HTTP/1.1 405 Method Not Allowed\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
		"Cache-Control: no-store\r\nAllow: GET, HEAD\r\nContent-Length: 0\r\n\r\n");
}

static void writes_no_header_that_splits(void **state) {
	(void)state;
	const char *const values[] = {"/\r\nX: y", "/\n", "/\r", "\x01", "\x7f"};
	for (size_t i = 0; i < COUNT_OF(values); i++) {
		struct http_response response = {.status = 200, .location = values[i]};
		assert_string_equal(written(&response, true), "failed");
	}
}

static void fails_where_the_buffer_ends(void **state) {
	(void)state;
	const struct http_response response = {.status = 200, .body = "hello", .body_size = 5};
	size_t whole = strlen(written(&response, true));
	for (size_t capacity = 1; capacity <= whole + 1; capacity++) {
		char *buffer = malloc(capacity);
		assert_non_null(buffer);
		struct text text = text_init(buffer, capacity);
		http_write(&text, &response, date, true);
		assert_int_equal(text.failed, capacity <= whole);
		free(buffer);
	}
}

static void explains_every_refusal(void **state) {
	(void)state;
	const int statuses[] = {400, 408, 413, 414, 417, 431, 500, 501, 505};
	for (size_t i = 0; i < COUNT_OF(statuses); i++) {
		struct http_response response;
		char status[32];
		http_refusal(&response, statuses[i]);
		snprintf(status, sizeof(status), "\"status\":%d,\"code\":\"", statuses[i]);
		assert_int_equal(response.status, statuses[i]);
		assert_string_equal(response.content_type, "application/problem+json");
		assert_int_equal(response.body_size, strlen(response.body));
		assert_non_null(strstr(response.body, status));
		assert_non_null(strstr(response.body, "\"detail\":\""));
		assert_null(strstr(written(&response, false), "HTTP/1.1  "));
	}
}

static void writes_dates(void **state) {
	(void)state;
	const struct {
		int64_t seconds;
		const char *expected;
	} rows[] = {
		{0, "Thu, 01 Jan 1970 00:00:00 GMT"},
		{784111777, "Sun, 06 Nov 1994 08:49:37 GMT"},
		{951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},
		{1794873599, "Mon, 16 Nov 2026 23:59:59 GMT"},
		{253402300799, "Fri, 31 Dec 9999 23:59:59 GMT"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char target[HTTP_DATE_BYTES];
		http_date(target, rows[i].seconds);
		assert_string_equal(target, rows[i].expected);
	}
}

static struct http_slice slice(const char *text) {
	return (struct http_slice){text, text == NULL ? 0 : strlen(text)};
}

static void finds_query_values(void **state) {
	(void)state;
	static const struct row rows[] = {
		{"a", "a=1&b=2", "1"},
		{"b", "a=1&b=2", "2"},
		{"a", "a=&b", ""},
		{"b", "a=&b", ""},
		{"a", "a=x%20y+z", "x y z"},
		{"a", "a=%C3%a9", "\xc3\xa9"},
		{"a", "a=1=2", "1=2"},
		{"a", "a=12345678", "too long or not there"},
		{"a", "a=1234567", "1234567"},
		{"a", "a=%", "too long or not there"},
		{"a", "a=%4", "too long or not there"},
		{"a", "a=%4g", "too long or not there"},
		{"a", "a=%00", "too long or not there"},
		{"c", "a=1&b=2", "too long or not there"},
		{"a", "aa=1&ba=2", "too long or not there"},
		{"a", "", "too long or not there"},
		{"a", NULL, "too long or not there"},
		{"a", "&&a=1&&", "1"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char value[8] = "unset";
		bool found =
			http_query_value(slice(rows[i].bytes), rows[i].what, value, sizeof(value));
		assert_string_equal(found ? value : "too long or not there", rows[i].expected);
	}
}

static void compares_etags(void **state) {
	(void)state;
	static const struct row rows[] = {
		{"the same", "\"abc\"", "match"},
		{"another", "\"abd\"", "no"},
		{"shorter", "\"ab\"", "no"},
		{"any", "*", "match"},
		{"any, with blanks", " * ", "match"},
		{"weak", "W/\"abc\"", "match"},
		{"in a list", "\"x\", W/\"y,z\" ,\"abc\"", "match"},
		{"a comma inside a tag", "\"x,\"abc\"", "no"},
		{"none", NULL, "no"},
		{"nothing", "", "no"},
		{"no quotes", "abc", "no"},
		{"half a tag", "\"abc", "no"},
		{"one quote", "\"", "no"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		bool match = http_etag_matches(slice(rows[i].bytes), "\"abc\"");
		assert_string_equal(match ? "match" : "no", rows[i].expected);
	}
}

static void knows_accepted_codings(void **state) {
	(void)state;
	static const struct row rows[] = {
		{"alone", "gzip", "yes"},
		{"a browser's", "gzip, deflate, br, zstd", "yes"},
		{"last", "br,gzip", "yes"},
		{"capitals", "GZIP", "yes"},
		{"a weight", "br;q=1.0, gzip;q=0.8, *;q=0.1", "yes"},
		{"a small weight", "gzip;q=0.001", "yes"},
		{"refused", "gzip;q=0", "no"},
		{"refused in full", "gzip; q=0.000", "no"},
		{"others", "br, deflate", "no"},
		{"longer", "gzipped", "no"},
		{"none", NULL, "no"},
		{"nothing", "", "no"},
		{"identity", "identity", "no"},
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		bool accepted = http_accepts(slice(rows[i].bytes), "gzip");
		assert_string_equal(accepted ? "yes" : "no", rows[i].expected);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_good_requests),
		cmocka_unit_test(refuses_odd_line_ends),
		cmocka_unit_test(refuses_ambiguous_lengths),
		cmocka_unit_test(refuses_bad_heads),
		cmocka_unit_test(refuses_a_nul_byte_anywhere),
		cmocka_unit_test(waits_for_the_last_byte),
		cmocka_unit_test(never_takes_a_refusal_back),
		cmocka_unit_test(bounds_the_head),
		cmocka_unit_test(is_complete_within_its_bounds),
		cmocka_unit_test(writes_an_api_answer),
		cmocka_unit_test(writes_a_page_that_nobody_may_frame),
		cmocka_unit_test(writes_no_body_where_there_is_none),
		cmocka_unit_test(writes_no_header_that_splits),
		cmocka_unit_test(fails_where_the_buffer_ends),
		cmocka_unit_test(explains_every_refusal),
		cmocka_unit_test(writes_dates),
		cmocka_unit_test(finds_query_values),
		cmocka_unit_test(compares_etags),
		cmocka_unit_test(knows_accepted_codings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
