/*
 * ledger_json - a booking as the ledger has it, in the shape of booking_json.h.
 */
#ifndef INGRESS_LEDGER_JSON_H
#define INGRESS_LEDGER_JSON_H

#include "ingress/booking_json.h"
#include "ingress/lookup.h"

/* Appends a JSON object. pay_by and rank are shown while they mean something. Loop thread only. */
void ledger_json_append(
	struct text *text, const struct key *booking_key, const struct lookup_booking *booking);

#endif
