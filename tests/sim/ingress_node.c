#include "tests/sim/ingress_node.h"

#include <assert.h>
#include <stdlib.h>

#include "common/bus.h"
#include "common/clock.h"
#include "common/memory.h"
#include "ingress/campaigns.h"
#include "ingress/decisions.h"
#include "ingress/holders.h"
#include "ingress/line.h"
#include "ingress/linger.h"
#include "ingress/news.h"
#include "tests/sim/node.h"
#include "tests/sim/trouble.h"
#include "tests/sim/world.h"

#define WAY_US_MIN 200
#define WAY_US_MAX 30000
/* As ingress/api_book.c: nearer to the opening than this the line decides. */
#define DOOR_MS 1000
/* A loop that has work to do flushes after it has read its sockets. */
#define TURN_US_MAX 200

struct program {
	struct node *node;
	struct campaigns *campaigns;
	struct decisions *decisions;
	struct lines *lines;
	struct news *news;
	struct world_event *turn;
};

/*
 *	going ──connected──▶ arriving ──▶ here ──answered──▶ returning ──▶ handler
 *	  │                      └── the node dies ──────────────▲
 *	  └── nobody listens ────────────────────────────────────┘
 */
enum call_stage { GOING, ARRIVING, HERE, RETURNING };

struct ingress_call {
	struct ingress_call *next;
	enum call_stage stage;
	struct node *node;
	struct ask ask;
	struct told told;
	ask_handler handler; /* NULL: hung up */
	void *context;
	struct waiter *waiter;
	struct campaign *campaign;
	bool is_fetching; /* decisions.h will call, whatever happens */
	struct world_event *event;
};

static struct ingress_call *all;
static struct chance chance;

void ingress_calls_begin(void) {
	chance = chance_for("calls");
	assert(all == NULL);
}

static void free_call(struct ingress_call *call) {
	struct ingress_call **link = &all;
	while (*link != call) {
		link = &(*link)->next;
	}
	*link = call->next;
	world_cancel(call->event);
	free(call);
}

void ingress_calls_end(void) {
	while (all != NULL) {
		free_call(all);
	}
}

/* ---- the answer -------------------------------------------------------------------------------- */

static void arrive_back(void *context) {
	struct ingress_call *call = context;
	call->event = NULL;
	ask_handler handler = call->handler;
	void *owner = call->context;
	struct told told = call->told;
	free_call(call);
	handler(owner, &told);
}

/* told is in the call; what the node did not send before it died never comes. */
static void go_back(struct ingress_call *call) {
	int64_t delay_us = chance_duration_us(&chance, WAY_US_MIN, WAY_US_MAX);
	call->stage = RETURNING;
	if (trouble_strikes(TROUBLE_ANSWER_LOST)) {
		call->told = (struct told){.kind = TOLD_BROKEN};
	}
	call->event = world_after(NULL, delay_us, arrive_back, call);
}

static void tell(struct ingress_call *call, const struct told *told) {
	if (call->handler == NULL) {
		free_call(call);
		return;
	}
	call->told = *told;
	go_back(call);
}

/* ---- booking and cancelling -------------------------------------------------------------------- */

static void turn_soon(struct program *program);

/* The loop flushes once it has handled what is there; and again soon, where that asks for it. */
static void on_turn(void *context) {
	struct program *program = context;
	program->turn = NULL;
	if (lines_flush(program->lines)) {
		turn_soon(program);
	}
}

static void turn_soon(struct program *program) {
	if (program->turn == NULL) {
		program->turn = world_after(
			program->node, chance_between(&chance, 0, TURN_US_MAX), on_turn, program);
	}
}

static void on_line_answer(struct waiter *waiter, const struct line_answer *answer) {
	struct ingress_call *call = waiter->context;
	struct told told = {.n = answer->n, .index = answer->index};
	call->waiter = NULL;
	switch (answer->outcome) {
	case LINE_DECIDED:
		told.kind = TOLD_ANSWER;
		told.answer = *answer->answer;
		break;
	case LINE_QUEUED:
		told.kind = TOLD_TICKET;
		break;
	case LINE_LATE:
	case LINE_REFUSED:
		told.kind = TOLD_LATER;
		break;
	}
	tell(call, &told);
}

