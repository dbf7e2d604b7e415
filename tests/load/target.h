/*
 * target - what is asked of the system under load before and after a run, one request at a time.
 */
#ifndef TESTS_LOAD_TARGET_H
#define TESTS_LOAD_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/load/reply.h"
#include "tests/load/verdict.h"

struct target_call {
	struct reply reply; /* borrows from bytes */
	char bytes[REPLY_BYTES_MAX];
};

/* One request on a connection of its own. Exits with a clear line if there is no answer. */
void target_ask(
	struct target_call *call, const char *address, const char *request, size_t request_size);

/* A member of the answer that is a number; exits with a clear line if there is none. */
uint64_t target_number(const struct target_call *call, const char *name);

/* The counts of a campaign, which must be open; else exits with a clear line. */
void target_counts(struct verdict_counts *counts, const char *address, const char *campaign);
/* The same, while it is under load: false if there is no answer within a second, or another one. */
bool target_try_counts(struct verdict_counts *counts, const char *address, const char *campaign);

#endif
