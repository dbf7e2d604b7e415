/*
 * export_row - a row of COPY TO STDOUT (text format) as a line of CSV or JSON.
 *
 * The columns are number, place, units, status, booked at (milliseconds since 1970), account. What
 * people see of the number is the booking ID. No column can hold a tab, a quote or a backslash.
 */
#ifndef CLI_EXPORT_ROW_H
#define CLI_EXPORT_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/crypto.h"
#include "common/pure/limits.h"
#include "common/pure/text.h"

#define EXPORT_ROW_BYTES_MAX 400u
#define EXPORT_CSV_HEADING "booking_id,place,count,status,booked_at,account_id\n"

struct export_format {
	bool csv;         /* else JSON */
	uint32_t ordinal; /* of the campaign */
	char time_zone[CAMPAIGN_ZONE_BYTES_MAX + 1];
	struct key booking_key;
};

/* Appends the line with its newline. False if bytes are no such row. */
bool export_row(
	struct text *text, const struct export_format *format, const char *bytes, size_t size);

#endif
