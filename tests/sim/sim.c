/*
 * sim - runs the whole system on virtual time, once for each seed, and checks every run.
 *
 *	sim --seeds N [--from S] [--count]	N seeds from S (1) on; stops at the first one that fails
 *	sim --seed S [--trace]			one seed, with all that happens
 *	sim ... --twice				each seed twice: both runs must be the same
 *
 * Prints what is wrong and how to see it again. Exit status 1 if a promise was broken.
 */
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/crypto.h"
#include "common/pure/text.h"
#include "tests/sim/accounts.h"
#include "tests/sim/broker.h"
#include "tests/sim/checker.h"
#include "tests/sim/counts.h"
#include "tests/sim/database.h"
#include "tests/sim/ingress_node.h"
#include "tests/sim/ledger.h"
#include "tests/sim/link.h"
#include "tests/sim/node.h"
#include "tests/sim/notifier_node.h"
#include "tests/sim/people.h"
#include "tests/sim/provider.h"
#include "tests/sim/seams.h"
#include "tests/sim/stage.h"
#include "tests/sim/trouble.h"
#include "tests/sim/world.h"

#define SECOND_US INT64_C(1000000)
#define TROUBLE_US_MIN (3 * SECOND_US)
#define TROUBLE_US_MAX (12 * SECOND_US)
/* Everything has come to its end by then: the slowest is a notice of a notifier that died, whose claim
 * has to run out (a minute), several times in a row. */
#define QUIET_US_MAX (240 * SECOND_US)
#define LOOK_US (SECOND_US / 4)
/* Once everything is done, nothing may happen twice. */
#define AFTER_US (3 * SECOND_US)
#define PROGRESS_SECONDS 5

struct options {
	uint64_t from;
	uint64_t seeds;
	bool twice;
	bool count;
};

/* ---- one run ----------------------------------------------------------------------------------- */

static void add_nodes(void) {
	static const struct {
		const struct node_kind *kind;
		uint32_t most;
	} rows[] = {
		{&sequencer_node, 3},
		{&ingress_node, 3},
		{&fulfiller_node, 2},
		{&notifier_node, 2},
	};
	struct chance chance = chance_for("nodes");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint32_t count = 1 + (uint32_t)chance_below(&chance, rows[i].most);
		for (uint32_t number = 1; number <= count; number++) {
			struct node *node = node_add(rows[i].kind, number);
			node->clock_offset_us = chance_between(&chance, -20000, 20000);
			node_start(node);
		}
	}
}

static void begin(uint64_t seed) {
	world_begin(seed);
	struct chance chance = chance_for("run");
	int64_t until_us = chance_between(&chance, TROUBLE_US_MIN, TROUBLE_US_MAX);
	seams_begin();
	errands_begin();
	links_begin();
	broker_begin();
	ledger_begin();
	database_begin();
	accounts_begin();
	provider_begin();
	notifier_nodes_begin();
	checker_begin();
	stage_begin(until_us);
	add_nodes();
	ingress_calls_begin();
	people_begin(until_us);
	trouble_begin(until_us);
	world_run_until(until_us);
}

static void end(void) {
	people_end();
	ingress_calls_end();
	nodes_remove();
	links_end();
	provider_end();
	accounts_end();
	ledger_end();
	broker_end();
	world_end();
}

static bool wait_until_done(int64_t give_up_us) {
	while (!checker_is_done()) {
		if (world_now_us() >= give_up_us) {
			return false;
		}
		world_run_until(world_now_us() + LOOK_US);
	}
	return true;
}

/* Returns its hash. */
static uint64_t run(uint64_t seed) {
	begin(seed);
	int64_t give_up_us = world_now_us() + QUIET_US_MAX;
	bool done = wait_until_done(give_up_us);
	if (done) {
		trace("everything is done");
		world_run_until(world_now_us() + AFTER_US);
		done = wait_until_done(give_up_us); /* time itself made something to do */
	}
	if (!done) {
		checker_explain();
	}
	checker_run();
	uint64_t hash = world_hash();
	end();
	counts_run();
	return hash;
}

/* ---- many of them ------------------------------------------------------------------------------ */

static volatile uint64_t seed_under_way;

