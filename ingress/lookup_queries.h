/*
 * lookup_queries - the SQL of lookup.h, and how its rows are read. For the threads of lookup.c.
 */
#ifndef INGRESS_LOOKUP_QUERIES_H
#define INGRESS_LOOKUP_QUERIES_H

#include "common/database.h"
#include "ingress/lookup.h"

/* Asks, blocking. Fills answer; bookings has room for LOOKUP_BOOKINGS_MAX. */
enum database_outcome lookup_query(struct database *database,
	const struct lookup_question *question, struct lookup_answer *answer,
	struct lookup_booking *bookings);

#endif
