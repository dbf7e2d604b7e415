/*
 * subjects - the names of all streams and subjects: the arrows of the picture in README.md.
 *
 * A campaign id is checked before it becomes part of a name, so a name has no wildcard in it.
 */
#ifndef COMMON_PURE_SUBJECTS_H
#define COMMON_PURE_SUBJECTS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/pure/limits.h"

/* The directory of campaigns: one message each; its sequence is the campaign's ordinal. */
#define STREAM_CAMPAIGNS "CAMPAIGNS"
#define SUBJECT_CAMPAIGNS_ALL "campaigns.*"
/* Proven contacts on their way from the ingress to PostgreSQL. A work queue: read once, then gone. */
#define STREAM_ACCOUNTS "ACCOUNTS"
#define SUBJECT_ACCOUNTS_VERIFIED "accounts.verified"
#define CONSUMER_ACCOUNTS "fulfiller"
/* One-time codes on their way to the notifier. Fleeting: a code is worth nothing in ten minutes. */
#define STREAM_CODES "CODES"
#define SUBJECT_CODES_SEND "codes.send"
#define CONSUMER_CODES "notifier"
/* State of the one-time code of each identity (codebook.<32 hex digits>), shared by all ingresses. */
#define STREAM_CODEBOOK "CODEBOOK"
#define SUBJECT_CODEBOOK_PREFIX "codebook."
#define SUBJECT_CODEBOOK_ALL "codebook.*"
/* What payment providers told by webhooks (payments.<provider>), on its way from the ingress to the
 * cashier, which keeps its position itself. See common/pure/messages_payment.h. */
#define STREAM_PAYMENTS "PAYMENTS"
#define SUBJECT_PAYMENTS_PREFIX "payments."
#define SUBJECT_PAYMENTS_ALL "payments.*"
/* How to pay what is held (payable.<ordinal of the campaign>), from the cashier to all ingresses. */
#define SUBJECT_PAYABLE_PREFIX "payable."
#define SUBJECT_PAYABLE_ALL "payable.*"
/* Messages that no program could read, for a person to look at. */
#define STREAM_DEADLETTER "DEADLETTER"
#define SUBJECT_DEADLETTER_PREFIX "deadletter."
#define SUBJECT_DEADLETTER_ALL "deadletter.>"

/* Decisions as republished by the broker after it stored them. */
#define SUBJECT_DECIDED_PREFIX "decided."
#define SUBJECT_DECIDED_ALL "decided.*"

/* Request-reply for admins. */
#define SUBJECT_CONTROL_PREFIX "control.campaign."
#define SUBJECT_CONTROL_ALL "control.campaign.*"
#define QUEUE_CONTROL "control-desk"

/* Request-reply for operators; every program answers. */
#define SUBJECT_STATUS_PING "status.ping"
#define SUBJECT_STATUS_METRICS "status.metrics"

/* Room for every name below, with its NUL. */
#define SUBJECT_BYTES_MAX (CAMPAIGN_ID_BYTES_MAX + 24u)

enum line_subject {
	LINE_DEFINE,
	LINE_BOOK,
	LINE_CONTROL,
	LINE_PAY,
	LINE_CANCEL,
	LINE_TICK,
};

/* Lower-case letters, digits and '-', 1 to CAMPAIGN_ID_BYTES_MAX of them, not '-' first or last. */
bool campaign_id_is_valid(const char *id, size_t size);

/* Each writes a NUL-terminated name; id must be valid. */
void stream_requests(char target[SUBJECT_BYTES_MAX], const char *id);  /* REQ_<id> */
void stream_decisions(char target[SUBJECT_BYTES_MAX], const char *id); /* DEC_<id> */
void subject_request(char target[SUBJECT_BYTES_MAX], const char *id, enum line_subject what);
void subject_requests_all(char target[SUBJECT_BYTES_MAX], const char *id); /* req.<id>.* */
void subject_decision(char target[SUBJECT_BYTES_MAX], const char *id);     /* dec.<id> */
void subject_decided(char target[SUBJECT_BYTES_MAX], const char *id);      /* decided.<id> */
void subject_campaign(char target[SUBJECT_BYTES_MAX], const char *id);     /* campaigns.<id> */

/* What the last token of req.<id>.<what> says. False if it is none of them. */
bool subject_request_parse(const char *subject, enum line_subject *what);
/* The id in "campaigns.<id>", "decided.<id>" and so on: what follows the prefix, checked.
 * NULL if the subject does not begin with the prefix or no valid id follows. */
const char *subject_campaign_id(const char *subject, const char *prefix);

#endif
