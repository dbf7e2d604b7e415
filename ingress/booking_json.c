/*
 * booking_json - one object, member by member.
 */
#include "ingress/booking_json.h"

#include "common/pure/timestamp.h"

static void append_string(struct text *text, const char *name, const char *value) {
	text_append(text, name);
	text_append_char(text, '"');
	text_append(text, value); /* made by us: nothing in it to escape */
	text_append_char(text, '"');
}

static void append_time(struct text *text, const char *name, int64_t time_ms, int offset_minutes) {
	text_append(text, name);
	text_append_char(text, '"');
	timestamp_append(text, time_ms, offset_minutes);
	text_append_char(text, '"');
}

void booking_json_append(struct text *text, const struct booking_json *booking) {
	append_string(text, "{\"booking_id\":", booking->id);
	append_string(text, ",\"campaign_id\":", booking->campaign_id);
	if (booking->is_detailed) {
		text_append(text, ",\"count\":");
		text_append_u64(text, booking->units);
	}
	append_string(text, ",\"status\":", booking->status);
	if (booking->is_detailed) {
		text_append(text, ",\"place\":");
		text_append_u64(text, booking->place);
		append_time(
			text, ",\"booked_at\":", booking->booked_at_ms, booking->offset_minutes);
	}
	append_string(text, ",\"definition_hash\":", booking->definition_hash);
	if (booking->pay_by_ms > 0) {
		append_time(text, ",\"pay_by\":", booking->pay_by_ms, booking->offset_minutes);
	}
	if (booking->rank > 0) {
		text_append(text, ",\"rank\":");
		text_append_u64(text, booking->rank);
	}
	text_append_char(text, '}');
}
