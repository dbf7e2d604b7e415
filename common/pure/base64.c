/*
 * base64 - four digits at a time, then what is left.
 */
#include "common/pure/base64.h"

/* A digit's value, with a bit that what is no digit does not have. */
#define DIGIT 64

/* Letters and decimal digits have the same values in both alphabets. */
#define LETTERS_AND_NUMBERS                                                                        \
	['A'] = 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83,    \
	84, 85, 86, 87, 88, 89, ['a'] = 90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100, 101, 102,     \
	103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, ['0'] = 116, 117, 118,    \
	119, 120, 121, 122, 123, 124, 125

static const uint8_t standard[256] = {LETTERS_AND_NUMBERS, ['+'] = 126, ['/'] = 127};
static const uint8_t url[256] = {LETTERS_AND_NUMBERS, ['-'] = 126, ['_'] = 127};

/* So many digits, 4 at most, as the upper bits of 24; UINT32_MAX if one of them is none. */
static inline uint32_t read_group(const uint8_t values[256], const char *text, size_t digits) {
	uint32_t group = 0;
	uint32_t all = DIGIT;
	for (size_t i = 0; i < digits; i++) {
		uint32_t value = values[(unsigned char)text[i]];
		all &= value;
		group |= (value & (DIGIT - 1)) << (18 - 6 * i);
	}
	return all == 0 ? UINT32_MAX : group;
}

static inline void write_group(uint8_t *target, uint32_t group, size_t bytes) {
	for (size_t i = 0; i < bytes; i++) {
		target[i] = (uint8_t)(group >> (16 - 8 * i));
	}
}

/* Digits without padding, into room for their bytes. */
static bool read_digits(
	const uint8_t values[256], uint8_t *target, const char *text, size_t digits) {
	for (; digits >= 4; digits -= 4) {
		uint32_t group = read_group(values, text, 4);
		if (group == UINT32_MAX) {
			return false;
		}
		write_group(target, group, 3);
		text += 4;
		target += 3;
	}
	if (digits == 0) {
		return true;
	}
	uint32_t group = read_group(values, text, digits);
	/* Six bits are no byte; and bits behind the last byte must be zero. */
	if (digits == 1 || (group & (digits == 2 ? 0xffff : 0xff)) != 0) {
		return false;
	}
	write_group(target, group, digits - 1);
	return true;
}

static size_t padding(const char *text, size_t text_size) {
	if (text_size == 0 || text[text_size - 1] != '=') {
		return 0;
	}
	return text[text_size - 2] == '=' ? 2 : 1;
}

bool base64_decode(uint8_t *target, size_t *size, const char *text, size_t text_size) {
	if (text_size % 4 != 0) {
		return false;
	}
	size_t digits = text_size - padding(text, text_size);
	*size = digits * 3 / 4;
	return read_digits(standard, target, text, digits);
}

size_t base64url_decode(uint8_t *target, size_t capacity, const char *text, size_t text_size) {
	size_t size = text_size / 4 * 3 + text_size % 4 * 3 / 4;
	if (size > capacity || !read_digits(url, target, text, text_size)) {
		return SIZE_MAX;
	}
	return size;
}

void base64url_encode(char *target, const uint8_t *bytes, size_t size) {
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint32_t bits = 0; /* those that no digit was written for yet are the lowest */
	unsigned count = 0;
	for (size_t i = 0; i < size; i++) {
		bits = bits << 8 | bytes[i];
		for (count += 8; count >= 6; count -= 6) {
			*target++ = digits[bits >> (count - 6) & 0x3f];
		}
	}
	if (count > 0) {
		*target++ = digits[bits << (6 - count) & 0x3f];
	}
	*target = '\0';
}
