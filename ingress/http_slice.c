#include "ingress/http_slice.h"

#include <string.h>

bool http_slice_is(struct http_slice slice, const char *text) {
	size_t size = strlen(text);
	return slice.start != NULL && slice.size == size && memcmp(slice.start, text, size) == 0;
}

/* Not tolower(): that one asks the locale. */
static unsigned lower(char c) {
	return c >= 'A' && c <= 'Z' ? (unsigned char)c | 0x20u : (unsigned char)c;
}

bool http_slice_equals_ignoring_case(struct http_slice a, struct http_slice b) {
	if (a.start == NULL || b.start == NULL || a.size != b.size) {
		return false;
	}
	for (size_t i = 0; i < a.size; i++) {
		if (lower(a.start[i]) != lower(b.start[i])) {
			return false;
		}
	}
	return true;
}

bool http_slice_is_word(struct http_slice slice, const char *word) {
	struct http_slice other = {word, strlen(word)};
	return http_slice_equals_ignoring_case(slice, other);
}

static bool is_blank(char c) {
	return c == ' ' || c == '\t';
}

struct http_slice http_slice_trim(struct http_slice slice) {
	while (slice.size > 0 && is_blank(slice.start[0])) {
		slice.start++;
		slice.size--;
	}
	while (slice.size > 0 && is_blank(slice.start[slice.size - 1])) {
		slice.size--;
	}
	return slice;
}

bool http_slice_next(struct http_slice *list, char separator, struct http_slice *element) {
	if (list->start == NULL) {
		return false;
	}
	const char *end = memchr(list->start, separator, list->size);
	if (end == NULL) {
		*element = http_slice_trim(*list);
		*list = (struct http_slice){NULL, 0};
		return true;
	}
	size_t size = (size_t)(end - list->start);
	*element = http_slice_trim((struct http_slice){list->start, size});
	list->start += size + 1;
	list->size -= size + 1;
	return true;
}
