#include "tests/load/reply.h"

#include <stdint.h>
#include <string.h>

#include "common/pure/text.h"

#define STATUS_LINE "HTTP/1.1 "
#define STATUS_LINE_SIZE (sizeof STATUS_LINE - 1)
#define STATUS_DIGITS 3u

/* The value of the header on this line, if it is the one of that name. */
static const char *value_of(const char *line, const char *end, const char *name, size_t name_size) {
	bool is_it = (size_t)(end - line) > name_size && memcmp(line, name, name_size) == 0;
	return is_it ? line + name_size : NULL;
}

#define VALUE_OF(name) value_of(line, end, name ": ", sizeof(name ": ") - 1)

static bool read_number(const char *start, const char *end, uint64_t max, uint64_t *number) {
	return text_parse_u64(start, (size_t)(end - start), max, number);
}

/* One header line, without its CR LF. False if its value makes no sense. */
static bool read_header(struct reply *reply, const char *line, const char *end) {
	const char *value;
	uint64_t number = 0;
	switch (line[0]) {
	case 'C':
		if ((value = VALUE_OF("Content-Length")) != NULL) {
			if (!read_number(value, end, REPLY_BYTES_MAX, &number)) {
				return false;
			}
			reply->body_size = (size_t)number;
		} else if ((value = VALUE_OF("Connection")) != NULL) {
			reply->closes = *value == 'c';
		}
		break;
	case 'R':
		if ((value = VALUE_OF("Retry-After")) != NULL) {
			if (!read_number(value, end, INT32_MAX, &number)) {
				return false;
			}
			reply->retry_after_s = (int)number;
		}
		break;
	case 'E':
		if ((value = VALUE_OF("ETag")) != NULL) {
			reply->etag = value;
			reply->etag_size = (size_t)(end - value);
		}
		break;
	default:
		break;
	}
	return true;
}

static bool is_digit(char c) {
	return c >= '0' && c <= '9';
}

/* "HTTP/1.1 201 Created": three digits, of an answer that is the last one to its question. */
static bool read_status(struct reply *reply, const char *line, const char *end) {
	const char *digits = line + STATUS_LINE_SIZE;
	if ((size_t)(end - line) < STATUS_LINE_SIZE + STATUS_DIGITS ||
		memcmp(line, STATUS_LINE, STATUS_LINE_SIZE) != 0 || !is_digit(digits[0]) ||
		!is_digit(digits[1]) || !is_digit(digits[2])) {
		return false;
	}
	reply->status = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
	return reply->status >= 200 && reply->status < 600;
}

/* Each line is looked through once, and nothing of the body is. */
enum reply_outcome reply_read(struct reply *reply, const char *bytes, size_t size) {
	const char *end = bytes + size;
	const char *line = bytes;
	const char *newline;
	*reply = (struct reply){0};
	while ((newline = memchr(line, '\n', (size_t)(end - line))) != NULL) {
		const char *line_end = newline - 1;
		if (newline == line || *line_end != '\r') {
			return REPLY_BROKEN;
		}
		if (line == line_end && line != bytes) {
			reply->body = newline + 1;
			reply->size = (size_t)(reply->body - bytes) + reply->body_size;
			return reply->size <= size ? REPLY_COMPLETE : REPLY_INCOMPLETE;
		}
		if (line == bytes ? !read_status(reply, line, line_end)
				  : !read_header(reply, line, line_end)) {
			return REPLY_BROKEN;
		}
		line = newline + 1;
	}
	return size < REPLY_BYTES_MAX ? REPLY_INCOMPLETE : REPLY_BROKEN;
}

/* Where the value ends that begins here: before its quote, or before what follows a number. */
static const char *value_end(const char *value, const char *end, bool is_string) {
	if (is_string) {
		const char *quote = memchr(value, '"', (size_t)(end - value));
		return quote == NULL ? end : quote;
	}
	while (value < end && *value != ',' && *value != '}') {
		value++;
	}
	return value;
}

/* From quote to quote: what begins with a name and ": is its member. */
bool reply_member(const struct reply *reply, const char *name, char *target, size_t capacity) {
	size_t name_size = strlen(name);
	const char *end = reply->body + reply->body_size;
	const char *at = reply->body;
	while ((at = memchr(at, '"', (size_t)(end - at))) != NULL) {
		at++;
		bool is_it = (size_t)(end - at) > name_size + 2 && at[name_size] == '"' &&
			     at[name_size + 1] == ':' && memcmp(at, name, name_size) == 0;
		if (!is_it) {
			continue;
		}
		const char *value = at + name_size + 2;
		value += *value == ' ' && value + 1 < end;
		bool is_string = *value == '"';
		value += is_string;
		size_t size = (size_t)(value_end(value, end, is_string) - value);
		if (size >= capacity) {
			return false;
		}
		memcpy(target, value, size);
		target[size] = '\0';
		return true;
	}
	return false;
}
