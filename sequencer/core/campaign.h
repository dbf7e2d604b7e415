/*
 * campaign - the whole state of one campaign, and the step from one request to the next.
 *
 * Decision n is a pure function of requests 1..n: no clock, no randomness, no I/O, no allocation.
 *Two sequencers that stepped through the same requests have the same state and the same decision.
 *
 *	                 start, or opens_at             pause
 *	(define) ─▶ scheduled ────────────────▶ open ◀────────▶ paused
 *	    ▲           │  │                      │     resume     │
 *	    └─ define ──┘  └──────────────────────┴── close, or ───┴──▶ closed
 *	                                              closes_at
 *
 * The order of a step: log time moves on; what time causes happens (opening, closing, holds expire,
 * waiting wishes are promoted); the entries are decided one after the other; waiting wishes are
 * promoted again if an entry gave units back. What does not fit EFFECTS_MAX is left to the next step.
 *
 * Promotion is strictly in order: while the head of the waiting list wants more units than there are,
 * nobody behind it gets any, and no new wish does. It happens only while the campaign is open; a hold
 * that somebody has may be paid until its deadline whatever the state.
 */
#ifndef SEQUENCER_CORE_CAMPAIGN_H
#define SEQUENCER_CORE_CAMPAIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/pure/definition.h"
#include "common/pure/messages.h"
#include "sequencer/core/booking.h"
#include "sequencer/core/holds.h"
#include "sequencer/core/inventory.h"
#include "sequencer/core/people.h"

struct campaign {
	uint64_t n;             /* the last request decided, 0 before the first */
	int64_t time_ms;        /* log time of it */
	uint64_t define_n;      /* the request that defined it as it is; 0 before the first */
	uint64_t line_position; /* booking requests decided */
	uint32_t ordinal;
	uint32_t waiting;       /* wishes on the waiting list */
	uint32_t waiting_first; /* no booking before this number is waiting */
	bool defined;
	enum campaign_state state;
	struct inventory inventory;
	struct bookings bookings;
	struct people people;
	struct holds holds;
	struct definition definition;
};

/* The rows that the tables must have before any one request can be stepped through. */
struct campaign_capacity {
	uint32_t bookings;
	uint32_t extras; /* 0, or as many as bookings */
	uint32_t links;
	uint32_t holds; /* behind those that are left after holds_compact */
	uint32_t slots;
};

/* A campaign that no request has defined yet; all tables empty, for the caller to fill in. */
void campaign_init(struct campaign *campaign);

/* What is needed before the next step. next is the definition that it brings, if it is a define,
 * else NULL. The caller grows tables (contents kept, new rows zeroed; slots by people_rehash). */
struct campaign_capacity campaign_capacity(
	const struct campaign *campaign, const struct definition *next);

/* Decides request n, which is campaign->n + 1. definition: what request->define.json says, read by
 * the caller; NULL if it is not a definition of this campaign. Not for unreadable messages. */
void campaign_step(struct campaign *campaign, const struct request *request,
	const struct definition *definition, struct decision *decision);

/* The decision on a message that nobody can read: it changes nothing but n and log time. */
void campaign_step_unreadable(
	struct campaign *campaign, uint64_t n, int64_t time_ms, struct decision *decision);

/* When a step would change something though nobody asks (the opening, the closing, a hold that
 * expires, or, at once, what the last step left over). INT64_MAX: never. */
int64_t campaign_due_ms(const struct campaign *campaign);

#endif
