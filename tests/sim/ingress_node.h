/*
 * ingress_node - an ingress without sockets: what people ask, and what they are told.
 *
 *	a person ──ingress_ask──▶ the way ──▶ door, line, decisions ──▶ the way ──▶ on_answer
 *
 * The calls go through the real line, batcher, waiters, news, decisions and holders, put together as
 * ingress/application.c does; the short way between a call and these (the rules at the door, what a
 * ticket's poll looks at) is written here once more, because api_*.c speaks HTTP. A token's MAC, the
 * limits of admission and JSON are not simulated.
 */
#ifndef TESTS_SIM_INGRESS_NODE_H
#define TESTS_SIM_INGRESS_NODE_H

#include <stdint.h>

#include "common/pure/messages.h"

struct node;

enum ask_kind { ASK_BOOK, ASK_CANCEL, ASK_POLL };

/* What one connection asks. */
struct ask {
	enum ask_kind kind;
	const char *campaign; /* outlives the call */
	struct book_request book;
	struct cancel_request cancel;
	uint64_t n; /* poll: the ticket */
	uint16_t index;
	int64_t wait_us; /* book, cancel: for the decision */
};

enum told_kind {
	TOLD_ANSWER,  /* the line has decided */
	TOLD_TICKET,  /* it is in the line: 202; also the answer to a poll that comes too early */
	TOLD_REFUSED, /* at the door, from memory: verdict says how */
	TOLD_LATER,   /* 503, 429: not known to be stored; the same again */
	TOLD_BROKEN,  /* the connection broke: anything may have happened */
};

struct told {
	enum told_kind kind;
	uint64_t n; /* answer, ticket */
	uint16_t index;
	struct answer answer; /* answer */
	enum verdict verdict; /* refused */
};

typedef void (*ask_handler)(void *context, const struct told *told);

/* Calls handler once, later. Returns the call, for ingress_hang_up. */
struct ingress_call;
struct ingress_call *ingress_ask(
	struct node *node, const struct ask *ask, ask_handler handler, void *context);
/* The person closes the connection; handler will not be called. */
void ingress_hang_up(struct ingress_call *call);

/* The way between people and ingresses; at the beginning and at the end of a run. */
void ingress_calls_begin(void);
void ingress_calls_end(void);

#endif
