/*
 * load - the load generator: books and reads as a crowd does, and checks what it is told.
 *
 *	options ──▶ crowd (people and tokens) ──▶ workers, a loop each ──▶ counts ──▶ verdict, report
 *
 * load --help says how it is used; tests/load/README.md how its figures are to be read.
 */
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/crypto.h"
#include "common/memory.h"
#include "tests/load/report.h"
#include "tests/load/target.h"
#include "tests/load/worker.h"

#define SHOW_US 250000
/* Counts follow decisions by a moment, each ingress by its own. */
#define COUNTS_SETTLE_US 500000
#define COUNTS_SETTLE_TRIES 20

struct run {
	struct options options;
	struct crowd crowd;
	struct polls polls;
	struct counts_live live;
	struct worker *workers[64];
	pthread_t threads[64];
	pthread_barrier_t ready;
	int64_t start_us;
	_Atomic uint32_t connections;
	_Atomic uint32_t working;
	int64_t processor_us;
};

/* ---- before ---------------------------------------------------------------------------------- */

static bool books(const struct options *options) {
	return options->get == NULL && options->mode != MODE_POLL;
}

/* A connection is an open file; the default limit is for select(). */
static void raise_file_limit(const struct options *options) {
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
		return;
	}
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	if (options->connections + 64 > limit.rlim_max) {
		fprintf(stderr,
			"load: %llu connections are wanted and this process may open %llu files: "
			"fewer --connections, or a higher limit (ulimit -Hn)\n",
			(unsigned long long)options->connections,
			(unsigned long long)limit.rlim_max);
		exit(EX_CONFIG);
	}
}

static struct schedule schedule_of(const struct options *options) {
	struct schedule schedule = {
		.kind = SCHEDULE_CLOSED,
		.count = books(options) ? options->people : UINT64_MAX / 2,
		.rate = options->rate,
		.mean_us = (double)options->spread_ms * 1000,
		.workers = (uint32_t)options->threads,
	};
	if (options->mode == MODE_RUSH) {
		schedule.kind = SCHEDULE_RUSH;
	} else if (options->mode == MODE_RATE || options->rate > 0) {
		schedule.kind = SCHEDULE_STEADY;
		schedule.count = options->rate * options->seconds;
	}
	return schedule;
}

static void prepare(struct run *run) {
	const struct options *options = &run->options;
	if (books(options)) {
		crowd_init(&run->crowd, (uint32_t)options->people, options->keys_dir);
	}
	if (options->mode == MODE_POLL && options->get == NULL) {
		polls_init(&run->polls, options);
	}
	struct worker_options given = {
		.options = options,
		.crowd = books(options) ? &run->crowd : NULL,
		.polls = options->mode == MODE_POLL && options->get == NULL ? &run->polls : NULL,
		.schedule = schedule_of(options),
		.live = &run->live,
	};
	for (uint32_t i = 0; i < options->threads; i++) {
		given.schedule.worker = i;
		given.connections = (uint32_t)((options->connections + i) / options->threads);
		run->workers[i] = worker_create(&given);
	}
}

/* ---- during ---------------------------------------------------------------------------------- */

static int64_t processor_us(void) {
	struct rusage usage;
	(void)getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * INT64_C(1000000) +
	       usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

static struct worker *worker_of(struct run *run) {
	for (size_t i = 0; i < run->options.threads; i++) {
		if (pthread_equal(run->threads[i], pthread_self())) {
			return run->workers[i];
		}
	}
	abort();
}

static void *work(void *context) {
	struct run *run = context;
	pthread_barrier_wait(&run->ready); /* all threads are known */
	struct worker *worker = worker_of(run);
	run->connections += worker_open(worker);
	if (pthread_barrier_wait(&run->ready) == PTHREAD_BARRIER_SERIAL_THREAD) {
		run->processor_us = -processor_us();
		run->start_us = clock_monotonic_us();
	}
	pthread_barrier_wait(&run->ready);
	worker_run(worker, run->start_us);
	run->working--;
	return NULL;
}

static void show_progress(struct run *run) {
	uint64_t before = 0;
	while (run->working > 0) {
		usleep(SHOW_US);
		struct report_progress progress = {
			.now_us = clock_monotonic_us() - run->start_us,
			.answered = run->live.answered,
			.booked = run->live.booked,
			.failed = run->live.failed,
		};
		progress.answered_a_second = (progress.answered - before) * 1000000 / SHOW_US;
		before = progress.answered;
		report_show(&run->options, &progress);
	}
	report_hide();
}

static void work_all(struct run *run) {
	uint32_t threads = (uint32_t)run->options.threads;
	run->working = threads;
	pthread_barrier_init(&run->ready, NULL, threads + 1);
	for (uint32_t i = 0; i < threads; i++) {
		int error = pthread_create(&run->threads[i], NULL, work, run);
		assert(error == 0);
	}
	pthread_barrier_wait(&run->ready);
	if (pthread_barrier_wait(&run->ready) == PTHREAD_BARRIER_SERIAL_THREAD) {
		run->processor_us = -processor_us();
		run->start_us = clock_monotonic_us();
	}
	pthread_barrier_wait(&run->ready);
	show_progress(run);
	run->processor_us += processor_us();
	for (uint32_t i = 0; i < threads; i++) {
		pthread_join(run->threads[i], NULL);
	}
	pthread_barrier_destroy(&run->ready);
}

/* ---- after ----------------------------------------------------------------------------------- */

/* Compares with the campaign's counts, once they are up with what people know. */
static void judge(struct run *run, struct verdict *verdict, const struct verdict_counts *before) {
	struct verdict_counts after;
	for (int tries = 0; tries < COUNTS_SETTLE_TRIES; tries++) {
		usleep(COUNTS_SETTLE_US);
		target_counts(&after, run->options.address, run->options.campaign);
		if (!verdict_find(verdict, &run->crowd, before, &after)) {
			fputs("load: out of memory: use fewer --people\n", stderr);
			exit(EX_OSERR);
		}
		if (verdict->is_exact) {
			return;
		}
	}
}

static bool is_clean(const struct counts *counts, const struct verdict *verdict) {
	return counts->wrong == 0 && counts->ends[CONNECTION_GARBLED] == 0 &&
	       (verdict == NULL || verdict_is_clean(verdict));
}

int main(int argc, char **argv) {
	static struct run run;
	static struct counts counts;
	struct verdict_counts before = {0};
	struct verdict verdict;
	crypto_init();
	options_read(&run.options, argc, argv);
	raise_file_limit(&run.options);
	bool judged = books(&run.options);
	if (judged) {
		target_counts(&before, run.options.address, run.options.campaign);
	}
	prepare(&run);
	work_all(&run);
	for (uint32_t i = 0; i < run.options.threads; i++) {
		counts_merge(&counts, worker_counts(run.workers[i]));
	}
	if (judged) {
		judge(&run, &verdict, &before);
	}
	report_print(&(struct report){
		.options = &run.options,
		.counts = &counts,
		.verdict = judged ? &verdict : NULL,
		.connections = run.connections,
		.processor_us = run.processor_us,
	});
	for (uint32_t i = 0; i < run.options.threads; i++) {
		worker_destroy(run.workers[i]);
	}
	crowd_finish(&run.crowd);
	polls_finish(&run.polls);
	return is_clean(&counts, judged ? &verdict : NULL) ? EX_OK : 1;
}
