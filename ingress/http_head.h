/*
 * http_head - takes the head of a request apart: the request line and the header lines.
 *
 * The only file that includes llhttp.h. llhttp, in strict mode, knows the grammar; in front of it
 * stands a guard that refuses the bytes on which proxies and servers are known to disagree, and
 * with which one of them is made to see a request that the other does not: a bare CR or LF, a
 * control character, a line that begins with a blank (obs-fold), an empty line before the request
 * line.
 * Pure. What a head means is decided in http.c.
 *
 * This header and http.h cannot be included in http_head.c together: llhttp has enumerators of the
 * same names as http.h.
 */
#ifndef INGRESS_HTTP_HEAD_H
#define INGRESS_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ingress/http_slice.h"

enum http_head_extent {
	HTTP_HEAD_UNFINISHED, /* nothing wrong so far, and no empty line yet */
	HTTP_HEAD_FOUND,
	HTTP_HEAD_REFUSED, /* by the guard */
};

/* Runs the guard over the bytes and finds the empty line that ends the head. head_size, set when it
 * is found, includes that line. */
enum http_head_extent http_head_find(const char *bytes, size_t size, size_t *head_size);

struct http_line {
	struct http_slice name;
	struct http_slice value; /* trimmed */
};

struct http_head {
	/* Room for the header lines, given by the caller. */
	struct http_line *lines;
	size_t lines_max;

	size_t lines_count;
	struct http_slice method;
	struct http_slice target; /* as sent: a path, an absolute URI, "*", or an authority */
	uint8_t version_minor;    /* of HTTP/1 */
	uint64_t content_length;  /* 0 if there is no such header */
	bool keep_alive;          /* the client would send another request on this connection */
};

/* Reads a whole head, as found by http_head_find; the slices point into it. Returns 0, or the
 * status to refuse it with: 400, 431 (too many lines), 501 (an unknown method), 505 (not HTTP/1.0
 * or 1.1). */
int http_head_read(struct http_head *head, const char *bytes, size_t size);

#endif
