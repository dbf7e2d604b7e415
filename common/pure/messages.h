/*
 * messages - every message between the programs: encode and decode, side by side.
 *
 * The wire format is little-endian. The first byte is the version, the second the kind; a message is
 * read whole, and bytes left over are an error. Decoding checks every count and enumerator, so a
 * decoded message is within limits.h; it does not check what only the line can know (a limit, a
 * deadline). Nothing is allocated: texts borrow from the bytes that were decoded.
 *
 *	requests, in REQ_<c>		decisions, in DEC_<c>		others
 *	  define  version, kind, ...	  decision			  verified contact, in ACCOUNTS
 *	  book, cancel, pay (batches)					  code to send, in CODES
 *	  control							  state of a code, in CODEBOOK
 *	  tick
 */
#ifndef COMMON_PURE_MESSAGES_H
#define COMMON_PURE_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/pure/limits.h"

#define MESSAGE_VERSION 1u

enum message_kind {
	MESSAGE_DEFINE = 1,
	MESSAGE_BOOK = 2,
	MESSAGE_CONTROL = 3,
	MESSAGE_PAY = 4,
	MESSAGE_CANCEL = 5,
	MESSAGE_TICK = 6,
	MESSAGE_DECISION = 16,
	MESSAGE_VERIFIED = 32,
	MESSAGE_CODE = 33,
	MESSAGE_CODE_STATE = 34,
};

/* The kind of a message, 0 if it is too short or of another version. */
uint8_t message_kind(const uint8_t *bytes, size_t size);

/* ---- who asks ---------------------------------------------------------------------------------- */

struct account_id {
	uint8_t bytes[ACCOUNT_BYTES];
};

/* A keyed hash of a normalised contact; see common/identity.h. Uniformly distributed. */
struct identity {
	uint8_t bytes[IDENTITY_BYTES];
};

/* Names one wish of one account for ever: a hash of the account and its Idempotency-Key. */
struct request_key {
	uint8_t bytes[REQUEST_KEY_BYTES];
};

/* Made once for each batch and kept on every retry: lets the sender find its answer. */
struct batch_id {
	uint8_t bytes[BATCH_ID_BYTES];
};

struct payment_id {
	uint8_t bytes[PAYMENT_BYTES];
};

struct person {
	struct account_id account;
	uint8_t identities_count; /* 1 to IDENTITIES_MAX, all different */
	struct identity identities[IDENTITIES_MAX];
};

/* ---- requests ---------------------------------------------------------------------------------- */

struct define_request {
	uint32_t ordinal; /* sequence of the campaign in CAMPAIGNS; at most CAMPAIGN_ORDINAL_MAX */
	const char *json; /* borrowed; UTF-8, not yet read as JSON */
	uint32_t json_size; /* 1 to DEFINITION_BYTES_MAX */
};

struct book_request {
	struct person person;
	struct request_key key;
	uint8_t units; /* as wished: may be 0 or more than anybody may have */
};

struct cancel_request {
	struct person person;
	uint32_t number; /* booking number */
};

enum payment_outcome { PAYMENT_CAPTURED = 1, PAYMENT_FAILED = 2 };

struct pay_request {
	uint32_t number; /* booking number */
	struct payment_id payment;
	uint64_t amount_paise;
	enum payment_outcome outcome;
};

enum control_command {
	CONTROL_START = 1,
	CONTROL_PAUSE = 2,
	CONTROL_RESUME = 3,
	CONTROL_CLOSE = 4,
};

/* A request as the core sees it: one message of the line, at its place, with its time. */
struct request {
	uint64_t n;             /* sequence in REQ_<c>, from 1 */
	int64_t time_ms;        /* when JetStream stored it; may go backwards, the core does not */
	enum message_kind kind; /* MESSAGE_DEFINE to MESSAGE_TICK */
	struct batch_id batch;  /* zero where the kind has none */
	int64_t opened_at_us; /* batches: when its first request reached the ingress; informative */
	uint16_t count;       /* batches: entries, 1 to BATCH_REQUESTS_MAX */
	enum control_command command; /* MESSAGE_CONTROL */
	struct define_request define; /* MESSAGE_DEFINE */
	union {
		struct book_request book[BATCH_REQUESTS_MAX];
		struct cancel_request cancel[BATCH_REQUESTS_MAX];
		struct pay_request pay[BATCH_REQUESTS_MAX];
	};
};

/* Reads the body of a request of any kind; n and time_ms are the caller's to set. On false the
 * content is worthless. */
bool request_decode(struct request *request, const uint8_t *bytes, size_t size);
/* Writes a request of any kind. Returns the bytes used, 0 if they do not fit. */
size_t request_encode(const struct request *request, uint8_t *bytes, size_t capacity);

