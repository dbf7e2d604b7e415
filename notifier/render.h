/*
 * render - puts texts and values together: the subject, text and HTML of an email, the body of an
 * SMS.
 *
 * Pure. A value is escaped for the place where it goes: nothing that an admin wrote into a title
 * can become markup or a header line. It fails, and nothing must be sent, if a sentence names a
 * variable that has no value, or if the result does not fit; the limits below hold the largest
 * campaign texts.
 */
#ifndef NOTIFIER_RENDER_H
#define NOTIFIER_RENDER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/pure/text.h"
#include "notifier/texts.h"

#define EMAIL_SUBJECT_BYTES_MAX 512u
#define EMAIL_TEXT_BYTES_MAX 8192u
#define EMAIL_HTML_BYTES_MAX 16384u
#define SMS_BODY_BYTES_MAX 1024u
#define SMS_VARIABLES_BYTES_MAX 1024u
/* An operator's template for an SMS allows 30 characters for a variable (India's DLT). */
#define SMS_VARIABLE_CHARACTERS_MAX 30u

/* UTF-8 without control characters but line feeds in VARIABLE_PICKUP; NULL: has no value. */
struct variables {
	const char *values[VARIABLE_COUNT];
};

struct email_content {
	char subject[EMAIL_SUBJECT_BYTES_MAX];
	char text[EMAIL_TEXT_BYTES_MAX];
	char html[EMAIL_HTML_BYTES_MAX];
};

struct sms_content {
	char body[SMS_BODY_BYTES_MAX];
	/* A JSON object of the variables that the text names, for providers that know the text by
	 * its template id. */
	char variables[SMS_VARIABLES_BYTES_MAX];
};

bool render_email(struct email_content *content, enum template which, enum language language,
	const struct variables *variables);
bool render_sms(struct sms_content *content, enum template which, enum language language,
	const struct variables *variables);

/* How a value is changed on its way in. */
enum escaping {
	ESCAPING_NONE,  /* plain text with lines */
	ESCAPING_LINE,  /* plain text in one line: control characters become blanks */
	ESCAPING_HTML,  /* HTML text or attribute: line feeds become <br> */
	ESCAPING_SHORT, /* one line, cut to SMS_VARIABLE_CHARACTERS_MAX characters */
};

/* Appends a sentence with its variables filled in. False if one has no value or is unknown. */
bool render_fill(struct text *target, const char *sentence, const struct variables *variables,
	enum escaping escaping);

#endif
