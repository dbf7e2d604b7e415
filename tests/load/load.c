/*
 * load - the load generator: books and reads as a crowd does, and checks what it is told.
 *
 *	options ──▶ crowd (people and tokens) ──▶ workers, a loop each ──▶ counts ──▶ verdict, report,
 *	        ├──────────────────────────────▶ logins, one loop      ──┘            picture
 *	        └──────────────────────────────▶ contacts of the people of a run
 *
 * load --help says how it is used; tests/load/README.md how its figures are to be read.
 */
#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/crypto.h"
#include "common/memory.h"
#include "tests/load/logins.h"
#include "tests/load/picture.h"
#include "tests/load/report.h"
#include "tests/load/status_line.h"
#include "tests/load/target.h"
#include "tests/load/watch.h"
#include "tests/load/worker.h"

#define SHOW_US 250000
/* How late one looks on, at the most. */
#define LOOK_US 20000
/* Counts follow decisions by a moment, each ingress by its own. */
#define COUNTS_SETTLE_US 500000
#define COUNTS_SETTLE_TRIES 20

/* One thread, and what it runs: the one or the other. */
struct crew {
	struct run *run;
	struct worker *worker;
	struct logins *logins;
	pthread_t thread;
};

struct run {
	struct options options;
	struct crowd crowd;
	struct polls polls;
	struct counts_live live;
	struct watch watch;
	struct crew crews[64];
	pthread_barrier_t ready;
	int64_t start_us;
	_Atomic uint32_t connections;
	_Atomic uint32_t working;
	int64_t processor_us;
};

/* ---- before ---------------------------------------------------------------------------------- */

static bool reads_campaign(const struct options *options) {
	return options->get == NULL && options->mode == MODE_POLL;
}

/* A connection is an open file; the default limit is for select(). */
static void raise_file_limit(const struct options *options) {
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
		return;
	}
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	uint64_t each = options->mode == MODE_LOGIN ? 2 : 1;
	if (options->connections * each + 64 > limit.rlim_max) {
		fprintf(stderr,
			"load: %llu connections are wanted and this process may open %llu files: "
			"fewer --connections, or a higher limit (ulimit -Hn)\n",
			(unsigned long long)(options->connections * each),
			(unsigned long long)limit.rlim_max);
		exit(EX_CONFIG);
	}
}

