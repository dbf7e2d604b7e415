#include "tests/load/report.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* ---- figures --------------------------------------------------------------------------------- */

static double seconds_of(const struct report *report) {
	return report->counts->ended_us > 0 ? (double)report->counts->ended_us / 1e6 : 1e-6;
}

static double processor_us_per_answer(const struct report *report) {
	uint64_t answered = report->counts->answered;
	return answered == 0 ? 0 : (double)report->processor_us / (double)answered;
}

static const struct {
	const char *name;
	double share;
} quantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1}};

#define QUANTILES (sizeof quantiles / sizeof quantiles[0])

/* ---- a table --------------------------------------------------------------------------------- */

static void print_count(const char *name, uint64_t count) {
	if (count > 0) {
		printf("  %-34s %12" PRIu64 "\n", name, count);
	}
}

static void print_rate(const char *name, uint64_t count, double seconds) {
	if (count > 0) {
		printf("  %-34s %12" PRIu64 "   %10.0f/s\n", name, count, (double)count / seconds);
	}
}

static void print_latency(const char *name, const struct latency *latency) {
	if (latency->count == 0) {
		return;
	}
	printf("  %-34s", name);
	for (size_t i = 0; i < QUANTILES; i++) {
		printf("  %s %.2f", quantiles[i].name,
			(double)latency_quantile(latency, quantiles[i].share) / 1e3);
	}
	printf("  ms\n");
}

static void print_verdict(const struct verdict *verdict) {
	printf("what people were told\n");
	print_count("have a booking", verdict->winners);
	print_count("were refused for good", verdict->refused);
	print_count("do not know yet", verdict->untold);
	print_count("sold meanwhile, by the counts", verdict->sold);
	print_count("WRONG: booking IDs given twice", verdict->ids_twice);
	print_count("WRONG: places given twice", verdict->places_twice);
	print_count("WRONG: overtaken", verdict->inversions);
	print_count("WRONG: sold is not what is had", !verdict->is_exact);
	print_count("WRONG: refused, and some are left", verdict->refused_early);
}

static void print_table(const struct report *report) {
	const struct counts *counts = report->counts;
	double seconds = seconds_of(report);
	printf("%s: %" PRIu32 " connections, %.1f s\n", options_mode_name(report->options),
		report->connections, seconds);
	print_rate("meant to be sent", counts->due, seconds);
	print_count("  given up before a connection was free", counts->unsent);
	print_rate("answered", counts->answered, seconds);
	for (unsigned i = 0; i < COUNTS_STATUS_MAX; i++) {
		if (counts->statuses[i] > 0) {
			char name[16];
			snprintf(name, sizeof name, "  status %u", i);
			print_rate(name, counts->statuses[i], seconds);
		}
	}
	print_rate("booked", counts->kinds[COUNTS_BOOKED], seconds);
	print_count("told the same again", counts->kinds[COUNTS_AGAIN]);
	print_rate("codes that arrived", counts->codes, seconds);
	print_rate("logged in", counts->kinds[COUNTS_LOGGED_IN], seconds);
	print_count("429 or 503 without Retry-After", counts->later_without_time);
	print_count("not answered in time", counts->timeouts);
	print_count("connections that could not be opened", counts->ends[CONNECTION_UNREACHED]);
	print_count("connections reset", counts->ends[CONNECTION_RESET]);
	print_count("connections closed by the server", counts->ends[CONNECTION_FINISHED]);
	print_count("WRONG: answers that are none", counts->ends[CONNECTION_GARBLED]);
	print_count("WRONG: contradictions", counts->kinds[COUNTS_WRONG]);
	print_latency("latency, from when it was meant", &counts->from_due);
	print_latency("latency, from when it was sent", &counts->from_sent);
	print_latency("from the code meant to its arrival", &counts->to_code);
	print_latency("from the first wish to its end", &counts->to_told);
	printf("  %-34s %12.1f us an answer\n", "processor time of the generator",
		processor_us_per_answer(report));
	if (report->verdict != NULL) {
		print_verdict(report->verdict);
	}
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void json_number(const char *name, uint64_t value) {
	printf("\"%s\":%" PRIu64 ",", name, value);
}

static void json_latency(const char *name, const struct latency *latency) {
	printf("\"%s\":{", name);
	for (size_t i = 0; i < QUANTILES; i++) {
		json_number(quantiles[i].name, latency_quantile(latency, quantiles[i].share));
	}
	printf("\"mean\":%" PRIu64 "},", latency_mean_us(latency));
}

static void json_statuses(const struct counts *counts) {
	const char *comma = "";
	printf("\"statuses\":{");
	for (unsigned i = 0; i < COUNTS_STATUS_MAX; i++) {
		if (counts->statuses[i] > 0) {
			printf("%s\"%u\":%" PRIu64, comma, i, counts->statuses[i]);
			comma = ",";
		}
	}
	printf("},");
}

static void json_verdict(const struct verdict *verdict) {
	printf("\"verdict\":{");
	json_number("winners", verdict->winners);
	json_number("refused", verdict->refused);
	json_number("untold", verdict->untold);
	json_number("sold", verdict->sold);
	json_number("ids_twice", verdict->ids_twice);
	json_number("places_twice", verdict->places_twice);
	json_number("inversions", verdict->inversions);
	printf("\"refused_early\":%s,\"is_exact\":%s,\"clean\":%s},",
		verdict->refused_early ? "true" : "false", verdict->is_exact ? "true" : "false",
		verdict_is_clean(verdict) ? "true" : "false");
}

/* A row a second, or a longer time in long runs: answered, booked or logged in, told to come later,
 * failed; p50, p99 and p99.9 in microseconds; refused, told the same again, queued. */
static void json_row(const struct counts_slice *row) {
	static const double shares[] = {0.5, 0.99, 0.999};
	static const enum counts_kind last[] = {COUNTS_REFUSED, COUNTS_AGAIN, COUNTS_QUEUED};
	printf("[%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64, counts_answered(row),
		row->kinds[COUNTS_BOOKED] + row->kinds[COUNTS_LOGGED_IN], row->kinds[COUNTS_LATER],
		row->kinds[COUNTS_FAILED]);
	for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
		printf(",%" PRIu64, latency_quantile(&row->latency, shares[i]));
	}
	for (size_t i = 0; i < sizeof last / sizeof last[0]; i++) {
		printf(",%" PRIu64, row->kinds[last[i]]);
	}
	printf("]");
}

