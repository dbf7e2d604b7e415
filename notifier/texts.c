#include "notifier/texts.h"

#include <assert.h>
#include <string.h>

static const struct language_texts *const languages[LANGUAGE_COUNT] = {
	[LANGUAGE_ENGLISH] = &texts_english,
	[LANGUAGE_HINDI] = &texts_hindi,
};

static const char *const template_names[TEMPLATE_COUNT] = {
	[TEMPLATE_CODE] = "code",
	[TEMPLATE_BOOKED] = "booked",
	[TEMPLATE_HELD] = "held",
	[TEMPLATE_WAITLISTED] = "waitlisted",
	[TEMPLATE_PROMOTED] = "promoted",
	[TEMPLATE_RELEASED] = "released",
	[TEMPLATE_CANCELLED] = "cancelled",
};

static const char *const variable_names[VARIABLE_COUNT] = {
	[VARIABLE_CODE] = "code",
	[VARIABLE_MINUTES] = "minutes",
	[VARIABLE_DOMAIN] = "domain",
	[VARIABLE_URL] = "url",
	[VARIABLE_TITLE] = "title",
	[VARIABLE_BOOKING_ID] = "booking_id",
	[VARIABLE_UNITS] = "units",
	[VARIABLE_PLACE] = "place",
	[VARIABLE_RANK] = "rank",
	[VARIABLE_TIME] = "time",
	[VARIABLE_PAY_BY] = "pay_by",
	[VARIABLE_ZONE] = "zone",
	[VARIABLE_OFFSET] = "offset",
	[VARIABLE_PAY_BY_OFFSET] = "pay_by_offset",
	[VARIABLE_PICKUP] = "pickup",
};

#define FACTS_MAX 6u
static const enum variable facts[TEMPLATE_COUNT][FACTS_MAX] = {
	[TEMPLATE_CODE] = {VARIABLE_COUNT},
	[TEMPLATE_BOOKED] = {VARIABLE_UNITS, VARIABLE_PLACE, VARIABLE_TIME, VARIABLE_PICKUP,
		VARIABLE_COUNT},
	[TEMPLATE_HELD] = {VARIABLE_UNITS, VARIABLE_PAY_BY, VARIABLE_PLACE, VARIABLE_TIME,
		VARIABLE_COUNT},
	[TEMPLATE_WAITLISTED] = {VARIABLE_UNITS, VARIABLE_RANK, VARIABLE_TIME, VARIABLE_COUNT},
	[TEMPLATE_PROMOTED] = {VARIABLE_UNITS, VARIABLE_PAY_BY, VARIABLE_TIME, VARIABLE_PICKUP,
		VARIABLE_COUNT},
	[TEMPLATE_RELEASED] = {VARIABLE_UNITS, VARIABLE_TIME, VARIABLE_COUNT},
	[TEMPLATE_CANCELLED] = {VARIABLE_UNITS, VARIABLE_TIME, VARIABLE_COUNT},
};

const struct language_texts *texts_of(enum language language) {
	assert(language < LANGUAGE_COUNT);
	return languages[language];
}

enum language texts_language(const char *locale) {
	size_t size = strcspn(locale, "-_");
	for (enum language language = 0; language < LANGUAGE_COUNT; language++) {
		const char *code = languages[language]->code;
		if (strlen(code) == size && strncmp(code, locale, size) == 0) {
			return language;
		}
	}
	return LANGUAGE_ENGLISH;
}

const char *template_name(enum template which) {
	assert(which < TEMPLATE_COUNT);
	return template_names[which];
}

bool template_parse(const char *name, enum template *which) {
	for (enum template i = 0; i < TEMPLATE_COUNT; i++) {
		if (strcmp(template_names[i], name) == 0) {
			*which = i;
			return true;
		}
	}
	return false;
}

const char *variable_name(enum variable which) {
	assert(which < VARIABLE_COUNT);
	return variable_names[which];
}

bool variable_parse(const char *name, size_t size, enum variable *which) {
	for (enum variable i = 0; i < VARIABLE_COUNT; i++) {
		if (strlen(variable_names[i]) == size &&
			memcmp(variable_names[i], name, size) == 0) {
			*which = i;
			return true;
		}
	}
	return false;
}

enum variable template_highlight(enum template which) {
	assert(which < TEMPLATE_COUNT);
	return which == TEMPLATE_CODE ? VARIABLE_CODE : VARIABLE_BOOKING_ID;
}

const enum variable *template_facts(enum template which) {
	assert(which < TEMPLATE_COUNT);
	return facts[which];
}
