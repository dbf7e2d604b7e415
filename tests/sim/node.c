#include "tests/sim/node.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/bus.h"
#include "common/memory.h"
#include "tests/sim/link.h"
#include "tests/sim/world.h"

/* How often a program that starts looks for the broker. */
#define CONNECT_RETRY_US 20000

static struct node *nodes[NODES_MAX];
static uint32_t nodes_count;

struct node *node_add(const struct node_kind *kind, unsigned number) {
	assert(nodes_count < NODES_MAX);
	struct node *node = memory_new(sizeof *node);
	node->kind = kind;
	node->index = nodes_count;
	node->kept_end = &node->kept;
	snprintf(node->name, sizeof node->name, "%s-%u", kind->program, number);
	nodes[nodes_count++] = node;
	return node;
}

struct node *node_at(uint32_t index) {
	return index < nodes_count ? nodes[index] : NULL;
}

static void on_tick(void *context) {
	struct node *node = context;
	node->tick = world_after_timer(node, node->kind->tick_us, on_tick, node);
	node->kind->tick(node->program);
}

static void come_up(struct node *node) {
	if (node->kind->has_bus) {
		static const volatile int never_stop;
		const struct bus_options options = {
			.url = "nats://world",
			.user = node->kind->program,
			.password = "",
			.name = node->name,
		};
		node->bus = bus_create(NULL, &options, &never_stop);
	}
	node->program = node->kind->create(node);
	if (node->kind->tick_us > 0) {
		node->tick = world_after_timer(node, node->kind->tick_us, on_tick, node);
	}
	trace("is up, incarnation %u", node->incarnation);
}

/* As the node itself; it has no program yet, so the tick's event is its own. */
static void try_to_come_up(void *context) {
	struct node *node = context;
	node->tick = NULL;
	if (node->kind->has_bus && !link_can_be_made()) {
		node->tick = world_after(node, CONNECT_RETRY_US, try_to_come_up, node);
		return;
	}
	come_up(node);
}

void node_start(struct node *node) {
	assert(!node->alive);
	node->alive = true;
	node->frozen = false;
	node->incarnation++;
	node->blocked_until_us = 0;
	node->tick = world_after(node, 0, try_to_come_up, node);
}

void node_crash(struct node *node) {
	if (!node->alive) {
		return;
	}
	struct node *before = world_become(node);
	trace("crashes");
	node->crashing = true;
	world_cancel(node->tick);
	node->tick = NULL;
	if (node->program != NULL) {
		node->kind->destroy(node->program);
		bus_destroy(node->bus);
	}
	node->program = NULL;
	node->bus = NULL;
	node->crashing = false;
	node->alive = false;
	node->frozen = false;
	node->blocked_until_us = 0;
	world_release(node);
	world_become(before);
}

void node_freeze(struct node *node) {
	if (node->alive) {
		trace("%s freezes", node->name);
		node->frozen = true;
	}
}

void node_thaw(struct node *node) {
	if (node->alive && node->frozen) {
		trace("%s thaws", node->name);
		node->frozen = false;
		world_release(node);
	}
}

bool node_is_running(const struct node *node) {
	return node->alive && !node->frozen && node->program != NULL;
}

bool node_is_crashing(const struct node *node) {
	return node != NULL && node->crashing;
}

void nodes_remove(void) {
	while (nodes_count > 0) {
		struct node *node = nodes[--nodes_count];
		node_crash(node);
		free(node);
	}
}
