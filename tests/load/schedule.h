/*
 * schedule - when each request of a run is meant to be sent.
 *
 * Pure. People do not wait for each other: in an open loop the moment of a request is fixed before
 * the run, and its latency counts from that moment, whether or not the generator could send it then.
 * Who counts from the sending instead leaves out the waiting of all requests that a slow answer held
 * up ("coordinated omission": Gil Tene, How NOT to Measure Latency, 2013).
 *
 *	closed	all are due at once: a connection sends its next request when it has an answer
 *	steady	one every 1 / rate seconds
 *	rush	everybody at once, as people are: most in the first moments, some later. The share
 *		that has come t after the start is 1 - exp(-t / mean)
 *
 * Several workers share a run: worker w of s has the requests w, w + s, w + 2s ...
 */
#ifndef TESTS_LOAD_SCHEDULE_H
#define TESTS_LOAD_SCHEDULE_H

#include <stdint.h>

enum schedule_kind { SCHEDULE_CLOSED, SCHEDULE_STEADY, SCHEDULE_RUSH };

struct schedule {
	enum schedule_kind kind;
	uint64_t count; /* requests of all workers */
	uint64_t rate;  /* steady: a second, of all workers together; at least 1 */
	double mean_us; /* rush: how long people take to press the button, on the mean; above 0 */
	uint32_t worker;
	uint32_t workers; /* at least 1 */
};

/* How many requests this worker has in all. */
uint64_t schedule_total(const struct schedule *schedule);
/* Which request of the run the nth of this worker is. */
uint64_t schedule_index(const struct schedule *schedule, uint64_t nth);
/* When it is due, in microseconds from the start; never before the one before it. nth: below
 * schedule_total. */
int64_t schedule_due_us(const struct schedule *schedule, uint64_t nth);

#endif