/* The batcher of an ingress writes entries as they arrive: the head first with count 0, at the start
 * of the writer, then entry by entry; batch_head_finish sets the count. Sizes below are exact upper
 * bounds. */
#define BATCH_HEAD_BYTES 28u
#define BOOK_ENTRY_BYTES_MAX (ACCOUNT_BYTES + 1u + IDENTITIES_MAX * IDENTITY_BYTES + 16u + 1u)
#define CANCEL_ENTRY_BYTES_MAX (ACCOUNT_BYTES + 1u + IDENTITIES_MAX * IDENTITY_BYTES + 4u)

struct bytes_writer;
void batch_head_encode(struct bytes_writer *writer, enum message_kind kind,
	const struct batch_id *batch, int64_t opened_at_us);
void batch_head_finish(struct bytes_writer *writer, uint16_t count);
void book_request_encode(struct bytes_writer *writer, const struct book_request *entry);
void cancel_request_encode(struct bytes_writer *writer, const struct cancel_request *entry);
void pay_request_encode(struct bytes_writer *writer, const struct pay_request *entry);

/* ---- decisions --------------------------------------------------------------------------------- */

enum campaign_state {
	CAMPAIGN_SCHEDULED = 1, /* defined, not open yet: the definition may still be replaced */
	CAMPAIGN_OPEN = 2,
	CAMPAIGN_PAUSED = 3,
	CAMPAIGN_CLOSED = 4, /* for good */
};

/* What became of one entry of a request. Values are on the wire: never renumber. */
enum verdict {
	/* book: the wish has a booking */
	VERDICT_BOOKED = 1,
	VERDICT_HELD = 2, /* until it is paid, or pay_by_ms */
	VERDICT_WAITLISTED = 3,
	/* book: refused, not remembered */
	VERDICT_SOLD_OUT = 10,
	VERDICT_ALREADY_BOOKED = 11, /* has as many units as a person may have */
	VERDICT_OVER_LIMIT = 12,     /* may have more, but not as many as wished */
	VERDICT_NOT_OPEN = 13,
	VERDICT_PAUSED = 14,
	VERDICT_CLOSED = 15,
	VERDICT_BAD_UNITS = 16,
	VERDICT_NOT_VERIFIED = 17, /* the campaign wants both an email address and a phone number */
	/* cancel */
	VERDICT_CANCELLED = 30, /* now or before: cancelling twice is the same as once */
	VERDICT_NOT_FOUND = 31, /* no booking (of this person) has this number; also for pay */
	VERDICT_NOT_CANCELLABLE = 32,
	/* pay */
	VERDICT_PAID = 40,          /* booked; also the answer to the same payment again */
	VERDICT_REFUND_DUE = 41,    /* no unit left for this payment, or another one paid already */
	VERDICT_PAYMENT_NOTED = 42, /* a failed payment: the hold goes on until its deadline */
	VERDICT_PAYMENT_MISMATCH = 43, /* wrong amount, or a booking that has no price */
	/* define, control, tick */
	VERDICT_ACCEPTED = 50,
	VERDICT_REFUSED = 51,    /* not possible in this state; nothing changed */
	VERDICT_UNREADABLE = 52, /* not a message of this line; nothing changed */
};

/* Where a booking is in its life; see sequencer/core/booking.h for the moves. */
enum booking_status {
	BOOKING_WAITING = 1,
	BOOKING_HELD = 2,
	BOOKING_BOOKED = 3,
	BOOKING_RELEASED = 4, /* a hold that was not paid in time */
	BOOKING_CANCELLED = 5,
	BOOKING_REFUND_DUE = 6, /* paid after its release, and nothing was left */
};

/* One answer. Fields that a verdict does not have are zero.
 *
 *	booked, held, waitlisted	number units place time_ms, pay_by_ms if held, rank if waiting;
 *					account if fresh
 *	already_booked, over_limit	the first booking: number units place time_ms status
 *	cancelled			number
 *	any answer to a pay request	number payment, as the request names them
 *	all others			nothing
 */
struct answer {
	enum verdict verdict;
	enum booking_status status; /* already_booked, over_limit: of the first booking, now */
	/* The same request key, cancellation or payment was decided before: the same answer as then. */
	bool repeated;
	uint8_t units;
	uint32_t number; /* booking number in this campaign, from 1 */
	uint32_t rank;   /* place on the waiting list when it was decided, from 1 */
	uint64_t place;  /* place in line among all requests of the campaign, from 1 */
	int64_t time_ms; /* log time of the decision that made the booking */
	int64_t pay_by_ms;
	struct account_id account;
	struct payment_id payment;
};

