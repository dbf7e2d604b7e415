/*
 * drain - carries the decisions of one campaign from the log into the ledger.
 *
 *	            another has it             database away
 *	             ┌─────────┐                ┌──────────┐
 *	             ▼         │                ▼          │
 *	(start) ──▶ waiting ───┴── claimed ──▶ following ──┴──▶ waiting
 *	             │                          │
 *	             └────────▶ stopped ◀───────┘
 *
 *	waiting		tries to claim the campaign; holds nothing but a claim that failed
 *	following	reads the log from the position on, fills a plan, writes it when it is full or
 *			DRAIN_LINGER_MS old, in a rush DRAIN_RUSH_LINGER_MS. While the database is away the full plan is kept and the
 *			reading pauses
 *	stopped		something does not fit together, and going on would make it worse; loud, for
 *			good, and only for this campaign. A person looks at it and starts the program anew
 *
 * The first decision read is the last one that is in the ledger: its digest must be the one that the
 * ledger noted, or log and ledger do not belong together.
 */
#ifndef FULFILLER_DRAIN_H
#define FULFILLER_DRAIN_H

#include <stdint.h>

#include "common/bus.h"
#include "fulfiller/store.h"

struct uv_loop_s;

/* How long a plan waits for more decisions; the price of a commit is shared by what comes meanwhile. */
#define DRAIN_LINGER_MS 10
/* The same in a rush: a larger plan costs less for each row (fulfiller/owners.h), and processor time is
 * scarce then. It is a rush when the last plan had so many rows for each millisecond that it waited. */
#define DRAIN_RUSH_LINGER_MS 400
#define DRAIN_RUSH_ROWS_PER_MS 10u
/* How soon another fulfiller takes over from one that is gone. */
#define DRAIN_CLAIM_MS 1000

enum drain_state { DRAIN_WAITING, DRAIN_FOLLOWING, DRAIN_STOPPED };

struct drain;

struct drain_options {
	struct uv_loop_s *loop;
	struct bus *bus;
	struct store *store;
	const char *campaign; /* copied */
	uint32_t ordinal;
};

struct drain *drain_create(const struct drain_options *options);
/* The loop must turn once more. NULL is allowed. */
void drain_destroy(struct drain *drain);

/* A message on decided.<c> of this campaign. */
void drain_offer(struct drain *drain, const struct bus_message *message);
/* Reads nothing more, and tries once to write what was read. */
void drain_end(struct drain *drain);

const char *drain_campaign(const struct drain *drain);
enum drain_state drain_state(const struct drain *drain);
/* Why it stopped, as a sentence; "" if it did not. */
const char *drain_reason(const struct drain *drain);

#endif
