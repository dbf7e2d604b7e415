/*
 * replay - runs a fuzz target without a fuzzer: on its seeds, and on damaged copies of them.
 *
 *	fuzz_<target> FOLDER...
 *
 * Damage is the same in every run (one seed of randomness), so a crash can be repeated. It is for the
 * ordinary test run, with any compiler; README.md says how to search with libFuzzer.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "tests/unit/random.h"

#define INPUT_BYTES_MAX 65536u
/* Shared by all seeds, so that a test takes seconds however large its corpus has become. */
#define DAMAGED_COPIES 20000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t input[INPUT_BYTES_MAX];
static uint8_t damaged[INPUT_BYTES_MAX];

/* From memory of exactly that size, so that the address sanitizer sees a read beyond the end. */
static void run_target(const uint8_t *data, size_t size) {
	uint8_t *copy = malloc(size);
	if (size > 0 && copy != NULL) {
		memcpy(copy, data, size);
	}
	LLVMFuzzerTestOneInput(copy, copy == NULL ? 0 : size);
	free(copy);
}

/* One of the things that happen to bytes: changed, cut off, taken out, doubled. Returns the new size. */
static size_t damage(struct random *random, uint8_t *bytes, size_t size) {
	size_t at = size == 0 ? 0 : random_below(random, size);
	size_t span = size == 0 ? 0 : random_below(random, size - at) % 16;
	switch (random_below(random, 5)) {
	case 0:
		return at;
	case 1:
		memmove(bytes + at, bytes + at + span, size - at - span);
		return size - span;
	case 2:
		if (size + span > INPUT_BYTES_MAX) {
			return size;
		}
		memmove(bytes + at + span, bytes + at, size - at);
		return size + span;
	default:
		if (size > 0) {
			bytes[at] = (uint8_t)random_next(random);
		}
		return size;
	}
}

static void run_damaged(struct random *random, size_t input_size, int copies) {
	for (int i = 0; i < copies; i++) {
		size_t size = input_size;
		memcpy(damaged, input, size);
		for (uint64_t times = 1 + random_below(random, 4); times > 0; times--) {
			size = damage(random, damaged, size);
		}
		run_target(damaged, size);
	}
}

static size_t read_file(const char *folder, const char *name) {
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "rb");
	if (file == NULL) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		exit(EX_NOINPUT);
	}
	size_t size = fread(input, 1, sizeof input, file);
	fclose(file);
	return size;
}

/* The files of a folder, in an order that is the same everywhere. */
static int list(const char *folder, struct dirent ***names) {
	int count = scandir(folder, names, NULL, alphasort);
	if (count < 0) {
		fprintf(stderr, "%s: %s\n", folder, strerror(errno));
		exit(EX_NOINPUT);
	}
	return count;
}

/* Runs all seeds of a folder, and so many damaged copies of each. Returns how many seeds there are. */
static int run_folder(const char *folder, struct random *random, int copies) {
	struct dirent **names;
	int count = list(folder, &names);
	int seeds = 0;
	for (int i = 0; i < count; i++) {
		if (names[i]->d_name[0] != '.') {
			size_t size = read_file(folder, names[i]->d_name);
			run_target(input, size);
			run_damaged(random, size, copies);
			seeds++;
		}
		free(names[i]);
	}
	free(names);
	return seeds;
}

int main(int argc, char **argv) {
	if (argc < 2) {
		fprintf(stderr, "usage: %s FOLDER-OF-SEEDS...\n", argv[0]);
		return EX_USAGE;
	}
	struct random random = {.state = 20261122};
	int seeds = 0;
	for (int i = 1; i < argc; i++) {
		seeds += run_folder(argv[i], &random, 0);
	}
	if (seeds == 0) {
		fprintf(stderr, "there are no seeds: give the folder fuzz_<target>.in\n");
		return EX_NOINPUT;
	}
	int copies = DAMAGED_COPIES / seeds;
	for (int i = 1; i < argc; i++) {
		run_folder(argv[i], &random, copies);
	}
	printf("%d seeds, %d damaged copies of each\n", seeds, copies);
	return EX_OK;
}
