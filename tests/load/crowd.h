/*
 * crowd - the people of a run: who they are, and what they were told.
 *
 * Each has a contact of his own and a token that proves it, made here with the keys of the copy under
 * load, so that nobody has to log in first. What a person is told is kept and compared: whoever has a
 * booking must be told of the same one for ever, and whoever was refused for good must not get one.
 * A person belongs to one worker; nothing here is locked.
 */
#ifndef TESTS_LOAD_CROWD_H
#define TESTS_LOAD_CROWD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/load/reply.h"

/* A token with one identity has always this length; it is kept without a NUL. */
#define CROWD_TOKEN_BYTES 78u
/* The Idempotency-Key of a person's one wish: run and number, in hexadecimal. */
#define CROWD_KEY_BYTES 17u
/* A booking ID as it is written, without a NUL. */
#define CROWD_ID_BYTES 16u

enum visitor_state {
	VISITOR_UNTOLD,  /* knows nothing for sure */
	VISITOR_BOOKED,  /* has a booking */
	VISITOR_REFUSED, /* for good: sold out, closed ... */
};

struct visitor {
	int64_t first_sent_us; /* since the start of the run; -1: never sent anything */
	int64_t told_us;       /* when the booking became known */
	uint64_t place;
	char booking_id[CROWD_ID_BYTES];
	uint8_t state; /* enum visitor_state */
	uint8_t tries;
};

struct crowd {
	uint32_t count;
	uint32_t run; /* people of another run are other people */
	char (*tokens)[CROWD_TOKEN_BYTES];
	struct visitor *people;
};

struct crowd_options {
	uint32_t count;
	uint32_t run;         /* 0: a random one */
	const char *keys_dir; /* the folder with identity.key and token.keys */
};

/* Makes so many people. Exits with a clear line if it cannot. */
void crowd_init(struct crowd *crowd, const struct crowd_options *options);
void crowd_finish(struct crowd *crowd);

/* Writes where mail for the people of a run goes, as rows for COPY contacts (deploy/postgres), as if all
 * had logged in before: whoever books with a token of that run then has a mail box. */
void crowd_write_contacts(FILE *file, const struct crowd_options *options);

/* Writes CROWD_KEY_BYTES characters. */
void crowd_key(char *target, const struct crowd *crowd, uint32_t person);

/* The person sends the wish, at this time. */
void crowd_sent(struct crowd *crowd, uint32_t person, int64_t now_us);

enum crowd_news {
	CROWD_BOOKED, /* has a booking now */
	CROWD_AGAIN,  /* had it already, and was told of the same one; or was refused again */
	CROWD_REFUSED,
	CROWD_QUEUED, /* a ticket, or a ticket that is not decided yet */
	CROWD_LATER,  /* to be tried again: too early, too busy, not stored */
	CROWD_WRONG,  /* contradicts what was told before, or makes no sense */
};

/* The person got this answer to the wish, or to a question about its ticket. */
enum crowd_news crowd_told(
	struct crowd *crowd, uint32_t person, const struct reply *reply, int64_t now_us);

#endif