static void enter_line(struct ingress_call *call) {
	struct program *program = call->node->program;
	const struct line_request request = {
		.campaign = call->campaign,
		.wait_us = call->ask.wait_us,
		.handler = on_line_answer,
	};
	call->waiter = call->ask.kind == ASK_BOOK
			       ? line_book(program->lines, &request, &call->ask.book)
			       : line_cancel(program->lines, &request, &call->ask.cancel);
	if (call->waiter == NULL) {
		tell(call, &(struct told){.kind = TOLD_LATER});
		return;
	}
	call->waiter->context = call;
	turn_soon(program);
}

/* The rules of api_book.c that need no line; 0: none applies. */
static enum verdict refuse_at_the_door(const struct ingress_call *call) {
	struct campaign *campaign = call->campaign;
	const struct definition *definition = &campaign->definition;
	struct bus *bus = call->node->bus;
	const struct book_request *book = &call->ask.book;
	if (campaign->state == CAMPAIGN_SCHEDULED && bus_is_connected(bus) &&
		(definition->opens_by_command ||
			clock_wall_ms() < definition->opens_at_ms - DOOR_MS)) {
		return VERDICT_NOT_OPEN;
	}
	if (!holders_is_over(campaign) ||
		holders_may_have(bus, campaign, &book->person, clock_monotonic_us())) {
		return 0;
	}
	if (campaign->state == CAMPAIGN_CLOSED) {
		return VERDICT_CLOSED;
	}
	return book->units > definition->units_per_person ? VERDICT_BAD_UNITS : VERDICT_SOLD_OUT;
}

/* ---- polling ----------------------------------------------------------------------------------- */

/* As api_requests.c: what the ticket's place in that decision says. */
static void answer_poll(struct ingress_call *call, const uint8_t *bytes, size_t size) {
	static struct decision decision; /* scratch */
	struct told told = {.kind = TOLD_TICKET, .n = call->ask.n, .index = call->ask.index};
	if (bytes != NULL && decision_decode(&decision, bytes, size) &&
		call->ask.index < decision.count) {
		told.kind = TOLD_ANSWER;
		told.answer = decision.answers[call->ask.index];
	}
	tell(call, &told);
}

static void on_fetched(void *context, const uint8_t *bytes, size_t size) {
	struct ingress_call *call = context;
	call->is_fetching = false;
	answer_poll(call, bytes, size);
}

static void poll(struct ingress_call *call) {
	const struct program *program = call->node->program;
	const struct ask *ask = &call->ask;
	const struct decision_name name = {
		.campaign_ordinal = call->campaign->ordinal, .n = ask->n};
	size_t size = 0;
	if (ask->n > call->campaign->newest_n) {
		answer_poll(call, NULL, 0);
		return;
	}
	const uint8_t *bytes = decisions_get(program->decisions, &name, &size);
	if (bytes != NULL) {
		answer_poll(call, bytes, size);
	} else if (decisions_fetch(
			   program->decisions, &name, call->campaign->id, on_fetched, call)) {
		call->is_fetching = true;
	} else {
		tell(call, &(struct told){.kind = TOLD_LATER});
	}
}

/* ---- a call arrives ---------------------------------------------------------------------------- */

static void serve(struct ingress_call *call) {
	const struct program *program = call->node->program;
	call->campaign = campaigns_find(program->campaigns, call->ask.campaign);
	if (call->campaign == NULL || !campaign_is_known(call->campaign)) {
		tell(call, &(struct told){.kind = TOLD_LATER});
		return;
	}
	if (call->ask.kind == ASK_POLL) {
		poll(call);
		return;
	}
	enum verdict verdict = call->ask.kind == ASK_BOOK ? refuse_at_the_door(call) : 0;
	if (verdict != 0) {
		tell(call, &(struct told){.kind = TOLD_REFUSED, .verdict = verdict});
	} else {
		enter_line(call);
	}
}

/* As the node. */
static void arrive(void *context) {
	struct ingress_call *call = context;
	call->event = NULL;
	call->stage = HERE;
	serve(call);
}

