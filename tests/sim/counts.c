#include "tests/sim/counts.h"

#include <inttypes.h>
#include <stdio.h>

#include "ingress/measures.h"
#include "sequencer/feed.h"
#include "tests/sim/trouble.h"

#define VERDICTS 64u
#define EFFECTS 4u

static uint64_t runs;
static uint64_t decisions;
static uint64_t verdicts[VERDICTS];
static uint64_t repeated;
static uint64_t effects[EFFECTS];

void counts_run(void) {
	runs++;
}

void counts_decision(const struct decision *decision) {
	decisions++;
	for (uint16_t i = 0; i < decision->count; i++) {
		verdicts[decision->answers[i].verdict]++;
		repeated += decision->answers[i].repeated;
	}
	for (uint16_t i = 0; i < decision->effects_count; i++) {
		effects[decision->effects[i].kind]++;
	}
}

static void print_row(const char *name, uint64_t count) {
	printf("| %-52s | %12" PRIu64 " |\n", name, count);
}

static void print_programs(void) {
	for (size_t i = 0; i < feed_metrics_count; i++) {
		if (feed_metrics[i].type == METRIC_COUNTER) {
			print_row(feed_metrics[i].help, *feed_metrics[i].value);
		}
	}
	print_row("batches sent", ingress_measures.batches_sent);
	print_row("batches to be sent again", ingress_measures.batches_retried);
	print_row("requests in them", ingress_measures.batch_entries);
	print_row("decisions that ingresses had to ask for", ingress_measures.decisions_asked);
}

void counts_print(void) {
	printf("\n| what happened | how often |\n|---|---|\n");
	print_row("runs", runs);
	print_row("decisions", decisions);
	for (unsigned i = 0; i < VERDICTS; i++) {
		if (verdicts[i] > 0) {
			char name[64];
			snprintf(name, sizeof name, "answer: %s", verdict_name((enum verdict)i));
			print_row(name, verdicts[i]);
		}
	}
	print_row("answers given again", repeated);
	print_row("effect: a hold expired", effects[EFFECT_RELEASED]);
	print_row("effect: promoted to booked", effects[EFFECT_PROMOTED_BOOKED]);
	print_row("effect: promoted to held", effects[EFFECT_PROMOTED_HELD]);
	print_programs();
	printf("\n| fault | how often |\n|---|---|\n");
	for (int kind = 0; kind < TROUBLE_COUNT; kind++) {
		print_row(trouble_name((enum trouble)kind), trouble_count((enum trouble)kind));
	}
}
