/*
 * reason - cleans the words of providers and servers before they go to the database and the log.
 *
 * What is appended is printable ASCII without quotes and backslashes, as far as it fits.
 */
#ifndef COMMON_PURE_REASON_H
#define COMMON_PURE_REASON_H

#include "common/pure/text.h"

/* Somebody else's words, with a blank before each but the first of the text. A word that may be a
 * contact ('@', more than six digits with nothing but signs between them) or a secret becomes
 * "(removed)". */
void reason_append_words(struct text *text, const char *words);
/* An error of common/json.h: our own words, but for a key. */
void reason_append_error(struct text *text, const char *error);

#endif
