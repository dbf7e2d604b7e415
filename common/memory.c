#include "common/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/log.h"

static void *checked(void *memory, size_t size) {
	if (memory == NULL) {
		log_fatal(EX_OSERR, "out_of_memory",
			"bytes=%zu hint=\"give the machine or the unit more memory\"", size);
	}
	return memory;
}

void *memory_new(size_t size) {
	return checked(calloc(1, size == 0 ? 1 : size), size);
}

void *memory_copy(const void *bytes, size_t size) {
	if (bytes == NULL) {
		return NULL;
	}
	void *copy = checked(malloc(size == 0 ? 1 : size), size);
	memcpy(copy, bytes, size);
	return copy;
}

char *memory_copy_string(const char *string) {
	return string == NULL ? NULL : memory_copy(string, strlen(string) + 1);
}
