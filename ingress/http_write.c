/*
 * http_write - the half of http.h that writes: responses, refusals and dates.
 */
#include "ingress/http.h"

#include <string.h>
#include <time.h>

/* The page loads nothing from elsewhere, and nobody may frame it: the button must not be clicked
 * through another page. */
#define PAGE_HEADERS                                                                               \
	"Content-Security-Policy: default-src 'self'; frame-ancestors 'none'; base-uri 'none'; "   \
	"form-action 'self'\r\n"                                                                   \
	"Referrer-Policy: no-referrer\r\n"

#define LINE(status, phrase)                                                                       \
	{                                                                                          \
		status, sizeof("HTTP/1.1 " #status " " phrase "\r\n") - 1,                         \
			"HTTP/1.1 " #status " " phrase "\r\n"                                      \
	}

/* The lines of a busy day stand first: the search goes from the top. */
static void status_line(struct text *text, int status) {
	static const struct {
		int status;
		unsigned size;
		const char *bytes;
	} lines[] = {
		LINE(201, "Created"),
		LINE(200, "OK"),
		LINE(410, "Gone"),
		LINE(409, "Conflict"),
		LINE(503, "Service Unavailable"),
		LINE(202, "Accepted"),
		LINE(304, "Not Modified"),
		LINE(429, "Too Many Requests"),
		LINE(204, "No Content"),
		LINE(400, "Bad Request"),
		LINE(401, "Unauthorized"),
		LINE(403, "Forbidden"),
		LINE(404, "Not Found"),
		LINE(405, "Method Not Allowed"),
		LINE(406, "Not Acceptable"),
		LINE(408, "Request Timeout"),
		LINE(411, "Length Required"),
		LINE(412, "Precondition Failed"),
		LINE(413, "Content Too Large"),
		LINE(414, "URI Too Long"),
		LINE(415, "Unsupported Media Type"),
		LINE(417, "Expectation Failed"),
		LINE(422, "Unprocessable Content"),
		LINE(425, "Too Early"),
		LINE(431, "Request Header Fields Too Large"),
		LINE(500, "Internal Server Error"),
		LINE(501, "Not Implemented"),
		LINE(504, "Gateway Timeout"),
		LINE(505, "HTTP Version Not Supported"),
	};
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		if (lines[i].status == status) {
			text_append_bytes(text, lines[i].bytes, lines[i].size);
			return;
		}
	}
	text_append(text, "HTTP/1.1 ");
	text_append_u64(text, (uint64_t)status);
	text_append(text, " \r\n"); /* the phrase may be empty (RFC 9112, 4) */
}

static inline void header(struct text *text, const char *name, const char *value) {
	if (value == NULL) {
		return;
	}
	size_t size = strlen(value);
	if (http_slice_plain(value, size) != size) {
		text->failed = true;
		return;
	}
	text_append(text, name);
	text_append_bytes(text, value, size);
	text_append(text, "\r\n");
}

static inline void header_number(struct text *text, const char *name, uint64_t value) {
	text_append(text, name);
	text_append_u64(text, value);
	text_append(text, "\r\n");
}

static bool is_page(const struct http_response *response) {
	static const char page[] = "text/html";
	return response->content_type != NULL &&
	       strncmp(response->content_type, page, sizeof(page) - 1) == 0;
}

/* A 204 has no body, and a 304 would have to tell the length of the body that it stands for. */
static bool has_length(const struct http_response *response) {
	return response->status != 204 && response->status != 304;
}

