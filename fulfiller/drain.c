#include "fulfiller/drain.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/crypto.h"
#include "common/follower.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/wakeup.h"
#include "fulfiller/measures.h"
#include "fulfiller/plan.h"

#define REASON_BYTES 700
/* Conflicts without any progress in between. A duplicate row would come back for ever. */
#define CONFLICTS_MAX 5u
#define CONFLICT_PAUSE_MS 50

struct drain {
	struct drain_options options;
	char campaign[CAMPAIGN_ID_BYTES_MAX + 1];
	enum drain_state state;
	struct store_claim claim;
	uint64_t ledger_n_max;     /* the ledger never goes back behind it */
	struct follower *follower; /* NULL: not reading */
	bool paused;               /* the follower waits for follower_resume */
	struct plan plan;
	bool rush; /* by the last plan that was written */
	uint32_t conflicts;
	char reason[REASON_BYTES];
	struct wakeup *timer; /* waiting: the next try; following: the plan has lingered */
};

/* Where each decision is decoded: too large for a stack, and only one is read at a time. */
static struct decision decision_read;

static uint64_t *gauge_of(enum drain_state state) {
	switch (state) {
	case DRAIN_WAITING:
		return &fulfiller_measures.campaigns_waiting;
	case DRAIN_FOLLOWING:
		return &fulfiller_measures.campaigns_following;
	case DRAIN_STOPPED:
		break;
	}
	return &fulfiller_measures.campaigns_stopped;
}

/* The only writer of state. */
static void move(struct drain *drain, enum drain_state to) {
	assert(drain->state != DRAIN_STOPPED);
	--*gauge_of(drain->state);
	++*gauge_of(to);
	drain->state = to;
}

static void arm(struct drain *drain, int delay_ms) {
	wakeup_after(drain->timer, (uint64_t)delay_ms);
}

static void wait_for(struct drain *drain, int delay_ms) {
	move(drain, DRAIN_WAITING);
	arm(drain, delay_ms);
}

__attribute__((format(printf, 2, 3))) static void stop(
	struct drain *drain, const char *format, ...) {
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(drain->reason, sizeof drain->reason, format, arguments);
	va_end(arguments);
	move(drain, DRAIN_STOPPED);
	wakeup_cancel(drain->timer);
	log_warn("campaign_stopped", "campaign=%s ledger_n=%" PRIu64 " reason=\"%s\"",
		drain->campaign, drain->claim.n, drain->reason);
}

static void let_go(struct drain *drain) {
	follower_destroy(drain->follower);
	drain->follower = NULL;
	drain->paused = false;
	plan_restart(&drain->plan, drain->claim.n);
}

static void resume(struct drain *drain) {
	if (drain->state == DRAIN_FOLLOWING && drain->paused) {
		drain->paused = false;
		follower_resume(drain->follower);
	}
}

/* ---- writing ----------------------------------------------------------------------------------- */

static int linger_ms(const struct drain *drain) {
	return drain->rush ? DRAIN_RUSH_LINGER_MS : DRAIN_LINGER_MS;
}

static uint32_t rows_count(const struct plan *plan) {
	return plan->bookings.count + plan->changes.count;
}

static void on_written(struct drain *drain, int64_t begun_us) {
	struct plan *plan = &drain->plan;
	fulfiller_measures.decisions += plan->last_n - plan->base_n;
	fulfiller_measures.bookings += plan->bookings.count;
	fulfiller_measures.changes += plan->changes.count;
	fulfiller_measures.transactions++;
	histogram_record(&fulfiller_measures.transaction_us, clock_monotonic_us() - begun_us);
	histogram_record(&fulfiller_measures.lag_us, clock_wall_us() - plan->time_ms * 1000);
	drain->rush = rows_count(plan) >= (uint32_t)linger_ms(drain) * DRAIN_RUSH_ROWS_PER_MS;
	drain->conflicts = 0;
	drain->ledger_n_max = drain->claim.n;
	plan_restart(plan, drain->claim.n);
}

/* Writes the plan if there is something to write; the state says what came of it. */
static void write_plan(struct drain *drain) {
	struct plan *plan = &drain->plan;
	if (plan_is_empty(plan)) {
		return;
	}
	if (!drain->claim.defined && plan->definition_size == 0) {
		/* Nothing to write a position to yet; what came before a definition was refused. */
		if (rows_count(plan) > 0) {
			stop(drain, "the log has bookings before any definition");
		}
		return;
	}
	int64_t begun_us = clock_monotonic_us();
	switch (store_write(drain->options.store, &drain->claim, plan)) {
	case STORE_DONE:
		on_written(drain, begun_us);
		return;
	case STORE_UNAVAILABLE:
		wait_for(drain, store_pause_ms(drain->options.store));
		return;
	case STORE_MOVED:
	case STORE_BUSY:
		fulfiller_measures.moved++;
		if (++drain->conflicts > CONFLICTS_MAX) {
			stop(drain, "the ledger refuses what the log says: %s",
				store_error(drain->options.store));
			return;
		}
		wait_for(drain, CONFLICT_PAUSE_MS);
		return;
	case STORE_BROKEN:
		stop(drain, "%s", store_error(drain->options.store));
		return;
	}
}

/* ---- reading ----------------------------------------------------------------------------------- */

static bool check_digest(struct drain *drain, const struct decision *decision) {
	if (memcmp(decision->digest, drain->claim.digest, DIGEST_BYTES) == 0) {
		return true;
	}
	stop(drain,
		"decision %" PRIu64 " of the log is not the one in the ledger: the log was made "
		"anew, or the ledger belongs to another broker",
		decision->n);
	return false;
}

