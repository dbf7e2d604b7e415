/*
 * secret_file - reads small files that hold keys and passwords.
 *
 * Everything here is fatal, with a line that says what to do: a program without its secrets must not
 * run, nor one whose secrets others can read.
 */
#ifndef COMMON_SECRET_FILE_H
#define COMMON_SECRET_FILE_H

#include <stddef.h>

#define SECRET_FILE_BYTES_MAX 4096u

/* Reads the whole file, NUL-terminated; it has no NUL in it. Returns the bytes without that NUL. Exits
 * with EX_CONFIG if it cannot be read, is no plain file, is longer, or grants others any right. */
size_t secret_file_read(char target[SECRET_FILE_BYTES_MAX + 1], const char *path);

#endif
