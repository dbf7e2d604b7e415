#include "common/pure/reason.h"

#include <stdbool.h>
#include <string.h>

#define DIGITS_MAX 6u

/* What keys and secrets of providers have in them. */
static const char *const marks[] = {"sk_", "rk_", "whsec_", "rzp_", "_secret_"};

static bool contains(const char *word, size_t size, const char *mark) {
	size_t mark_size = strlen(mark);
	for (size_t i = 0; i + mark_size <= size; i++) {
		if (memcmp(word + i, mark, mark_size) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_letter(char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* People write signs into a phone number, and providers letters into an id. */
static bool is_private(const char *word, size_t size) {
	size_t digits = 0;
	for (size_t i = 0; i < size; i++) {
		digits += word[i] >= '0' && word[i] <= '9';
		digits = is_letter(word[i]) ? 0 : digits;
		if (digits > DIGITS_MAX || word[i] == '@') {
			return true;
		}
	}
	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
		if (contains(word, size, marks[i])) {
			return true;
		}
	}
	return false;
}

static void append_cleaned(struct text *text, const char *bytes, size_t size) {
	for (size_t i = 0; i < size; i++) {
		char c = bytes[i];
		bool plain = c >= ' ' && c <= '~' && c != '"' && c != '\\';
		text_append_char(text, plain ? c : '?');
	}
}

static void append_word(struct text *text, const char *word, size_t size) {
	if (text->used > 0) {
		text_append_char(text, ' ');
	}
	if (is_private(word, size)) {
		text_append(text, "(removed)");
	} else {
		append_cleaned(text, word, size);
	}
}

void reason_append_words(struct text *text, const char *words) {
	while (*words != '\0' && !text->failed) {
		size_t size = strcspn(words, " \t\r\n");
		if (size > 0) {
			append_word(text, words, size);
		}
		words += size + (words[size] != '\0');
	}
}

void reason_append_error(struct text *text, const char *error) {
	append_cleaned(text, error, strlen(error));
}
