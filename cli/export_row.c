#include "cli/export_row.h"

#include <string.h>

#include "common/booking_id.h"
#include "common/pure/messages.h"
#include "common/pure/timestamp.h"
#include "common/zone.h"

#define NUMBERS_COUNT 5u
/* Hexadecimal digits, as in the API. */
#define ACCOUNT_TEXT_BYTES (2u * ACCOUNT_BYTES)

enum column { COLUMN_NUMBER, COLUMN_PLACE, COLUMN_UNITS, COLUMN_STATUS, COLUMN_BOOKED_AT };

struct row {
	uint64_t numbers[NUMBERS_COUNT];
	const char *account; /* ACCOUNT_TEXT_BYTES */
};

static bool parse(struct row *row, const char *bytes, size_t size) {
	static const uint64_t limits[NUMBERS_COUNT] = {
		[COLUMN_NUMBER] = UINT32_MAX,
		[COLUMN_PLACE] = INT64_MAX,
		[COLUMN_UNITS] = UINT8_MAX,
		[COLUMN_STATUS] = BOOKING_REFUND_DUE,
		[COLUMN_BOOKED_AT] = TIMESTAMP_MS_MAX,
	};
	const char *end = bytes + size;
	if (size > 0 && end[-1] == '\n') {
		end--;
	}
	for (size_t i = 0; i < NUMBERS_COUNT; i++) {
		const char *tab = memchr(bytes, '\t', (size_t)(end - bytes));
		if (tab == NULL || !text_parse_u64(bytes, (size_t)(tab - bytes), limits[i],
					   &row->numbers[i])) {
			return false;
		}
		bytes = tab + 1;
	}
	row->account = bytes;
	return end - bytes == ACCOUNT_TEXT_BYTES && row->numbers[COLUMN_NUMBER] > 0;
}

/* The values, each after its name: CSV has the values alone. */
static void append(struct text *text, const struct export_format *format, const struct row *row,
	const char *const names[6]) {
	const uint64_t *numbers = row->numbers;
	char id[BOOKING_ID_SIZE];
	booking_id_write(id, &format->booking_key,
		(struct booking_name){format->ordinal, (uint32_t)numbers[COLUMN_NUMBER]});
	int64_t booked_at_ms = (int64_t)numbers[COLUMN_BOOKED_AT];
	text_append(text, names[0]);
	text_append(text, id);
	text_append(text, names[1]);
	text_append_u64(text, numbers[COLUMN_PLACE]);
	text_append(text, names[2]);
	text_append_u64(text, numbers[COLUMN_UNITS]);
	text_append(text, names[3]);
	text_append(text, booking_status_name((enum booking_status)numbers[COLUMN_STATUS]));
	text_append(text, names[4]);
	timestamp_append(text, booked_at_ms, zone_offset_minutes(format->time_zone, booked_at_ms));
	text_append(text, names[5]);
	text_append_bytes(text, row->account, ACCOUNT_TEXT_BYTES);
}

bool export_row(
	struct text *text, const struct export_format *format, const char *bytes, size_t size) {
	static const char *const csv[6] = {"", ",", ",", ",", ",", ","};
	static const char *const json[6] = {"{\"booking_id\":\"",
		"\",\"place\":", ",\"count\":", ",\"status\":\"", "\",\"booked_at\":\"",
		"\",\"account_id\":\""};
	struct row row;
	if (!parse(&row, bytes, size)) {
		return false;
	}
	append(text, format, &row, format->csv ? csv : json);
	text_append(text, format->csv ? "\n" : "\"}\n");
	return !text->failed;
}
