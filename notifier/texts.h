/*
 * texts - every sentence that the notifier says, in every language that it speaks.
 *
 * Tables only: texts_en.c and texts_hi.c. A sentence may hold variables, {{title}}; a test proves
 * that a template uses the same ones in every language. render.h puts sentences and values
 * together. To add a language: one file like texts_en.c, one row in texts.c, and nothing else.
 */
#ifndef NOTIFIER_TEXTS_H
#define NOTIFIER_TEXTS_H

#include <stdbool.h>
#include <stddef.h>

/* What there is to say. */
enum template {
	TEMPLATE_CODE, /* a one-time code */
	TEMPLATE_BOOKED,
	TEMPLATE_HELD, /* until it is paid */
	TEMPLATE_WAITLISTED,
	TEMPLATE_PROMOTED, /* from the waiting list to booked, or to held */
	TEMPLATE_RELEASED, /* was held, and not paid in time */
	TEMPLATE_CANCELLED,
	TEMPLATE_COUNT,
};

enum language { LANGUAGE_ENGLISH, LANGUAGE_HINDI, LANGUAGE_COUNT };

/* What a sentence may name. */
enum variable {
	VARIABLE_CODE,
	VARIABLE_MINUTES, /* for which the code is good */
	VARIABLE_DOMAIN,  /* of the web page */
	VARIABLE_URL,     /* of the web page */
	VARIABLE_TITLE,
	VARIABLE_BOOKING_ID,
	VARIABLE_UNITS,
	VARIABLE_PLACE,         /* in line */
	VARIABLE_RANK,          /* on the waiting list */
	VARIABLE_TIME,          /* when it was booked, in the campaign's time zone */
	VARIABLE_PAY_BY,        /* until when to pay, in the campaign's time zone */
	VARIABLE_ZONE,          /* "Asia/Kolkata" */
	VARIABLE_OFFSET,        /* "UTC+05:30", as the zone was at that time */
	VARIABLE_PAY_BY_OFFSET, /* the same for pay_by: clocks may change in between */
	VARIABLE_PICKUP,        /* the campaign's own words; may have several lines */
	VARIABLE_COUNT,
};

/* One template in one language. Email and SMS are different texts, not one cut short. */
struct template_text {
	const char *subject;
	const char *heading;
	const char *lead;    /* a paragraph before the facts */
	const char *closing; /* a paragraph after them */
	const char *sms;
};

struct language_texts {
	const char *code; /* BCP 47, and the language of a locale such as "hi-IN" */
	const char *months[12];
	const char
		*labels[VARIABLE_COUNT]; /* of the facts in an email; NULL: never shown as a fact */
	const char *footer;              /* under every email */
	struct template_text templates[TEMPLATE_COUNT];
};

extern const struct language_texts texts_english;
extern const struct language_texts texts_hindi;

const struct language_texts *texts_of(enum language language);
/* The language of a locale ("hi", "hi-IN", "hi_IN"); English if it is none of ours. */
enum language texts_language(const char *locale);

/* Stable lower-case names: in the database, in X-Firstcome-Template, in metrics. */
const char *template_name(enum template which);
bool template_parse(const char *name, enum template *which);

/* The name between the braces. */
const char *variable_name(enum variable which);
bool variable_parse(const char *name, size_t size, enum variable *which);

/* What an email shows large, and the facts that it lists below, in order; ends with VARIABLE_COUNT.
 * A fact that has no value for this message is left out. */
enum variable template_highlight(enum template which);
const enum variable *template_facts(enum template which);

#endif
