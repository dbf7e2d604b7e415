#include "common/pure/base64.h"

/* 0 to 63, or 64 for what is no digit. */
static uint32_t digit(char c) {
	if (c >= 'A' && c <= 'Z') {
		return (uint32_t)(c - 'A');
	}
	if (c >= 'a' && c <= 'z') {
		return (uint32_t)(c - 'a') + 26;
	}
	if (c >= '0' && c <= '9') {
		return (uint32_t)(c - '0') + 52;
	}
	return c == '+' ? 62 : c == '/' ? 63 : 64;
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
	size_t padded = padding(text, text_size);
	for (size_t i = 0; i < text_size; i += 4) {
		size_t missing = i + 4 == text_size ? padded : 0;
		uint32_t group = 0;
		for (size_t j = 0; j < 4; j++) {
			uint32_t value = j >= 4 - missing ? 0 : digit(text[i + j]);
			if (value > 63) {
				return false;
			}
			group = group << 6 | value;
		}
		/* Bits behind the last byte must be zero: one text for each value. */
		if ((missing == 1 && (group & 0xff) != 0) ||
			(missing == 2 && (group & 0xffff) != 0)) {
			return false;
		}
		uint8_t *bytes = target + i / 4 * 3;
		bytes[0] = (uint8_t)(group >> 16);
		if (missing < 2) {
			bytes[1] = (uint8_t)(group >> 8);
		}
		if (missing < 1) {
			bytes[2] = (uint8_t)group;
		}
	}
	*size = text_size / 4 * 3 - padded;
	return true;
}
