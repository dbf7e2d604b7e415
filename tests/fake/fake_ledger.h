/*
 * fake_ledger - the fulfiller's store in memory: one campaign's position, and what goes wrong.
 *
 * Link it in place of fulfiller/store.c. What was done to it is kept as a transcript, so that a test
 * reads as a story: "claim 3", "write 4-6", "claim busy".
 */
#ifndef TESTS_FAKE_FAKE_LEDGER_H
#define TESTS_FAKE_FAKE_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "fulfiller/store.h"

struct fake_ledger {
	uint64_t n;     /* the position; each test may move it */
	uint8_t digest; /* the first byte of the digest of decision n */
	bool defined;
	/* What the next call answers, once, in place of doing it; STORE_DONE: nothing goes wrong. */
	enum store_outcome claim_fault;
	enum store_outcome write_fault;
	uint32_t faults_count; /* for so many calls */
	bool doubtful;         /* a write that answers STORE_UNAVAILABLE was done all the same */
	char transcript[2048];
};

/* Also what store_create gives. */
struct fake_ledger *fake_ledger(struct store *store);

#endif
