/*
 * feed - takes one campaign from its requests to its decisions.
 *
 *	REQ_<c> ──reader──▶ step ──▶ turns ──publish, fenced──▶ DEC_<c> ──reader──▶ compare ──▶ verified
 *
 * A turn is a decision that is not verified yet: computed here, and not yet read back from DEC_<c>.
 * Every sequencer computes every decision. The active one publishes at once; a standby waits until a
 * decision has been missing for FEED_PATIENCE_MS, publishes it itself, and is the active one from
 * then on. Of two, the one that stored the last decision is it; who was away for as long as the others
 * are patient stands back. Nothing depends on who believes to be active: decision n is stored only
 * behind n - 1 (Nats-Expected-Last-Sequence), and whoever computes it gets the same bytes, so several
 * turns may be under way at once.
 *
 * What is read back must be what was computed. If it is not, or if a message is of a newer version, or
 * a stream is not what it was, this campaign stops here, loudly; the others go on.
 */
#ifndef SEQUENCER_FEED_H
#define SEQUENCER_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "common/bus.h"
#include "common/metrics.h"
#include "common/pure/messages.h"

/* Decisions that may be computed and not verified. Bounds memory while one stream is read faster than
 * the other; the reader that is too fast is paused. */
#ifndef FEED_TURNS /* small in tests/sim */
#define FEED_TURNS 1024u
#endif
/* Decisions on their way to the broker at once. */
#define FEED_WINDOW 16u
/* How long a standby waits for the active sequencer; several round trips and an fsync. */
#define FEED_PATIENCE_MS 150
/* Standbys differ in patience by up to so much, so that they do not all jump at once. */
#define FEED_PATIENCE_SPREAD_MS 50u
/* How often feed_patrol is called. */
#define FEED_PATROL_MS 10

struct feed;

struct feed_options {
	struct bus *bus;
	const char *campaign; /* copied */
	uint32_t ordinal;
};

/* What is known of a campaign here and now; borrowed until the loop goes on. */
struct feed_view {
	const char *campaign;
	uint32_t ordinal;
	bool defined;
	enum campaign_state state;
	struct counters counters;
	uint64_t n;        /* the last decision computed */
	uint64_t verified; /* the last one that is known to be stored */
	uint32_t units;
	const char *title;      /* "" before the definition */
	const char *definition; /* JSON as published, NUL-terminated; NULL before the definition */
	const uint8_t *definition_hash; /* DEFINITION_HASH_BYTES */
	const char *stopped;            /* why the campaign stopped here; NULL if it did not */
	bool caught_up; /* everything that was in the streams at the start has been decided */
	bool active;
};

struct feed *feed_create(const struct feed_options *options);
void feed_destroy(struct feed *feed);
struct feed_view feed_view(const struct feed *feed);

/* Publishes what nobody published, sends ticks, resumes readers. */
void feed_patrol(struct feed *feed);

/* The first verdict of decision n, once it is stored; false before, and after FEED_TURNS more. */
bool feed_verdict(const struct feed *feed, uint64_t n, enum verdict *verdict);

extern const struct metric feed_metrics[];
extern const size_t feed_metrics_count;

#endif
