/*
 * ledger_json - from a row to a JSON object.
 */
#include "ingress/ledger_json.h"

#include "common/zone.h"

void ledger_json_append(
	struct text *text, const struct key *booking_key, const struct lookup_booking *booking) {
	struct booking_json json = {
		.campaign_id = booking->campaign_id,
		.definition_hash = booking->definition_hash,
		.status = booking_status_name(booking->status),
		.is_detailed = true,
		.units = booking->units,
		.place = booking->place,
		.booked_at_ms = booking->booked_at_ms,
		.offset_minutes = zone_offset_minutes(booking->time_zone, booking->booked_at_ms),
		.pay_by_ms = booking->status == BOOKING_HELD ? booking->pay_by_ms : 0,
		.rank = booking->status == BOOKING_WAITING ? booking->rank : 0,
	};
	booking_id_write(json.id, booking_key, booking->name);
	booking_json_append(text, &json);
}
