#include "tests/sim/world.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "tests/sim/node.h"

struct world_event {
	struct world_event *next; /* while its node keeps it */
	int64_t time_us;
	uint64_t number; /* in the order of making */
	struct node *node;
	uint32_t incarnation;
	bool owned;
	bool kept;
	bool is_timer;
	size_t place; /* in the heap, unless kept */
	world_handler handler;
	void *context;
};

/* A binary heap, the next event first. */
static struct {
	uint64_t seed;
	int64_t now_us;
	uint64_t events; /* made so far */
	uint64_t hash;
	struct node *current;
	struct world_event **heap;
	size_t count;
	size_t capacity;
} world;

/* ---- chance ------------------------------------------------------------------------------------ */

static uint64_t mix(uint64_t value) {
	value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
	return value ^ (value >> 31);
}

struct chance chance_for(const char *purpose) {
	uint64_t state = mix(world.seed + 1);
	for (const char *c = purpose; *c != '\0'; c++) {
		state = mix(state ^ (uint8_t)*c);
	}
	return (struct chance){state};
}

uint64_t chance_next(struct chance *chance) {
	chance->state += UINT64_C(0x9e3779b97f4a7c15);
	return mix(chance->state);
}

uint64_t chance_below(struct chance *chance, uint64_t bound) {
	assert(bound > 0);
	return chance_next(chance) % bound; /* the bias is far below what anybody could see here */
}

int64_t chance_between(struct chance *chance, int64_t least, int64_t most) {
	assert(least <= most);
	return least + (int64_t)chance_below(chance, (uint64_t)(most - least) + 1);
}

bool chance_ppm(struct chance *chance, uint32_t ppm) {
	return chance_below(chance, 1000000) < ppm;
}

int64_t chance_duration_us(struct chance *chance, int64_t least, int64_t most) {
	assert(least > 0);
	/* Doublings, then a uniform draw inside: no floating point, so the same on every machine. */
	unsigned doublings = 0;
	while (doublings < 40 && least << (doublings + 1) <= most) {
		doublings++;
	}
	int64_t low = least << chance_below(chance, doublings + 1);
	int64_t high = low > most / 2 ? most : 2 * low;
	return chance_between(chance, low, high);
}

/* ---- the heap ---------------------------------------------------------------------------------- */

static bool is_before(const struct world_event *a, const struct world_event *b) {
	return a->time_us != b->time_us ? a->time_us < b->time_us : a->number < b->number;
}

static void put(struct world_event *event, size_t place) {
	world.heap[place] = event;
	event->place = place;
}

static void move_up(struct world_event *event, size_t place) {
	while (place > 0 && is_before(event, world.heap[(place - 1) / 2])) {
		put(world.heap[(place - 1) / 2], place);
		place = (place - 1) / 2;
	}
	put(event, place);
}

static void move_down(struct world_event *event, size_t place) {
	for (;;) {
		size_t child = 2 * place + 1;
		if (child + 1 < world.count &&
			is_before(world.heap[child + 1], world.heap[child])) {
			child++;
		}
		if (child >= world.count || !is_before(world.heap[child], event)) {
			break;
		}
		put(world.heap[child], place);
		place = child;
	}
	put(event, place);
}

static void push(struct world_event *event) {
	if (world.count == world.capacity) {
		world.capacity = world.capacity == 0 ? 1024 : 2 * world.capacity;
		world.heap = realloc(world.heap, world.capacity * sizeof(struct world_event *));
		assert(world.heap != NULL);
	}
	move_up(event, world.count++);
}

static void take_out(struct world_event *event) {
	struct world_event *last = world.heap[--world.count];
	if (last != event) {
		size_t place = event->place;
		move_down(last, place);
		move_up(last, last->place);
	}
}

/* ---- events ------------------------------------------------------------------------------------ */

static void free_event(struct world_event *event) {
	if (event->owned) {
		free(event->context);
	}
	free(event);
}

static struct world_event *make(
	struct node *node, int64_t delay_us, world_handler handler, void *context) {
	assert(delay_us >= 0);
	struct world_event *event = memory_new(sizeof *event);
	event->time_us = world_now_us() + delay_us;
	event->number = world.events++;
	event->node = node;
	event->incarnation = node == NULL ? 0 : node->incarnation;
	event->handler = handler;
	event->context = context;
	push(event);
	return event;
}

struct world_event *world_after(
	struct node *node, int64_t delay_us, world_handler handler, void *context) {
	return make(node, delay_us, handler, context);
}

