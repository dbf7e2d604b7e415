/*
 * timestamp - points in time as text (RFC 3339) and back.
 *
 * A point in time is a count of milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
 * Days are converted with the civil-from-days algorithm by Howard Hinnant ("chrono-Compatible
 * Low-Level Date Algorithms"). Pure: offsets of time zones come from the caller (common/zone.h).
 */
#ifndef COMMON_PURE_TIMESTAMP_H
#define COMMON_PURE_TIMESTAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/pure/text.h"

/* Years 1970 to 9999. */
#define TIMESTAMP_MS_MAX INT64_C(253402300799999)

/* Appends "2026-11-22T16:05:59.123+05:30" ("Z" for offset 0). offset_minutes: -1439 to
 * 1439. A point that four digits of a year cannot say fails the text. */
void timestamp_append(struct text *text, int64_t time_ms, int offset_minutes);

/* Reads a whole RFC 3339 date-time: an offset or Z is required, fractions beyond milliseconds are
 * cut off, a leap second counts as the second before it. False if it is not one, or out of range. */
bool timestamp_parse(const char *bytes, size_t size, int64_t *time_ms);

#endif
