/*
 * decisions - the decisions that people still ask for, as bytes: recent ones from memory, others
 * from the stream.
 *
 * A ring of DECISIONS_BYTES and an index with one place for each decision: a new one overwrites the
 * oldest bytes, and whoever had its place in the index. What is not here any more is gotten again,
 * once for all who ask at the same time, and is here then.
 */
#ifndef INGRESS_DECISIONS_H
#define INGRESS_DECISIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/bus.h"

/* Some ten thousands of decisions: seconds at full load, hours otherwise. */
#define DECISIONS_BYTES (16u << 20)
/* Gets under way; more are refused, and people come back. */
#define DECISIONS_FETCHES_MAX 1024u
#define DECISIONS_FETCH_MS 1000

struct decisions;

struct decisions *decisions_create(struct bus *bus);
void decisions_destroy(struct decisions *decisions);

struct decision_name {
	uint32_t campaign_ordinal;
	uint64_t n;
};

/* Keeps a copy. */
void decisions_put(struct decisions *decisions, const struct decision_name *name,
	const uint8_t *bytes, size_t size);

/* The bytes, borrowed until the next call of decisions_put; NULL: not here. */
const uint8_t *decisions_get(
	const struct decisions *decisions, const struct decision_name *name, size_t *size);

/* bytes is NULL if there is no such decision yet, or if the broker did not answer. */
typedef void (*decisions_handler)(void *context, const uint8_t *bytes, size_t size);

/* Gets it from the stream, and calls handler once, later. False: too many are under way. */
bool decisions_fetch(struct decisions *decisions, const struct decision_name *name,
	const char *campaign_id, decisions_handler handler, void *context);

#endif
