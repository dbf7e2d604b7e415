/*
 * progress - the counts of a campaign as one line for a terminal.
 *
 * Pure. The line fits the width that it is given, in columns.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdint.h>

#include "common/pure/messages.h"
#include "common/pure/text.h"

struct progress {
	const char *campaign;
	enum campaign_state state;
	struct counters counters;
	uint64_t sold_a_second;
};

#define PROGRESS_BAR_COLUMNS_MAX 40u

/* Appends "burger  open  [█████▌    ]  3,123,456 of 6,000,000 sold (52.0 %)  12,345/s", with held and
 * waiting where there are any. */
void progress_append(struct text *text, const struct progress *progress, uint32_t columns);
/* Appends a number with a comma after every three digits. */
void progress_append_count(struct text *text, uint64_t count);

#endif
