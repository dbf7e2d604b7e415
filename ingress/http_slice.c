#include "ingress/http_slice.h"

#include <stdint.h>
#include <string.h>

/* Eight times the byte. */
#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The first byte is the lowest. Written out, because compilers make one load of this, but not of a
 * loop. */
static uint64_t load(const char *bytes) {
	const unsigned char *from = (const unsigned char *)bytes;
	return (uint64_t)from[0] | (uint64_t)from[1] << 8 | (uint64_t)from[2] << 16 |
	       (uint64_t)from[3] << 24 | (uint64_t)from[4] << 32 | (uint64_t)from[5] << 40 |
	       (uint64_t)from[6] << 48 | (uint64_t)from[7] << 56;
}

/* How many of eight bytes stand before the first one that is below a blank, or DEL; 8 if there is
 * none. A subtraction borrows from the highest bit of such a byte, which was not set before. It may
 * do that to others too, but only above, which is behind, such a one. */
static size_t before_control(uint64_t word) {
	uint64_t del = word ^ EACH(0x7f);
	uint64_t hits = (((word - EACH(' ')) & ~word) | ((del - EACH(1)) & ~del)) & EACH(0x80);
	return hits == 0 ? sizeof(word) : (size_t)__builtin_ctzll(hits) / 8;
}

static bool is_plain(char c) {
	return ((unsigned char)c >= ' ' && c != 0x7f) || c == '\t';
}

size_t http_slice_plain(const char *bytes, size_t size) {
	size_t i = 0;
	while (size - i >= sizeof(uint64_t)) {
		size_t before = before_control(load(bytes + i));
		i += before;
		if (before == sizeof(uint64_t)) {
			continue;
		}
		if (bytes[i] != '\t') {
			return i;
		}
		i++;
	}
	while (i < size && is_plain(bytes[i])) {
		i++;
	}
	return i;
}

bool http_slice_is(struct http_slice slice, const char *text) {
	size_t size = strlen(text);
	return slice.start != NULL && slice.size == size && memcmp(slice.start, text, size) == 0;
}

/* Not tolower(): that one asks the locale. */
static unsigned lower(char c) {
	unsigned byte = (unsigned char)c;
	return byte | (unsigned)(byte - 'A' < 26) << 5;
}

/* The same of eight bytes. Without their highest bits a sum cannot carry from one to the next; it sets
 * that bit where a byte is not below the letter. */
static uint64_t lower_each(uint64_t word) {
	uint64_t bytes = word & EACH(0x7f);
	uint64_t not_below_a = bytes + EACH(0x80 - 'A');
	uint64_t above_z = bytes + EACH(0x80 - 'Z' - 1);
	return word | (not_below_a & ~above_z & ~word & EACH(0x80)) >> 2;
}

static bool equal_each(const char *a, const char *b) {
	return lower_each(load(a)) == lower_each(load(b));
}

bool http_slice_equals_ignoring_case(struct http_slice a, struct http_slice b) {
	if (a.start == NULL || b.start == NULL || a.size != b.size) {
		return false;
	}
	size_t size = a.size;
	size_t i = 0;
	for (; size - i >= sizeof(uint64_t); i += sizeof(uint64_t)) {
		if (!equal_each(a.start + i, b.start + i)) {
			return false;
		}
	}
	if (i > 0 && i < size) { /* the rest, together with some that were compared already */
		i = size - sizeof(uint64_t);
		return equal_each(a.start + i, b.start + i);
	}
	for (; i < size; i++) {
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
