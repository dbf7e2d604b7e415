/*
 * http - reads HTTP/1.1 requests and writes responses, on byte buffers only.
 *
 * No libuv and no sockets in here, so every byte of it can be fuzzed. http_head.h takes the head
 * apart, strictly; this file decides what it means, and refuses what leaves a choice: any
 * Transfer-Encoding, more than one Content-Length, Host, Authorization, Content-Type or
 * Idempotency-Key, a missing Host, a target that is not a plain path, anything beyond the bounds
 * below.
 * A request is looked at when its head is complete, and given on when its body is.
 */
#ifndef INGRESS_HTTP_H
#define INGRESS_HTTP_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/pure/text.h"
#include "ingress/http_slice.h"

/* Browsers send heads below 1 KB; a long token and a proxy's additions fit eight times over. */
#define HTTP_HEAD_BYTES_MAX 8192u
/* The largest body of the API is a booking: some hundred bytes. */
#define HTTP_BODY_BYTES_MAX 4096u
#define HTTP_HEADERS_MAX 64u

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_DELETE, HTTP_OTHER };

/* A complete request; borrows from the buffer that it was read from. A slice's start is NULL where
 * the request has no such header. */
struct http_request {
	enum http_method method;
	struct http_slice path;  /* begins with '/', without the query, still percent-encoded */
	struct http_slice query; /* without '?' */
	struct http_slice body;  /* start is NULL if it is empty */
	struct http_slice host;
	struct http_slice authorization;
	struct http_slice content_type;
	struct http_slice idempotency_key;
	struct http_slice prefer;
	struct http_slice if_none_match;
	struct http_slice
		forwarded_for; /* X-Forwarded-For; of several, the last: the nearest proxy's */
	struct http_slice accept_encoding;
	struct http_slice accept_language;
	bool keep_alive;
};

enum http_outcome {
	HTTP_INCOMPLETE, /* more bytes are needed */
	HTTP_COMPLETE,   /* consumed says how many bytes the request used */
	HTTP_BAD,        /* status says how to refuse it: 400, 413, 414, 417, 431, 501 or 505 */
};

/* Looks at the bytes of a connection from the beginning of a request. Nothing is kept between
 * calls: the caller collects bytes and asks again. Never incomplete with HTTP_HEAD_BYTES_MAX +
 * HTTP_BODY_BYTES_MAX bytes. */
enum http_outcome http_read(struct http_request *request, const char *bytes, size_t size,
	size_t *consumed, int *status);

/* What a response says besides its body. Strings are borrowed; NULL: no such header. */
struct http_response {
	int status;
	const char *content_type;
	const char *cache_control; /* NULL: no-store */
	const char *etag;
	const char *vary;
	const char *location;
	const char *content_encoding;
	const char *preference_applied;
	const char *allow; /* with 405 */
	int retry_after;   /* seconds; 0: no such header */
	const char *body;
	size_t body_size;
	bool without_body; /* an answer to HEAD: the length is told, the body is not sent */
};

/* Enough for every header of a response whose strings together are below 2 KB. */
#define HTTP_RESPONSE_HEAD_BYTES_MAX 4096u

/* Appends status line, headers (with Date, security headers, Content-Length) and body. date: an IMF
 * fixdate, made once a second by the caller. A header value with a control character in it fails
 * the text: it would let whoever chose the value write headers of his own. */
void http_write(
	struct text *text, const struct http_response *response, const char *date, bool keep_alive);

/* The response that refuses a request which http_read found bad, or which did not arrive in time
 * (408), or whose answer could not be built (500): a problem+json that says what to do. */
void http_refusal(struct http_response *response, int status);

/* "Sun, 06 Nov 1994 08:49:37 GMT" and its NUL. */
#define HTTP_DATE_BYTES 30u
/* seconds: since 1970, year 9999 at most. */
void http_date(char target[HTTP_DATE_BYTES], int64_t seconds);

/* The value of name in a query or a form; decoded into target, NUL-terminated. False if it is not
 * there, too long, or wrongly encoded. */
bool http_query_value(
	struct http_slice query, const char *name, char *target, size_t target_capacity);

/* True if the client has the version that etag (with its quotes) names: If-None-Match. */
bool http_etag_matches(struct http_slice if_none_match, const char *etag);

/* True if Accept-Encoding names the coding and does not refuse it with q=0. */
bool http_accepts(struct http_slice accept_encoding, const char *coding);

static_assert(
	HTTP_HEAD_BYTES_MAX > HTTP_BODY_BYTES_MAX, "a body buffer never outgrows a head buffer");

#endif
