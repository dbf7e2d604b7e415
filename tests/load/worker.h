/*
 * worker - one loop with its share of the connections and of the requests.
 *
 *	schedule ──due──▶ a free connection ──ask──▶ answer ──▶ crowd, counts
 *	agenda   ──due──▶                                └──▶ agenda: again later, ask about a ticket
 *
 * A request whose time has come and that finds no connection free waits for one, and its latency goes
 * on; after the person's patience it is given up, sent or not.
 */
#ifndef TESTS_LOAD_WORKER_H
#define TESTS_LOAD_WORKER_H

#include <stdint.h>

#include "tests/load/counts.h"
#include "tests/load/crowd.h"
#include "tests/load/options.h"
#include "tests/load/polls.h"
#include "tests/load/schedule.h"

struct worker;

struct worker_options {
	const struct options *options;
	struct crowd *crowd;       /* NULL where nobody books */
	const struct polls *polls; /* NULL where nobody polls */
	struct schedule schedule;
	uint32_t connections;
	struct counts_live *live;
};

struct worker *worker_create(const struct worker_options *options);
void worker_destroy(struct worker *worker);
/* Opens all connections; returns when they are open, or after some seconds with those that are.
 * Returns how many are. */
uint32_t worker_open(struct worker *worker);
/* Works until all is done. start_us: the start of the run, by the monotonic clock. */
void worker_run(struct worker *worker, int64_t start_us);
const struct counts *worker_counts(const struct worker *worker);

#endif
