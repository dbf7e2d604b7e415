/*
 * delivery - the table of moves, and the one function that makes them.
 */
#include "notifier/delivery.h"

#include <assert.h>
#include <stddef.h>

/* Where an event leads from a state; 0: it cannot happen there. */
static const enum delivery_state moves[DELIVERY_STATES][DELIVERY_EVENTS] = {
	[DELIVERY_DUE] =
		{
			[DELIVERY_CLAIM] = DELIVERY_CLAIMED,
		},
	[DELIVERY_CLAIMED] =
		{
			[DELIVERY_TAKEN] = DELIVERY_SENT,
			[DELIVERY_REFUSED] = DELIVERY_FAILED,
			[DELIVERY_REFUSED_FOR_NOW] = DELIVERY_DUE,
			[DELIVERY_PUT_BACK] = DELIVERY_DUE,
			[DELIVERY_UNTRUE] = DELIVERY_OVERTAKEN,
		},
};

bool delivery_allows(enum delivery_state state, enum delivery_event event) {
	assert(state < DELIVERY_STATES && event < DELIVERY_EVENTS);
	return moves[state][event] != 0;
}

static int64_t jittered(int64_t ceiling_ms, uint32_t random) {
	int64_t floor_ms = ceiling_ms / 10;
	return floor_ms + (int64_t)(random % (uint64_t)(ceiling_ms - floor_ms + 1));
}

int64_t delivery_backoff_ms(uint16_t attempts, const struct delivery_chance *chance) {
	int64_t ceiling_ms = chance->backoff_ms;
	for (uint16_t i = 0; i < attempts && ceiling_ms < DELIVERY_BACKOFF_MS_MAX; i++) {
		ceiling_ms *= 2;
	}
	if (ceiling_ms > DELIVERY_BACKOFF_MS_MAX) {
		ceiling_ms = DELIVERY_BACKOFF_MS_MAX;
	}
	int64_t pause_ms = jittered(ceiling_ms, chance->random);
	return pause_ms > chance->retry_after_ms ? pause_ms : chance->retry_after_ms;
}

/* Patience has an end: the same event becomes a refusal. */
static enum delivery_event sharpened(const struct delivery *delivery, enum delivery_event event) {
	bool tries_used = event == DELIVERY_REFUSED_FOR_NOW &&
			  delivery->attempts + 1u >= DELIVERY_ATTEMPTS_MAX;
	return tries_used ? DELIVERY_REFUSED : event;
}

static void count(struct delivery *delivery, enum delivery_event event) {
	bool tried = event == DELIVERY_TAKEN || event == DELIVERY_REFUSED ||
		     event == DELIVERY_REFUSED_FOR_NOW;
	if (tried && delivery->attempts < UINT16_MAX) {
		delivery->attempts++;
	}
}

void delivery_move(struct delivery *delivery, enum delivery_event event,
	const struct delivery_chance *chance) {
	assert(delivery_allows(delivery->state, event));
	delivery->state = moves[delivery->state][sharpened(delivery, event)];
	delivery->wait_ms = 0;
	if (delivery->state == DELIVERY_DUE && event != DELIVERY_PUT_BACK) {
		assert(chance != NULL);
		delivery->wait_ms = delivery_backoff_ms(delivery->attempts, chance);
	}
	count(delivery, event);
}

bool delivery_is_poisonous(const struct delivery *delivery) {
	return delivery->ambiguous >= DELIVERY_AMBIGUOUS_MAX;
}
