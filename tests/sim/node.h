/*
 * node - a process on a machine of its own, running one of the real programs' modules.
 *
 *	         start               crash
 *	down ──────────────▶ up ──────────────▶ down
 *	                    │  ▲
 *	             freeze ▼  │ thaw
 *	                   frozen ── crash ──▶ down
 *
 * A kind says how its modules are put together, as the program's main does it with libuv: create makes
 * them, destroy frees them, tick is the program's timer. A crash calls destroy too, because memory must
 * be freed, but nothing that destroy does can be seen by anybody: the link is dead, errands are
 * forgotten, and the stores answer nobody (node_is_crashing).
 */
#ifndef TESTS_SIM_NODE_H
#define TESTS_SIM_NODE_H

#include <stdbool.h>
#include <stdint.h>

struct bus;
struct node;
struct world_event;

/* One row for each program. The node is the current one (world_current) while these are called. */
struct node_kind {
	const char *program; /* "sequencer"; also its user at the broker */
	bool has_bus;        /* has a link to the broker, in node->bus before create is called */
	void *(*create)(struct node *node);
	void (*destroy)(void *program);
	int64_t tick_us; /* 0: no tick */
	void (*tick)(void *program);
};

extern const struct node_kind sequencer_node;
extern const struct node_kind ingress_node;
extern const struct node_kind fulfiller_node;
extern const struct node_kind notifier_node;

struct node {
	const struct node_kind *kind;
	char name[24];  /* "sequencer-2" */
	uint32_t index; /* among all nodes */
	bool alive;
	bool frozen;
	bool crashing;        /* while it is destroyed */
	uint32_t incarnation; /* rises with each start */
	int64_t clock_offset_us;
	int64_t blocked_until_us;
	struct bus *bus;
	void *program; /* what create returned */
	struct world_event *tick;
	/* Events that came while it could not handle them, oldest first. */
	struct world_event *kept;
	struct world_event **kept_end;
};

#define NODES_MAX 16u

/* Makes a node that is down. number: from 1, among its kind. */
struct node *node_add(const struct node_kind *kind, unsigned number);
/* All nodes, by index; NULL at the end. */
struct node *node_at(uint32_t index);
/* Crashes all that are up, and frees all. */
void nodes_remove(void);

/* As soon as it finds the broker, if it has a link; forgotten if the node crashes before that. */
void node_start(struct node *node);
/* Kill -9: of what it sent in the last moments a part arrives. Nothing if it is down. */
void node_crash(struct node *node);
/* SIGSTOP, or a machine that hangs. Nothing if it is not up. */
void node_freeze(struct node *node);
void node_thaw(struct node *node);

/* Up, and not frozen. */
bool node_is_running(const struct node *node);
/* True inside destroy, where nothing may get out any more. node: NULL is allowed. */
bool node_is_crashing(const struct node *node);

#endif
