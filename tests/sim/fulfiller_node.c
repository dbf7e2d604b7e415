/*
 * fulfiller_node - a fulfiller: a drain for each campaign in the directory, and proven contacts.
 *
 * As fulfiller/main.c and campaigns.c put them together, without the service skeleton. Contacts come
 * from accounts.h in place of a pull consumer, and are written by the real store.
 */
#include "tests/sim/fulfiller_node.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/directory.h"
#include "common/memory.h"
#include "common/pure/subjects.h"
#include "fulfiller/drain.h"
#include "fulfiller/store.h"
#include "tests/sim/accounts.h"
#include "tests/sim/node.h"

#define DRAINS_MAX 4u
#define TICK_US 50000
/* As campaigns.c. */
#define WATCH_EVERY_TICKS 5u

struct program {
	struct node *node;
	struct store *store;
	struct directory *directory;
	struct drain *drains[DRAINS_MAX];
	uint32_t count;
	uint32_t ticks;
};

static void on_campaign(void *context, const char *id, uint32_t ordinal) {
	struct program *program = context;
	assert(program->count < DRAINS_MAX);
	program->drains[program->count++] = drain_create(&(struct drain_options){
		.bus = program->node->bus,
		.store = program->store,
		.campaign = id,
		.ordinal = ordinal,
	});
}

static void on_decided(void *context, const struct bus_message *message) {
	const struct program *program = context;
	const char *id = subject_campaign_id(message->subject, SUBJECT_DECIDED_PREFIX);
	for (uint32_t i = 0; id != NULL && i < program->count; i++) {
		if (strcmp(drain_campaign(program->drains[i]), id) == 0) {
			drain_offer(program->drains[i], message);
		}
	}
}

static void write_contacts(const struct program *program) {
	static struct verified_contact contacts[STORE_CONTACTS_MAX];
	static size_t names[STORE_CONTACTS_MAX];
	size_t count = accounts_take(contacts, names, STORE_CONTACTS_MAX);
	if (count > 0 && store_contacts(program->store, contacts, count) == STORE_DONE) {
		accounts_acknowledge(names, count);
	}
}

static void *create(struct node *node) {
	struct program *program = memory_new(sizeof *program);
	program->node = node;
	program->store = store_create("", node->name);
	bus_subscribe(node->bus, SUBJECT_DECIDED_ALL, NULL, on_decided, program);
	program->directory = directory_create(node->bus, on_campaign, program);
	return program;
}

static void destroy(void *context) {
	struct program *program = context;
	directory_destroy(program->directory);
	for (uint32_t i = 0; i < program->count; i++) {
		drain_destroy(program->drains[i]);
	}
	store_destroy(program->store);
	free(program);
}

static void tick(void *context) {
	struct program *program = context;
	write_contacts(program);
	if (program->ticks++ % WATCH_EVERY_TICKS == 0) {
		store_keep_alive(program->store);
	}
}

const struct node_kind fulfiller_node = {
	.program = "fulfiller",
	.has_bus = true,
	.create = create,
	.destroy = destroy,
	.tick_us = TICK_US,
	.tick = tick,
};

const char *fulfiller_node_stopped(const struct node *node) {
	const struct program *program = node->program;
	for (uint32_t i = 0; program != NULL && i < program->count; i++) {
		if (drain_state(program->drains[i]) == DRAIN_STOPPED) {
			return drain_reason(program->drains[i]);
		}
	}
	return NULL;
}
