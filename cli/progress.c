#include "cli/progress.h"

/* Shown where the line has room for it. */
#define BAR_COLUMNS_MIN 10u
#define LINE_BYTES 400u

void progress_append_count(struct text *text, uint64_t count) {
	if (count >= 1000) {
		progress_append_count(text, count / 1000);
		text_append_char(text, ',');
		text_append_char(text, (char)('0' + count % 1000 / 100));
		text_append_char(text, (char)('0' + count % 100 / 10));
		text_append_char(text, (char)('0' + count % 10));
	} else {
		text_append_u64(text, count);
	}
}

/* The share in tenths of a percent, rounded down: 100.0 means that all are sold. */
static uint64_t per_mille(uint64_t part, uint64_t whole) {
	return whole == 0 ? 0 : part * 1000 / whole;
}

/* Eighths of a block are as fine as a character cell can show. */
static void append_bar(struct text *text, uint64_t part, uint64_t whole, uint32_t columns) {
	static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
	uint64_t filled = whole == 0 ? 0 : part * columns * 8 / whole;
	text_append_char(text, '[');
	for (uint64_t i = 0; i < columns; i++) {
		uint64_t left = filled > i * 8 ? filled - i * 8 : 0;
		if (left >= 8) {
			text_append(text, "█");
		} else {
			text_append(text, left == 0 ? " " : eighths[left]);
		}
	}
	text_append(text, "]  ");
}

static void append_named(struct text *text, const char *name, uint64_t count) {
	if (count > 0) {
		text_append(text, "  ");
		text_append(text, name);
		text_append_char(text, ' ');
		progress_append_count(text, count);
	}
}

static void append_counts(struct text *text, const struct progress *progress, uint64_t total) {
	const struct counters *counters = &progress->counters;
	uint64_t share = per_mille(counters->sold, total);
	progress_append_count(text, counters->sold);
	text_append(text, " of ");
	progress_append_count(text, total);
	text_append(text, " sold (");
	text_append_u64(text, share / 10);
	text_append_char(text, '.');
	text_append_u64(text, share % 10);
	text_append(text, " %)  ");
	progress_append_count(text, progress->sold_a_second);
	text_append(text, "/s");
	append_named(text, "held", counters->held);
	append_named(text, "waiting", counters->waiting);
}

void progress_append(struct text *text, const struct progress *progress, uint32_t columns) {
	const struct counters *counters = &progress->counters;
	uint64_t total = (uint64_t)counters->available + counters->held + counters->sold;
	/* Everything but the bar is ASCII: a byte is a column. */
	char bytes[LINE_BYTES];
	struct text counts = text_init(bytes, sizeof bytes);
	append_counts(&counts, progress, total);
	size_t before = text->used;
	text_append(text, progress->campaign);
	text_append(text, "  ");
	text_append(text, campaign_state_name(progress->state));
	text_append(text, "  ");
	size_t used = text->used - before + counts.used;
	size_t brackets = sizeof "[]  " - 1;
	if (used + brackets + BAR_COLUMNS_MIN <= columns) {
		size_t bar = columns - used - brackets;
		bar = bar < PROGRESS_BAR_COLUMNS_MAX ? bar : PROGRESS_BAR_COLUMNS_MAX;
		append_bar(text, counters->sold, total, (uint32_t)bar);
	} else if (used > columns) {
		counts.start[counts.used - (used - columns)] = '\0';
	}
	text_append(text, counts.start);
}
