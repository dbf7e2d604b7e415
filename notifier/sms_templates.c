#include "notifier/sms_templates.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define NAME_BYTES 32

static void name_of(char name[NAME_BYTES], enum template which, enum language language) {
	snprintf(name, NAME_BYTES, "%s.%s", template_name(which), texts_of(language)->code);
}

void sms_templates_init(struct sms_templates *templates) {
	for (enum template which = 0; which < TEMPLATE_COUNT; which++) {
		for (enum language language = 0; language < LANGUAGE_COUNT; language++) {
			char name[NAME_BYTES];
			name_of(name, which, language);
			snprintf(
				templates->ids[which][language], SMS_TEMPLATE_ID_BYTES, "%s", name);
		}
	}
}

/* The place of the id with this name, NULL if there is no such name. */
static char *find(struct sms_templates *templates, const char *name, size_t size) {
	for (enum template which = 0; which < TEMPLATE_COUNT; which++) {
		for (enum language language = 0; language < LANGUAGE_COUNT; language++) {
			char candidate[NAME_BYTES];
			name_of(candidate, which, language);
			if (strlen(candidate) == size && memcmp(candidate, name, size) == 0) {
				return templates->ids[which][language];
			}
		}
	}
	return NULL;
}

/* NULL, or what is wrong with the line. */
static const char *read_line(struct sms_templates *templates, const char *line, size_t size) {
	size_t name_size = 0;
	while (name_size < size && line[name_size] != ' ') {
		name_size++;
	}
	char *id = find(templates, line, name_size);
	if (id == NULL) {
		return "no such template; write for example booked.en and a blank and its id";
	}
	if (id[0] != '\0') {
		return "this template has an id already; keep one of the two lines";
	}
	size_t id_size = size - name_size - (name_size < size);
	const char *from = line + size - id_size;
	if (id_size == 0 || id_size >= SMS_TEMPLATE_ID_BYTES) {
		return "the id must have 1 to 64 characters, after one blank";
	}
	for (size_t i = 0; i < id_size; i++) {
		if (!isgraph((unsigned char)from[i])) {
			return "the id must be one word";
		}
	}
	memcpy(id, from, id_size);
	return NULL;
}

static const char *first_missing(const struct sms_templates *templates, char name[NAME_BYTES]) {
	for (enum template which = 0; which < TEMPLATE_COUNT; which++) {
		for (enum language language = 0; language < LANGUAGE_COUNT; language++) {
			if (templates->ids[which][language][0] == '\0') {
				name_of(name, which, language);
				return name;
			}
		}
	}
	return NULL;
}

bool sms_templates_read(
	struct sms_templates *templates, const char *lines, char error[SMS_TEMPLATES_ERROR_BYTES]) {
	memset(templates, 0, sizeof *templates);
	for (unsigned number = 1; *lines != '\0'; number++) {
		size_t size = strcspn(lines, "\n");
		const char *problem = NULL;
		if (size > 0 && lines[0] != '#') {
			problem = read_line(templates, lines, size);
		}
		if (problem != NULL) {
			snprintf(error, SMS_TEMPLATES_ERROR_BYTES, "line %u: %s", number, problem);
			return false;
		}
		lines += size + (lines[size] == '\n');
	}
	char name[NAME_BYTES];
	if (first_missing(templates, name) != NULL) {
		snprintf(error, SMS_TEMPLATES_ERROR_BYTES, "%s has no id; add a line for it", name);
		return false;
	}
	return true;
}
