/*
 * form - writes fields of an HTML form (application/x-www-form-urlencoded), for providers that want
 * one.
 */
#ifndef COMMON_PURE_FORM_H
#define COMMON_PURE_FORM_H

#include <stdint.h>

#include "common/pure/text.h"

/* Appends name=value, and '&' before it if it is not the first. All but letters, digits and "-._~"
 * is encoded, in names too: "metadata[receipt]". */
void form_append(struct text *form, const char *name, const char *value);
void form_append_u64(struct text *form, const char *name, uint64_t value);

#endif
