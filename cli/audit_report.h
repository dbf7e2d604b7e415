/*
 * audit_report - what an audit counted, and how it is told.
 */
#ifndef CLI_AUDIT_REPORT_H
#define CLI_AUDIT_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/cli.h"
#include "common/pure/messages.h"

#define AUDIT_VERDICTS_MAX 64u

struct audit_report {
	const char *campaign;
	uint64_t messages; /* in the line */
	uint64_t decided;
	uint64_t requests;                     /* wishes to book */
	uint64_t verdicts[AUDIT_VERDICTS_MAX]; /* fresh ones, by enum verdict */
	uint64_t repeated;                     /* wishes that got the answer of an earlier one */
	struct counters counters;              /* after the last decision */
	uint64_t rows;                         /* bookings in PostgreSQL */
	bool with_database;
	/* The five that must be zero. */
	uint64_t oversold;   /* given where the rules give nothing, or more units than there are */
	uint64_t undersold;  /* refused where the rules give */
	uint64_t inversions; /* places or numbers that do not rise as the line does */
	uint64_t lost; /* requests without a decision, bookings that PostgreSQL does not have so */
	uint64_t duplicated; /* given to who had it already; rows that no decision made */
	/* And so must these. */
	uint64_t differences; /* anything else that a decision says and the referee does not */
	uint64_t broken_digests;
};

/* Says on standard error where something is wrong; the first AUDIT_COMPLAINTS_MAX times. */
#define AUDIT_COMPLAINTS_MAX 10u
void audit_complain(struct audit_report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Prints to standard output. True if everything that must be zero is. */
bool audit_report_print(const struct audit_report *report, enum cli_output output);

#endif