static void arrive_or_break(void *context) {
	struct ingress_call *call = context;
	struct node *node = call->node;
	/* A frozen node's kernel takes the connection; one that is not ready does not listen. */
	if (!node->alive || node->program == NULL ||
		!news_is_complete(((struct program *)node->program)->news)) {
		call->told = (struct told){.kind = TOLD_BROKEN};
		call->stage = RETURNING;
		call->event = world_after(NULL, WAY_US_MIN, arrive_back, call);
		return;
	}
	call->stage = ARRIVING;
	call->event = world_after(node, 0, arrive, call);
}

struct ingress_call *ingress_ask(
	struct node *node, const struct ask *ask, ask_handler handler, void *context) {
	struct ingress_call *call = memory_new(sizeof *call);
	call->node = node;
	call->ask = *ask;
	call->handler = handler;
	call->context = context;
	call->next = all;
	all = call;
	call->event = world_after(
		NULL, chance_duration_us(&chance, WAY_US_MIN, WAY_US_MAX), arrive_or_break, call);
	return call;
}

void ingress_hang_up(struct ingress_call *call) {
	call->handler = NULL;
	if (call->is_fetching) {
		return; /* its answer finds nobody */
	}
	if (call->waiter != NULL) {
		line_abandon(call->waiter);
	}
	free_call(call);
}

/* ---- the program ------------------------------------------------------------------------------- */

static void on_decision(void *context, struct campaign *campaign, const struct decision *head,
	const uint8_t *bytes, size_t size) {
	struct program *program = context;
	lines_decided(program->lines, campaign, head, bytes, size);
	turn_soon(program);
}

static void on_asked(void *context, const uint8_t *bytes, size_t size) {
	struct campaign *campaign = context;
	if (bytes != NULL) {
		news_offer(campaign->news, campaign, bytes, size);
	}
}

static void ask_for_decision(void *context, struct campaign *campaign, uint64_t n) {
	const struct program *program = context;
	const struct decision_name name = {.campaign_ordinal = campaign->ordinal, .n = n};
	decisions_fetch(program->decisions, &name, campaign->id, on_asked, campaign);
}

static void *create(struct node *node) {
	struct program *program = memory_new(sizeof *program);
	program->node = node;
	program->campaigns = campaigns_create();
	program->decisions = decisions_create(node->bus);
	program->lines = lines_create(node->bus);
	lines_set_asker(program->lines, ask_for_decision, program);
	if (chance_below(&chance, 2) == 0) { /* processors are short */
		lines_set_linger(program->lines, chance_between(&chance, 0, LINGER_US_MAX));
	}
	program->news = news_create(&(struct news_options){
		.bus = node->bus,
		.campaigns = program->campaigns,
		.decisions = program->decisions,
		.handler = on_decision,
		.context = program,
	});
	return program;
}

/* Its connections break, those too that are on their way to it. */
static void break_calls(const struct program *program) {
	for (struct ingress_call *next, *call = all; call != NULL; call = next) {
		next = call->next;
		if (call->node != program->node ||
			(call->stage != ARRIVING && call->stage != HERE)) {
			continue;
		}
		world_cancel(call->event);
		call->event = NULL;
		call->waiter = NULL;
		call->is_fetching = false;
		tell(call, &(struct told){.kind = TOLD_BROKEN});
	}
}

static void destroy(void *context) {
	struct program *program = context;
	world_cancel(program->turn);
	break_calls(program);
	news_destroy(program->news);
	lines_destroy(program->lines);
	decisions_destroy(program->decisions);
	for (size_t i = 0; i < campaigns_count(program->campaigns); i++) {
		holders_destroy(campaigns_get(program->campaigns, i)->holders);
	}
	campaigns_destroy(program->campaigns);
	free(program);
}

static void tick(void *context) {
	const struct program *program = context;
	int64_t now_us = clock_monotonic_us();
	news_tick(program->news, now_us);
	lines_tick(program->lines, now_us);
}

const struct node_kind ingress_node = {
	.program = "ingress",
	.has_bus = true,
	.create = create,
	.destroy = destroy,
	.tick_us = WAITERS_TICK_US,
	.tick = tick,
};