static bool on_decision(void *context, uint64_t sequence, const uint8_t *data, size_t size) {
	struct drain *drain = context;
	if (drain->state != DRAIN_FOLLOWING) {
		drain->paused = true;
		return false;
	}
	struct decision *decision = &decision_read;
	if (!decision_decode(decision, data, size) || decision->n != sequence) {
		stop(drain,
			"message %" PRIu64
			" of DEC_%s is not a decision that this program can read: "
			"look at the message, and at the versions of sequencer and fulfiller",
			sequence, drain->campaign);
		return false;
	}
	if (sequence == drain->claim.n) {
		return check_digest(drain, decision);
	}
	const char *problem = plan_add(&drain->plan, decision);
	if (problem != NULL) {
		stop(drain, "decision %" PRIu64 " cannot follow: %s", sequence, problem);
		return false;
	}
	if (plan_is_full(&drain->plan)) {
		wakeup_cancel(drain->timer);
		write_plan(drain);
	} else if (!wakeup_is_set(drain->timer)) {
		arm(drain, linger_ms(drain));
	}
	return true;
}

static void on_broken(void *context, const char *reason) {
	struct drain *drain = context;
	if (drain->state != DRAIN_STOPPED) {
		stop(drain, "%s", reason);
	}
}

/* ---- claiming ---------------------------------------------------------------------------------- */

static void read_on(struct drain *drain) {
	const struct store_claim *claim = &drain->claim;
	let_go(drain);
	drain->follower =
		follower_create(drain->options.bus, &(struct follower_options){
							    .campaign = drain->campaign,
							    .from = claim->n > 0 ? claim->n : 1,
							    .handler = on_decision,
							    .broken = on_broken,
							    .context = drain,
						    });
}

/* A plan that was read before the connection was lost is of use where the ledger is at its base, or,
 * if the commit was in doubt, at its end. */
static void on_claimed(struct drain *drain, const struct store_claim *claim) {
	if (claim->n < drain->ledger_n_max) {
		stop(drain,
			"the ledger went back from decision %" PRIu64 " to %" PRIu64
			": was a backup "
			"restored? Start the fulfiller anew, and it writes what is missing",
			drain->ledger_n_max, claim->n);
		return;
	}
	drain->claim = *claim;
	drain->ledger_n_max = claim->n;
	move(drain, DRAIN_FOLLOWING);
	if (drain->follower != NULL && claim->n == drain->plan.base_n) {
		write_plan(drain);
	} else if (drain->follower != NULL && claim->n == drain->plan.last_n &&
		   memcmp(claim->digest, drain->plan.digest, DIGEST_BYTES) == 0) {
		plan_restart(&drain->plan, claim->n);
	} else {
		log_info("campaign_claimed", "campaign=%s ledger_n=%" PRIu64, drain->campaign,
			claim->n);
		read_on(drain);
	}
	resume(drain);
}

static void try_claim(struct drain *drain) {
	struct store *store = drain->options.store;
	struct store_claim claim;
	switch (store_claim(store, drain->campaign, drain->options.ordinal, &claim)) {
	case STORE_DONE:
		on_claimed(drain, &claim);
		return;
	case STORE_BUSY:
		if (drain->follower != NULL) {
			log_info("campaign_taken_over", "campaign=%s", drain->campaign);
			let_go(drain);
		}
		arm(drain, DRAIN_CLAIM_MS / 2 + (int)crypto_random_below(DRAIN_CLAIM_MS));
		return;
	case STORE_UNAVAILABLE:
		arm(drain, store_pause_ms(store));
		return;
	case STORE_MOVED:
		arm(drain, CONFLICT_PAUSE_MS);
		return;
	case STORE_BROKEN:
		stop(drain, "%s", store_error(store));
		return;
	}
}

static void on_timer(void *context) {
	struct drain *drain = context;
	assert(drain->state != DRAIN_STOPPED);
	if (drain->state == DRAIN_WAITING) {
		try_claim(drain);
	} else {
		write_plan(drain);
		resume(drain);
	}
}

/* ---- life -------------------------------------------------------------------------------------- */

struct drain *drain_create(const struct drain_options *options) {
	assert(strlen(options->campaign) <= CAMPAIGN_ID_BYTES_MAX);
	struct drain *drain = memory_new(sizeof *drain);
	drain->options = *options;
	snprintf(drain->campaign, sizeof drain->campaign, "%s", options->campaign);
	drain->options.campaign = drain->campaign;
	plan_init(&drain->plan, options->ordinal);
	drain->timer = wakeup_create(options->loop, on_timer, drain);
	++*gauge_of(drain->state);
	arm(drain, 0);
	return drain;
}

void drain_destroy(struct drain *drain) {
	if (drain == NULL) {
		return;
	}
	--*gauge_of(drain->state);
	follower_destroy(drain->follower);
	plan_finish(&drain->plan);
	wakeup_destroy(drain->timer);
	free(drain);
}

void drain_offer(struct drain *drain, const struct bus_message *message) {
	if (drain->follower != NULL && drain->state == DRAIN_FOLLOWING) {
		follower_offer(drain->follower, message);
	}
}

void drain_end(struct drain *drain) {
	wakeup_cancel(drain->timer);
	follower_destroy(drain->follower);
	drain->follower = NULL;
	if (drain->state == DRAIN_FOLLOWING) {
		write_plan(drain);
		wakeup_cancel(drain->timer);
	}
}

const char *drain_campaign(const struct drain *drain) {
	return drain->campaign;
}

enum drain_state drain_state(const struct drain *drain) {
	return drain->state;
}

const char *drain_reason(const struct drain *drain) {
	return drain->reason;
}
