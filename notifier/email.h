/*
 * email - how a message becomes a mail, and what a mail server's answer means.
 *
 * No I/O: transfers.h carries it.
 */
#ifndef NOTIFIER_EMAIL_H
#define NOTIFIER_EMAIL_H

#include <stdbool.h>

#include "common/transfers.h"
#include "notifier/message.h"
#include "notifier/outcome.h"

struct email_settings {
	const char *from_name; /* UTF-8, may be "" */
	const char *from_address;
	const char *domain; /* of from_address: the right side of every Message-ID */
};

/* Fills in recipient and body. False if this message can never be sent: a contact that is no plain
 * address, or a text that does not fit. */
bool email_compose(struct transfer *transfer, const struct email_settings *settings,
	const struct message *message);

/*	the server said					outcome
 *	2xx to the mail					ok
 *	4xx, or nothing: no connection, a timeout	tempfail
 *	5xx to RCPT or DATA				permfail
 *	5xx to the greeting, the login or MAIL		tempfail: it is we who are not welcome
 */
void email_judge(struct send_result *result, const struct transfer_reply *reply);

#endif