void http_write(struct text *text, const struct http_response *response, const char *date,
	bool keep_alive) {
	status_line(text, response->status);
	header(text, "Date: ", date);
	header(text, "Content-Type: ", response->content_type);
	header(text, "Content-Encoding: ", response->content_encoding);
	header(text, "Cache-Control: ",
		response->cache_control == NULL ? "no-store" : response->cache_control);
	header(text, "ETag: ", response->etag);
	header(text, "Vary: ", response->vary);
	header(text, "Location: ", response->location);
	header(text, "Preference-Applied: ", response->preference_applied);
	header(text, "Allow: ", response->allow);
	if (response->status == 401) { /* must say how (RFC 9110, 15.5.2) */
		text_append(text, "WWW-Authenticate: Bearer\r\n");
	}
	if (response->retry_after > 0) {
		header_number(text, "Retry-After: ", (uint64_t)response->retry_after);
	}
	if (response->content_type != NULL) {
		text_append(text, "X-Content-Type-Options: nosniff\r\n");
	}
	if (is_page(response)) {
		text_append(text, PAGE_HEADERS);
	}
	if (!keep_alive) {
		text_append(text, "Connection: close\r\n");
	}
	if (has_length(response)) {
		header_number(text, "Content-Length: ", response->body_size);
	}
	text_append(text, "\r\n");
	if (has_length(response) && !response->without_body && response->body_size > 0) {
		text_append_bytes(text, response->body, response->body_size);
	}
}

#define REFUSAL(status, code, title, detail)                                                       \
	{                                                                                          \
		status, "{\"type\":\"about:blank\",\"status\":" #status ",\"code\":\"" code        \
			"\",\"title\":\"" title "\",\"detail\":\"" detail "\"}"                    \
	}

static const struct refusal {
	int status;
	const char *body;
} refusals[] = {
	REFUSAL(400, "malformed_request", "Malformed request",
		"This is not a strict HTTP/1.1 request. Send one Host header, a plain path, at "
		"most one header of a kind, and end every line with CR LF."),
	REFUSAL(408, "request_timeout", "Request timeout",
		"The request did not arrive completely in time. Send it again."),
	REFUSAL(413, "body_too_large", "Body too large", "Send a body of at most 4096 bytes."),
	REFUSAL(414, "target_too_long", "Target too long",
		"Send a path and query that fit, with the headers, into 8192 bytes."),
	REFUSAL(417, "expectation_failed", "Expectation failed",
		"Send the request again without an Expect header."),
	REFUSAL(431, "headers_too_large", "Headers too large",
		"Send at most 64 headers of 8192 bytes together. Clearing cookies may help."),
	REFUSAL(500, "internal_error", "Internal error",
		"The server could not build its answer. Try again, and tell us if that fails "
		"too."),
	REFUSAL(501, "not_implemented", "Not implemented",
		"Use GET, HEAD, POST or DELETE, and Content-Length in place of Transfer-Encoding."),
	REFUSAL(505, "version_not_supported", "HTTP version not supported", "Use HTTP/1.1."),
};

static_assert(HTTP_BODY_BYTES_MAX == 4096u, "the text of 413 says so");
static_assert(HTTP_HEAD_BYTES_MAX == 8192u, "the texts of 414 and 431 say so");
static_assert(HTTP_HEADERS_MAX == 64u, "the text of 431 says so");

void http_refusal(struct http_response *response, int status) {
	const struct refusal *refusal = &refusals[0];
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		if (refusals[i].status == status) {
			refusal = &refusals[i];
		}
	}
	*response = (struct http_response){
		.status = refusal->status,
		.content_type = "application/problem+json",
		.body = refusal->body,
		.body_size = strlen(refusal->body),
	};
}

/* Not strftime: its names of days and months are the locale's. */
void http_date(char target[HTTP_DATE_BYTES], int64_t seconds) {
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t time = (time_t)seconds;
	struct tm when;
	bool known = gmtime_r(&time, &when) != NULL;
	assert(known);
	assert(when.tm_year <= 9999 - 1900);

	memcpy(target, "Ddd, 00 Mmm 0000 00:00:00 GMT", HTTP_DATE_BYTES);
	memcpy(target, &days[3 * (size_t)when.tm_wday], 3);
	memcpy(target + 8, &months[3 * (size_t)when.tm_mon], 3);
	const struct {
		size_t last; /* of the digits */
		int value;
	} numbers[] = {{6, when.tm_mday}, {15, when.tm_year + 1900}, {18, when.tm_hour},
		{21, when.tm_min}, {24, when.tm_sec}};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		size_t place = numbers[i].last;
		for (int rest = numbers[i].value; rest > 0; rest /= 10) {
			target[place--] = (char)('0' + rest % 10);
		}
	}
}
