/*
 * memory - allocation that succeeds or ends the program.
 *
 * For small things whose number is bounded elsewhere: being out of memory then means that the machine
 * is, and going on half-way would be worse than a restart by the supervisor. What is sized by outside
 * bytes uses malloc and handles NULL.
 */
#ifndef COMMON_MEMORY_H
#define COMMON_MEMORY_H

#include <stddef.h>

/* Zeroed; freed with free(). */
void *memory_new(size_t size);
/* Copies of bytes or of a string; freed with free(). NULL stays NULL. */
void *memory_copy(const void *bytes, size_t size);
char *memory_copy_string(const char *string);

#endif
