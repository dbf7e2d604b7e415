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

static bool read_status(struct reply *reply, const char *bytes, size_t size) {
	uint64_t status = 0;
	if (size < STATUS_LINE_SIZE + STATUS_DIGITS ||
		memcmp(bytes, STATUS_LINE, STATUS_LINE_SIZE) != 0 ||
		!text_parse_u64(bytes + STATUS_LINE_SIZE, STATUS_DIGITS, 599, &status) ||
		status < 200) {
		return false;
	}
	reply->status = (int)status;
	return true;
}

enum reply_outcome reply_read(struct reply *reply, const char *bytes, size_t size) {
	*reply = (struct reply){0};
	const char *head_end = memmem(bytes, size, "\r\n\r\n", 4);
	if (head_end == NULL) {
		return size < REPLY_BYTES_MAX ? REPLY_INCOMPLETE : REPLY_BROKEN;
	}
	if (!read_status(reply, bytes, (size_t)(head_end - bytes))) {
		return REPLY_BROKEN;
	}
	const char *line = memchr(bytes, '\n', (size_t)(head_end - bytes));
	while (line != NULL) {
		line++;
		const char *end = memchr(line, '\r', (size_t)(head_end + 1 - line));
		if (end == line || !read_header(reply, line, end)) {
			return REPLY_BROKEN;
		}
		line = end == head_end ? NULL : end + 1;
	}
	reply->body = head_end + 4;
	reply->size = (size_t)(reply->body - bytes) + reply->body_size;
	return reply->size <= size ? REPLY_COMPLETE : REPLY_INCOMPLETE;
}

bool reply_member(const struct reply *reply, const char *name, char *target, size_t capacity) {
	size_t name_size = strlen(name);
	const char *end = reply->body + reply->body_size;
	const char *at = reply->body;
	while ((at = memmem(at, (size_t)(end - at), name, name_size)) != NULL) {
		bool is_name = at > reply->body && at[-1] == '"' &&
			       end - at > (ptrdiff_t)name_size + 2 && at[name_size] == '"' &&
			       at[name_size + 1] == ':';
		at += name_size;
		if (!is_name) {
			continue;
		}
		const char *value = at + 2;
		value += *value == ' ' && value + 1 < end;
		bool is_string = *value == '"';
		value += is_string;
		size_t size = 0;
		while (value + size < end && strchr(is_string ? "\"" : ",}", value[size]) == NULL) {
			size++;
		}
		if (size >= capacity) {
			return false;
		}
		memcpy(target, value, size);
		target[size] = '\0';
		return true;
	}
	return false;
}
