/*
 * trace - writes what happens in a run, and what the programs log, as lines for a person.
 *
 * It is common/log.h here: a line that a program logs is a line of the trace. What would end a program
 * (log_fatal) ends the simulation: no fault that is simulated may do that.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/log.h"
#include "tests/sim/node.h"
#include "tests/sim/world.h"

bool trace_is_on;

static void write_head(void) {
	const struct node *node = world_current();
	int64_t now_us = world_now_us();
	printf("%4lld.%06lld s  %-12s  ", (long long)(now_us / 1000000),
		(long long)(now_us % 1000000), node == NULL ? "-" : node->name);
}

void trace_write(const char *format, ...) {
	va_list arguments;
	va_start(arguments, format);
	write_head();
	vprintf(format, arguments);
	putchar('\n');
	va_end(arguments);
}

/* ---- common/log.h ------------------------------------------------------------------------------ */

void log_write(
	struct log_site *site, enum log_level level, const char *event, const char *format, ...) {
	(void)site;
	if (!trace_is_on) {
		return;
	}
	va_list arguments;
	va_start(arguments, format);
	write_head();
	printf("%s%s ", level == LOG_WARN ? "! " : "", event);
	vprintf(format, arguments);
	putchar('\n');
	va_end(arguments);
}

_Noreturn void log_fatal(int status, const char *event, const char *format, ...) {
	va_list arguments;
	va_start(arguments, format);
	fprintf(stderr, "fatal (status %d) %s ", status, event);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	abort();
}
