/*
 * booking_id - the name of a booking that a person can read out over a counter: 7K3M-9QXT-4C2P-H.
 *
 * 60 bits, the campaign's ordinal (28) and the booking number (32), go through a keyed permutation: a
 * balanced Feistel network of BOOKING_ID_ROUNDS rounds over 30-bit halves with SipHash-2-4 as round
 * function (Luby and Rackoff 1988; rounds as recommended by Patarin 2004). So an ID is unique by
 * construction, cannot be guessed, needs no index, and who has the key gets campaign and number back.
 * It is written as 12 Crockford base32 symbols and one check symbol over GF(32), which catches
 * every single wrong symbol and every swap of two neighbours.
 */
#ifndef COMMON_BOOKING_ID_H
#define COMMON_BOOKING_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/crypto.h"

#define BOOKING_ID_ROUNDS 8u
/* "XXXX-XXXX-XXXX-X" and the NUL. */
#define BOOKING_ID_SIZE 17u

struct booking_name {
	uint32_t campaign_ordinal; /* 1 to CAMPAIGN_ORDINAL_MAX */
	uint32_t number;           /* from 1 */
};

void booking_id_write(
	char target[BOOKING_ID_SIZE], const struct key *key, struct booking_name name);

/* Reads an ID as a person writes it: any case, O for 0, I or L for 1, with or without '-' and blanks.
 * False if it has a typing error. An ID that somebody made up, or that was made with another key, names
 * some campaign and number that nearly certainly do not exist: the caller looks. */
bool booking_id_read(
	struct booking_name *name, const struct key *key, const char *text, size_t size);

#endif
