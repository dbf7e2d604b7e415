#include "sequencer/core/people.h"

#include <string.h>

/* An entry names a booking or, with the top bit, a link; both from 1, so that 0 is no entry. */
#define ENTRY_LINK 0x80000000u

/* Fuller, a search often leaves the cache line that was prefetched; emptier, the slots take more than a
 * fifth of the bytes of a booking. */
#define LOAD_MAX_PERCENT 70u

static uint64_t hash_of(const struct identity *identity) {
	uint64_t hash;
	memcpy(&hash, identity->bytes, sizeof hash);
	return hash;
}

/* Lemire, "Fast Random Integer Generation in an Interval" (2019): a range without a division. */
static uint32_t home_of(const struct people *people, uint64_t hash) {
	return (uint32_t)((hash >> 32) * people->slots_count >> 32);
}

static uint32_t following(const struct people *people, uint32_t slot) {
	return slot + 1 == people->slots_count ? 0 : slot + 1;
}

static uint64_t slot_make(uint64_t hash, uint32_t entry) {
	return hash << 32 | entry;
}

static uint32_t slot_entry(uint64_t slot) {
	return (uint32_t)slot;
}

static struct link *link_of(const struct people *people, uint32_t entry) {
	return &people->links[(entry & ~ENTRY_LINK) - 1];
}

static const struct identity *identity_of_entry(
	const struct people *people, const struct bookings *bookings, uint32_t entry) {
	if (entry & ENTRY_LINK) {
		return &link_of(people, entry)->identity;
	}
	return &bookings->rows[entry - 1].identity;
}

static uint32_t *next_of_entry(
	const struct people *people, const struct bookings *bookings, uint32_t entry) {
	if (entry & ENTRY_LINK) {
		return &link_of(people, entry)->next;
	}
	return &bookings->rows[entry - 1].next;
}

uint32_t people_slot(const struct people *people, const struct bookings *bookings,
	const struct identity *identity) {
	uint64_t hash = hash_of(identity);
	uint32_t slot = home_of(people, hash);
	for (;; slot = following(people, slot)) {
		uint64_t content = people->slots[slot];
		if (content == 0) {
			return slot;
		}
		if ((uint32_t)(content >> 32) != (uint32_t)hash) {
			continue;
		}
		const struct identity *there =
			identity_of_entry(people, bookings, slot_entry(content));
		if (memcmp(there, identity, sizeof *identity) == 0) {
			return slot;
		}
	}
}

uint32_t people_slots_for(uint64_t identities) {
	uint64_t slots = identities * 100u / LOAD_MAX_PERCENT + 1u;
	return slots > UINT32_MAX ? UINT32_MAX : (uint32_t)slots;
}

bool people_has_room(const struct people *people, uint32_t identities) {
	uint64_t after = (uint64_t)people->slots_used + identities;
	return after * 100u <= (uint64_t)people->slots_count * LOAD_MAX_PERCENT;
}

void people_prefetch(const struct people *people, const struct identity *identity) {
	__builtin_prefetch(&people->slots[home_of(people, hash_of(identity))]);
}

uint32_t people_first(const struct people *people, uint32_t slot) {
	return slot_entry(people->slots[slot]);
}

uint32_t people_next(const struct people *people, const struct bookings *bookings, uint32_t entry) {
	return *next_of_entry(people, bookings, entry);
}

uint32_t people_booking(const struct people *people, uint32_t entry) {
	return entry & ENTRY_LINK ? link_of(people, entry)->booking : entry;
}

static void push_at(
	struct people *people, struct bookings *bookings, uint32_t entry, uint32_t slot) {
	uint32_t head = slot_entry(people->slots[slot]);
	if (head == 0) {
		assert(people->slots_used + 1 < people->slots_count);
		people->slots_used++;
	}
	*next_of_entry(people, bookings, entry) = head;
	const struct identity *identity = identity_of_entry(people, bookings, entry);
	people->slots[slot] = slot_make(hash_of(identity), entry);
}

static void push(struct people *people, struct bookings *bookings, uint32_t entry) {
	const struct identity *identity = identity_of_entry(people, bookings, entry);
	push_at(people, bookings, entry, people_slot(people, bookings, identity));
}

