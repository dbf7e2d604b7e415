/*
 * pace - how fast messages may go to one provider: connections at once, messages a second, and
 * slowing down when it fails.
 *
 *	              FAILURES_IN_A_ROW_MAX failures
 *	   full ─────────────────────────────────────▶ slow: one message a pause
 *	    ▲                                           │  ▲  failed: the pause doubles,
 *	    └────────── one message was taken ──────────┘  └─ up to pause_ms_max
 *
 * So a provider that is down costs a handful of attempts, not one of every message; and one that
 * refuses everything for good (it does not like us, not the people) cannot burn a million messages.
 * Pure: time is an argument, in microseconds of a clock that only goes forward.
 */
#ifndef NOTIFIER_PACE_H
#define NOTIFIER_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_FAILURES_IN_A_ROW_MAX 20u
#define PACE_PAUSE_MS_MIN 500

struct pace_limits {
	uint32_t connections; /* messages under way at once, at most */
	uint32_t per_second;  /* 0: no limit */
	int64_t pause_ms_max; /* at least PACE_PAUSE_MS_MIN */
};

struct pace {
	struct pace_limits limits;
	uint32_t under_way;
	uint32_t failures_in_a_row;
	int64_t next_start_us; /* per_second allows the next one then (virtual scheduling) */
	int64_t pause_ms;      /* 0: at full pace */
	int64_t probe_at_us;   /* slow: when the next message may go */
};

struct pace pace_init(struct pace_limits limits);
/* True if a message may go now; then pace_started must follow when it goes. */
bool pace_allows(const struct pace *pace, int64_t now_us);
void pace_started(struct pace *pace, int64_t now_us);
/* random: uniform; for the length of the pause. */
void pace_finished(struct pace *pace, bool taken, int64_t now_us, uint32_t random);

bool pace_is_slow(const struct pace *pace);
/* Milliseconds until a message may go, 0 if now, -1 if only a pace_finished can change it. */
int64_t pace_wait_ms(const struct pace *pace, int64_t now_us);

#endif
