#include "tests/sim/trouble.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim/broker.h"
#include "tests/sim/ledger.h"
#include "tests/sim/link.h"
#include "tests/sim/node.h"
#include "tests/sim/stage.h"
#include "tests/sim/world.h"

/* A fault is in a run with this chance; the rates of those that are differ a hundredfold. */
#define ACTIVE_PPM 400000u
#define RATE_PPM_MIN 1000
#define RATE_PPM_MAX 150000
#define PAUSE_US_MIN 250000
#define PAUSE_US_MAX 8000000
/* One run in so many is without any fault. */
#define CALM_RUNS 20u
/* A notifier's claims last for a minute. */
#define LONG_FREEZE_US_MIN INT64_C(20000000)
#define LONG_FREEZE_US_MAX INT64_C(120000000)
#define HOUR_US INT64_C(3600000000)

struct row {
	const char *name;
	/* False: there was nothing that it could break. NULL: asked for by trouble_strikes. */
	bool (*act)(void);
	/* Where the usual rates would leave nothing to look at: at most so often, or so much rarer. */
	uint32_t most;
};

static bool crash_one(void);
static bool crash_all(void);
static bool freeze_one(void);
static bool freeze_for_long(void);
static bool cut_one(void);
static bool stall_one(void);
static bool restart_broker(void);
static bool step_clock(void);
static bool step_broker_clock(void);
static bool fill_requests(void);
static bool fill_decisions(void);
static bool write_garbage(void);
static bool take_ledger_away(void);
static bool end_sessions(void);

static const struct row rows[TROUBLE_COUNT] = {
	[TROUBLE_CRASH] = {"a node crashes", crash_one, 0},
	[TROUBLE_CRASH_OF_ALL] = {"everything crashes at once", crash_all, 8},
	[TROUBLE_FREEZE] = {"a node freezes", freeze_one, 0},
	[TROUBLE_LONG_FREEZE] = {"a notifier freezes for minutes", freeze_for_long, 0},
	[TROUBLE_LINK_CUT] = {"a connection to the broker breaks", cut_one, 0},
	[TROUBLE_LINK_STALL] = {"a connection to the broker stalls", stall_one, 0},
	[TROUBLE_BROKER_RESTART] = {"the broker is killed", restart_broker, 2},
	[TROUBLE_CLOCK_STEP] = {"a node's clock is set", step_clock, 0},
	[TROUBLE_BROKER_CLOCK_STEP] = {"the broker's clock is set", step_broker_clock, 0},
	[TROUBLE_REQUESTS_FULL] = {"REQ_ has no room for a while", fill_requests, 0},
	[TROUBLE_DECISIONS_FULL] = {"DEC_ has no room for a while", fill_decisions, 0},
	[TROUBLE_GARBAGE] = {"an unreadable message in the line", write_garbage, 0},
	[TROUBLE_LEDGER_AWAY] = {"PostgreSQL is away for a while", take_ledger_away, 2},
	[TROUBLE_LEDGER_SESSIONS_LOST] = {"all sessions of PostgreSQL end", end_sessions, 0},
	[TROUBLE_CRASH_HERE] = {"a node crashes in the middle of a step", NULL, 15000},
	[TROUBLE_FREEZE_HERE] = {"a node freezes in the middle of a step", NULL, 15000},
	[TROUBLE_LINK_FULL] = {"the queue to the broker is full", NULL, 0},
	[TROUBLE_ACK_LOST] = {"an acknowledgement is lost", NULL, 0},
	[TROUBLE_ACK_LATE] = {"an acknowledgement is late", NULL, 0},
	[TROUBLE_ACK_TWICE] = {"an acknowledgement comes twice", NULL, 0},
	[TROUBLE_PUBLISH_LOST] = {"a publication is lost", NULL, 0},
	[TROUBLE_PUBLISH_REFUSED] = {"a publication is refused for now", NULL, 0},
	[TROUBLE_PUBLISH_FORGOTTEN] = {"a duplicate of what was never stored", NULL, 20000},
	[TROUBLE_DELIVERY_LOST] = {"a delivery is lost", NULL, 30000},
	[TROUBLE_DELIVERY_TWICE] = {"a delivery comes twice", NULL, 30000},
	[TROUBLE_CONSUMER_GONE] = {"a consumer vanishes", NULL, 10000},
	[TROUBLE_CONSUMER_ENDED] = {"a consumer is ended", NULL, 30000},
	[TROUBLE_REPUBLISH_LOST] = {"a republished decision is lost", NULL, 0},
	[TROUBLE_REPUBLISH_TWICE] = {"a republished decision comes twice", NULL, 0},
	[TROUBLE_REPUBLISH_LATE] = {"a republished decision is late", NULL, 0},
	[TROUBLE_GET_LOST] = {"a get is not answered", NULL, 0},
	[TROUBLE_GET_LATE] = {"a get is answered late", NULL, 0},
	[TROUBLE_GET_STALE] = {"a get is answered by a stale replica", NULL, 0},
	[TROUBLE_ANSWER_LOST] = {"an answer does not reach its person", NULL, 0},
	[TROUBLE_IMPATIENCE] = {"a person hangs up and asks again", NULL, 0},
	[TROUBLE_LEDGER_FAILS_BEFORE] = {"a transaction fails before its commit", NULL, 0},
	[TROUBLE_LEDGER_FAILS_AFTER] = {"a transaction is committed, but nobody says so", NULL, 0},
	[TROUBLE_LEDGER_SLOW] = {"a transaction is slow", NULL, 0},
	[TROUBLE_PROVIDER_REFUSES] = {"a message is refused for now", NULL, 0},
	[TROUBLE_PROVIDER_REJECTS] = {"a message is refused for good", NULL, 0},
	[TROUBLE_PROVIDER_SILENT] = {"a message is taken, but nobody says so", NULL, 0},
	[TROUBLE_PROVIDER_HANGS] = {"a message is not taken, and nobody says so", NULL, 0},
	[TROUBLE_PROVIDER_LIES] = {"a message is taken, and said to be refused", NULL, 0},
};

