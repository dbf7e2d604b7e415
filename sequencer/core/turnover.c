#include "sequencer/core/turnover.h"

#include <assert.h>
#include <string.h>

static bool has_identity(const struct person *person, const struct identity *identity) {
	for (uint32_t i = 0; i < person->identities_count; i++) {
		if (memcmp(&person->identities[i], identity, sizeof *identity) == 0) {
			return true;
		}
	}
	return false;
}

static bool owns(const struct campaign *campaign, const struct person *person, uint32_t number) {
	const struct booking *booking = bookings_find(&campaign->bookings, number);
	if (has_identity(person, &booking->identity)) {
		return true;
	}
	const struct identity *second =
		people_second_identity(&campaign->people, &campaign->bookings, number);
	return second != NULL && has_identity(person, second);
}

/* Gives back what a live booking has, and ends it as cancelled or released. */
static void end_booking(struct campaign *campaign, uint32_t number, enum booking_status as) {
	struct booking *booking = bookings_find(&campaign->bookings, number);
	enum booking_status status = booking_status(booking);
	assert(booking_is_live(booking));
	if (status == BOOKING_WAITING) {
		assert(campaign->waiting > 0);
		campaign->waiting--;
	} else if (status == BOOKING_HELD) {
		inventory_release_held(&campaign->inventory, booking->units);
	} else {
		inventory_release_sold(&campaign->inventory, booking->units);
	}
	people_remove(&campaign->people, &campaign->bookings, number);
	booking_move(booking, as);
}

void turnover_cancel(
	struct campaign *campaign, const struct cancel_request *request, struct answer *answer) {
	const struct booking *booking = bookings_find(&campaign->bookings, request->number);
	if (booking == NULL || !owns(campaign, &request->person, request->number)) {
		answer->verdict = VERDICT_NOT_FOUND;
		return;
	}
	bool cancelled = booking_status(booking) == BOOKING_CANCELLED;
	if (!cancelled && (!campaign->definition.cancellable || !booking_is_live(booking))) {
		answer->verdict = VERDICT_NOT_CANCELLABLE;
		return;
	}
	answer->verdict = VERDICT_CANCELLED;
	answer->number = request->number;
	answer->repeated = cancelled;
	if (!cancelled) {
		end_booking(campaign, request->number, BOOKING_CANCELLED);
	}
}

/* Whether everybody who booked it may have that many units more. */
static bool limit_allows(const struct campaign *campaign, uint32_t number) {
	const struct people *people = &campaign->people;
	const struct bookings *bookings = &campaign->bookings;
	const struct booking *booking = bookings_find(bookings, number);
	const struct identity *identities[IDENTITIES_MAX] = {
		&booking->identity,
		people_second_identity(people, bookings, number),
	};
	for (uint32_t i = 0; i < IDENTITIES_MAX && identities[i] != NULL; i++) {
		uint32_t units = booking->units;
		uint32_t slot = people_slot(people, bookings, identities[i]);
		for (uint32_t entry = people_first(people, slot); entry != 0;
			entry = people_next(people, bookings, entry)) {
			units += bookings_find(bookings, people_booking(people, entry))->units;
		}
		if (units > campaign->definition.units_per_person) {
			return false;
		}
	}
	return true;
}

/* Money came for a booking that had been given up: it is booked after all if nobody has to go
 * without for it. Otherwise the money goes back, for good: a refund that was promised stays
 * promised. */
static enum verdict pay_late(struct campaign *campaign, uint32_t number) {
	struct booking *booking = bookings_find(&campaign->bookings, number);
	if (campaign->waiting == 0 && limit_allows(campaign, number) &&
		inventory_sell(&campaign->inventory, booking->units)) {
		people_rejoin(&campaign->people, &campaign->bookings, number);
		booking_move(booking, BOOKING_BOOKED);
		return VERDICT_PAID;
	}
	booking_move(booking, BOOKING_REFUND_DUE);
	return VERDICT_REFUND_DUE;
}

static enum verdict pay(struct campaign *campaign, uint32_t number) {
	struct booking *booking = bookings_find(&campaign->bookings, number);
	switch (booking_status(booking)) {
	case BOOKING_HELD:
		inventory_sell_held(&campaign->inventory, booking->units);
		booking_move(booking, BOOKING_BOOKED);
		return VERDICT_PAID;
	case BOOKING_RELEASED:
		return pay_late(campaign, number);
	case BOOKING_BOOKED: /* by another payment */
	case BOOKING_CANCELLED:
	case BOOKING_REFUND_DUE:
	case BOOKING_WAITING:
		break;
	}
	return VERDICT_REFUND_DUE;
}

/* The payment that made a booking booked is remembered, so that telling of it again changes
 * nothing. Any other payment for the booking goes back, however often it is told. */
