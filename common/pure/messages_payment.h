/*
 * messages_payment - what is said about payments beside the line: what a provider told, and how to
 * pay.
 *
 *	ingress ──payments.<provider>──▶ stream PAYMENTS ──▶ cashier
 *	cashier ──payable.<ordinal>──▶ ingress (core NATS: who is not there has missed it)
 *
 * The ingress: POST /v1/payments/<provider>/webhook, for the one provider that it has webhook
 * secrets of. It verifies the raw bytes, reads them (common/payment/webhook.h) and answers
 *
 *	200	stored (JetStream acknowledged), or an event of no concern (PAYMENT_EVENT_OTHER), or
 *		verified and not readable: logged, for telling it again would end the same, and a
 *		provider gives up a webhook that fails for a day
 *	400	not verified
 *	503	not stored in time: the provider tells it again
 *
 * A message has no Nats-Msg-Id: an event's id may not be signed, and who could choose it could keep
 * another event away. Told twice is harmless. What a provider tells of the buyer (name, contact) is
 * not in it, so the stream has no contacts. What is lost on the way is found by asking (cashier/).
 *
 * After a "held" answer the ingress waits for payable.<ordinal> with the booking's number, for some
 * hundred milliseconds at most; who comes later finds the same JSON in the database:
 *
 *	select checkout from payment_orders where campaign = $1 and number = $2 and state = 3
 *
 * The object goes into the answer as "payment", as it is. No row yet, or no checkout: it is on its
 * way, and the page asks again while the hold lives.
 *
 * Same rules as messages.h.
 */
#ifndef COMMON_PURE_MESSAGES_PAYMENT_H
#define COMMON_PURE_MESSAGES_PAYMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Beside enum message_kind, as other kinds of bytes[1]. */
#define MESSAGE_PAYMENT_EVENT 48u
#define MESSAGE_PAYABLE 49u

/* An id of a provider: letters, digits, '_' and '-'. Razorpay's have 20 bytes, Stripe's 27. */
#define PAYMENT_ID_BYTES_MAX 64u
/* Three capital letters and NUL. */
#define PAYMENT_CURRENCY_BYTES 4u
/* The largest whole number up to which JSON's numbers hold every one: 2^53 - 1. */
#define PAYMENT_AMOUNT_MAX UINT64_C(9007199254740991)

/* Values are on the wire: never renumber. */
enum payment_event_kind {
	PAYMENT_EVENT_OTHER = 1, /* nothing that moves money of ours: never in a message */
	PAYMENT_EVENT_FAILED = 2,
	PAYMENT_EVENT_AUTHORIZED = 3,
	PAYMENT_EVENT_CAPTURED = 4,
	PAYMENT_EVENT_REFUND_PENDING = 5,
	PAYMENT_EVENT_REFUND_PROCESSED = 6,
	PAYMENT_EVENT_REFUND_FAILED = 7,
};

/* The kind says how the payment or refund stood when the event was sent, whatever the event was
 * about. Of an event of another kind only id and time are set. */
struct payment_event {
	/* The same whenever the same event is told. Razorpay does not sign it: it may save work,
	 * and must decide nothing. */
	char id[PAYMENT_ID_BYTES_MAX + 1];
	enum payment_event_kind kind;
	char payment_id[PAYMENT_ID_BYTES_MAX + 1];
	char order_id[PAYMENT_ID_BYTES_MAX + 1];  /* "": none, or not told */
	char refund_id[PAYMENT_ID_BYTES_MAX + 1]; /* refunds only */
	char currency[PAYMENT_CURRENCY_BYTES];
	uint64_t amount_paise; /* of the payment, or of the refund */
	int64_t time_ms;       /* when it happened, by the provider's clock */
};

#define PAYMENT_EVENT_BYTES_MAX 320u

/* 0 if they do not fit, or a field is not as said above, as of an event of another kind. */
size_t payment_event_encode(const struct payment_event *event, uint8_t *bytes, size_t capacity);
bool payment_event_decode(struct payment_event *event, const uint8_t *bytes, size_t size);

/* The longest object of common/payment/checkout.h. */
#define PAYABLE_JSON_BYTES_MAX 1536u
#define PAYABLE_BYTES_MAX (PAYABLE_JSON_BYTES_MAX + 8u)

/* A hold has an order now. */
struct payable {
	uint32_t number;  /* booking number */
	const char *json; /* borrowed; an object, UTF-8 without controls */
	uint16_t json_size;
};

size_t payable_encode(const struct payable *payable, uint8_t *bytes, size_t capacity);
bool payable_decode(struct payable *payable, const uint8_t *bytes, size_t size);

#endif
