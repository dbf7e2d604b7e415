#include "tests/load/counts.h"

static void merge_second(struct counts_second *into, const struct counts_second *from) {
	into->answered += from->answered;
	into->booked += from->booked;
	into->later += from->later;
	into->failed += from->failed;
	latency_merge(&into->latency, &from->latency);
}

void counts_merge(struct counts *into, const struct counts *from) {
	into->due += from->due;
	into->sent += from->sent;
	into->answered += from->answered;
	into->unsent += from->unsent;
	into->timeouts += from->timeouts;
	into->opened += from->opened;
	for (unsigned i = 0; i < COUNTS_STATUS_MAX; i++) {
		into->statuses[i] += from->statuses[i];
	}
	for (unsigned i = 0; i < CONNECTION_ENDS; i++) {
		into->ends[i] += from->ends[i];
	}
	into->unanswered += from->unanswered;
	into->booked += from->booked;
	into->again += from->again;
	into->refused += from->refused;
	into->queued += from->queued;
	into->later += from->later;
	into->later_without_time += from->later_without_time;
	into->wrong += from->wrong;
	into->ended_us = from->ended_us > into->ended_us ? from->ended_us : into->ended_us;
	latency_merge(&into->from_due, &from->from_due);
	latency_merge(&into->from_sent, &from->from_sent);
	for (unsigned i = 0; i < COUNTS_SECONDS_MAX; i++) {
		merge_second(&into->seconds[i], &from->seconds[i]);
	}
}
