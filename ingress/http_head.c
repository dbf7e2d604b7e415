#include "ingress/http_head.h"

#include <assert.h>
#include <llhttp.h>
#include <string.h>

enum http_head_extent http_head_find(const char *bytes, size_t size, size_t *head_size) {
	/* A method is upper-case letters. This turns away an empty line, and TLS, at the first
	 * byte. */
	if (size > 0 && (bytes[0] < 'A' || bytes[0] > 'Z')) {
		return HTTP_HEAD_REFUSED;
	}
	size_t line = 0; /* where the line begins that we are in */
	size_t i = 0;
	for (;;) {
		if (i < size && (bytes[i] == ' ' || bytes[i] == '\t' || bytes[i] == ':')) {
			return HTTP_HEAD_REFUSED; /* a folded line, or one without a name */
		}
		i += http_slice_plain(bytes + i, size - i);
		/* Some take a tab for a blank in the request line. */
		if (line == 0 && memchr(bytes, '\t', i) != NULL) {
			return HTTP_HEAD_REFUSED;
		}
		if (i == size || (bytes[i] == '\r' && i + 1 == size)) {
			return HTTP_HEAD_UNFINISHED;
		}
		if (bytes[i] != '\r' || bytes[i + 1] != '\n') {
			return HTTP_HEAD_REFUSED;
		}
		if (i == line) {
			*head_size = i + 2;
			return HTTP_HEAD_FOUND;
		}
		i += 2;
		line = i;
	}
}

static int on_method(llhttp_t *parser, const char *start, size_t size) {
	struct http_head *head = parser->data;
	head->method = (struct http_slice){start, size};
	return 0;
}

static int on_target(llhttp_t *parser, const char *start, size_t size) {
	struct http_head *head = parser->data;
	head->target = (struct http_slice){start, size};
	return 0;
}

static int on_name(llhttp_t *parser, const char *start, size_t size) {
	struct http_head *head = parser->data;
	if (head->lines_count == head->lines_max) {
		return HPE_USER;
	}
	head->lines[head->lines_count].name = (struct http_slice){start, size};
	head->lines[head->lines_count].value = (struct http_slice){start + size, 0};
	head->lines_count++;
	return 0;
}

/* llhttp gives a value in one piece, because it was given the head in one piece and folded lines do
 * not get past the guard. Should it ever give two, this refuses rather than loses one of them. */
static int on_value(llhttp_t *parser, const char *start, size_t size) {
	struct http_head *head = parser->data;
	assert(head->lines_count > 0);
	struct http_line *line = &head->lines[head->lines_count - 1];
	if (line->value.size > 0) {
		return HPE_USER;
	}
	line->value = http_slice_trim((struct http_slice){start, size});
	return 0;
}

/* Stops here: the body is counted, not parsed, and nothing is upgraded. */
static int on_headers_complete(llhttp_t *parser) {
	(void)parser;
	return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
	.on_method = on_method,
	.on_url = on_target,
	.on_header_field = on_name,
	.on_header_value = on_value,
	.on_headers_complete = on_headers_complete,
};

static int status_of(llhttp_errno_t error) {
	if (error == HPE_USER) {
		return 431;
	}
	if (error == HPE_INVALID_METHOD) {
		return 501;
	}
	if (error == HPE_INVALID_VERSION || error == HPE_PAUSED_H2_UPGRADE) {
		return 505;
	}
	return 400;
}

/* One blank between the parts, and nothing after them: llhttp skips blanks here that others count
 * as a part of the target, and reads the request lines of RTSP. */
static bool is_exact(const struct http_head *head, const char *bytes, const char *end) {
	static const char version[] = " HTTP/1.";
	const char *target = bytes + head->method.size + 1;
	const char *rest = target + head->target.size;
	const size_t rest_size = sizeof(version) - 1 + sizeof("1\r\n") - 1;
	return head->method.start == bytes && head->target.start == target &&
	       (size_t)(end - rest) >= rest_size &&
	       memcmp(rest, version, sizeof(version) - 1) == 0 && rest[sizeof(version)] == '\r';
}

int http_head_read(struct http_head *head, const char *bytes, size_t size) {
	head->lines_count = 0;
	head->method = (struct http_slice){NULL, 0};
	head->target = (struct http_slice){NULL, 0};

	llhttp_t parser;
	llhttp_init(&parser, HTTP_REQUEST, &settings);
	parser.data = head;
	llhttp_errno_t error = llhttp_execute(&parser, bytes, size);
	if (error != HPE_PAUSED) {
		return status_of(error);
	}
	if (parser.http_major != 1 || parser.http_minor > 1) {
		return 505;
	}
	if (!is_exact(head, bytes, bytes + size)) {
		return 400;
	}
	head->version_minor = parser.http_minor;
	head->content_length = parser.content_length;
	/* HTTP/1.0 is answered and closed: its keep-alive was never standardised. */
	head->keep_alive = parser.http_minor == 1 && llhttp_should_keep_alive(&parser) != 0;
	return 0;
}
