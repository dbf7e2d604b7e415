/*
 * booking - the record of one accepted wish, and the table of all of them.
 *
 *	               ┌──────────▶ cancelled ◀───────┐
 *	               │                ▲             │
 *	(wish) ──▶ waiting ──────────▶ held ──────▶ booked
 *	               │                │             ▲ ▲
 *	               │                └─▶ released ─┘ │ paid late, units left
 *	               │                        │       │
 *	               │                        └─▶ refund_due   paid late, nothing left
 *	               └────────────────────────────────┘
 *
 * A campaign without a price has no holds: waiting goes straight to booked. The number of a booking
 * is its row + 1; rows are never reused, so a number means one booking for ever.
 *
 * Pure. The caller owns the memory and grows it between steps. A row has 48 bytes, for there may be
 * many millions: place and time share their high bytes with the flags.
 */
#ifndef SEQUENCER_CORE_BOOKING_H
#define SEQUENCER_CORE_BOOKING_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/pure/messages.h"

/* An entry of people.h tells bookings from links by its top bit. */
#define BOOKINGS_MAX 0x7ffffffeu
/* 40 bits: 34 years, and 10^12 requests. */
#define BOOKING_TIME_MAX ((INT64_C(1) << 40) - 1)
#define BOOKING_PLACE_MAX ((UINT64_C(1) << 40) - 1)

struct booking {
	struct identity identity; /* the first one of who booked; a second one is in people.h */
	struct request_key key;
	uint32_t place_low;
	uint32_t time_low; /* milliseconds since the campaign's epoch */
	uint8_t place_high;
	uint8_t time_high;
	uint8_t units; /* at least 1 */
	uint8_t flags; /* status, first verdict, whether there is a second identity */
	uint32_t next; /* in the chain of its identity; see people.h */
};
static_assert(sizeof(struct booking) == 48, "bookings are counted in millions");

/* What only campaigns with a price or a waiting list need, in a table beside. */
struct booking_extra {
	struct payment_id payment; /* the one that paid it, while it is booked */
	uint32_t rank;             /* on the waiting list when it was made */
};

struct bookings {
	struct booking *rows;
	struct booking_extra *extras; /* NULL where neither is needed */
	uint32_t count;
	uint32_t capacity; /* of rows, and of extras where there are any */
	int64_t epoch_ms;
};

struct booking_facts {
	const struct identity *identity;
	const struct request_key *key;
	uint64_t place;
	int64_t time_ms;
	enum booking_status status; /* waiting, held or booked */
	uint8_t units;
	bool has_second_identity;
	uint32_t rank; /* 0 unless waiting */
};

/* Adds a row; the capacity is there, or it is a bug. Returns the booking number. */
uint32_t bookings_add(struct bookings *bookings, const struct booking_facts *facts);

/* NULL if there is no such number. */
struct booking *bookings_find(const struct bookings *bookings, uint32_t number);
struct booking_extra *bookings_extra(const struct bookings *bookings, uint32_t number);

enum booking_status booking_status(const struct booking *booking);
/* The status it was made with: the answer that its request key gets for ever. */
enum booking_status booking_first_status(const struct booking *booking);
bool booking_has_second_identity(const struct booking *booking);
uint64_t booking_place(const struct booking *booking);
int64_t booking_time_ms(const struct bookings *bookings, const struct booking *booking);
/* True while it counts against the limit of its person: waiting, held or booked. */
bool booking_is_live(const struct booking *booking);

/* The only writer of the status after the row was made. A move that the picture above does not have
 * is a bug. */
void booking_move(struct booking *booking, enum booking_status to);

#endif
