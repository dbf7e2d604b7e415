/*
 * reason - cleans words before they go to the database and the log; for call.c and webhook.c.
 *
 * What is appended is printable ASCII without quotes and backslashes, as far as it fits.
 */
#ifndef COMMON_PAYMENT_REASON_H
#define COMMON_PAYMENT_REASON_H

#include "common/pure/text.h"

/* A provider's words, with a blank before each but the first of the text. A word that may be a
 * contact ('@', more than six digits in a row) or a secret becomes "(removed)". */
void payment_reason_append_words(struct text *text, const char *words);
/* An error of common/json.h: our own words, but for a key. */
void payment_reason_append_error(struct text *text, const char *error);

#endif