/* The rate of a kind: per million opportunities, or microseconds from one time to the next. */
static uint32_t rates[TROUBLE_COUNT];
static uint64_t counts[TROUBLE_COUNT]; /* over all runs */
static bool is_on;
static struct chance chance;
static bool is_frozen_for_long[NODES_MAX];

/* ---- asked for --------------------------------------------------------------------------------- */

bool trouble_strikes(enum trouble kind) {
	assert(rows[kind].act == NULL);
	if (!is_on || rates[kind] == 0 || !chance_ppm(&chance, rates[kind])) {
		return false;
	}
	counts[kind]++;
	trace("TROUBLE: %s", rows[kind].name);
	return true;
}

int64_t trouble_duration_us(int64_t least, int64_t most) {
	return chance_duration_us(&chance, least, most);
}

bool trouble_is_on(void) {
	return is_on;
}

const char *trouble_name(enum trouble kind) {
	return rows[kind].name;
}

uint64_t trouble_count(enum trouble kind) {
	return counts[kind];
}

/* ---- nodes ------------------------------------------------------------------------------------- */

/* As the world. */
static void start_again(void *context) {
	struct node *node = context;
	if (!node->alive) {
		node_start(node);
	}
}

static bool crash(struct node *node) {
	if (!node->alive) {
		return false;
	}
	node_crash(node);
	world_after(NULL, trouble_duration_us(5000, 3000000), start_again, node);
	return true;
}

static void crash_later(void *context) {
	crash(context);
}

static void thaw_later(void *context) {
	struct node *node = context;
	is_frozen_for_long[node->index] = false;
	node_thaw(node);
}

static bool freeze(struct node *node) {
	if (!node->alive || node->frozen) {
		return false;
	}
	node_freeze(node);
	world_after(NULL, trouble_duration_us(2000, 6000000), thaw_later, node);
	return true;
}

static void freeze_later(void *context) {
	freeze(context);
}

void trouble_step(void) {
	struct node *node = world_current();
	if (node == NULL || node->crashing || node->program == NULL) {
		return;
	}
	if (trouble_strikes(TROUBLE_CRASH_HERE)) {
		world_after(NULL, chance_between(&chance, 0, 2000), crash_later, node);
	} else if (trouble_strikes(TROUBLE_FREEZE_HERE)) {
		world_after(NULL, chance_between(&chance, 0, 2000), freeze_later, node);
	}
}

static struct node *any_node(void) {
	uint32_t count = 0;
	while (node_at(count) != NULL) {
		count++;
	}
	return node_at((uint32_t)chance_below(&chance, count));
}

static bool crash_one(void) {
	return crash(any_node());
}

static bool crash_all(void) {
	for (uint32_t i = 0; node_at(i) != NULL; i++) {
		crash(node_at(i));
	}
	broker_restart(trouble_duration_us(50000, 2000000));
	return true;
}

static bool freeze_one(void) {
	return freeze(any_node());
}

/* Nobody else waits for a notifier: it may come back long after everything else has come to its end. */
static bool freeze_for_long(void) {
	struct node *node = any_node();
	if (node->kind != &notifier_node || !node->alive || node->frozen) {
		return false;
	}
	node_freeze(node);
	is_frozen_for_long[node->index] = true;
	world_after(NULL, chance_between(&chance, LONG_FREEZE_US_MIN, LONG_FREEZE_US_MAX),
		thaw_later, node);
	return true;
}

static bool cut_one(void) {
	return link_cut(any_node());
}

static bool stall_one(void) {
	return link_stall(any_node(), trouble_duration_us(1000, 5000000));
}

