#include "cli/audit_report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

static uint32_t complaints;

void audit_complain(struct audit_report *report, const char *format, ...) {
	if (complaints++ >= AUDIT_COMPLAINTS_MAX) {
		return;
	}
	fprintf(stderr, "firstcome: %s: ", report->campaign);
	va_list arguments;
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, "%s\n",
		complaints == AUDIT_COMPLAINTS_MAX ? " (further ones are only counted)" : "");
}

static bool is_clean(const struct audit_report *report) {
	return report->oversold == 0 && report->undersold == 0 && report->inversions == 0 &&
	       report->lost == 0 && report->duplicated == 0 && report->differences == 0 &&
	       report->broken_digests == 0;
}

/* The verdicts on a wish that gave nothing. */
static bool is_refusal(enum verdict verdict) {
	return verdict >= VERDICT_SOLD_OUT && verdict <= VERDICT_NOT_VERIFIED;
}

static void print_json(const struct audit_report *report) {
	printf("{\"campaign\":\"%s\",\"messages\":%" PRIu64 ",\"decided\":%" PRIu64
	       ",\"requests\":%" PRIu64 ",\"booked\":%" PRIu64 ",\"held\":%" PRIu64
	       ",\"waitlisted\":%" PRIu64 ",\"repeated\":%" PRIu64 ",\"refused\":{",
		report->campaign, report->messages, report->decided, report->requests,
		report->verdicts[VERDICT_BOOKED], report->verdicts[VERDICT_HELD],
		report->verdicts[VERDICT_WAITLISTED], report->repeated);
	const char *separator = "";
	for (enum verdict v = VERDICT_SOLD_OUT; v <= VERDICT_NOT_VERIFIED; v++) {
		if (report->verdicts[v] > 0) {
			printf("%s\"%s\":%" PRIu64, separator, verdict_name(v),
				report->verdicts[v]);
			separator = ",";
		}
	}
	printf("},\"available\":%u,\"sold\":%u,\"waiting\":%u,", report->counters.available,
		report->counters.sold, report->counters.waiting);
	if (report->with_database) {
		printf("\"rows\":%" PRIu64 ",", report->rows);
	}
	printf("\"oversold\":%" PRIu64 ",\"undersold\":%" PRIu64 ",\"inversions\":%" PRIu64
	       ",\"lost\":%" PRIu64 ",\"duplicated\":%" PRIu64 ",\"differences\":%" PRIu64
	       ",\"broken_digests\":%" PRIu64 ",\"clean\":%s}\n",
		report->oversold, report->undersold, report->inversions, report->lost,
		report->duplicated, report->differences, report->broken_digests,
		is_clean(report) ? "true" : "false");
}

static void print_line(const char *name, uint64_t value) {
	printf("  %-24s %12" PRIu64 "\n", name, value);
}

static void print_table(const struct audit_report *report) {
	printf("campaign %s\n", report->campaign);
	print_line("messages in the line", report->messages);
	print_line("decided", report->decided);
	print_line("booking requests", report->requests);
	print_line("booked", report->verdicts[VERDICT_BOOKED]);
	if (report->verdicts[VERDICT_HELD] > 0) {
		print_line("held", report->verdicts[VERDICT_HELD]);
	}
	if (report->verdicts[VERDICT_WAITLISTED] > 0) {
		print_line("waitlisted", report->verdicts[VERDICT_WAITLISTED]);
	}
	print_line("asked again", report->repeated);
	for (enum verdict v = VERDICT_BOOKED; v <= VERDICT_UNREADABLE; v++) {
		if (report->verdicts[v] > 0 && is_refusal(v)) {
			char name[40];
			snprintf(name, sizeof name, "refused: %s", verdict_name(v));
			print_line(name, report->verdicts[v]);
		}
	}
	if (report->with_database) {
		print_line("bookings in PostgreSQL", report->rows);
	}
	print_line("oversold", report->oversold);
	print_line("undersold", report->undersold);
	print_line("inversions", report->inversions);
	print_line("lost", report->lost);
	print_line("duplicated", report->duplicated);
	if (report->differences > 0) {
		print_line("other differences", report->differences);
	}
	if (report->broken_digests > 0) {
		print_line("broken digests", report->broken_digests);
	}
	printf("%s\n", is_clean(report) ? "clean: every answer is what the rules say"
					: "NOT CLEAN: see above");
}

bool audit_report_print(const struct audit_report *report, enum cli_output output) {
	if (output == CLI_JSON) {
		print_json(report);
	} else {
		print_table(report);
	}
	return is_clean(report);
}