enum effect_kind {
	EFFECT_RELEASED = 1,        /* a hold expired */
	EFFECT_PROMOTED_BOOKED = 2, /* from waiting to booked */
	EFFECT_PROMOTED_HELD = 3,   /* from waiting to held */
};

struct effect {
	enum effect_kind kind;
	uint32_t number;
	int64_t pay_by_ms; /* promoted_held */
};

struct counters {
	uint32_t available;
	uint32_t held;
	uint32_t sold;
	uint32_t waiting; /* wishes on the waiting list */
};

/* The answer to request n, and the state of the campaign after it. */
struct decision {
	uint64_t n;
	int64_t time_ms;        /* log time: never goes backwards */
	uint64_t define_n;      /* the request that defined the campaign as it is now */
	uint64_t line_position; /* booking requests decided so far, this decision included */
	enum message_kind request_kind; /* 0 if the request was unreadable */
	enum campaign_state state;      /* 0 before its definition */
	struct batch_id batch;
	int64_t opened_at_us; /* copied from the batch */
	struct counters counters;
	uint16_t count; /* answers: entry i of the request has answer i */
	uint16_t effects_count;
	uint16_t effects_before; /* the first ones come before the answers, the rest after */
	uint32_t ordinal;        /* of the campaign; 0 before its definition */
	const char *definition;  /* borrowed JSON, where a define was accepted; else NULL */
	uint32_t definition_size;
	uint8_t digest[DIGEST_BYTES]; /* over everything up to here; set by sequencer/seal.h */
	struct answer answers[BATCH_REQUESTS_MAX];
	struct effect effects[EFFECTS_MAX];
};

/* The bytes without the digest, which the caller seals and appends. 0 if they do not fit. */
size_t decision_encode_body(const struct decision *decision, uint8_t *bytes, size_t capacity);
/* Reads body and digest. Fills in place and time_ms of fresh answers, which are not on the wire. */
bool decision_decode(struct decision *decision, const uint8_t *bytes, size_t size);
/* Reads everything but answers, effects and definition (its size is told): enough for counts. */
bool decision_decode_head(struct decision *decision, const uint8_t *bytes, size_t size);
/* Reads one answer of the decision whose head was read from the same bytes. The answers before it are
 * stepped over, what is behind it is not looked at. False if there is no such answer. */
bool decision_decode_answer(const struct decision *head, uint16_t index, const uint8_t *bytes,
	size_t size, struct answer *answer);

/* Stable lower-case names ("sold_out"), as in the API; "unknown" for anything else. */
const char *verdict_name(enum verdict verdict);
const char *campaign_state_name(enum campaign_state state);
const char *booking_status_name(enum booking_status status);

/* ---- contacts and codes ------------------------------------------------------------------------ */

enum channel { CHANNEL_EMAIL = 1, CHANNEL_SMS = 2 };

/* A person proved a contact. */
struct verified_contact {
	struct account_id account;
	struct identity identity;
	enum channel channel;
	int64_t verified_at_ms;
	/* Logged in as this account when the contact was proved: one person from now on. */
	bool linked;
	char contact[CONTACT_BYTES_MAX + 1]; /* where messages go; in no other stream */
	char locale[8];                      /* "en", "hi" */
};

/* A one-time code to deliver. */
struct code_message {
	enum channel channel;
	int64_t expires_at_ms;
	char contact[CONTACT_BYTES_MAX + 1];
	char code[CODE_DIGITS + 1];
	char locale[8];
};

/* What all ingresses share about the code of one identity. The code itself is derived from the nonce
 * with a key (ingress/codebook.h), so it can be sent again but is stored nowhere. */
struct code_state {
	uint8_t nonce[16];
	int64_t created_at_ms;
	int64_t sent_at_ms; /* last time */
	uint8_t sends;
	uint8_t tries;
};

/* Each encoder returns the bytes used, 0 if they do not fit or a text is empty or has characters that it
 * must not have; each decoder false on anything wrong. Texts: a contact is visible ASCII, a code is
 * CODE_DIGITS digits, a locale is letters, digits and '-'. */
size_t verified_contact_encode(
	const struct verified_contact *contact, uint8_t *bytes, size_t capacity);
bool verified_contact_decode(struct verified_contact *contact, const uint8_t *bytes, size_t size);
size_t code_message_encode(const struct code_message *message, uint8_t *bytes, size_t capacity);
bool code_message_decode(struct code_message *message, const uint8_t *bytes, size_t size);
size_t code_state_encode(const struct code_state *state, uint8_t *bytes, size_t capacity);
bool code_state_decode(struct code_state *state, const uint8_t *bytes, size_t size);

#endif
