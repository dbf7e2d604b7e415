/*
 * waiters - the free list and the wheel.
 */
#include "ingress/waiters.h"

#include <assert.h>

#define NOWHERE WAITERS_SLOTS

void waiters_init(struct waiters *waiters, struct waiter *all, int64_t now_us) {
	*waiters = (struct waiters){.all = all, .ticks = now_us / WAITERS_TICK_US};
}

static void leave_slot(struct waiters *waiters, struct waiter *waiter) {
	if (waiter->slot == NOWHERE) {
		return;
	}
	if (waiter->previous == NULL) {
		assert(waiters->slots[waiter->slot] == waiter);
		waiters->slots[waiter->slot] = waiter->next;
	} else {
		waiter->previous->next = waiter->next;
	}
	if (waiter->next != NULL) {
		waiter->next->previous = waiter->previous;
	}
	waiter->slot = NOWHERE;
}

struct waiter *waiters_take(struct waiters *waiters) {
	struct waiter *waiter = waiters->free;
	if (waiter != NULL) {
		waiters->free = waiter->next;
	} else if (waiters->used < WAITERS_MAX) {
		waiter = &waiters->all[waiters->used++];
	} else {
		return NULL;
	}
	waiters->count++;
	*waiter = (struct waiter){.slot = NOWHERE};
	return waiter;
}

void waiters_give_back(struct waiters *waiters, struct waiter *waiter) {
	leave_slot(waiters, waiter);
	assert(waiters->count > 0);
	waiters->count--;
	waiter->next = waiters->free;
	waiters->free = waiter;
}

void waiters_set_deadline(struct waiters *waiters, struct waiter *waiter, int64_t at_us) {
	leave_slot(waiters, waiter);
	int64_t tick = at_us / WAITERS_TICK_US + 1;
	if (tick < waiters->ticks) {
		tick = waiters->ticks; /* it has come already: with the next look */
	}
	/* If this process slept (SIGSTOP), the wheel lags: too early is better than too late. */
	if (tick - waiters->ticks >= WAITERS_SLOTS) {
		tick = waiters->ticks + WAITERS_SLOTS - 1;
	}
	uint32_t slot = (uint32_t)(tick % WAITERS_SLOTS);
	waiter->slot = slot;
	waiter->previous = NULL;
	waiter->next = waiters->slots[slot];
	if (waiter->next != NULL) {
		waiter->next->previous = waiter;
	}
	waiters->slots[slot] = waiter;
}

struct waiter *waiters_expire(struct waiters *waiters, int64_t now_us) {
	int64_t now_tick = now_us / WAITERS_TICK_US;
	for (; waiters->ticks <= now_tick; waiters->ticks++) {
		struct waiter *waiter = waiters->slots[waiters->ticks % WAITERS_SLOTS];
		if (waiter != NULL) {
			leave_slot(waiters, waiter);
			return waiter;
		}
	}
	return NULL;
}
