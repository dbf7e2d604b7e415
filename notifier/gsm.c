/*
 * gsm - measures a text in both alphabets in one pass.
 */
#include "notifier/gsm.h"

#include <assert.h>
#include <string.h>

/* The default alphabet beyond the ASCII that it shares, and the extension table. */
static const char basic_beyond_ascii[] = "£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà";
static const char basic_missing_ascii[] = "[]{}\\^~|`";
static const char extension[] = "[]{}\\^~|€";

/* One character of UTF-8: its bytes in the text. */
struct character {
	const char *start;
	size_t size;
};

static struct character character_at(const char *text) {
	struct character character = {.start = text, .size = 1};
	while (((unsigned char)text[character.size] & 0xc0) == 0x80) {
		character.size++;
	}
	return character;
}

/* A character cannot begin inside another one in UTF-8, so looking for its bytes is enough. */
static bool is_in(const char *set, struct character character) {
	char bytes[5] = {0};
	assert(character.size < sizeof bytes);
	memcpy(bytes, character.start, character.size);
	return strstr(set, bytes) != NULL;
}

/* 0 if it is not in the alphabet. */
static size_t septets(struct character character) {
	if (is_in(extension, character)) {
		return 2;
	}
	if (character.size > 1) {
		return is_in(basic_beyond_ascii, character) ? 1 : 0;
	}
	char c = character.start[0];
	bool printable = (c >= ' ' && c <= '~') || c == '\n' || c == '\r';
	return printable && !is_in(basic_missing_ascii, character) ? 1 : 0;
}

struct gsm_size gsm_measure(const char *text) {
	struct gsm_size size = {.is_gsm = true, .parts = 1};
	size_t utf16_units = 0;
	while (*text != '\0') {
		struct character character = character_at(text);
		size_t count = septets(character);
		size.is_gsm &= count > 0;
		size.units += count;
		utf16_units += character.size == 4 ? 2 : 1; /* a surrogate pair */
		text += character.size;
	}
	if (!size.is_gsm) {
		size.units = utf16_units;
	}
	size_t single = size.is_gsm ? 160 : 70;
	size_t each = size.is_gsm ? 153 : 67;
	if (size.units > single) {
		size.parts = (size.units + each - 1) / each;
	}
	return size;
}
