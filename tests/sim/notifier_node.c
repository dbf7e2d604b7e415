/*
 * notifier_node - a notifier's dispatch: notices from the ledger to the providers.
 *
 * As notifier/notifier.c puts it together, without codes and the service skeleton.
 */
#include "tests/sim/notifier_node.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "notifier/dispatch.h"
#include "notifier/settings.h"
#include "tests/sim/node.h"
#include "tests/sim/world.h"

/* Small, so that a campaign of a run does not fit into it. */
#define WINDOW 12
#define CONNECTIONS 4
/* The least that the program takes. */
#define CLAIM_SECONDS 60
#define RETRY_MS 200
#define POLL_MS 250

#define DEATHS_MAX 1024u

struct program {
	struct node *node;
	struct dispatch *dispatch;
};

/* Frozen for so long at least, or the machine was only busy. */
#define ABSENT_US INT64_C(1000000)
#define TICK_US 250000
#define ABSENCES_MAX 1024u

struct death {
	uint32_t node;
	uint32_t incarnation;
	int64_t time_us;
};

static struct death deaths[DEATHS_MAX];
static size_t deaths_count;

struct absence {
	uint32_t node;
	int64_t from_us;
	int64_t to_us;
};

static struct absence absences[ABSENCES_MAX];
static size_t absences_count;
/* When each node was there last. */
static int64_t ticked_us[NODES_MAX];

void notifier_nodes_begin(void) {
	deaths_count = 0;
	absences_count = 0;
}

bool notifier_node_died(uint32_t node, uint32_t incarnation, int64_t until_us) {
	for (size_t i = 0; i < deaths_count; i++) {
		const struct death *death = &deaths[i];
		if (death->node == node && death->incarnation == incarnation) {
			return death->time_us <= until_us;
		}
	}
	return false;
}

bool notifier_node_was_absent(uint32_t node, int64_t from_us, int64_t to_us) {
	for (size_t i = 0; i < absences_count; i++) {
		const struct absence *absence = &absences[i];
		if (absence->node == node && absence->from_us <= to_us &&
			absence->to_us >= from_us) {
			return true;
		}
	}
	return to_us - ticked_us[node] >= ABSENT_US; /* it has not come back yet */
}

static void ignore_database(void *owner, bool available, const char *note) {
	(void)owner;
	(void)available;
	(void)note;
}

static void ignore_drained(void *owner) {
	(void)owner;
}

static void fill_settings(void) {
	settings = (struct settings){
		.database_url = "",
		.public_url = "https://tickets.example.org",
		.smtp_url = "smtp://mail.example.org",
		.sms_url = "https://sms.example.org",
		.sms_account = "account",
		.sms_from = "FIRST",
		.email_connections = CONNECTIONS,
		.sms_connections = CONNECTIONS,
		.window = WINDOW,
		.claim_seconds = CLAIM_SECONDS,
		.retry_ms = RETRY_MS,
		.poll_ms = POLL_MS,
		.from_name = "Firstcome",
		.from_address = "noreply@example.org",
		.from_domain = "example.org",
		.public_domain = "tickets.example.org",
		.sms_messages_url = "https://sms.example.org/messages",
		.sms_token = "token",
	};
	sms_templates_init(&settings.sms_templates);
	memset(settings.booking_key.bytes, 7, sizeof settings.booking_key.bytes);
}

static void *create(struct node *node) {
	struct program *program = memory_new(sizeof *program);
	program->node = node;
	ticked_us[node->index] = world_now_us();
	fill_settings();
	program->dispatch = dispatch_create(NULL, &(struct dispatch_options){
							  .instance = node->name,
							  .on_database = ignore_database,
							  .on_drained = ignore_drained,
						  });
	return program;
}

static void destroy(void *context) {
	struct program *program = context;
	assert(deaths_count < DEATHS_MAX);
	deaths[deaths_count++] = (struct death){
		.node = program->node->index,
		.incarnation = program->node->incarnation,
		.time_us = world_now_us(),
	};
	dispatch_destroy(program->dispatch);
	free(program);
}

static void tick(void *context) {
	const struct program *program = context;
	uint32_t node = program->node->index;
	int64_t now_us = world_now_us();
	if (now_us - ticked_us[node] >= ABSENT_US && absences_count < ABSENCES_MAX) {
		absences[absences_count++] = (struct absence){node, ticked_us[node], now_us};
	}
	ticked_us[node] = now_us;
}

const struct node_kind notifier_node = {
	.program = "notifier",
	.create = create,
	.destroy = destroy,
	.tick_us = TICK_US,
	.tick = tick,
};
