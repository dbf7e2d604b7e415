/*
 * text - the builder, and the few readers of plain text that every program needs.
 */
#include "common/pure/text.h"

#include <assert.h>
#include <string.h>

struct text text_init(char *start, size_t capacity) {
	assert(capacity > 0);
	start[0] = '\0';
	return (struct text){.start = start, .capacity = capacity};
}

void text_clear(struct text *text) {
	text->used = 0;
	text->failed = false;
	text->start[0] = '\0';
}

void text_append_char(struct text *text, char c) {
	text_append_bytes(text, &c, 1);
}

void text_append_u64(struct text *text, uint64_t value) {
	char digits[20];
	size_t first = sizeof digits;
	do {
		first--;
		digits[first] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	text_append_bytes(text, digits + first, sizeof digits - first);
}

void text_append_i64(struct text *text, int64_t value) {
	size_t used_before = text->used;
	uint64_t magnitude = (uint64_t)value;
	if (value < 0) {
		text_append_char(text, '-');
		magnitude = 0 - magnitude; /* right for INT64_MIN too */
	}
	text_append_u64(text, magnitude);
	if (text->failed) {
		text->used = used_before;
		text->start[used_before] = '\0';
	}
}

void text_append_hex(struct text *text, const uint8_t *bytes, size_t size) {
	static const char digits[] = "0123456789abcdef";
	if (text->failed || size >= (text->capacity - text->used + 1) / 2) {
		text->failed = true;
		return;
	}
	for (size_t i = 0; i < size; i++) {
		text->start[text->used++] = digits[bytes[i] >> 4];
		text->start[text->used++] = digits[bytes[i] & 0x0f];
	}
	text->start[text->used] = '\0';
}

static bool json_needs_escape(char c) {
	return (unsigned char)c < 0x20 || c == '"' || c == '\\';
}

static void append_json_escape(struct text *text, char c) {
	switch (c) {
	case '"':
		text_append(text, "\\\"");
		break;
	case '\\':
		text_append(text, "\\\\");
		break;
	case '\n':
		text_append(text, "\\n");
		break;
	case '\r':
		text_append(text, "\\r");
		break;
	case '\t':
		text_append(text, "\\t");
		break;
	default:
		text_append(text, "\\u00");
		text_append_hex(text, (const uint8_t *)&c, 1);
		break;
	}
}

void text_append_json(struct text *text, const char *bytes, size_t size) {
	size_t used_before = text->used;
	text_append_char(text, '"');
	size_t done = 0;
	for (size_t i = 0; i < size; i++) {
		if (json_needs_escape(bytes[i])) {
			text_append_bytes(text, bytes + done, i - done);
			append_json_escape(text, bytes[i]);
			done = i + 1;
		}
	}
	text_append_bytes(text, bytes + done, size - done);
	text_append_char(text, '"');
	if (text->failed) {
		text->used = used_before;
		text->start[used_before] = '\0';
	}
}

/* Bytes of the UTF-8 sequence that begins at bytes, 0 if it is malformed or cut off: table 3-7 of the
 * Unicode standard. Only the second byte ever has a narrower range than 80..BF. */
static size_t utf8_sequence(const unsigned char *bytes, size_t size) {
	unsigned char lead = bytes[0];
	if (lead < 0x80) {
		return 1;
	}
	size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
	if (lead < 0xc2 || lead > 0xf4 || size < length) {
		return 0;
	}
	unsigned char second_min = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	unsigned char second_max = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
	if (bytes[1] < second_min || bytes[1] > second_max) {
		return 0;
	}
	for (size_t i = 2; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80) {
			return 0;
		}
	}
	return length;
}

bool text_is_utf8(const char *bytes, size_t size) {
	size_t i = 0;
	while (i < size) {
		size_t length = utf8_sequence((const unsigned char *)bytes + i, size - i);
		if (length == 0) {
			return false;
		}
		i += length;
	}
	return true;
}

/* 0 to 15, or -1. */
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

bool text_parse_hex(const char *digits, size_t digits_count, uint8_t *target, size_t size) {
	if (digits_count % 2 != 0 || digits_count / 2 != size) {
		return false;
	}
	for (size_t i = 0; i < digits_count; i++) {
		if (hex_value(digits[i]) < 0) {
			return false;
		}
	}
	for (size_t i = 0; i < size; i++) {
		target[i] = (uint8_t)(hex_value(digits[2 * i]) * 16 + hex_value(digits[2 * i + 1]));
	}
	return true;
}

bool text_parse_u64(const char *digits, size_t digits_count, uint64_t max, uint64_t *value) {
	if (digits_count < 1 || digits_count > 20 || (digits[0] == '0' && digits_count > 1)) {
		return false;
	}
	uint64_t sum = 0;
	for (size_t i = 0; i < digits_count; i++) {
		if (digits[i] < '0' || digits[i] > '9') {
			return false;
		}
		uint64_t digit = (uint64_t)(digits[i] - '0');
		if (sum > (UINT64_MAX - digit) / 10) {
			return false;
		}
		sum = sum * 10 + digit;
	}
	if (sum > max) {
		return false;
	}
	*value = sum;
	return true;
}
