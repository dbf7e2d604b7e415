/*
 * sms - how a message becomes a request to an SMS provider, and what its answer means.
 *
 * The shape is Twilio's (POST .../Messages.json, a form, Basic auth), which other providers offer
 * too. Body is the text; ContentSid and ContentVariables say the same as template id and
 * variables, for operators that deliver registered texts only. No I/O: transfers.h carries it.
 */
#ifndef NOTIFIER_SMS_H
#define NOTIFIER_SMS_H

#include <stddef.h>

#include "common/transfers.h"
#include "notifier/message.h"
#include "notifier/outcome.h"
#include "notifier/sms_templates.h"

struct sms_settings {
	const char *from; /* a phone number or a registered sender name */
	const struct sms_templates *templates;
};

/* Fills in header (the idempotency key) and body. Returns how many parts the text takes, which is
 * what it costs; 0 if this message can never be sent. */
size_t sms_compose(struct transfer *transfer, const struct sms_settings *settings,
	const struct message *message);

/*	the provider said				outcome
 *	2xx						ok
 *	400 with an error code about this phone		permfail (see the table in sms.c)
 *	any other 4xx: login, sender, address		tempfail: it is we who must be mended
 *	429, 5xx, nothing				tempfail, not before its Retry-After
 */
void sms_judge(struct send_result *result, const struct transfer_reply *reply);

#endif
