/*
 * comparison - says where two decisions on the same request differ.
 */
#ifndef CLI_COMPARISON_H
#define CLI_COMPARISON_H

#include <stdbool.h>

#include "common/pure/messages.h"
#include "common/pure/text.h"

/* True if they are equal but for the digest; else appends a sentence about the first difference. */
bool comparison_equal(
	const struct decision *expected, const struct decision *actual, struct text *difference);

#endif