/* Empties a slot and moves back what was pushed past it (Knuth, TAOCP 6.4, algorithm R). */
static void close_gap(struct people *people, const struct bookings *bookings, uint32_t gap) {
	people->slots[gap] = 0;
	people->slots_used--;
	for (uint32_t slot = following(people, gap); people->slots[slot] != 0;
		slot = following(people, slot)) {
		const struct identity *identity =
			identity_of_entry(people, bookings, slot_entry(people->slots[slot]));
		uint32_t home = home_of(people, hash_of(identity));
		/* It may move to the gap unless its home lies cyclically in (gap, slot]. */
		bool stays = gap < slot ? gap < home && home <= slot : gap < home || home <= slot;
		if (!stays) {
			people->slots[gap] = people->slots[slot];
			people->slots[slot] = 0;
			gap = slot;
		}
	}
}

static void take_out(struct people *people, struct bookings *bookings, uint32_t entry) {
	const struct identity *identity = identity_of_entry(people, bookings, entry);
	uint32_t slot = people_slot(people, bookings, identity);
	uint32_t head = slot_entry(people->slots[slot]);
	uint32_t next = *next_of_entry(people, bookings, entry);
	*next_of_entry(people, bookings, entry) = 0;
	if (head == entry) {
		people->slots[slot] = slot_make(hash_of(identity), next);
		if (next == 0) {
			close_gap(people, bookings, slot);
		}
		return;
	}
	uint32_t *at = next_of_entry(people, bookings, head);
	while (*at != entry) {
		assert(*at != 0); /* a live booking is in its chain */
		at = next_of_entry(people, bookings, *at);
	}
	*at = next;
}

/* Links are added in the order of their bookings, so the one of a booking is found by halving. */
static uint32_t link_entry(
	const struct people *people, const struct bookings *bookings, uint32_t number) {
	if (!booking_has_second_identity(&bookings->rows[number - 1])) {
		return 0;
	}
	uint32_t low = 0;
	uint32_t high = people->links_count;
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;
		if (people->links[middle].booking <= number) {
			low = middle;
		} else {
			high = middle;
		}
	}
	assert(people->links[low].booking == number);
	return (low + 1) | ENTRY_LINK;
}

void people_add(struct people *people, struct bookings *bookings, uint32_t number, uint32_t slot,
	const struct identity *second) {
	push_at(people, bookings, number, slot);
	if (second == NULL) {
		return;
	}
	assert(people->links_count < people->links_capacity);
	uint32_t row = people->links_count++;
	people->links[row] = (struct link){.identity = *second, .booking = number};
	push(people, bookings, (row + 1) | ENTRY_LINK);
}

void people_rejoin(struct people *people, struct bookings *bookings, uint32_t number) {
	push(people, bookings, number);
	uint32_t link = link_entry(people, bookings, number);
	if (link != 0) {
		push(people, bookings, link);
	}
}

void people_remove(struct people *people, struct bookings *bookings, uint32_t number) {
	take_out(people, bookings, number);
	uint32_t link = link_entry(people, bookings, number);
	if (link != 0) {
		take_out(people, bookings, link);
	}
}

const struct identity *people_second_identity(
	const struct people *people, const struct bookings *bookings, uint32_t number) {
	uint32_t link = link_entry(people, bookings, number);
	return link == 0 ? NULL : &link_of(people, link)->identity;
}

void people_rehash(struct people *people, const struct bookings *bookings, uint64_t *slots,
	uint32_t slots_count) {
	struct people old = *people;
	people->slots = slots;
	people->slots_count = slots_count;
	for (uint32_t i = 0; i < old.slots_count; i++) {
		if (old.slots[i] == 0) {
			continue;
		}
		uint32_t entry = slot_entry(old.slots[i]);
		const struct identity *identity = identity_of_entry(people, bookings, entry);
		uint32_t slot = people_slot(people, bookings, identity);
		assert(people->slots[slot] == 0);
		people->slots[slot] = slot_make(hash_of(identity), entry);
	}
}
