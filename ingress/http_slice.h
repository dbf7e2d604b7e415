/*
 * http_slice - bytes inside somebody else's buffer, and the few questions that HTTP asks of them.
 *
 * Pure. A slice borrows; it is not NUL-terminated, and its start is NULL if there are no bytes at
 * all (a header that was not sent, as against one with an empty value).
 */
#ifndef INGRESS_HTTP_SLICE_H
#define INGRESS_HTTP_SLICE_H

#include <stdbool.h>
#include <stddef.h>

struct http_slice {
	const char *start;
	size_t size;
};

/* How many of the bytes, from the first on, may stand in a line of a head: all but control characters;
 * a tab may. */
size_t http_slice_plain(const char *bytes, size_t size);
/* True if the slice is exactly text. */
bool http_slice_is(struct http_slice slice, const char *text);
/* The same, where ASCII letters of either case are equal: header names, hosts, schemes. */
bool http_slice_is_word(struct http_slice slice, const char *word);
bool http_slice_equals_ignoring_case(struct http_slice a, struct http_slice b);
/* Without the blanks and tabs at both ends. */
struct http_slice http_slice_trim(struct http_slice slice);
/* Takes the next element off a list, trimmed, and leaves the rest in list. False if the list is
 * used up. An empty element is an element. */
bool http_slice_next(struct http_slice *list, char separator, struct http_slice *element);

#endif
