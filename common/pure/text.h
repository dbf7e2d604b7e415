/*
 * text - builds text (JSON, problem details, log lines, mail) in a buffer with a known end.
 *
 * Sticky like bytes.h: what does not fit sets failed and leaves the text as it was, so a builder is
 * checked once at the end. The text is always NUL-terminated. Nothing is allocated.
 */
#ifndef COMMON_PURE_TEXT_H
#define COMMON_PURE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct text {
	char *start;
	size_t used;     /* bytes of text, without the NUL */
	size_t capacity; /* bytes of buffer, with room for the NUL; at least 1 */
	bool failed;
};

struct text text_init(char *start, size_t capacity);
void text_clear(struct text *text);
/* These two stand here so that a literal, whose length the compiler knows, becomes a few stores. */
static inline void text_append_bytes(struct text *text, const char *bytes, size_t size) {
	if (text->failed || size >= text->capacity - text->used) {
		text->failed = true;
		return;
	}
	if (size > 0) {
		memcpy(text->start + text->used, bytes, size);
	}
	text->used += size;
	text->start[text->used] = '\0';
}
static inline void text_append(struct text *text, const char *string) {
	text_append_bytes(text, string, strlen(string));
}
void text_append_char(struct text *text, char c);
void text_append_u64(struct text *text, uint64_t value);
void text_append_i64(struct text *text, int64_t value);
/* Lower-case hexadecimal digits, two a byte. */
void text_append_hex(struct text *text, const uint8_t *bytes, size_t size);
/* A JSON string with its quotes; bytes must be valid UTF-8. Escapes controls, quotes, backslashes. */
void text_append_json(struct text *text, const char *bytes, size_t size);

/* True if the bytes are well-formed UTF-8 (RFC 3629: no surrogates, nothing over-long). */
bool text_is_utf8(const char *bytes, size_t size);
/* Reads exactly 2 * size hexadecimal digits of either case. False, target untouched, otherwise. */
bool text_parse_hex(const char *digits, size_t digits_count, uint8_t *target, size_t size);
/* Reads a decimal number of 1 to 20 digits with no sign and no leading zero but "0" itself.
 * False if it is anything else or above max. */
bool text_parse_u64(const char *digits, size_t digits_count, uint64_t max, uint64_t *value);

#endif
