/*
 * limits - every limit that more than one program must agree on, with its reason.
 *
 * A limit that only one module knows stands in that module.
 */
#ifndef COMMON_PURE_LIMITS_H
#define COMMON_PURE_LIMITS_H

#include <assert.h>

/* Campaigns. An id is part of stream names and subjects, so it is short and plain. */
#define CAMPAIGN_ID_BYTES_MAX 40u
#define CAMPAIGN_TITLE_BYTES_MAX 120u
#define CAMPAIGN_PICKUP_BYTES_MAX 1000u
#define CAMPAIGN_ZONE_BYTES_MAX 64u
/* The booking ID holds the campaign's ordinal in 28 bits; see common/booking_id.h. */
#define CAMPAIGN_ORDINAL_MAX ((1u << 28) - 1u)
/* A whole definition as published, in bytes of JSON. Fits many times into one message. */
#define DEFINITION_BYTES_MAX 16384u
/* More than any giveaway we know of; keeps every count of units far from 2^32. */
#define UNITS_MAX 1000000000u
/* Bounds the chain of bookings that one identity can have, which is walked for each request. */
#define UNITS_PER_PERSON_MAX 100u
#define HOLD_SECONDS_MAX 86400u
#define WAITING_LIST_MAX 100000000u
/* Amounts are integer paise: at most one crore rupees a unit. */
#define PRICE_PAISE_MAX 1000000000u

/* One email address and one phone number: what a token carries, and what a request may carry. */
#define IDENTITIES_MAX 2u

/* A batch is one stream message: the group commit. See docs/architecture.md for the measurement. */
#define BATCH_REQUESTS_MAX 1024u
#define BATCH_BYTES_MAX 131072u
/* What one decision may do besides answering: holds that expire, places that are promoted.
 * What does not fit is done by the next decision; the sequencer asks for it with a tick. */
#define EFFECTS_MAX 4096u

/* nats-server refuses larger messages (max_payload in deploy/nats). */
#define STREAM_MESSAGE_BYTES_MAX 1048576u
#define DECISION_BYTES_MAX 262144u

/* A contact as typed: RFC 5321 allows 254 bytes for an address; E.164 allows 15 digits. */
#define CONTACT_BYTES_MAX 254u
#define CODE_DIGITS 6u

#define IDENTITY_BYTES 16u
#define ACCOUNT_BYTES 16u
#define REQUEST_KEY_BYTES 16u
#define PAYMENT_BYTES 16u
#define BATCH_ID_BYTES 16u
#define DIGEST_BYTES 32u
#define DEFINITION_HASH_BYTES 32u

static_assert(DECISION_BYTES_MAX <= STREAM_MESSAGE_BYTES_MAX, "a decision is one message");
static_assert(BATCH_BYTES_MAX <= STREAM_MESSAGE_BYTES_MAX, "a batch is one message");
static_assert(BATCH_REQUESTS_MAX * 83u + 64u <= BATCH_BYTES_MAX, "a full batch fits its bytes");
static_assert(BATCH_REQUESTS_MAX * 48u + EFFECTS_MAX * 16u + DEFINITION_BYTES_MAX + 256u <=
		      DECISION_BYTES_MAX,
	"the largest decision fits its bytes");

#endif
