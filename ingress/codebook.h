/*
 * codebook - one-time codes whose limits hold over all ingress processes.
 *
 * The state of a contact's code is one message in the stream CODEBOOK, in the broker's memory. It
 * is read from the leader, changed by codebook_rules.h, and stored on condition that it is still
 * the last one; who comes second reads again. So whoever is granted a try or a send has it counted,
 * once, before anything else happens. The code itself is derived with a key and stored nowhere.
 */
#ifndef INGRESS_CODEBOOK_H
#define INGRESS_CODEBOOK_H

#include <stdint.h>

#include "common/bus.h"
#include "common/crypto.h"
#include "common/pure/messages.h"

/* Rounds of read and store before giving up: each one that fails means that somebody else's did
 * not. */
#define CODEBOOK_ROUNDS_MAX 5u
#define CODEBOOK_STEP_MS 1000

enum codebook_outcome {
	CODEBOOK_GRANTED, /* and counted */
	CODEBOOK_TOO_SOON,
	CODEBOOK_TOO_MANY,
	CODEBOOK_NONE,        /* try: no code is alive */
	CODEBOOK_UNAVAILABLE, /* the broker did not answer; whether it was counted is unknown */
};

struct codebook_answer {
	enum codebook_outcome outcome;
	char code[CODE_DIGITS + 1]; /* granted: to send, or to compare with. A secret */
	int64_t retry_after_ms;     /* too soon, too many */
	int64_t expires_at_ms;      /* of the code, where there is one */
};

/* Called once, later. */
typedef void (*codebook_handler)(void *context, const struct codebook_answer *answer);

struct codebook {
	struct bus *bus;
	const struct key *key;
};

/* May this contact be sent its code? */
void codebook_send(struct codebook *codebook, const struct identity *identity,
	codebook_handler handler, void *context);
/* May a code be tried for this contact? */
void codebook_try(struct codebook *codebook, const struct identity *identity,
	codebook_handler handler, void *context);

#endif
