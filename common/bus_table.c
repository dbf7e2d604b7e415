#include "common/bus_table.h"

#include <stdlib.h>

#include "common/memory.h"

/* A binary heap of slots by deadline; each slot knows its place in it, so that it can be removed from
 * the middle: most requests end by their reply, not by their deadline. */
struct slot {
	uint64_t token; /* 0: free */
	int64_t deadline_us;
	struct bus_waiting waiting;
	uint32_t heap_index;
	uint32_t next_free;
};

struct bus_table {
	struct slot slots[BUS_REQUESTS_MAX];
	uint32_t heap[BUS_REQUESTS_MAX];
	uint32_t count;
	uint32_t free; /* first free slot, BUS_REQUESTS_MAX if none */
	uint64_t serial;
};

struct bus_table *bus_table_create(void) {
	struct bus_table *table = memory_new(sizeof(*table));
	for (uint32_t i = 0; i < BUS_REQUESTS_MAX; i++) {
		table->slots[i].next_free = i + 1;
	}
	return table;
}

void bus_table_destroy(struct bus_table *table) {
	if (table == NULL) {
		return;
	}
	for (uint32_t i = 0; i < table->count; i++) {
		const struct bus_waiting *waiting = &table->slots[table->heap[i]].waiting;
		if (waiting->owned) {
			free(waiting->context);
		}
	}
	free(table);
}

static bool is_earlier(const struct bus_table *table, uint32_t a, uint32_t b) {
	return table->slots[table->heap[a]].deadline_us < table->slots[table->heap[b]].deadline_us;
}

static void put(struct bus_table *table, uint32_t index, uint32_t slot) {
	table->heap[index] = slot;
	table->slots[slot].heap_index = index;
}

static void swap(struct bus_table *table, uint32_t a, uint32_t b) {
	uint32_t slot = table->heap[a];
	put(table, a, table->heap[b]);
	put(table, b, slot);
}

static void sift_up(struct bus_table *table, uint32_t index) {
	while (index > 0 && is_earlier(table, index, (index - 1) / 2)) {
		swap(table, index, (index - 1) / 2);
		index = (index - 1) / 2;
	}
}

static void sift_down(struct bus_table *table, uint32_t index) {
	for (;;) {
		uint32_t child = 2 * index + 1;
		if (child >= table->count) {
			return;
		}
		if (child + 1 < table->count && is_earlier(table, child + 1, child)) {
			child++;
		}
		if (!is_earlier(table, child, index)) {
			return;
		}
		swap(table, index, child);
		index = child;
	}
}

uint64_t bus_table_reserve(struct bus_table *table) {
	table->serial++;
	return table->serial << BUS_SLOT_BITS;
}

uint64_t bus_table_add(
	struct bus_table *table, const struct bus_waiting *waiting, int64_t deadline_us) {
	if (table->free == BUS_REQUESTS_MAX) {
		return 0;
	}
	uint32_t index = table->free;
	struct slot *slot = &table->slots[index];
	assert(slot->token == 0);
	table->free = slot->next_free;
	slot->token = bus_table_reserve(table) | index;
	slot->deadline_us = deadline_us;
	slot->waiting = *waiting;
	put(table, table->count, index);
	table->count++;
	sift_up(table, table->count - 1);
	return slot->token;
}

bool bus_table_take(struct bus_table *table, uint64_t token, struct bus_waiting *waiting) {
	uint32_t index = (uint32_t)(token & (BUS_REQUESTS_MAX - 1));
	struct slot *slot = &table->slots[index];
	if (token == 0 || slot->token != token) {
		return false;
	}
	*waiting = slot->waiting;
	uint32_t hole = slot->heap_index;
	table->count--;
	if (hole != table->count) {
		put(table, hole, table->heap[table->count]);
		sift_up(table, hole);
		sift_down(table, hole);
	}
	slot->token = 0;
	slot->next_free = table->free;
	table->free = index;
	return true;
}

int64_t bus_table_deadline_us(const struct bus_table *table) {
	return table->count == 0 ? INT64_MAX : table->slots[table->heap[0]].deadline_us;
}

uint64_t bus_table_due(const struct bus_table *table, int64_t now_us) {
	return bus_table_deadline_us(table) <= now_us && table->count > 0
		       ? table->slots[table->heap[0]].token
		       : 0;
}

size_t bus_table_count(const struct bus_table *table) {
	return table->count;
}

uint64_t bus_table_newest(const struct bus_table *table) {
	return table->serial << BUS_SLOT_BITS | (BUS_REQUESTS_MAX - 1);
}

uint64_t bus_table_older(const struct bus_table *table, uint64_t newest, uint32_t *cursor) {
	for (; *cursor < BUS_REQUESTS_MAX; (*cursor)++) {
		uint64_t token = table->slots[*cursor].token;
		if (token != 0 && token <= newest) {
			return token;
		}
	}
	return 0;
}
