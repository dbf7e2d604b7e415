/*
 * owners - whose the bookings of a plan are, as rows of booking_owners: the way from an account to
 * its bookings.
 *
 *	prefix		first bits of the accounts, below a 1: 1xxxxxxxx are 8 bits
 *	accounts	in no order
 *	numbers		of their bookings, in the same order
 *
 * An index on the accounts themselves costs more than all the rest of a booking, because each entry
 * goes to another page. Few bookings get a row each, with a long prefix, as in such an index. Many
 * share the rows of a short prefix, so that a row costs each of them next to nothing; who looks for
 * an account then finds one row for each of those plans, and looks at a few hundred accounts in it.
 * In quiet times the rows of all plans become rows of a middle prefix (fold_owners in
 * deploy/postgres).
 *
 * Not getting memory is fatal (an assert), as in rows.h.
 */
#ifndef FULFILLER_OWNERS_H
#define FULFILLER_OWNERS_H

#include <stdint.h>

#include "common/pure/messages.h"
#include "fulfiller/rows.h"

/* From so many bookings on they share rows: 16 a row, if accounts are random. */
#ifndef OWNERS_MANY /* small in tests/sim */
#define OWNERS_MANY 4096u
#endif
/* Of one row, so that a page has room for it whatever the accounts are. */
#define OWNERS_ROW_MAX 256u

#define OWNERS_FEW_BITS 24u
#define OWNERS_MANY_BITS 8u

#define OWNERS_COLUMNS "prefix, campaign, accounts, numbers"

struct owner {
	struct account_id account;
	uint32_t number; /* of the booking */
};

struct owners {
	struct owner *all; /* owned; NULL before the first one */
	uint32_t count;
	uint32_t capacity;
	struct rows rows;
};

void owners_init(struct owners *owners);
void owners_finish(struct owners *owners);
void owners_clear(struct owners *owners);
void owners_add(struct owners *owners, const struct owner *owner);

/* In the order of OWNERS_COLUMNS. Borrowed until the next call here. */
struct rows *owners_rows(struct owners *owners, uint32_t ordinal);

#endif
