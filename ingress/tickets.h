/*
 * tickets - the name of a place in the line, for asking later what became of it.
 *
 * "t1." and base64url of: campaign ordinal (4 bytes), n (8), index (2), and a MAC (16) over these.
 * Decision n of that campaign answers it, at that index: no table of tickets is needed, any ingress
 * can answer, for ever. Whoever holds a ticket may ask; it cannot be guessed or changed, and it
 * tells nothing about the person.
 */
#ifndef INGRESS_TICKETS_H
#define INGRESS_TICKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/crypto.h"

/* "t1.", 40 characters and the NUL. */
#define TICKET_SIZE 44u

struct ticket {
	uint32_t campaign_ordinal; /* 1 to CAMPAIGN_ORDINAL_MAX */
	uint16_t index;            /* of the entry in the request, from 0 */
	uint64_t n;                /* of the request in the line, from 1 */
};

void tickets_write(char target[TICKET_SIZE], const struct key *key, const struct ticket *ticket);

/* False if it was not made with this key. Checks the MAC before it looks at anything else. */
bool tickets_read(struct ticket *ticket, const struct key *key, const char *text, size_t size);

#endif