void turnover_pay(
	struct campaign *campaign, const struct pay_request *request, struct answer *answer) {
	answer->number = request->number;
	answer->payment = request->payment;
	const struct booking *booking = bookings_find(&campaign->bookings, request->number);
	if (booking == NULL) {
		answer->verdict = VERDICT_NOT_FOUND;
		return;
	}
	uint64_t price = (uint64_t)campaign->definition.price_paise * booking->units;
	if (price == 0 ||
		(request->outcome == PAYMENT_CAPTURED && request->amount_paise != price)) {
		answer->verdict = VERDICT_PAYMENT_MISMATCH;
		return;
	}
	if (request->outcome == PAYMENT_FAILED) {
		answer->verdict = VERDICT_PAYMENT_NOTED;
		return;
	}
	struct booking_extra *extra = bookings_extra(&campaign->bookings, request->number);
	if (booking_status(booking) == BOOKING_BOOKED &&
		memcmp(&extra->payment, &request->payment, sizeof extra->payment) == 0) {
		answer->verdict = VERDICT_PAID;
		answer->repeated = true;
		return;
	}
	answer->verdict = pay(campaign, request->number);
	if (answer->verdict == VERDICT_PAID) {
		extra->payment = request->payment;
	}
}

static void add_effect(struct decision *decision, enum effect_kind kind, const struct hold *hold) {
	assert(decision->effects_count < EFFECTS_MAX);
	decision->effects[decision->effects_count++] = (struct effect){
		.kind = kind,
		.number = hold->number,
		.pay_by_ms = hold->pay_by_ms,
	};
}

/* The next hold that still is one; those that ended otherwise are dropped on the way. */
static const struct hold *next_hold(struct campaign *campaign) {
	for (;;) {
		const struct hold *hold = holds_front(&campaign->holds);
		if (hold == NULL || booking_status(bookings_find(
					    &campaign->bookings, hold->number)) == BOOKING_HELD) {
			return hold;
		}
		holds_drop_front(&campaign->holds);
	}
}

static void expire(struct campaign *campaign, struct decision *decision) {
	while (decision->effects_count < EFFECTS_MAX) {
		const struct hold *hold = next_hold(campaign);
		if (hold == NULL || hold->pay_by_ms > campaign->time_ms) {
			return;
		}
		end_booking(campaign, hold->number, BOOKING_RELEASED);
		add_effect(decision, EFFECT_RELEASED, &(struct hold){.number = hold->number});
		holds_drop_front(&campaign->holds);
	}
}

/* The number of the wish that has waited longest. There is one. */
static uint32_t waiting_head(const struct campaign *campaign) {
	assert(campaign->waiting > 0);
	uint32_t number = campaign->waiting_first;
	while (booking_status(bookings_find(&campaign->bookings, number)) != BOOKING_WAITING) {
		number++;
	}
	return number;
}

static void promote(struct campaign *campaign, struct decision *decision) {
	while (campaign->state == CAMPAIGN_OPEN && campaign->waiting > 0 &&
		decision->effects_count < EFFECTS_MAX) {
		uint32_t number = waiting_head(campaign);
		campaign->waiting_first = number;
		struct booking *booking = bookings_find(&campaign->bookings, number);
		struct hold hold = {.number = number};
		if (campaign->definition.price_paise == 0) {
			if (!inventory_sell(&campaign->inventory, booking->units)) {
				return;
			}
			booking_move(booking, BOOKING_BOOKED);
			add_effect(decision, EFFECT_PROMOTED_BOOKED, &hold);
		} else {
			if (!inventory_hold(&campaign->inventory, booking->units)) {
				return;
			}
			hold.pay_by_ms = campaign->time_ms +
					 (int64_t)campaign->definition.hold_seconds * 1000;
			booking_move(booking, BOOKING_HELD);
			holds_add(&campaign->holds, hold);
			add_effect(decision, EFFECT_PROMOTED_HELD, &hold);
		}
		campaign->waiting--;
	}
}

void turnover_settle(struct campaign *campaign, struct decision *decision) {
	expire(campaign, decision);
	promote(campaign, decision);
}

bool turnover_is_unsettled(const struct campaign *campaign) {
	if (turnover_due_ms(campaign) <= campaign->time_ms) {
		return true;
	}
	if (campaign->state != CAMPAIGN_OPEN || campaign->waiting == 0) {
		return false;
	}
	const struct booking *head = bookings_find(&campaign->bookings, waiting_head(campaign));
	return head->units <= campaign->inventory.units_available;
}

int64_t turnover_due_ms(const struct campaign *campaign) {
	const struct hold *hold = holds_front(&campaign->holds);
	return hold == NULL ? INT64_MAX : hold->pay_by_ms;
}
