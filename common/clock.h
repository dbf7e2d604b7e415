/*
 * clock - what time it is, and how long things took.
 *
 * Wall time is for people and for deadlines that people see; everything that measures or waits uses
 * monotonic time, which no operator and no NTP daemon can move.
 */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <stdint.h>

int64_t clock_wall_us(void); /* since 1970-01-01T00:00:00Z */
int64_t clock_wall_ms(void);
int64_t clock_monotonic_us(void); /* since some point in the past */

#endif
