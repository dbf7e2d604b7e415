/*
 * options - what a run of the load generator is asked to do.
 */
#ifndef TESTS_LOAD_OPTIONS_H
#define TESTS_LOAD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/load/crowd.h"

enum mode {
	MODE_PEAK,     /* closed loop: each connection asks again as soon as it has an answer */
	MODE_RATE,     /* open loop: so many a second, whatever the answers do */
	MODE_RUSH,     /* everybody at once, as people are: impatient, and twice */
	MODE_POLL,     /* readers: counts and tickets; a rate of 0 is a closed loop */
	MODE_LOGIN,    /* people who prove a contact; a rate of 0 is a closed loop */
	MODE_CONTACTS, /* no load: the contacts of the people of a run, for COPY */
};

struct options {
	enum mode mode;
	const char *address;
	const char *keys_dir;
	const char *campaign;
	const char *sandbox; /* where codes arrive */
	const char *get;     /* a path to read in place of booking; NULL: book */
	const char *picture; /* a file to draw the run into; NULL: none */
	uint64_t connections;
	uint64_t threads;
	uint64_t seconds;
	uint64_t rate;
	uint64_t people;
	uint64_t run; /* who they are; 0: people whom nobody has seen */
	uint64_t patience_ms;
	uint64_t requests_per_connection; /* 0: no limit */
	uint64_t spread_ms;
	uint64_t duplicates_percent;
	uint64_t tickets;
	uint64_t wait_s; /* Prefer: wait; WAIT_NONE: not sent */
	bool json;
};

#define WAIT_NONE UINT64_MAX

/* "peak", "rate" ... */
const char *options_mode_name(const struct options *options);

struct crowd_options options_crowd(const struct options *options);

/* Whether people book. */
bool options_book(const struct options *options);

/* Exits, with help or with what is wrong, if there is nothing to run. Borrows from argv. */
void options_read(struct options *options, int argc, char **argv);

#endif
