#include "cli/journey.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/table.h"
#include "common/pure/text.h"
#include "common/pure/timestamp.h"
#include "common/zone.h"

#define TIME_BYTES 40u
#define STRING_BYTES (JOURNEY_WORDS_BYTES * 6u + 8u)

/* Steps whose time is not known come last. */
static int64_t rank_of(const struct journey_step *step) {
	return step->time_us == 0 ? INT64_MAX : step->time_us;
}

/* Cutting may have left the beginning of a character at the end. */
static void trim_to_utf8(char *words) {
	size_t size = strlen(words);
	while (size > 0 && !text_is_utf8(words, size)) {
		words[--size] = '\0';
	}
}

void journey_add(struct journey *journey, int64_t time_us, const char *format, ...) {
	if (journey->steps_count == JOURNEY_STEPS_MAX) {
		return;
	}
	struct journey_step step = {.time_us = time_us};
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(step.words, sizeof step.words, format, arguments);
	va_end(arguments);
	trim_to_utf8(step.words);
	uint32_t place = journey->steps_count++;
	while (place > 0 && rank_of(&journey->steps[place - 1]) > rank_of(&step)) {
		journey->steps[place] = journey->steps[place - 1];
		place--;
	}
	journey->steps[place] = step;
}

static const char *time_text(char target[TIME_BYTES], const struct journey *journey, int64_t us) {
	struct text text = text_init(target, TIME_BYTES);
	int64_t ms = us / 1000;
	if (us > 0) {
		timestamp_append(&text, ms, zone_offset_minutes(journey->time_zone, ms));
	}
	return target;
}

static void add_row(
	struct table *table, const struct journey *journey, int64_t time_us, const char *words) {
	char time[TIME_BYTES];
	char after[TIME_BYTES] = "";
	/* Clocks of several machines: a small difference may be negative. */
	if (time_us > 0 && journey->opened_us > 0) {
		snprintf(after, sizeof after, "%+.3f s",
			(double)(time_us - journey->opened_us) / 1e6);
	}
	const char *shown = time_text(time, journey, time_us);
	const char *cells[] = {shown[0] == '\0' ? "-" : shown, after, words};
	table_add(table, cells);
}

static void print_table(const struct journey *journey) {
	printf("booking   %s\ncampaign  %s (%s)\nstatus    %s\ncount     %" PRIu32
	       "\nplace     %" PRIu64 "\n\n",
		journey->booking_id, journey->campaign, journey->title,
		booking_status_name(journey->status), journey->units, journey->place);
	static const char *const heading[] = {"TIME", "AFTER", "WHAT"};
	char words[JOURNEY_WORDS_BYTES];
	struct table table;
	table_init(&table, sizeof heading / sizeof *heading);
	table_add(&table, heading);
	add_row(&table, journey, journey->opened_us, "its batch began at the ingress");
	snprintf(words, sizeof words, "stored in the line as request %" PRIu64, journey->n);
	add_row(&table, journey, journey->stored_us, words);
	snprintf(words, sizeof words, "decided, decision %" PRIu64, journey->n);
	add_row(&table, journey, journey->decided_us, words);
	add_row(&table, journey, journey->persisted_us, "in the ledger");
	for (uint32_t i = 0; i < journey->steps_count; i++) {
		add_row(&table, journey, journey->steps[i].time_us, journey->steps[i].words);
	}
	table_print(&table);
	table_finish(&table);
}

static void print_json_string(const char *name, const char *value) {
	char bytes[STRING_BYTES];
	struct text text = text_init(bytes, sizeof bytes);
	text_append_json(&text, value, strlen(value));
	printf("\"%s\":%s", name, text.start);
}

static void print_json_time(const char *name, const struct journey *journey, int64_t time_us) {
	char time[TIME_BYTES];
	const char *shown = time_text(time, journey, time_us);
	if (shown[0] == '\0') {
		printf("\"%s\":null", name);
	} else {
		print_json_string(name, shown);
	}
}

static void print_json(const struct journey *journey) {
	printf("{");
	print_json_string("booking_id", journey->booking_id);
	printf(",");
	print_json_string("campaign_id", journey->campaign);
	printf(",");
	print_json_string("status", booking_status_name(journey->status));
	printf(",\"count\":%" PRIu32 ",\"place\":%" PRIu64 ",\"decision\":%" PRIu64 ",",
		journey->units, journey->place, journey->n);
	print_json_time("ingress_at", journey, journey->opened_us);
	printf(",");
	print_json_time("stored_at", journey, journey->stored_us);
	printf(",");
	print_json_time("decided_at", journey, journey->decided_us);
	printf(",");
	print_json_time("persisted_at", journey, journey->persisted_us);
	printf(",");
	print_json_time("notified_at", journey, journey->notified_us);
	printf(",\"steps\":[");
	for (uint32_t i = 0; i < journey->steps_count; i++) {
		printf("%s{", i == 0 ? "" : ",");
		print_json_time("at", journey, journey->steps[i].time_us);
		printf(",");
		print_json_string("what", journey->steps[i].words);
		printf("}");
	}
	printf("]}\n");
}

void journey_print(const struct journey *journey, enum cli_output output) {
	if (output == CLI_JSON) {
		print_json(journey);
	} else {
		print_table(journey);
	}
}
