#include "tests/load/counts.h"

#include <assert.h>

#define SECOND_US INT64_C(1000000)
/* Narrower ones have too few answers for a percentile. Four make a second of the timeline. */
#define SLICE_US_MIN (SECOND_US / 4)

void counts_init(struct counts *counts, int64_t run_us) {
	int64_t needed_us = (run_us + COUNTS_SLICES_MAX - 1) / COUNTS_SLICES_MAX;
	counts->slice_us = needed_us <= SLICE_US_MIN
				   ? SLICE_US_MIN
				   : (needed_us + SECOND_US - 1) / SECOND_US * SECOND_US;
}

static uint32_t index_at(const struct counts *counts, int64_t now_us) {
	assert(counts->slice_us > 0);
	int64_t index = now_us < 0 ? 0 : now_us / counts->slice_us;
	return index < COUNTS_SLICES_MAX ? (uint32_t)index : COUNTS_SLICES_MAX - 1;
}

struct counts_slice *counts_slice_at(struct counts *counts, int64_t now_us) {
	return &counts->slices[index_at(counts, now_us)];
}

void counts_add(struct counts *counts, enum counts_kind kind, int64_t now_us) {
	counts->kinds[kind]++;
	counts_slice_at(counts, now_us)->kinds[kind]++;
}

void counts_add_answer(
	struct counts *counts, enum counts_kind kind, const struct counts_answer *answer) {
	bool wants_time = answer->status == 429 || answer->status == 503;
	counts->answered++;
	counts->statuses[answer->status]++;
	counts->later_without_time += wants_time && !answer->has_retry_after;
	counts->ended_us = answer->now_us;
	latency_record(&counts->from_due, answer->now_us - answer->due_us);
	latency_record(&counts->from_sent, answer->now_us - answer->sent_us);
	latency_record(
		&counts_slice_at(counts, answer->now_us)->latency, answer->now_us - answer->due_us);
	counts_add(counts, kind, answer->now_us);
}

uint64_t counts_answered(const struct counts_slice *slice) {
	uint64_t answered = 0;
	for (unsigned i = 0; i < COUNTS_FAILED; i++) {
		answered += slice->kinds[i];
	}
	return answered;
}

uint32_t counts_slices_used(const struct counts *counts) {
	return index_at(counts, counts->ended_us) + 1;
}

static void add_all(uint64_t *into, const uint64_t *from, unsigned count) {
	for (unsigned i = 0; i < count; i++) {
		into[i] += from[i];
	}
}

void counts_slice_merge(struct counts_slice *into, const struct counts_slice *from) {
	add_all(into->kinds, from->kinds, COUNTS_KINDS);
	latency_merge(&into->latency, &from->latency);
}

void counts_merge(struct counts *into, const struct counts *from) {
	assert(into->slice_us == from->slice_us);
	into->due += from->due;
	into->sent += from->sent;
	into->answered += from->answered;
	into->unsent += from->unsent;
	into->timeouts += from->timeouts;
	into->opened += from->opened;
	add_all(into->statuses, from->statuses, COUNTS_STATUS_MAX);
	add_all(into->ends, from->ends, CONNECTION_ENDS);
	add_all(into->kinds, from->kinds, COUNTS_KINDS);
	into->later_without_time += from->later_without_time;
	into->codes += from->codes;
	into->ended_us = from->ended_us > into->ended_us ? from->ended_us : into->ended_us;
	latency_merge(&into->from_due, &from->from_due);
	latency_merge(&into->from_sent, &from->from_sent);
	latency_merge(&into->to_told, &from->to_told);
	latency_merge(&into->to_code, &from->to_code);
	for (unsigned i = 0; i < COUNTS_SLICES_MAX; i++) {
		counts_slice_merge(&into->slices[i], &from->slices[i]);
	}
}
