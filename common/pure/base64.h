/*
 * base64 - reads the standard alphabet with padding (RFC 4648 section 4), as the broker's JSON has it.
 *
 * Tokens use another alphabet, without padding: see common/crypto.h.
 */
#ifndef COMMON_PURE_BASE64_H
#define COMMON_PURE_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Upper bound of the bytes that so many characters stand for. */
#define BASE64_BYTES_MAX(text_size) ((text_size) / 4u * 3u)

/* Decodes the whole text; target has room for BASE64_BYTES_MAX. False if anything is wrong with it. */
bool base64_decode(uint8_t *target, size_t *size, const char *text, size_t text_size);

#endif
