#include "sequencer/core/booking.h"

#include <string.h>

/* flags: bits 0-2 status, bits 3-5 first status, bit 6 second identity. */
#define STATUS_MASK 0x07u
#define FIRST_SHIFT 3u
#define SECOND_IDENTITY 0x40u

#define TO(status) (1u << (status))

/* The picture in the header, as a table: from a row's status to the set of those that may follow.
 */
static const uint8_t moves_allowed[] = {
	[BOOKING_WAITING] = TO(BOOKING_HELD) | TO(BOOKING_BOOKED) | TO(BOOKING_CANCELLED),
	[BOOKING_HELD] = TO(BOOKING_BOOKED) | TO(BOOKING_RELEASED) | TO(BOOKING_CANCELLED),
	[BOOKING_BOOKED] = TO(BOOKING_CANCELLED),
	[BOOKING_RELEASED] = TO(BOOKING_BOOKED) | TO(BOOKING_REFUND_DUE),
	[BOOKING_CANCELLED] = 0,
	[BOOKING_REFUND_DUE] = 0,
};

uint32_t bookings_add(struct bookings *bookings, const struct booking_facts *facts) {
	assert(bookings->count < bookings->capacity);
	assert(bookings->count < BOOKINGS_MAX);
	assert(facts->units > 0);
	assert(facts->place <= BOOKING_PLACE_MAX);
	assert(facts->status == BOOKING_WAITING || facts->status == BOOKING_HELD ||
		facts->status == BOOKING_BOOKED);
	int64_t time = facts->time_ms - bookings->epoch_ms;
	assert(time >= 0);
	assert(time <= BOOKING_TIME_MAX);

	uint32_t row = bookings->count++;
	uint32_t flags = (uint32_t)facts->status | (uint32_t)facts->status << FIRST_SHIFT;
	if (facts->has_second_identity) {
		flags |= SECOND_IDENTITY;
	}
	bookings->rows[row] = (struct booking){
		.identity = *facts->identity,
		.key = *facts->key,
		.place_low = (uint32_t)facts->place,
		.place_high = (uint8_t)(facts->place >> 32),
		.time_low = (uint32_t)time,
		.time_high = (uint8_t)((uint64_t)time >> 32),
		.units = facts->units,
		.flags = (uint8_t)flags,
	};
	if (bookings->extras != NULL) {
		bookings->extras[row] = (struct booking_extra){.rank = facts->rank};
	}
	return row + 1;
}

struct booking *bookings_find(const struct bookings *bookings, uint32_t number) {
	if (number == 0 || number > bookings->count) {
		return NULL;
	}
	return &bookings->rows[number - 1];
}

struct booking_extra *bookings_extra(const struct bookings *bookings, uint32_t number) {
	assert(number > 0);
	assert(number <= bookings->count);
	return bookings->extras == NULL ? NULL : &bookings->extras[number - 1];
}

enum booking_status booking_status(const struct booking *booking) {
	return (enum booking_status)(booking->flags & STATUS_MASK);
}

enum booking_status booking_first_status(const struct booking *booking) {
	return (enum booking_status)(booking->flags >> FIRST_SHIFT & STATUS_MASK);
}

bool booking_has_second_identity(const struct booking *booking) {
	return (booking->flags & SECOND_IDENTITY) != 0;
}

uint64_t booking_place(const struct booking *booking) {
	return (uint64_t)booking->place_high << 32 | booking->place_low;
}

int64_t booking_time_ms(const struct bookings *bookings, const struct booking *booking) {
	return bookings->epoch_ms +
	       (int64_t)((uint64_t)booking->time_high << 32 | booking->time_low);
}

bool booking_is_live(const struct booking *booking) {
	enum booking_status status = booking_status(booking);
	return status == BOOKING_WAITING || status == BOOKING_HELD || status == BOOKING_BOOKED;
}

void booking_move(struct booking *booking, enum booking_status to) {
	enum booking_status from = booking_status(booking);
	assert(from < sizeof moves_allowed);
	assert(moves_allowed[from] & TO(to));
	booking->flags = (uint8_t)((booking->flags & ~STATUS_MASK) | (uint32_t)to);
}
