/*
 * outcome - cleans the words of servers before they go to the database and the log.
 */
#include "notifier/outcome.h"

#include <ctype.h>
#include <string.h>

#include "common/pure/text.h"

#define DIGITS_MAX 6u

static bool may_name_a_contact(const char *word, size_t size) {
	size_t digits = 0;
	for (size_t i = 0; i < size; i++) {
		digits += isdigit((unsigned char)word[i]) != 0;
	}
	return digits > DIGITS_MAX || memchr(word, '@', size) != NULL;
}

static void append_word(struct text *text, const char *word, size_t size) {
	if (text->used > 0) {
		text_append_char(text, ' ');
	}
	if (may_name_a_contact(word, size)) {
		text_append(text, "(removed)");
		return;
	}
	for (size_t i = 0; i < size; i++) {
		/* Quotes would end the value in a log line. */
		bool plain = word[i] > ' ' && word[i] <= '~' && word[i] != '"';
		text_append_bytes(text, plain ? &word[i] : "?", 1);
	}
}

void outcome_set_error(struct send_result *result, const char *words) {
	struct text text = text_init(result->error, sizeof result->error);
	while (*words != '\0' && !text.failed) {
		size_t size = strcspn(words, " \t\r\n");
		if (size > 0) {
			append_word(&text, words, size);
		}
		words += size + (words[size] != '\0');
	}
}

void outcome_set_provider_id(struct send_result *result, const char *id) {
	size_t size = 0;
	while (size < sizeof result->provider_id - 1 &&
		(isalnum((unsigned char)id[size]) || strchr("-_.", id[size]) != NULL) &&
		id[size] != '\0') {
		result->provider_id[size] = id[size];
		size++;
	}
	result->provider_id[size] = '\0';
}
