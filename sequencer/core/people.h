/*
 * people - finds the live bookings of an identity.
 *
 * An open-addressing table with linear probing; a slot holds 32 bits of the identity and the newest
 * entry of its chain. An identity is a keyed hash, so its own bytes are the hash. A chain joins the
 * live bookings (waiting, held, booked) that count against one identity, newest first; it is as long
 * as the limit per person at most, because every booking in it has at least one unit.
 *
 *	slots            bookings (first identity)       links (second identity)
 *	┌──────────┐     ┌─────────────────┐             ┌──────────────────────────┐
 *	│ …│ entry ├────▶│ identity … next ├──▶ …        │ identity, booking, next  │
 *	└──────────┘     └─────────────────┘             └──────────────────────────┘
 *
 * Pure. The caller owns the memory and grows it between steps (people_rehash).
 */
#ifndef SEQUENCER_CORE_PEOPLE_H
#define SEQUENCER_CORE_PEOPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "sequencer/core/booking.h"

/* The second identity of a booking. Links are added in the order of their bookings. */
struct link {
	struct identity identity;
	uint32_t booking; /* number */
	uint32_t next;
};

struct people {
	uint64_t *slots; /* zeroed at the start */
	uint32_t slots_count;
	uint32_t slots_used;
	struct link *links;
	uint32_t links_count;
	uint32_t links_capacity;
};

/* Slots wanted so that this many identities stay below the load that probing bears (0.7). */
uint32_t people_slots_for(uint64_t identities);
/* True if as many more identities can be added without growing. */
bool people_has_room(const struct people *people, uint32_t identities);

/* Brings the slot of an identity into the cache, ahead of its use. */
void people_prefetch(const struct people *people, const struct identity *identity);

/* The slot of an identity, or the empty one where it would go. True until anybody is entered or taken
 * out. */
uint32_t people_slot(const struct people *people, const struct bookings *bookings,
	const struct identity *identity);

/* Walks the live bookings of an identity, newest first:
 *	for (e = people_first(p, slot); e != 0; e = people_next(p, b, e)) people_booking(p, e) ...
 * people_booking gives a booking number. */
uint32_t people_first(const struct people *people, uint32_t slot);
uint32_t people_next(const struct people *people, const struct bookings *bookings, uint32_t entry);
uint32_t people_booking(const struct people *people, uint32_t entry);

/* Enters a booking under its first identity, whose slot was found, and under second where it has one;
 * takes it out. After the first time (add) the second identity is known here (rejoin). */
void people_add(struct people *people, struct bookings *bookings, uint32_t number, uint32_t slot,
	const struct identity *second);
void people_rejoin(struct people *people, struct bookings *bookings, uint32_t number);
void people_remove(struct people *people, struct bookings *bookings, uint32_t number);
/* The second identity of a booking; NULL if it has none. */
const struct identity *people_second_identity(
	const struct people *people, const struct bookings *bookings, uint32_t number);

/* Enters everything into new, zeroed slots; the old ones are the caller's to free. */
void people_rehash(struct people *people, const struct bookings *bookings, uint64_t *slots,
	uint32_t slots_count);

#endif
