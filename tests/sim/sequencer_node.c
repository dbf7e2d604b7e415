/*
 * sequencer_node - a sequencer: a feed for each campaign in the directory, patrolled.
 *
 * As sequencer/feeds.c puts them together, without the service skeleton and the control desk.
 */
#include "tests/sim/sequencer_node.h"

#include <assert.h>
#include <stdlib.h>

#include "common/directory.h"
#include "common/memory.h"
#include "tests/sim/node.h"

#define FEEDS_MAX 4u

struct program {
	struct node *node;
	struct directory *directory;
	struct feed *feeds[FEEDS_MAX];
	uint32_t count;
};

static void on_campaign(void *context, const char *id, uint32_t ordinal) {
	struct program *program = context;
	assert(program->count < FEEDS_MAX);
	program->feeds[program->count++] = feed_create(&(struct feed_options){
		.bus = program->node->bus, .campaign = id, .ordinal = ordinal});
}

static void *create(struct node *node) {
	struct program *program = memory_new(sizeof *program);
	program->node = node;
	program->directory = directory_create(node->bus, on_campaign, program);
	return program;
}

static void destroy(void *context) {
	struct program *program = context;
	directory_destroy(program->directory);
	for (uint32_t i = 0; i < program->count; i++) {
		feed_destroy(program->feeds[i]);
	}
	free(program);
}

static void tick(void *context) {
	const struct program *program = context;
	for (uint32_t i = 0; i < program->count; i++) {
		feed_patrol(program->feeds[i]);
	}
}

const struct node_kind sequencer_node = {
	.program = "sequencer",
	.has_bus = true,
	.create = create,
	.destroy = destroy,
	.tick_us = FEED_PATROL_MS * 1000,
	.tick = tick,
};

const struct feed *sequencer_node_feed(const struct node *node, uint32_t ordinal) {
	const struct program *program = node->program;
	for (uint32_t i = 0; program != NULL && i < program->count; i++) {
		if (feed_view(program->feeds[i]).ordinal == ordinal) {
			return program->feeds[i];
		}
	}
	return NULL;
}
