#include "common/pure/form.h"

#include <stdbool.h>
#include <string.h>

static bool is_plain(char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-._~", c) != NULL);
}

static void append_encoded(struct text *form, const char *value) {
	static const char digits[] = "0123456789ABCDEF";
	for (; *value != '\0'; value++) {
		uint8_t byte = (uint8_t)*value;
		if (is_plain(*value)) {
			text_append_char(form, *value);
		} else {
			const char encoded[] = {'%', digits[byte / 16], digits[byte % 16]};
			text_append_bytes(form, encoded, sizeof encoded);
		}
	}
}

void form_append(struct text *form, const char *name, const char *value) {
	if (form->used > 0) {
		text_append_char(form, '&');
	}
	append_encoded(form, name);
	text_append_char(form, '=');
	append_encoded(form, value);
}

void form_append_u64(struct text *form, const char *name, uint64_t value) {
	char digits[21];
	struct text text = text_init(digits, sizeof digits);
	text_append_u64(&text, value);
	form_append(form, name, digits);
}
