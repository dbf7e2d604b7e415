/*
 * mime_encoding - see mime_encoding.h.
 */
#include "notifier/mime_encoding.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define LINE_MAX_COLUMNS 76u

/* ---- base64 ---------------------------------------------------------------------------------- */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* One to three bytes as four characters. */
static void append_group(struct text *target, const uint8_t *bytes, size_t size) {
	uint32_t bits = (uint32_t)bytes[0] << 16;
	bits |= size > 1 ? (uint32_t)bytes[1] << 8 : 0;
	bits |= size > 2 ? (uint32_t)bytes[2] : 0;
	text_append_char(target, alphabet[bits >> 18 & 63]);
	text_append_char(target, alphabet[bits >> 12 & 63]);
	text_append_bytes(target, size > 1 ? &alphabet[bits >> 6 & 63] : "=", 1);
	text_append_bytes(target, size > 2 ? &alphabet[bits & 63] : "=", 1);
}

static void append_base64(struct text *target, const char *bytes, size_t size) {
	for (size_t i = 0; i < size; i += 3) {
		append_group(target, (const uint8_t *)bytes + i, size - i < 3 ? size - i : 3);
	}
}

/* Three bytes of the body at a time, with CR put in before each line feed. */
void mime_append_base64_body(struct text *target, const char *body) {
	uint8_t group[3];
	size_t filled = 0;
	size_t column = 0;
	bool after_return = false;
	while (*body != '\0') {
		bool insert = *body == '\n' && !after_return;
		group[filled++] = (uint8_t)(insert ? '\r' : *body++);
		after_return = insert;
		if (filled < 3 && *body != '\0') {
			continue;
		}
		append_group(target, group, filled);
		filled = 0;
		column += 4;
		if (column == LINE_MAX_COLUMNS) {
			text_append(target, "\r\n");
			column = 0;
		}
	}
	if (column > 0) {
		text_append(target, "\r\n");
	}
}

size_t mime_base64_size(size_t size) {
	size_t characters = (size + 2) / 3 * 4;
	return characters + characters / LINE_MAX_COLUMNS * 2 + 2;
}

/* ---- quoted-printable ------------------------------------------------------------------------ */

/* How wide a character of the body becomes. A blank at the end of a line would get lost on the
 * way. */
static size_t quoted_width(const char *c) {
	bool ends_line = c[1] == '\n' || c[1] == '\0';
	bool plain =
		(*c >= '!' && *c <= '~' && *c != '=') || ((*c == ' ' || *c == '\t') && !ends_line);
	return plain ? 1 : 3;
}

static void append_quoted(struct text *target, const char *c, size_t width) {
	static const char digits[] = "0123456789ABCDEF"; /* upper case, says the RFC */
	if (width == 1) {
		text_append_char(target, *c);
		return;
	}
	unsigned char byte = (unsigned char)*c;
	text_append_char(target, '=');
	text_append_char(target, digits[byte >> 4]);
	text_append_char(target, digits[byte & 15]);
}

void mime_append_quoted_printable(struct text *target, const char *body) {
	size_t column = 0;
	for (; *body != '\0'; body++) {
		if (*body == '\n') {
			text_append(target, "\r\n");
			column = 0;
			continue;
		}
		size_t width = quoted_width(body);
		if (column + width > LINE_MAX_COLUMNS - 1) { /* leave room for the soft break */
			text_append(target, "=\r\n");
			column = 0;
		}
		append_quoted(target, body, width);
		column += width;
	}
	if (column > 0) {
		text_append(target, "\r\n");
	}
}

size_t mime_quoted_printable_size(const char *body) {
	size_t size = 0;
	for (; *body != '\0'; body++) {
		size += *body == '\n' ? 2 : quoted_width(body);
	}
	return size + size / (LINE_MAX_COLUMNS - 1) * 3 + 2;
}

/* ---- header values --------------------------------------------------------------------------- */

static bool needs_encoding(const char *value) {
	for (const char *c = value; *c != '\0'; c++) {
		if ((unsigned char)*c > 0x7e) {
			return true;
		}
	}
	return strstr(value, "=?") != NULL; /* a reader would take it for an encoded word */
}

static void append_folded(struct text *target, const char *value, size_t used) {
	size_t column = used;
	while (*value != '\0') {
		size_t word = strcspn(value + 1, " ") + 1; /* with the blank before it */
		if (*value == ' ' && column + word > LINE_MAX_COLUMNS) {
			text_append(target, "\r\n");
			column = 0;
		}
		text_append_bytes(target, value, word);
		column += word;
		value += word;
	}
}

/* The bytes of as many whole characters as fit into max bytes; at least one character. */
static size_t whole_characters(const char *value, size_t max) {
	size_t size = strlen(value);
	if (size <= max) {
		return size;
	}
	size = max;
	while (size > 1 && ((unsigned char)value[size] & 0xc0) == 0x80) {
		size--;
	}
	return size;
}

static void append_encoded_words(struct text *target, const char *value, size_t used) {
	size_t overhead = strlen("=?UTF-8?B?") + strlen("?=");
	size_t column = used;
	while (*value != '\0') {
		size_t room = (LINE_MAX_COLUMNS - 1 - column - overhead) / 4 * 3;
		size_t size = whole_characters(value, room);
		text_append(target, "=?UTF-8?B?");
		append_base64(target, value, size);
		text_append(target, "?=");
		value += size;
		if (*value != '\0') {
			text_append(target, "\r\n ");
			column = 1;
		}
	}
}

void mime_append_words(struct text *target, const char *value, size_t used) {
	if (needs_encoding(value)) {
		append_encoded_words(target, value, used);
	} else {
		append_folded(target, value, used);
	}
}