/* Mostly what NTP or an operator does; now and then somebody mistook the day. */
static bool step_clock(void) {
	struct node *node = any_node();
	int64_t step_us = trouble_duration_us(10000, 20000000);
	if (chance_below(&chance, 8) == 0) {
		step_us = chance_between(&chance, 1, 30) * HOUR_US;
	}
	step_us = chance_below(&chance, 2) == 0 ? -step_us : step_us;
	node->clock_offset_us += step_us;
	trace("the clock of %s is set by %" PRId64 " ms", node->name, step_us / 1000);
	return node->alive;
}

/* ---- the broker -------------------------------------------------------------------------------- */

static bool restart_broker(void) {
	bool was_up = broker_is_up();
	broker_restart(trouble_duration_us(10000, 3000000));
	return was_up;
}

static bool step_broker_clock(void) {
	int64_t step_us = trouble_duration_us(1000, 4000000);
	step_us = chance_below(&chance, 2) == 0 ? -step_us : step_us;
	trace("the broker's clock is set by %" PRId64 " ms", step_us / 1000);
	broker_step_clock(step_us);
	return true;
}

static struct stage_campaign *any_campaign(void) {
	return stage_campaign((uint32_t)chance_below(&chance, stage_count()));
}

static void make_room(void *context) {
	broker_set_full(context, false);
}

static void fill(char *stream) {
	trace("%s is full", stream);
	broker_set_full(stream, true);
	world_after(NULL, trouble_duration_us(50000, 3000000), make_room, stream);
}

static bool fill_requests(void) {
	fill(any_campaign()->requests);
	return true;
}

static bool fill_decisions(void) {
	fill(any_campaign()->decisions);
	return true;
}

/* Of a version that this program knows: a newer one stops the campaign, as it should. */
static bool write_garbage(void) {
	static const char *const subjects[] = {"book", "cancel", "pay", "tick", "nonsense"};
	uint8_t bytes[64];
	char subject[64];
	size_t size = chance_below(&chance, sizeof bytes);
	for (size_t i = 0; i < size; i++) {
		bytes[i] = (uint8_t)chance_next(&chance);
	}
	bytes[0] &= 1;
	snprintf(subject, sizeof subject, "req.%s.%s", any_campaign()->id,
		subjects[chance_below(&chance, sizeof subjects / sizeof subjects[0])]);
	return broker_append(subject, bytes, size) != 0;
}

/* ---- PostgreSQL -------------------------------------------------------------------------------- */

static void give_ledger_back(void *context) {
	(void)context;
	ledger_set_away(false);
}

static bool take_ledger_away(void) {
	ledger_set_away(true);
	world_after(NULL, trouble_duration_us(10000, 5000000), give_ledger_back, NULL);
	return true;
}

static bool end_sessions(void) {
	ledger_end_sessions();
	return true;
}

/* ---- beginning and end ------------------------------------------------------------------------- */

static void act(void *context) {
	enum trouble kind = (enum trouble)((const struct row *)context - rows);
	if (!is_on) {
		return;
	}
	trace("TROUBLE: %s", rows[kind].name);
	counts[kind] += rows[kind].act();
	world_after(NULL, chance_between(&chance, 1, 2 * (int64_t)rates[kind]), act, context);
}

static void end(void *context) {
	(void)context;
	trace("TROUBLE: is over");
	is_on = false;
	for (uint32_t i = 0; node_at(i) != NULL; i++) {
		struct node *node = node_at(i);
		if (!is_frozen_for_long[i]) {
			node_thaw(node);
		}
		node->clock_offset_us = 0;
		if (!node->alive) {
			node_start(node);
		}
	}
	for (uint32_t i = 0; i < stage_count(); i++) {
		broker_set_full(stage_campaign(i)->requests, false);
		broker_set_full(stage_campaign(i)->decisions, false);
	}
	ledger_set_away(false);
}

static void draw(enum trouble kind) {
	rates[kind] = 0;
	if (!chance_ppm(&chance, ACTIVE_PPM)) {
		return;
	}
	if (rows[kind].act == NULL) {
		uint32_t most = rows[kind].most > 0 ? rows[kind].most : RATE_PPM_MAX;
		rates[kind] = (uint32_t)chance_duration_us(
			&chance, most / (RATE_PPM_MAX / RATE_PPM_MIN), most);
		return;
	}
	rates[kind] = (uint32_t)chance_duration_us(&chance, PAUSE_US_MIN, PAUSE_US_MAX);
	rates[kind] *= rows[kind].most > 0 ? rows[kind].most : 1;
	world_after(NULL, chance_between(&chance, 1, 2 * (int64_t)rates[kind]), act,
		(void *)(uintptr_t)&rows[kind]);
}

void trouble_begin(int64_t until_us) {
	chance = chance_for("trouble");
	memset(is_frozen_for_long, 0, sizeof is_frozen_for_long);
	is_on = true;
	bool is_calm = chance_below(&chance, CALM_RUNS) == 0;
	for (int kind = 0; kind < TROUBLE_COUNT; kind++) {
		rates[kind] = 0;
		if (!is_calm) {
			draw((enum trouble)kind);
		}
	}
	world_after(NULL, until_us, end, NULL);
}
