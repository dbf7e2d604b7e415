#include "sequencer/core/wish.h"

#include <assert.h>
#include <string.h>

static void tell_booking(const struct campaign *campaign, uint32_t number, struct answer *answer) {
	const struct booking *booking = bookings_find(&campaign->bookings, number);
	answer->number = number;
	answer->units = booking->units;
	answer->place = booking_place(booking);
	answer->time_ms = booking_time_ms(&campaign->bookings, booking);
}

/* The answer that a booking was made with; what became of it since does not matter. */
static void repeat(const struct campaign *campaign, uint32_t number, struct answer *answer) {
	const struct booking *booking = bookings_find(&campaign->bookings, number);
	tell_booking(campaign, number, answer);
	answer->repeated = true;
	switch (booking_first_status(booking)) {
	case BOOKING_WAITING:
		answer->verdict = VERDICT_WAITLISTED;
		answer->rank = bookings_extra(&campaign->bookings, number)->rank;
		break;
	case BOOKING_HELD:
		answer->verdict = VERDICT_HELD;
		answer->pay_by_ms =
			answer->time_ms + (int64_t)campaign->definition.hold_seconds * 1000;
		break;
	case BOOKING_BOOKED:
	case BOOKING_RELEASED:
	case BOOKING_CANCELLED:
	case BOOKING_REFUND_DUE:
		answer->verdict = VERDICT_BOOKED;
		break;
	}
}

/* What one identity has already, as far as this request is concerned. */
struct holdings {
	uint32_t slot; /* of the identity, in people.h */
	uint32_t units;
	uint32_t first;    /* number of the oldest live booking; 0 if none */
	uint32_t repeated; /* number of the booking made with this request key; 0 if none */
};

/* The lower of two booking numbers, where 0 is none. */
static uint32_t earlier(uint32_t a, uint32_t b) {
	return a == 0 || b < a ? b : a;
}

/* Not the order of the chain but the numbers say what was first: a booking that was paid late joins
 * its chain again. */
static struct holdings holdings_of(const struct campaign *campaign, const struct identity *identity,
	const struct request_key *key) {
	const struct people *people = &campaign->people;
	const struct bookings *bookings = &campaign->bookings;
	struct holdings holdings = {.slot = people_slot(people, bookings, identity)};
	for (uint32_t entry = people_first(people, holdings.slot); entry != 0;
		entry = people_next(people, bookings, entry)) {
		uint32_t number = people_booking(people, entry);
		const struct booking *booking = bookings_find(bookings, number);
		assert(booking_is_live(booking));
		holdings.units += booking->units;
		holdings.first = earlier(holdings.first, number);
		if (memcmp(&booking->key, key, sizeof *key) == 0) {
			holdings.repeated = earlier(holdings.repeated, number);
		}
	}
	assert(holdings.units <= campaign->definition.units_per_person);
	return holdings;
}

static void refuse_for_limit(
	const struct campaign *campaign, const struct holdings *holdings, struct answer *answer) {
	bool full = holdings->units >= campaign->definition.units_per_person;
	answer->verdict = full ? VERDICT_ALREADY_BOOKED : VERDICT_OVER_LIMIT;
	if (holdings->first != 0) {
		tell_booking(campaign, holdings->first, answer);
		answer->status =
			booking_status(bookings_find(&campaign->bookings, holdings->first));
	}
}

static bool is_shut(enum campaign_state state, struct answer *answer) {
	switch (state) {
	case CAMPAIGN_SCHEDULED:
		answer->verdict = VERDICT_NOT_OPEN;
		return true;
	case CAMPAIGN_PAUSED:
		answer->verdict = VERDICT_PAUSED;
		return true;
	case CAMPAIGN_CLOSED:
		answer->verdict = VERDICT_CLOSED;
		return true;
	case CAMPAIGN_OPEN:
		break;
	}
	return false;
}

static bool is_invalid(const struct definition *definition, const struct book_request *request,
	struct answer *answer) {
	if (request->units == 0 || request->units > definition->units_per_person) {
		answer->verdict = VERDICT_BAD_UNITS;
		return true;
	}
	if (definition->verification == VERIFICATION_BOTH && request->person.identities_count < 2) {
		answer->verdict = VERDICT_NOT_VERIFIED;
		return true;
	}
	return false;
}

/* Units, all of them, or a place on the waiting list, or nothing. Whoever waits comes first, even
 * if there are units: the head of the list wants more than there are. */
static enum verdict allocate(struct campaign *campaign, uint32_t units) {
	if (campaign->waiting == 0) {
		if (campaign->definition.price_paise == 0) {
			if (inventory_sell(&campaign->inventory, units)) {
				return VERDICT_BOOKED;
			}
		} else if (inventory_hold(&campaign->inventory, units)) {
			return VERDICT_HELD;
		}
	}
	if (campaign->waiting < campaign->definition.waiting_list) {
		return VERDICT_WAITLISTED;
	}
	return VERDICT_SOLD_OUT;
}

static enum booking_status status_for(enum verdict verdict) {
	if (verdict == VERDICT_BOOKED) {
		return BOOKING_BOOKED;
	}
	return verdict == VERDICT_HELD ? BOOKING_HELD : BOOKING_WAITING;
}

/* slot: of the first identity. */
static void record(struct campaign *campaign, const struct book_request *request, uint32_t slot,
	uint64_t place, struct answer *answer) {
	const struct person *person = &request->person;
	const struct identity *second =
		person->identities_count > 1 ? &person->identities[1] : NULL;
	if (answer->verdict == VERDICT_WAITLISTED) {
		answer->rank = ++campaign->waiting;
	}
	uint32_t number =
		bookings_add(&campaign->bookings, &(struct booking_facts){
							  .identity = &person->identities[0],
							  .key = &request->key,
							  .place = place,
							  .time_ms = campaign->time_ms,
							  .status = status_for(answer->verdict),
							  .units = request->units,
							  .has_second_identity = second != NULL,
							  .rank = answer->rank,
						  });
	people_add(&campaign->people, &campaign->bookings, number, slot, second);
	if (answer->verdict == VERDICT_WAITLISTED && campaign->waiting == 1) {
		campaign->waiting_first = number;
	}
	if (answer->verdict == VERDICT_HELD) {
		answer->pay_by_ms =
			campaign->time_ms + (int64_t)campaign->definition.hold_seconds * 1000;
		holds_add(&campaign->holds,
			(struct hold){.pay_by_ms = answer->pay_by_ms, .number = number});
	}
	answer->number = number;
	answer->units = request->units;
	answer->place = place;
	answer->time_ms = campaign->time_ms;
	answer->account = person->account;
}

void wish_decide(struct campaign *campaign, const struct book_request *request, uint64_t place,
	struct answer *answer) {
	struct holdings holdings[IDENTITIES_MAX];
	for (uint32_t i = 0; i < request->person.identities_count; i++) {
		holdings[i] = holdings_of(campaign, &request->person.identities[i], &request->key);
		if (holdings[i].repeated != 0) {
			repeat(campaign, holdings[i].repeated, answer);
			return;
		}
	}
	if (is_shut(campaign->state, answer) ||
		is_invalid(&campaign->definition, request, answer)) {
		return;
	}
	for (uint32_t i = 0; i < request->person.identities_count; i++) {
		if (holdings[i].units + request->units > campaign->definition.units_per_person) {
			refuse_for_limit(campaign, &holdings[i], answer);
			return;
		}
	}
	answer->verdict = allocate(campaign, request->units);
	if (answer->verdict != VERDICT_SOLD_OUT) {
		record(campaign, request, holdings[0].slot, place, answer);
	}
}