static void say_how_to_see_it(uint64_t seed) {
	printf("see it again: tests/sim/run --seed %" PRIu64 " --trace\n", seed);
	fflush(stdout);
}

static void tell_seed(void) {
	char bytes[128];
	struct text text = text_init(bytes, sizeof bytes);
	text_append(&text, "\nseed ");
	text_append_u64(&text, seed_under_way);
	text_append(&text, ": a program ended itself\nsee it again: tests/sim/run --seed ");
	text_append_u64(&text, seed_under_way);
	text_append(&text, " --trace\n");
	fflush(stdout);
	ssize_t written = write(STDOUT_FILENO, text.start, text.used);
	(void)written;
}

/* An assertion of a program failed, or it used memory that it does not have. */
static void on_death(int number) {
	(void)number;
	tell_seed();
	_exit(1);
}

/* Of the sanitizers, where there are any: they end the program their own way. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static void watch_death(void) {
	signal(SIGABRT, on_death);
	if (__sanitizer_set_death_callback != NULL) {
		__sanitizer_set_death_callback(tell_seed);
	} else {
		signal(SIGSEGV, on_death);
	}
}

static bool run_checked(uint64_t seed, bool twice) {
	seed_under_way = seed;
	uint64_t hash = run(seed);
	bool good = violations() == 0;
	if (good && twice && run(seed) != hash) {
		printf("seed %" PRIu64 ": two runs of it are not the same\n", seed);
		good = false;
	}
	if (!good) {
		say_how_to_see_it(seed);
	}
	return good;
}

static int run_all(const struct options *options) {
	time_t begun = time(NULL);
	time_t said = begun;
	for (uint64_t i = 0; i < options->seeds; i++) {
		if (!run_checked(options->from + i, options->twice)) {
			return EXIT_FAILURE;
		}
		if (time(NULL) - said >= PROGRESS_SECONDS) {
			said = time(NULL);
			fprintf(stderr, "%" PRIu64 " of %" PRIu64 " seeds, %lld s\n", i + 1,
				options->seeds, (long long)(said - begun));
		}
	}
	printf("%" PRIu64 " seeds from %" PRIu64 ": every promise was kept (%lld s)\n",
		options->seeds, options->from, (long long)(time(NULL) - begun));
	if (options->count) {
		counts_print();
	}
	return EXIT_SUCCESS;
}

/* ---- arguments --------------------------------------------------------------------------------- */

static _Noreturn void fail_usage(void) {
	fputs("Usage: sim --seeds N [--from S] [--count] [--twice] | sim --seed S [--trace]\n",
		stderr);
	exit(2);
}

static uint64_t number_of(const char *argument) {
	uint64_t value;
	if (argument == NULL || !text_parse_u64(argument, strlen(argument), INT64_MAX, &value)) {
		fail_usage();
	}
	return value;
}

static void read_arguments(struct options *options, char **arguments) {
	for (char **argument = arguments; *argument != NULL; argument++) {
		if (strcmp(*argument, "--seeds") == 0) {
			options->seeds = number_of(*++argument);
		} else if (strcmp(*argument, "--from") == 0) {
			options->from = number_of(*++argument);
		} else if (strcmp(*argument, "--seed") == 0) {
			options->from = number_of(*++argument);
			options->seeds = 1;
		} else if (strcmp(*argument, "--trace") == 0) {
			trace_is_on = true;
		} else if (strcmp(*argument, "--twice") == 0) {
			options->twice = true;
		} else if (strcmp(*argument, "--count") == 0) {
			options->count = true;
		} else {
			fail_usage();
		}
	}
	if (options->seeds == 0) {
		fail_usage();
	}
}

/* Programs come and go; what they leave behind is for the next ones, but for the largest tables, which
 * the system gives out as zeroes that cost nothing until they are touched. */
static void keep_memory(void) {
	mallopt(M_MMAP_THRESHOLD, 4 << 20);
	mallopt(M_TRIM_THRESHOLD, 256 << 20);
}

int main(int argc, char **argv) {
	(void)argc;
	keep_memory();
	struct options options = {.from = 1};
	read_arguments(&options, argv + 1);
	watch_death();
	seams_init();
	crypto_init();
	return run_all(&options);
}
