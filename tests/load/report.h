/*
 * report - what a run is seen to do, and what came of it: a line while it runs, a table or JSON at its end.
 */
#ifndef TESTS_LOAD_REPORT_H
#define TESTS_LOAD_REPORT_H

#include <stdint.h>

#include "tests/load/counts.h"
#include "tests/load/options.h"
#include "tests/load/verdict.h"

struct report {
	const struct options *options;
	const struct counts *counts;
	const struct verdict *verdict; /* NULL where nobody booked */
	uint32_t connections;          /* that could be opened */
	int64_t processor_us;          /* of this process while it loaded: user and system */
};

/* One line on a terminal, in place of the one before it; nothing where standard error is none. */
struct report_progress {
	int64_t now_us;
	uint64_t answered;
	uint64_t booked;
	uint64_t failed;
	uint64_t answered_a_second;
};
void report_show(const struct options *options, const struct report_progress *progress);
void report_hide(void);

/* To standard output. */
void report_print(const struct report *report);

#endif
