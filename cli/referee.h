/*
 * referee - decides a line a second time, in the most obvious way, to check what was decided.
 *
 * Written without looking at speed or memory, and without a line of the sequencer's core: balanced
 * trees from the C library, a list of bookings for each identity, every rule spelled out where it
 * applies (docs/architecture.md, "The rules"). The audit and the tests compare it with the core.
 */
#ifndef CLI_REFEREE_H
#define CLI_REFEREE_H

#include <stdint.h>

#include "common/pure/definition.h"
#include "common/pure/messages.h"

struct referee;

/* What the referee knows of one booking, for the comparison with the ledger. */
struct referee_booking {
	struct person person;
	struct request_key key;
	uint8_t units;
	uint64_t place;
	uint64_t decision_n;
	int64_t booked_at_ms;
	enum booking_status first_status;
	enum booking_status status;
	uint32_t rank;
	int64_t pay_by_ms; /* of the hold it has or had last; 0 if it never had one */
	struct payment_id payment;
};

struct referee *referee_create(void);
void referee_destroy(struct referee *referee);

/* What the decision on this request must be; the digest is not computed. definition: what a define
 * says; NULL if it is not a definition of this campaign. unreadable: nobody can read it. */
void referee_decide(struct referee *referee, const struct request *request,
	const struct definition *definition, struct decision *decision);
void referee_decide_unreadable(
	struct referee *referee, uint64_t n, int64_t time_ms, struct decision *decision);

uint32_t referee_bookings_count(const struct referee *referee);
/* number: from 1. */
const struct referee_booking *referee_booking(const struct referee *referee, uint32_t number);
/* NULL before the first definition. */
const struct definition *referee_definition(const struct referee *referee);

#endif
