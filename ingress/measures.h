/*
 * measures - the numbers that the ingress counts about itself, and the table that publishes them.
 *
 * One global struct, written from the loop thread alone.
 */
#ifndef INGRESS_MEASURES_H
#define INGRESS_MEASURES_H

#include <stddef.h>
#include <stdint.h>

#include "common/metrics.h"
#include "common/pure/messages.h"
#include "ingress/routes.h"

#define MEASURES_VERDICTS (VERDICT_NOT_CANCELLABLE + 1)

struct ingress_measures {
	/* HTTP */
	uint64_t responses[ROUTE_COUNT][6]; /* by the first digit of the status */
	uint64_t limited;                   /* refused by admission */
	uint64_t turned_away;               /* by congestion */
	uint64_t socket_wait_us;            /* of a request, before it is looked at */
	uint64_t connections;
	uint64_t connections_accepted;
	uint64_t connections_refused;
	uint64_t requests_bad;
	uint64_t requests_timed_out;
	/* the line */
	uint64_t verdicts[MEASURES_VERDICTS];
	uint64_t repeated;            /* answers given again */
	uint64_t tickets;             /* 202 */
	uint64_t late;                /* not known to be stored when patience ended */
	uint64_t refused_at_the_door; /* not open yet, or over, answered from memory */
	uint64_t line_full;
	uint64_t entries_waiting;
	uint64_t waiters;
	uint64_t batches_sent;
	uint64_t batch_entries;
	uint64_t linger_us; /* how long batches wait for company */
	uint64_t batches_retried;
	uint64_t decisions_asked;
	uint64_t decisions_from_memory; /* polls */
	uint64_t decisions_from_stream;
	struct histogram store_time;
	struct histogram decide_time;
	struct histogram answer_time;
	/* people */
	uint64_t codes_sent;
	uint64_t logins;
	uint64_t logins_refused;
	uint64_t lookups;
	uint64_t lookups_failed;
	struct histogram lookup_time;
};

extern struct ingress_measures ingress_measures;

extern const struct metric ingress_measures_table[];
extern const size_t ingress_measures_count;

#endif
