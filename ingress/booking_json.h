/*
 * booking_json - a booking as clients see it.
 *
 * Always written by this module, so that a booking has the same members, in the same order,
 * wherever it is shown; and the same booking, asked for again, the same bytes.
 */
#ifndef INGRESS_BOOKING_JSON_H
#define INGRESS_BOOKING_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "common/booking_id.h"
#include "common/pure/text.h"

/* The longest one. */
#define BOOKING_JSON_BYTES_MAX 512u

struct booking_json {
	char id[BOOKING_ID_SIZE]; /* by booking_id_write */
	const char *campaign_id;
	const char *definition_hash;
	const char *status;
	bool is_detailed; /* the members from here on are known */
	uint32_t units;
	uint64_t place;
	int64_t booked_at_ms;
	int offset_minutes; /* of the campaign's time zone at booked_at_ms */
	int64_t pay_by_ms;  /* 0: none */
	uint32_t rank;      /* 0: none */
};

/* Appends a JSON object. */
void booking_json_append(struct text *text, const struct booking_json *booking);

#endif
