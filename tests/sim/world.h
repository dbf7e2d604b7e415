/*
 * world - virtual time, chance, and the events of one simulated run.
 *
 * One world at a time in the process, because the clock (common/clock.h) has no context. Everything
 * that happens is an event: a function that is called at a time. Events at the same time are called in
 * the order in which they were made, so a run depends on nothing but its seed. Time stands still while
 * an event is handled, unless its node waits for something (world_block).
 *
 *	event of        alive             frozen or blocked      crashed since it was made
 *	no node         called            -                      -
 *	a node          called            kept until it is not   dropped
 *
 * The trace: whoever does something that a reader of a failed run wants to see says so with trace(),
 * one line, present tense, what first: trace("stores %s %" PRIu64, stream, sequence). The line gets the
 * virtual time and the name of the current node ("-" for the world) in front:
 *
 *	   1.204310 s  sequencer-2  took_over campaign=c1 from_n=17 waited_ms=171
 *
 * The lines that the programs log come the same way (trace.c is common/log.h here).
 */
#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct node;
struct world_event;

typedef void (*world_handler)(void *context);

/* ---- a run ------------------------------------------------------------------------------------- */

void world_begin(uint64_t seed);
/* Forgets all events; every node is gone already. */
void world_end(void);
uint64_t world_seed(void);
/* Handles events until that time; it is that time then. */
void world_run_until(int64_t time_us);
/* The same for two runs only if everything happened the same way in both. */
uint64_t world_hash(void);
/* Lets bytes that matter (what was stored, answered, sent) count in the hash. */
void world_note(const void *bytes, size_t size);

/* ---- time -------------------------------------------------------------------------------------- */

/* The true time, since the beginning of the run; no node can see it, but all durations are true. What
 * the current node was blocked for counts already. */
int64_t world_now_us(void);
/* The time of day that corresponds to 0. */
#define WORLD_EPOCH_US INT64_C(1790000000000000)

/* ---- events ------------------------------------------------------------------------------------ */

/* Calls handler once, after delay_us at least, as this node (NULL: as the world itself). The event may
 * be cancelled until its handler is called, but not after that. */
struct world_event *world_after(
	struct node *node, int64_t delay_us, world_handler handler, void *context);
/* The same; context came from malloc, and is freed after the call, or when the event is cancelled or
 * dropped. */
struct world_event *world_after_owned(
	struct node *node, int64_t delay_us, world_handler handler, void *context);
/* The same for a timer of a program: when its node was frozen or blocked, the timers that became due
 * are called before anything else, as libuv does. */
struct world_event *world_after_timer(
	struct node *node, int64_t delay_us, world_handler handler, void *context);
void world_cancel(struct world_event *event);
/* Handles now what the node kept; for node_thaw, and for freeing it after a crash. */
void world_release(struct node *node);
/* The node whose event is being handled; NULL: none, or one of the world's. */
struct node *world_current(void);
/* Does something as that node, in the middle of another event; returns who was the current one, for
 * calling this again. */
struct node *world_become(struct node *node);
/* The current node waits inside a call, as for a database: its clocks go on, and its other events wait
 * until that is over. What it sends is sent at the later time. */
void world_block(int64_t delay_us);

/* ---- chance ------------------------------------------------------------------------------------ */

/* A generator of its own for each purpose, so that one more draw here changes nothing there: SplitMix64
 * (Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014). */
struct chance {
	uint64_t state;
};

/* purpose: a name; two purposes of one seed have nothing in common. */
struct chance chance_for(const char *purpose);
uint64_t chance_next(struct chance *chance);
/* Uniform in [0, bound), in [least, most]. */
uint64_t chance_below(struct chance *chance, uint64_t bound);
int64_t chance_between(struct chance *chance, int64_t least, int64_t most);
/* True this many times out of a million. */
bool chance_ppm(struct chance *chance, uint32_t ppm);
/* A duration, mostly short and now and then long: [least, most], the logarithm is uniform. */
int64_t chance_duration_us(struct chance *chance, int64_t least, int64_t most);

/* ---- the trace --------------------------------------------------------------------------------- */

extern bool trace_is_on;
void trace_write(const char *format, ...) __attribute__((format(printf, 1, 2)));
#define trace(...)                                                                                 \
	do {                                                                                       \
		if (trace_is_on) {                                                                 \
			trace_write(__VA_ARGS__);                                                  \
		}                                                                                  \
	} while (0)

#endif
