/*
 * picture - a run as an SVG: over time, what came of the questions, how long the answers took, and how
 * many units were left.
 *
 * Readable in the light and in the dark; no script; at most some 60 KB, because a run has at most
 * COUNTS_SLICES_MAX slices. The third panel is left out where nobody looked at a campaign.
 */
#ifndef TESTS_LOAD_PICTURE_H
#define TESTS_LOAD_PICTURE_H

#include <stdbool.h>

#include "tests/load/counts.h"
#include "tests/load/options.h"
#include "tests/load/watch.h"

struct picture {
	const struct options *options;
	const struct counts *counts;
	const struct watch *watch;
};

/* False, and a clear line on standard error, if the file cannot be written. */
bool picture_write(const struct picture *picture, const char *path);

#endif
