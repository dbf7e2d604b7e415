/*
 * lookup - jobs for threads, and their deadlines on the loop.
 */
#include "ingress/lookup.h"

#include <assert.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/crypto.h"
#include "common/database.h"
#include "common/errand.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/pure/backoff.h"
#include "ingress/lookup_queries.h"
#include "ingress/measures.h"

#define FAILS_AT_ONCE_US 50000
/* Nobody is let through for so long after a failure, doubling. */
#define PAUSE_MS_MIN 100
#define PAUSE_MS_MAX 2000

/*
 *	waiting ──a connection is free──▶ running ──thread done──▶ answered
 *	   └────────── deadline ──────────────└──▶ answered as unavailable
 */
struct job {
	struct errand *errand; /* while it runs */
	struct job *next;
	struct lookup *lookup;
	struct database *database; /* while it runs */
	struct lookup_question question;
	lookup_handler handler; /* NULL: answered already */
	void *context;
	int64_t asked_at_us;
	enum database_outcome outcome;
	struct lookup_answer answer;
	struct lookup_booking bookings[LOOKUP_BOOKINGS_MAX];
};

struct lookup {
	struct uv_loop_s *loop;
	struct database *databases[LOOKUP_CONNECTIONS];
	struct database *free[LOOKUP_CONNECTIONS];
	size_t free_count;
	struct job *waiting; /* oldest first */
	struct job **waiting_end;
	size_t waiting_count;
	struct job *running;
	struct backoff backoff;
	int64_t closed_until_us; /* nobody is let through before */
};

struct lookup *lookup_create(struct uv_loop_s *loop, const char *database_url, const char *name) {
	struct lookup *lookup = memory_new(sizeof *lookup);
	lookup->loop = loop;
	for (size_t i = 0; i < LOOKUP_CONNECTIONS; i++) {
		lookup->databases[i] = database_create(database_url, name);
		lookup->free[lookup->free_count++] = lookup->databases[i];
	}
	lookup->waiting_end = &lookup->waiting;
	uint64_t seed;
	crypto_random(&seed, sizeof seed);
	lookup->backoff = backoff_init((struct backoff_range){PAUSE_MS_MIN, PAUSE_MS_MAX}, seed);
	return lookup;
}

static void answer_job(struct job *job, const struct lookup_answer *answer) {
	lookup_handler handler = job->handler;
	job->handler = NULL;
	ingress_measures.lookups++;
	if (!answer->is_available) {
		ingress_measures.lookups_failed++;
	}
	histogram_record(&ingress_measures.lookup_time, clock_monotonic_us() - job->asked_at_us);
	handler(job->context, answer);
}

static void note_outcome(struct lookup *lookup, const struct job *job) {
	if (job->outcome == DATABASE_OK) {
		backoff_reset(&lookup->backoff);
		return;
	}
	log_warn("lookup_failed", "reason=\"%s\"", database_error(job->database));
	lookup->closed_until_us =
		clock_monotonic_us() + (int64_t)backoff_next_ms(&lookup->backoff) * 1000;
}

/* On a thread: nothing but the job and its connection may be touched. A connection that lay idle
 * may have been dead for long (the database was restarted): that fails at once, and is worth one
 * more try, on a new connection. */
static void run_job(void *context) {
	struct job *job = context;
	int64_t begun_us = clock_monotonic_us();
	job->outcome = lookup_query(job->database, &job->question, &job->answer, job->bookings);
	if (job->outcome == DATABASE_UNAVAILABLE &&
		clock_monotonic_us() - begun_us < FAILS_AT_ONCE_US) {
		job->outcome =
			lookup_query(job->database, &job->question, &job->answer, job->bookings);
	}
}

static void start_waiting(struct lookup *lookup);

static void on_job_done(void *context) {
	struct job *job = context;
	struct lookup *lookup = job->lookup;
	struct job **link = &lookup->running;
	while (*link != job) {
		link = &(*link)->next;
	}
	*link = job->next;
	note_outcome(lookup, job);
	lookup->free[lookup->free_count++] = job->database;
	start_waiting(lookup);
	if (job->handler != NULL) {
		answer_job(job, &job->answer);
	}
	free(job);
}

static void start_waiting(struct lookup *lookup) {
	while (lookup->waiting != NULL && lookup->free_count > 0) {
		struct job *job = lookup->waiting;
		lookup->waiting = job->next;
		lookup->waiting_count--;
		if (lookup->waiting == NULL) {
			lookup->waiting_end = &lookup->waiting;
		}
		job->database = lookup->free[--lookup->free_count];
		job->next = lookup->running;
		lookup->running = job;
		job->errand = errand_begin(lookup->loop, run_job, on_job_done, job);
	}
}

bool lookup_ask(struct lookup *lookup, const struct lookup_question *question,
	lookup_handler handler, void *context) {
	int64_t now_us = clock_monotonic_us();
	if (lookup->waiting_count >= LOOKUP_WAITING_MAX || now_us < lookup->closed_until_us) {
		ingress_measures.lookups++;
		ingress_measures.lookups_failed++;
		return false;
	}
	struct job *job = memory_new(sizeof *job);
	job->lookup = lookup;
	job->question = *question;
	job->handler = handler;
	job->context = context;
	job->asked_at_us = now_us;
	*lookup->waiting_end = job;
	lookup->waiting_end = &job->next;
	lookup->waiting_count++;
	start_waiting(lookup);
	return true;
}

void lookup_tick(struct lookup *lookup, int64_t now_us) {
	static const struct lookup_answer unavailable;
	while (lookup->waiting != NULL &&
		now_us - lookup->waiting->asked_at_us >= LOOKUP_DEADLINE_US) {
		struct job *job = lookup->waiting;
		lookup->waiting = job->next;
		lookup->waiting_count--;
		if (lookup->waiting == NULL) {
			lookup->waiting_end = &lookup->waiting;
		}
		answer_job(job, &unavailable);
		free(job);
	}
	for (struct job *job = lookup->running; job != NULL; job = job->next) {
		if (job->handler != NULL && now_us - job->asked_at_us >= LOOKUP_DEADLINE_US) {
			answer_job(job, &unavailable);
		}
	}
}

static void free_jobs(struct job *job) {
	while (job != NULL) {
		struct job *next = job->next;
		free(job);
		job = next;
	}
}

void lookup_destroy(struct lookup *lookup) {
	if (lookup == NULL) {
		return;
	}
	for (struct job *job = lookup->running; job != NULL; job = job->next) {
		errand_abandon(job->errand);
	}
	free_jobs(lookup->running);
	free_jobs(lookup->waiting);
	for (size_t i = 0; i < LOOKUP_CONNECTIONS; i++) {
		database_destroy(lookup->databases[i]);
	}
	free(lookup);
}
