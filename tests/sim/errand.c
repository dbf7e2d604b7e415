/*
 * errand - common/errand.h on virtual time: work that takes a while, without keeping its node from
 * anything else meanwhile.
 */
#include "common/errand.h"

#include <stdlib.h>

#include "common/memory.h"
#include "tests/sim/node.h"
#include "tests/sim/seams.h"
#include "tests/sim/world.h"

/* Until a thread is free, and until the loop hears of the end; now and then the machine is busy. */
#define WAIT_US_MIN 20
#define WAIT_US_MAX 20000

struct errand {
	errand_handler work;
	errand_handler done;
	void *context;
	struct node *node;
	struct world_event *event;
};

static struct chance chance;

void errands_begin(void) {
	chance = chance_for("errands");
}

static int64_t wait_us(void) {
	return chance_duration_us(&chance, WAIT_US_MIN, WAIT_US_MAX);
}

static void on_done(void *context) {
	struct errand *errand = context;
	errand_handler done = errand->done;
	void *owner = errand->context;
	free(errand);
	done(owner);
}

/* What the work waits for blocks the thread, not the loop. */
static void on_work(void *context) {
	struct errand *errand = context;
	struct node *node = errand->node;
	int64_t blocked_until_us = node->blocked_until_us;
	int64_t begun_us = world_now_us();
	errand->work(errand->context);
	int64_t took_us = world_now_us() - begun_us;
	node->blocked_until_us = blocked_until_us;
	errand->event = world_after(node, took_us + wait_us(), on_done, errand);
}

struct errand *errand_begin(
	struct uv_loop_s *loop, errand_handler work, errand_handler done, void *context) {
	(void)loop;
	struct errand *errand = memory_new(sizeof *errand);
	*errand = (struct errand){
		.work = work, .done = done, .context = context, .node = world_current()};
	errand->event = world_after(errand->node, wait_us(), on_work, errand);
	return errand;
}

void errand_abandon(struct errand *errand) {
	if (errand != NULL) {
		world_cancel(errand->event);
		free(errand);
	}
}
