/*
 * input - takes numbers and texts off the bytes that a fuzzer made up.
 *
 * Small inputs must mean something, and a change of one byte little: so numbers are one byte where
 * one is enough, an input that is used up gives zeroes, and texts are the lines of the input.
 */
#ifndef TESTS_FUZZ_INPUT_H
#define TESTS_FUZZ_INPUT_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct input {
	const uint8_t *bytes;
	size_t size; /* left */
};

static inline uint8_t input_byte(struct input *input) {
	if (input->size == 0) {
		return 0;
	}
	input->size--;
	return *input->bytes++;
}

/* From 0 to bound - 1; bound is at most 256. */
static inline uint32_t input_below(struct input *input, uint32_t bound) {
	assert(bound >= 1);
	assert(bound <= 256);
	return input_byte(input) % bound;
}

/* The next line without its end, cut to what target holds with its NUL. */
static inline void input_line(struct input *input, char *target, size_t capacity) {
	size_t used = 0;
	while (input->size > 0) {
		uint8_t c = input_byte(input);
		if (c == '\n') {
			break;
		}
		if (used + 1 < capacity) {
			target[used++] = (char)c;
		}
	}
	target[used] = '\0';
}

/* All that is left, cut to what target holds with its NUL. */
static inline void input_rest(struct input *input, char *target, size_t capacity) {
	size_t size = input->size < capacity ? input->size : capacity - 1;
	if (size > 0) {
		memcpy(target, input->bytes, size);
	}
	target[size] = '\0';
	input->size = 0;
}

#endif
