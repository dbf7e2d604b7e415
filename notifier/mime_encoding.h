/*
 * mime_encoding - text made fit for 7-bit mail: encoded words, quoted-printable, base64.
 *
 * Pure. Text is UTF-8; line feeds become CRLF. No line that comes out is longer than 76 characters.
 */
#ifndef NOTIFIER_MIME_ENCODING_H
#define NOTIFIER_MIME_ENCODING_H

#include <stddef.h>

#include "common/pure/text.h"

/* The value of a header (RFC 2047): ASCII as it is, folded at blanks; anything else as encoded
 * words, each of whole characters. used: columns of the line that are taken already. value has no
 * control characters. */
void mime_append_words(struct text *target, const char *value, size_t used);

/* RFC 2045, section 6.7. */
void mime_append_quoted_printable(struct text *target, const char *body);
size_t mime_quoted_printable_size(const char *body);

/* RFC 2045, section 6.8; a body in lines, its line feeds as CRLF. */
void mime_append_base64_body(struct text *target, const char *body);
/* About: without the growth of line feeds. */
size_t mime_base64_size(size_t size);

#endif
