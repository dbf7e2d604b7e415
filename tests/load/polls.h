/*
 * polls - what readers ask for: the counts of a campaign, and tickets.
 */
#ifndef TESTS_LOAD_POLLS_H
#define TESTS_LOAD_POLLS_H

#include <stddef.h>
#include <stdint.h>

#include "ingress/tickets.h"
#include "tests/load/options.h"

#define POLLS_PATH_BYTES 256u

struct polls {
	char availability[POLLS_PATH_BYTES];
	char (*tickets)[TICKET_SIZE]; /* of decisions that there are */
	size_t tickets_count;
};

/* Makes the tickets of options->tickets decided requests with the keys of the copy: one person books, which
 * tells which campaign it is. Exits with a clear line where that cannot be done. */
void polls_init(struct polls *polls, const struct options *options);
void polls_finish(struct polls *polls);

#endif
