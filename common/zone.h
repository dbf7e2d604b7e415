/*
 * zone - how far a time zone is from UTC at a point in time.
 *
 * Reads the system's IANA database (tzdata) by way of the C library, whose notion of "the" time zone
 * is global: only the loop thread of a program may call this. Answers are cached by the quarter of
 * an hour, which is how finely clocks have ever been set.
 */
#ifndef COMMON_ZONE_H
#define COMMON_ZONE_H

#include <stdbool.h>
#include <stdint.h>

/* True if name has the shape of an IANA name ("Asia/Kolkata", "UTC"). Any thread. */
bool zone_is_plain(const char *name);
/* True if it is also one that this system knows. Any thread. */
bool zone_is_known(const char *name);

/* Minutes east of UTC at time_ms; 0 if the zone is not known. */
int zone_offset_minutes(const char *name, int64_t time_ms);

#endif