struct world_event *world_after_owned(
	struct node *node, int64_t delay_us, world_handler handler, void *context) {
	struct world_event *event = make(node, delay_us, handler, context);
	event->owned = true;
	return event;
}

struct world_event *world_after_timer(
	struct node *node, int64_t delay_us, world_handler handler, void *context) {
	struct world_event *event = make(node, delay_us, handler, context);
	event->is_timer = true;
	return event;
}

static void unkeep(struct world_event *event) {
	struct node *node = event->node;
	struct world_event **link = &node->kept;
	while (*link != event) {
		link = &(*link)->next;
	}
	*link = event->next;
	if (event->next == NULL) {
		node->kept_end = link;
	}
}

void world_cancel(struct world_event *event) {
	if (event == NULL) {
		return;
	}
	if (event->kept) {
		unkeep(event);
	} else {
		take_out(event);
	}
	free_event(event);
}

/* Comes to its node when that is back; those that come together keep their order. */
static void postpone(struct world_event *event, int64_t time_us) {
	event->time_us = event->is_timer ? time_us : time_us + 1;
	push(event);
}

static void keep(struct world_event *event) {
	struct node *node = event->node;
	event->kept = true;
	event->next = NULL;
	*node->kept_end = event;
	node->kept_end = &event->next;
}

void world_release(struct node *node) {
	while (node->kept != NULL) {
		struct world_event *event = node->kept;
		node->kept = event->next;
		if (event->incarnation != node->incarnation || !node->alive) {
			free_event(event);
			continue;
		}
		event->kept = false;
		postpone(event, world.now_us);
	}
	node->kept_end = &node->kept;
}

/* Takes the event away from who cannot handle it. */
static bool is_postponed(struct world_event *event) {
	struct node *node = event->node;
	if (node == NULL) {
		return false;
	}
	if (!node->alive || event->incarnation != node->incarnation) {
		free_event(event);
		return true;
	}
	if (node->frozen) {
		keep(event);
		return true;
	}
	if (node->blocked_until_us > world.now_us) {
		postpone(event, node->blocked_until_us);
		return true;
	}
	return false;
}

static void handle(struct world_event *event) {
	uint64_t facts[3] = {
		(uint64_t)event->time_us,
		event->number,
		event->node == NULL ? UINT64_MAX : event->node->index,
	};
	world_note(facts, sizeof facts);
	world.current = event->node;
	event->handler(event->context);
	world.current = NULL;
	free_event(event);
}

void world_run_until(int64_t time_us) {
	while (world.count > 0 && world.heap[0]->time_us <= time_us) {
		struct world_event *event = world.heap[0];
		take_out(event);
		world.now_us = event->time_us;
		if (!is_postponed(event)) {
			handle(event);
		}
	}
	world.now_us = time_us;
}

/* ---- the current node -------------------------------------------------------------------------- */

struct node *world_current(void) {
	return world.current;
}

struct node *world_become(struct node *node) {
	struct node *before = world.current;
	world.current = node;
	return before;
}

int64_t world_now_us(void) {
	const struct node *node = world.current;
	return node != NULL && node->blocked_until_us > world.now_us ? node->blocked_until_us
								     : world.now_us;
}

void world_block(int64_t delay_us) {
	assert(world.current != NULL);
	world.current->blocked_until_us = world_now_us() + delay_us;
}

/* ---- a run ------------------------------------------------------------------------------------- */

void world_begin(uint64_t seed) {
	assert(world.count == 0);
	world.seed = seed;
	world.now_us = 0;
	world.events = 0;
	world.hash = seed;
	world.current = NULL;
}

void world_end(void) {
	while (world.count > 0) {
		world_cancel(world.heap[world.count - 1]);
	}
	free(world.heap);
	world.heap = NULL;
	world.capacity = 0;
}

uint64_t world_seed(void) {
	return world.seed;
}

uint64_t world_hash(void) {
	return world.hash;
}

void world_note(const void *bytes, size_t size) {
	const uint8_t *byte = bytes;
	uint64_t word;
	for (; size >= sizeof word; size -= sizeof word, byte += sizeof word) {
		memcpy(&word, byte, sizeof word);
		world.hash = mix(world.hash ^ word);
	}
	word = size;
	for (; size > 0; size--, byte++) {
		word = word << 8 | *byte;
	}
	world.hash = mix(world.hash ^ word);
}
