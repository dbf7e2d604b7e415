/*
 * congestion - notices that more is asked than can be answered, and says whom to turn away.
 *
 * Pure: time is an argument. What waits for this process waits in its sockets, where nobody can
 * count it; but how long it waits can be measured (turns.h).
 *
 * A crowd that comes at once waits for a moment, and is let in: it is gone in that moment. A queue
 * that stands, all requests of CONGESTION_PATIENCE_US waiting for more than CONGESTION_WAIT_US,
 * helps nobody and makes everybody late (the idea of CoDel, RFC 8289). Then people are turned away
 * and told when to come back.
 *
 * To turn somebody away costs a good part of an answer, and not everybody stays away as told. So at
 * most one part in CONGESTION_SHARE of the time goes into it, and whom that does not reach is
 * answered, late: under any load the work that counts goes on at nearly its full rate.
 */
#ifndef INGRESS_CONGESTION_H
#define INGRESS_CONGESTION_H

#include <stdbool.h>
#include <stdint.h>

/* People hardly notice this. */
#define CONGESTION_WAIT_US 200000
/* As long as a client waits for a decision that did not say otherwise. */
#define CONGESTION_PATIENCE_US 1000000
#define CONGESTION_SHARE 8
/* A queue that stands is measured again after this, and the waiting. */
#define CONGESTION_MEASURE_US 100000
/* More than this is not saved up for refusals to come. */
#define CONGESTION_EARNED_US_MAX 80000

struct congestion {
	int64_t long_since_us; /* since when every request waited for too long; 0: not the last one */
	int64_t measured_at_us;    /* when it was known, last */
	int64_t measured_until_us; /* after this that says nothing any more */
	int64_t earned_us;     /* time that passed, less CONGESTION_SHARE times that of refusals */
	int64_t counted_at_us; /* up to when that is counted */
	bool is_turning_away;  /* somebody, since then */
};

void congestion_init(struct congestion *congestion, int64_t now_us);
/* So long a request waited that is looked at now. */
void congestion_measured(struct congestion *congestion, int64_t waited_us, int64_t now_us);
/* A request is to be looked at. False: turn it away, before anything else. */
bool congestion_admit(struct congestion *congestion, int64_t now_us);

#endif
