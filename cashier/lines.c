#include "cashier/lines.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/directory.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/pure/subjects.h"

struct lines {
	struct line_options options;
	struct directory *directory;
	bool following;
	struct books_position *positions; /* owned; NULL before the books were opened */
	size_t positions_count;
	/* By campaign id, so that a message finds its line by bisection. */
	struct line **all;
	size_t count;
	size_t capacity;
};

/* The place of the campaign in the array, or where it belongs. */
static size_t place_of(const struct lines *lines, const char *id) {
	size_t low = 0;
	size_t high = lines->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(line_campaign(lines->all[middle]), id) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static struct line *find(const struct lines *lines, const char *id) {
	size_t place = place_of(lines, id);
	bool found = place < lines->count && strcmp(line_campaign(lines->all[place]), id) == 0;
	return found ? lines->all[place] : NULL;
}

static void follow(struct lines *lines, struct line *line) {
	const struct books_position *position = NULL;
	for (size_t i = 0; i < lines->positions_count; i++) {
		if (line_is_at(line, &lines->positions[i])) {
			position = &lines->positions[i];
		}
	}
	line_follow(line, position);
}

static void insert(struct lines *lines, struct line *line) {
	if (lines->count == lines->capacity) {
		lines->capacity = lines->capacity == 0 ? 16 : lines->capacity * 2;
		lines->all = realloc(lines->all, lines->capacity * sizeof(struct line *));
		assert(lines->all != NULL);
	}
	size_t place = place_of(lines, line_campaign(line));
	memmove(&lines->all[place + 1], &lines->all[place],
		(lines->count - place) * sizeof(struct line *));
	lines->all[place] = line;
	lines->count++;
}

static void on_campaign(void *context, const char *id, uint32_t ordinal) {
	struct lines *lines = context;
	if (find(lines, id) != NULL) {
		log_warn("campaign_twice", "campaign=%s ordinal=%" PRIu32 " taken=first", id,
			ordinal);
		return;
	}
	struct line_options options = lines->options;
	options.campaign = id;
	options.ordinal = ordinal;
	struct line *line = line_create(&options);
	insert(lines, line);
	if (lines->following) {
		follow(lines, line);
	}
}

static void on_decided(void *context, const struct bus_message *message) {
	struct lines *lines = context;
	const char *id = subject_campaign_id(message->subject, SUBJECT_DECIDED_PREFIX);
	struct line *line = id == NULL ? NULL : find(lines, id);
	if (line != NULL) { /* else the directory will tell of it */
		line_offer(line, message);
	}
}

/* ---- all of them ------------------------------------------------------------------------------- */

void lines_follow(struct lines *lines, struct books_position *positions, size_t count) {
	free(lines->positions);
	lines->positions = positions;
	lines->positions_count = count;
	lines->following = true;
	for (size_t i = 0; i < lines->count; i++) {
		follow(lines, lines->all[i]);
	}
}

void lines_forget(struct lines *lines) {
	lines->following = false;
	for (size_t i = 0; i < lines->count; i++) {
		line_forget(lines->all[i]);
	}
}

void lines_note(struct lines *lines, struct news *news) {
	for (size_t i = 0; i < lines->count; i++) {
		line_note(lines->all[i], news);
	}
}

void lines_noted(struct lines *lines) {
	for (size_t i = 0; i < lines->count; i++) {
		line_noted(lines->all[i]);
	}
}

void lines_resume(struct lines *lines) {
	for (size_t i = 0; i < lines->count; i++) {
		line_resume(lines->all[i]);
	}
}

const struct line *lines_stopped(const struct lines *lines) {
	for (size_t i = 0; i < lines->count; i++) {
		if (line_reason(lines->all[i])[0] != '\0') {
			return lines->all[i];
		}
	}
	return NULL;
}

bool lines_are_complete(const struct lines *lines) {
	return directory_is_complete(lines->directory);
}

/* ---- life -------------------------------------------------------------------------------------- */

struct lines *lines_create(const struct line_options *options) {
	struct lines *lines = memory_new(sizeof *lines);
	lines->options = *options;
	bus_subscribe(options->bus, SUBJECT_DECIDED_ALL, NULL, on_decided, lines);
	lines->directory = directory_create(options->bus, on_campaign, lines);
	return lines;
}

void lines_destroy(struct lines *lines) {
	if (lines == NULL) {
		return;
	}
	directory_destroy(lines->directory);
	for (size_t i = 0; i < lines->count; i++) {
		line_destroy(lines->all[i]);
	}
	free(lines->all);
	free(lines->positions);
	free(lines);
}
