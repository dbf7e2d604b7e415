/*
 * gsm - how many parts an SMS takes, which is what it costs.
 *
 * Pure. Text in the GSM 7-bit default alphabet (3GPP TS 23.038, with its extension table, whose
 * characters count twice) has 160 characters in a single part and 153 in each of several; any other
 * text is sent as UCS-2, with 70 and 67 UTF-16 units.
 */
#ifndef NOTIFIER_GSM_H
#define NOTIFIER_GSM_H

#include <stdbool.h>
#include <stddef.h>

struct gsm_size {
	bool is_gsm;  /* all in the 7-bit alphabet */
	size_t units; /* septets or UTF-16 units */
	size_t parts; /* at least 1 */
};

/* text: well-formed UTF-8. */
struct gsm_size gsm_measure(const char *text);

#endif
