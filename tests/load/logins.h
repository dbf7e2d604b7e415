/*
 * logins - people who ask for a one-time code, read it where it arrives, and log in with it.
 *
 *	        202              it is there            200
 *	ASKING ─────▶ READING ───────────────▶ PROVING ─────▶ a token: the next person's turn
 *	               │    ▲
 *	               └────┘ not yet: again after a pause
 *
 * So many people at once, on one loop; each has a connection to the ingress, and one to the sandbox,
 * which stands for the mail box. A person whom something goes wrong for gives up, and is counted.
 */
#ifndef TESTS_LOAD_LOGINS_H
#define TESTS_LOAD_LOGINS_H

#include <stdint.h>

#include "tests/load/counts.h"
#include "tests/load/options.h"

struct logins;

/* Exits with a clear line if an address is none. */
struct logins *logins_create(const struct options *options, struct counts_live *live);
void logins_destroy(struct logins *logins);
/* As worker_open, worker_run and worker_counts. */
uint32_t logins_open(struct logins *logins);
void logins_run(struct logins *logins, int64_t start_us);
const struct counts *logins_counts(const struct logins *logins);

#endif
