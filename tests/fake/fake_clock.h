/*
 * fake_clock - a virtual clock: clock.h and wakeup.h without a kernel and without a loop.
 *
 * Link it before the library that has the real ones. Time stands still but while fake_clock_tick turns
 * it, and begins at 1970: what a log or a stream says then is the milliseconds since the test began.
 */
#ifndef TESTS_FAKE_FAKE_CLOCK_H
#define TESTS_FAKE_FAKE_CLOCK_H

#include <stdint.h>

/* Back to the beginning. Every wakeup must be gone. */
void fake_clock_reset(void);
int64_t fake_clock_ms(void);
/* A millisecond passes. */
void fake_clock_tick(void);
/* Calls the wakeups that are due now. */
void fake_clock_wake(void);

#endif