static struct schedule schedule_of(const struct options *options) {
	struct schedule schedule = {
		.kind = SCHEDULE_CLOSED,
		.count = options_book(options) ? options->people : UINT64_MAX / 2,
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

static void prepare_workers(struct run *run) {
	const struct options *options = &run->options;
	if (options_book(options)) {
		const struct crowd_options people = options_crowd(options);
		crowd_init(&run->crowd, &people);
	}
	if (reads_campaign(options)) {
		polls_init(&run->polls, options);
	}
	struct worker_options given = {
		.options = options,
		.crowd = options_book(options) ? &run->crowd : NULL,
		.polls = reads_campaign(options) ? &run->polls : NULL,
		.schedule = schedule_of(options),
		.live = &run->live,
	};
	for (uint32_t i = 0; i < options->threads; i++) {
		given.schedule.worker = i;
		given.connections = (uint32_t)((options->connections + i) / options->threads);
		run->crews[i].worker = worker_create(&given);
	}
}

static const struct counts *crew_counts(const struct crew *crew) {
	return crew->logins != NULL ? logins_counts(crew->logins) : worker_counts(crew->worker);
}

static void prepare(struct run *run) {
	const struct options *options = &run->options;
	for (size_t i = 0; i < options->threads; i++) {
		run->crews[i].run = run;
	}
	if (options->mode == MODE_LOGIN) {
		run->crews[0].logins = logins_create(options, &run->live);
	} else {
		prepare_workers(run);
	}
	bool has_campaign = options_book(options) || reads_campaign(options);
	run->watch = (struct watch){
		.address = options->address,
		.campaign = options->picture != NULL && has_campaign ? options->campaign : NULL,
		.pause_us = crew_counts(&run->crews[0])->slice_us,
	};
}

/* ---- during ---------------------------------------------------------------------------------- */

/* Set by a signal: the run ends now, and is reported. A second one ends the program. */
static volatile sig_atomic_t is_told_to_stop;

static void on_signal(int number) {
	is_told_to_stop = 1;
	(void)signal(number, SIG_DFL);
}

static int64_t processor_us(void) {
	struct rusage usage;
	(void)getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * INT64_C(1000000) +
	       usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

/* All begin at one moment: when all are connected. */
static void await_start(struct run *run) {
	if (pthread_barrier_wait(&run->ready) == PTHREAD_BARRIER_SERIAL_THREAD) {
		run->processor_us = -processor_us();
		run->start_us = clock_monotonic_us();
	}
	pthread_barrier_wait(&run->ready);
}

static void *work(void *context) {
	struct crew *crew = context;
	struct run *run = crew->run;
	run->connections +=
		crew->logins != NULL ? logins_open(crew->logins) : worker_open(crew->worker);
	await_start(run);
	if (crew->logins != NULL) {
		logins_run(crew->logins, run->start_us);
	} else {
		worker_run(crew->worker, run->start_us);
	}
	run->working--;
	return NULL;
}

static void show(struct run *run, struct status *status) {
	char buffer[128];
	struct text line = text_init(buffer, sizeof buffer);
	bool is_about_answers = !options_book(&run->options) && run->options.mode != MODE_LOGIN;
	status->ended = run->live.ended;
	status->failed = run->live.failed;
	status->done = is_about_answers ? run->live.answered : run->live.done;
	status_line_append(&line, status);
	fprintf(stderr, "\r\033[K%s", buffer);
}

static struct status status_of(const struct options *options) {
	bool books = options_book(options);
	bool ends_with_people = options->mode == MODE_RUSH || options->mode == MODE_PEAK;
	return (struct status){
		.run_us = (int64_t)options->seconds * 1000000,
		.people = books && ends_with_people ? options->people : 0,
		.what = books                         ? " booked"
			: options->mode == MODE_LOGIN ? " logged in"
						      : " answered",
	};
}

/* Nothing is shown where nobody looks. */
static void look_on(struct run *run) {
	struct status status = status_of(&run->options);
	bool is_seen = isatty(STDERR_FILENO);
	uint64_t before = 0;
	int64_t before_us = 0;
	(void)signal(SIGINT, on_signal);
	(void)signal(SIGTERM, on_signal);
	while (run->working > 0) {
		run->live.stopped = is_told_to_stop != 0;
		status.now_us = clock_monotonic_us() - run->start_us;
		watch_look(&run->watch, status.now_us);
		if (is_seen && status.now_us - before_us >= SHOW_US) {
			uint64_t answered = run->live.answered;
			status.rate = (answered - before) * 1000000 /
				      (uint64_t)(status.now_us - before_us);
			show(run, &status);
			before = answered;
			before_us = status.now_us;
		}
		usleep(LOOK_US);
	}
	if (is_seen) {
		fputs("\r\033[K", stderr);
	}
}

static void require_connections(const struct run *run) {
	if (run->connections == 0) {
		fprintf(stderr, "load: there is no connection to %s%s%s. Is the copy up?\n",
			run->options.address,
			run->options.mode == MODE_LOGIN ? " and to the sandbox at " : "",
			run->options.mode == MODE_LOGIN ? run->options.sandbox : "");
		exit(EX_UNAVAILABLE);
	}
}

static void work_all(struct run *run) {
	uint32_t threads = (uint32_t)run->options.threads;
	run->working = threads;
	pthread_barrier_init(&run->ready, NULL, threads + 1);
	for (uint32_t i = 0; i < threads; i++) {
		struct crew *crew = &run->crews[i];
		int error = pthread_create(&crew->thread, NULL, work, crew);
		assert(error == 0);
	}
	await_start(run);
	require_connections(run);
	look_on(run);
	run->processor_us += processor_us();
	for (uint32_t i = 0; i < threads; i++) {
		pthread_join(run->crews[i].thread, NULL);
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
	return counts->kinds[COUNTS_WRONG] == 0 && counts->ends[CONNECTION_GARBLED] == 0 &&
	       (verdict == NULL || verdict_is_clean(verdict));
}

static void finish(struct run *run) {
	for (uint32_t i = 0; i < run->options.threads; i++) {
		if (run->crews[i].logins != NULL) {
			logins_destroy(run->crews[i].logins);
		} else {
			worker_destroy(run->crews[i].worker);
		}
	}
	crowd_finish(&run->crowd);
	polls_finish(&run->polls);
}

static int write_contacts(const struct options *options) {
	const struct crowd_options people = options_crowd(options);
	crowd_write_contacts(stdout, &people);
	return fflush(stdout) == 0 && !ferror(stdout) ? EX_OK : EX_IOERR;
}

int main(int argc, char **argv) {
	static struct run run;
	static struct counts counts;
	struct verdict_counts before = {0};
	struct verdict verdict;
	crypto_init();
	options_read(&run.options, argc, argv);
	if (run.options.mode == MODE_CONTACTS) {
		return write_contacts(&run.options);
	}
	raise_file_limit(&run.options);
	bool judged = options_book(&run.options);
	if (judged) {
		target_counts(&before, run.options.address, run.options.campaign);
	}
	prepare(&run);
	work_all(&run);
	counts.slice_us = crew_counts(&run.crews[0])->slice_us;
	for (uint32_t i = 0; i < run.options.threads; i++) {
		counts_merge(&counts, crew_counts(&run.crews[i]));
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
	const struct picture picture = {&run.options, &counts, &run.watch};
	bool drawn = run.options.picture == NULL || picture_write(&picture, run.options.picture);
	bool clean = is_clean(&counts, judged ? &verdict : NULL);
	finish(&run);
	return !drawn ? EX_CANTCREAT : clean ? EX_OK : 1;
}
