#include "tests/load/status_line.h"

#include <string.h>

#include "cli/progress.h"

#define BAR_COLUMNS 14u
#define LINE_SIZE 256u

static double share_of_people(const struct status *status) {
	return status->people == 0 ? 0 : (double)status->ended / (double)status->people;
}

/* A run ends when the time is over or all people know, whichever comes first. */
static double share_done(const struct status *status) {
	double share = (double)status->now_us / (double)status->run_us;
	double of_people = share_of_people(status);
	share = of_people > share ? of_people : share;
	return share < 0 ? 0 : share > 1 ? 1 : share;
}

/* By what has been done until now. */
static uint64_t seconds_left(const struct status *status) {
	double of_time = (double)(status->run_us - status->now_us) / 1e6;
	double share = share_of_people(status);
	double left = of_time < 0 ? 0 : of_time;
	if (share > 0) {
		double of_people = (double)status->now_us / 1e6 * (1 - share) / share;
		left = of_people < left ? of_people : left;
	}
	return (uint64_t)(left + 0.5);
}

static void append_bar(struct text *text, double share) {
	text_append_char(text, '[');
	for (unsigned i = 1; i <= BAR_COLUMNS; i++) {
		text_append_char(text, (double)i <= share * BAR_COLUMNS ? '=' : ' ');
	}
	text_append(text, "]  ");
	text_append_u64(text, (uint64_t)(share * 100));
	text_append(text, " %  ");
}

static void append_count(struct text *text, uint64_t count, const char *what) {
	progress_append_count(text, count);
	text_append(text, what);
	text_append(text, "  ");
}

void status_line_append(struct text *text, const struct status *status) {
	char bytes[LINE_SIZE];
	struct text line = text_init(bytes, sizeof bytes);
	uint64_t left = seconds_left(status);
	append_bar(&line, share_done(status));
	append_count(&line, status->rate, "/s");
	append_count(&line, status->done, status->what);
	append_count(&line, status->failed, " failed");
	text_append_u64(&line, left / 60);
	text_append(&line, left % 60 < 10 ? ":0" : ":");
	text_append_u64(&line, left % 60);
	text_append(&line, " left");
	text_append_bytes(text, bytes, strnlen(bytes, STATUS_LINE_COLUMNS_MAX));
}
