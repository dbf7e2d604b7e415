/*
 * status_line - the line that a terminal shows while a run goes on: how much of it is done, the rate of now,
 * what came of it, and how long it will take.
 *
 * Pure.
 */
#ifndef TESTS_LOAD_STATUS_LINE_H
#define TESTS_LOAD_STATUS_LINE_H

#include <stdint.h>

#include "common/pure/text.h"

/* A terminal has 80; a line that fills the last one would wrap on some. */
#define STATUS_LINE_COLUMNS_MAX 79u

struct status {
	int64_t now_us;
	int64_t run_us;  /* the longest it may take; above 0 */
	uint64_t people; /* 0: it does not end when all of them know how it ended for them */
	uint64_t ended;  /* people who know */
	uint64_t rate;   /* answers a second, now */
	uint64_t done;
	const char *what; /* is done: " booked", " logged in", " answered" */
	uint64_t failed;
};

/* Appends at most STATUS_LINE_COLUMNS_MAX characters. */
void status_line_append(struct text *text, const struct status *status);

#endif
