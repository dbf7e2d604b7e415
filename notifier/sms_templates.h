/*
 * sms_templates - under which ids the SMS texts are registered with operators and providers.
 *
 * In India an operator delivers an SMS only if its text is registered, and wants the
 * registration's id with each message (DLT); Twilio calls such an id ContentSid. Each template in
 * each language has one. Without a file the ids are "booked.en" and so on, which suits the
 * sandbox. The file has lines
 *	booked.en 1107161234567890123
 * and may have blank lines and lines that begin with '#'.
 */
#ifndef NOTIFIER_SMS_TEMPLATES_H
#define NOTIFIER_SMS_TEMPLATES_H

#include <stdbool.h>
#include <stddef.h>

#include "notifier/texts.h"

#define SMS_TEMPLATE_ID_BYTES 65u
#define SMS_TEMPLATES_ERROR_BYTES 160u

struct sms_templates {
	char ids[TEMPLATE_COUNT][LANGUAGE_COUNT][SMS_TEMPLATE_ID_BYTES];
};

/* The names themselves. */
void sms_templates_init(struct sms_templates *templates);
/* Reads the lines of a file. False, and a sentence in error, if a line is not understood, a name
 * is given twice, or one has no id: a text without an id would not be delivered, and nobody would
 * know. */
bool sms_templates_read(
	struct sms_templates *templates, const char *lines, char error[SMS_TEMPLATES_ERROR_BYTES]);

#endif
