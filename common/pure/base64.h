/*
 * base64 - both alphabets of RFC 4648: the standard one with padding, as the broker's JSON has it
 * (section 4), and base64url without padding, for our tokens and tickets (section 5).
 *
 * One text for each value: blanks, the other alphabet, and bits behind the last byte are refused. The
 * digits are looked up in a table. A text that is nobody's secret but its bearer's, and is checked by
 * a MAC, does not need more; a key would.
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

/* The characters that so many bytes make, and the NUL. */
#define BASE64URL_SIZE(size) (((size)*4u + 2u) / 3u + 1u)
/* target holds BASE64URL_SIZE(size) bytes. */
void base64url_encode(char *target, const uint8_t *bytes, size_t size);

/* Returns the bytes written, or SIZE_MAX if anything is wrong with the text, or it is too long. */
size_t base64url_decode(uint8_t *target, size_t capacity, const char *text, size_t text_size);

#endif
