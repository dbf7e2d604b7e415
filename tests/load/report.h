/*
 * report - what came of a run, as a table or as JSON.
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

/* To standard output. */
void report_print(const struct report *report);

#endif