static void json_timeline(const struct counts *counts) {
	uint32_t together = counts->slice_us < 1000000 ? (uint32_t)(1000000 / counts->slice_us) : 1;
	uint32_t used = counts_slices_used(counts);
	printf("\"row_seconds\":%" PRId64 ",\"timeline\":[", together * counts->slice_us / 1000000);
	for (uint32_t first = 0; first < used; first += together) {
		static struct counts_slice row;
		memset(&row, 0, sizeof row);
		for (uint32_t i = first; i < first + together && i < used; i++) {
			counts_slice_merge(&row, &counts->slices[i]);
		}
		printf("%s", first == 0 ? "" : ",");
		json_row(&row);
	}
	printf("]}\n");
}

static void json_counts(const struct counts *counts) {
	json_number("due", counts->due);
	json_number("unsent", counts->unsent);
	json_number("sent", counts->sent);
	json_number("answered", counts->answered);
	json_number("timeouts", counts->timeouts);
	json_number("unanswered", counts->kinds[COUNTS_FAILED]);
	json_number("opened", counts->opened);
	json_number("unreached", counts->ends[CONNECTION_UNREACHED]);
	json_number("reset", counts->ends[CONNECTION_RESET]);
	json_number("finished", counts->ends[CONNECTION_FINISHED]);
	json_number("garbled", counts->ends[CONNECTION_GARBLED]);
	json_number("booked", counts->kinds[COUNTS_BOOKED]);
	json_number("again", counts->kinds[COUNTS_AGAIN]);
	json_number("refused", counts->kinds[COUNTS_REFUSED]);
	json_number("queued", counts->kinds[COUNTS_QUEUED]);
	json_number("codes", counts->codes);
	json_number("logged_in", counts->kinds[COUNTS_LOGGED_IN]);
	json_number("later", counts->kinds[COUNTS_LATER]);
	json_number("later_without_retry_after", counts->later_without_time);
	json_number("wrong", counts->kinds[COUNTS_WRONG]);
}

static void print_json(const struct report *report) {
	const struct counts *counts = report->counts;
	printf("{\"mode\":\"%s\",\"seconds\":%.3f,", options_mode_name(report->options),
		seconds_of(report));
	json_number("connections", report->connections);
	json_counts(counts);
	printf("\"processor_us_per_answer\":%.2f,", processor_us_per_answer(report));
	json_statuses(counts);
	json_latency("latency_us", &counts->from_due);
	json_latency("service_us", &counts->from_sent);
	json_latency("told_us", &counts->to_told);
	json_latency("code_us", &counts->to_code);
	if (report->verdict != NULL) {
		json_verdict(report->verdict);
	}
	json_timeline(counts);
}

void report_print(const struct report *report) {
	if (report->options->json) {
		print_json(report);
	} else {
		print_table(report);
	}
}
