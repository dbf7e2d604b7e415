/*
 * subjects - puts names together from a prefix, a checked campaign id and a last token.
 */
#include "common/pure/subjects.h"

#include <assert.h>
#include <string.h>

static const char *const line_subject_names[] = {
	[LINE_DEFINE] = "define",
	[LINE_BOOK] = "book",
	[LINE_CONTROL] = "control",
	[LINE_PAY] = "pay",
	[LINE_CANCEL] = "cancel",
	[LINE_TICK] = "tick",
};
#define LINE_SUBJECTS_COUNT (sizeof line_subject_names / sizeof line_subject_names[0])

static bool is_letter_or_digit(char c) {
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool campaign_id_is_valid(const char *id, size_t size) {
	if (size < 1 || size > CAMPAIGN_ID_BYTES_MAX || id[0] == '-' || id[size - 1] == '-') {
		return false;
	}
	for (size_t i = 0; i < size; i++) {
		if (!is_letter_or_digit(id[i]) && id[i] != '-') {
			return false;
		}
	}
	return true;
}

static void join(char *target, const char *prefix, const char *id, const char *suffix) {
	size_t prefix_size = strlen(prefix);
	size_t id_size = strlen(id);
	size_t suffix_size = strlen(suffix);
	assert(campaign_id_is_valid(id, id_size));
	assert(prefix_size + id_size + suffix_size < SUBJECT_BYTES_MAX);
	memcpy(target, prefix, prefix_size);
	memcpy(target + prefix_size, id, id_size);
	memcpy(target + prefix_size + id_size, suffix, suffix_size + 1);
}

void stream_requests(char target[SUBJECT_BYTES_MAX], const char *id) {
	join(target, "REQ_", id, "");
}

void stream_decisions(char target[SUBJECT_BYTES_MAX], const char *id) {
	join(target, "DEC_", id, "");
}

void subject_request(char target[SUBJECT_BYTES_MAX], const char *id, enum line_subject what) {
	assert((size_t)what < LINE_SUBJECTS_COUNT);
	char suffix[16] = ".";
	size_t name_size = strlen(line_subject_names[what]);
	assert(name_size + 2 <= sizeof suffix);
	memcpy(suffix + 1, line_subject_names[what], name_size + 1);
	join(target, "req.", id, suffix);
}

void subject_requests_all(char target[SUBJECT_BYTES_MAX], const char *id) {
	join(target, "req.", id, ".*");
}

void subject_decision(char target[SUBJECT_BYTES_MAX], const char *id) {
	join(target, "dec.", id, "");
}

void subject_decided(char target[SUBJECT_BYTES_MAX], const char *id) {
	join(target, SUBJECT_DECIDED_PREFIX, id, "");
}

void subject_campaign(char target[SUBJECT_BYTES_MAX], const char *id) {
	join(target, "campaigns.", id, "");
}

/* What follows the prefix, or NULL. */
static const char *after_prefix(const char *subject, const char *prefix) {
	size_t prefix_size = strlen(prefix);
	return strncmp(subject, prefix, prefix_size) == 0 ? subject + prefix_size : NULL;
}

bool subject_request_parse(const char *subject, enum line_subject *what) {
	const char *id = after_prefix(subject, "req.");
	const char *dot = id == NULL ? NULL : strchr(id, '.');
	if (dot == NULL || !campaign_id_is_valid(id, (size_t)(dot - id))) {
		return false;
	}
	for (size_t i = 0; i < LINE_SUBJECTS_COUNT; i++) {
		if (strcmp(dot + 1, line_subject_names[i]) == 0) {
			*what = (enum line_subject)i;
			return true;
		}
	}
	return false;
}

const char *subject_campaign_id(const char *subject, const char *prefix) {
	const char *id = after_prefix(subject, prefix);
	return id != NULL && campaign_id_is_valid(id, strlen(id)) ? id : NULL;
}
