/*
 * mime - an email as the bytes that go to a mail server (RFC 5322, 2045 to 2047, 3834).
 *
 * Pure. Two parts, text then HTML, each as quoted-printable or base64, whichever is shorter.
 * Nothing that comes from outside can add a header or a part: a value with a control character in
 * it, or an address that is not a plain one, is refused.
 */
#ifndef NOTIFIER_MIME_H
#define NOTIFIER_MIME_H

#include <stdbool.h>
#include <stdint.h>

#include "common/pure/text.h"

/* Holds the largest rendered email; see render.h. */
#define MIME_BYTES_MAX 49152u

struct mail {
	int64_t date_ms;
	const char *from_name; /* UTF-8, may be "" */
	const char *from_address;
	const char *to;         /* an address */
	const char *subject;    /* UTF-8 */
	const char *message_id; /* without the angle brackets: "burger-17-booked@example.com" */
	const char *template;   /* X-Firstcome-Template */
	const char *language;   /* "en" */
	const char *text;       /* UTF-8 with line feeds */
	const char *html;
};

/* Appends the whole message with CRLF line ends. False if a value is refused or it does not fit. */
bool mime_write(struct text *target, const struct mail *mail);

/* True for local@domain in printable ASCII without blanks, quotes, brackets, commas and so on: what
 * may stand in a header and in RCPT TO as it is. */
bool mime_address_is_plain(const char *address);

#endif
