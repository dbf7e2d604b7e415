/*
 * service - the skeleton that runs every program.
 *
 *	arguments and environment ─▶ log ─▶ signals ─▶ prepare (hook) ─▶ broker ─▶ start (hook) ─▶ loop
 *	SIGTERM, SIGINT ─▶ drain (hook) ─▶ service_drained() or the drain deadline ─▶ stop (hook) ─▶ exit 0
 *	a second signal ─▶ exit at once, status 1
 *
 * It answers status.ping and status.metrics on the broker for every program, tells systemd READY=1,
 * STOPPING=1 and WATCHDOG=1 where it asks for it, changes the log level between info and debug on
 * SIGUSR1, and ignores SIGPIPE. READY=1 says that the program runs; whether it can work now, which may
 * depend on others, is in STATUS.
 */
#ifndef COMMON_SERVICE_H
#define COMMON_SERVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/bus.h"
#include "common/metrics.h"
#include "common/parameters.h"

struct service;
struct uv_loop_s;

#define SERVICE_DRAIN_MS_MAX 20000

struct service_spec {
	const char *program;                /* "sequencer" */
	const char *purpose;                /* one sentence, for --help */
	const struct parameter *parameters; /* ends with PARAMETER_END */
	const struct metric *metrics;
	size_t metrics_count;
	/* Before the broker is there: load keys and files. May be NULL. Exits on errors. */
	void (*prepare)(struct service *service);
	/* The broker is connected; subscribe and begin. */
	void (*start)(struct service *service);
	/* Take nothing new, finish what is under way, then call service_drained. NULL: nothing to do. */
	void (*drain)(struct service *service);
	/* Free everything and close all handles: the loop only finishes the closing after it. */
	void (*stop)(struct service *service);
};

/* Runs until told to stop; returns the exit status. */
int service_run(const struct service_spec *spec, int argc, char **argv);

struct uv_loop_s *service_loop(const struct service *service);
struct bus *service_bus(const struct service *service);
const char *service_instance(const struct service *service);
bool service_is_draining(const struct service *service);

/* Whether the program can do its work now, and why not (a short sentence; NULL when ready). Shown by
 * status.ping, the readiness probe and systemd. Not ready at the start. */
void service_set_ready(struct service *service, bool ready, const char *note);
bool service_is_ready(const struct service *service, const char **note);
/* Drained, or done: ends the loop. */
void service_drained(struct service *service);
/* Prints all metrics of this program. */
void service_print_metrics(const struct service *service, struct text *text);

#endif
