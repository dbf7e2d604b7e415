/*
 * codebook_rules - when a one-time code may be sent, and when it may be tried.
 *
 * Pure: the state that all ingresses share goes in with the time, and comes out changed; whoever
 * stores it first was right (codebook.h). One contact has one code at a time:
 *
 *	none ──send──▶ alive, 10 minutes from the first send ──▶ none
 *	                 │ the same code: up to 5 sends, 30 seconds apart
 *	                 │ up to 5 tries; each is counted before the code is looked at
 *
 * A right code is not used up: if the reply to it was lost, the same code may be given again,
 * within its tries. So a guesser has five tries of a million in ten minutes, whatever the replies
 * were.
 */
#ifndef INGRESS_CODEBOOK_RULES_H
#define INGRESS_CODEBOOK_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/crypto.h"
#include "common/pure/messages.h"

#define CODE_LIFE_MS 600000
#define CODE_RESEND_MS 30000
/* A code that is sent must be good for a while: mail takes time, and so does typing. */
#define CODE_LIFE_LEFT_MS_MIN 60000
#define CODE_SENDS_MAX 5u
#define CODE_TRIES_MAX 5u

enum code_permit {
	CODE_GRANTED,  /* the changed state must be stored before anything else is done */
	CODE_TOO_SOON, /* a code is on its way; again after retry_after_ms */
	CODE_TOO_MANY, /* sends or tries are used up until retry_after_ms from now */
	CODE_NONE,     /* try: no code is alive */
};

struct code_verdict {
	enum code_permit permit;
	int64_t retry_after_ms;
	int64_t expires_at_ms; /* of the code; where there is one */
};

/* state: what is stored, or NULL; nonce: random, for a new code. next is set where granted. */
struct code_verdict codebook_rules_send(struct code_state *next, const struct code_state *state,
	const uint8_t nonce[16], int64_t now_ms);
struct code_verdict codebook_rules_try(
	struct code_state *next, const struct code_state *state, int64_t now_ms);

/* The code of a state: six digits, from the key, who it is for, and the nonce. */
void codebook_rules_code(char code[CODE_DIGITS + 1], const struct key *key,
	const struct identity *identity, const struct code_state *state);

/* Whether the code as typed is that code, in constant time. Blanks and '-' in it do not matter. */
bool codebook_rules_is_right(const char *typed, const char code[CODE_DIGITS + 1]);

#endif
