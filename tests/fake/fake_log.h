/*
 * fake_log - JetStream in memory: stream.h, and bus_cancel, without a broker.
 *
 * Link it in place of the library that has the real one. What is asked is answered, in the order in
 * which it was asked, by fake_log_run and by nothing else; so a test decides who overtakes whom.
 */
#ifndef TESTS_FAKE_FAKE_LOG_H
#define TESTS_FAKE_FAKE_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "common/stream.h"

#define FAKE_LOG_MESSAGES_MAX 4096u
#define FAKE_LOG_CALLS_MAX 4096u

/* Forgets everything. What is published goes to this stream. */
void fake_log_reset(const char *published_to);
/* Appends to any stream. Returns the sequence. */
uint64_t fake_log_put(const char *stream, const char *subject, const void *bytes, size_t size);
/* Answers what was asked until now, and what the answers ask, until there is no more. */
void fake_log_run(void);
/* Answers one call. */
void fake_log_step(void);
/* The next so many calls have this outcome, and no effect. */
void fake_log_fail(uint32_t calls, enum stream_outcome outcome);
/* Calls ever made. */
uint32_t fake_log_calls(void);

#endif
