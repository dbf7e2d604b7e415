/*
 * bus_table - the requests that wait for a reply, found by token and by deadline.
 *
 * A token is (serial << BUS_SLOT_BITS | slot). Serials rise for ever and are never used again, so a
 * late reply to an old request cannot be taken for the reply to a new one in the same slot. No clock
 * and no I/O: times are arguments. Everything is allocated at the start.
 */
#ifndef COMMON_BUS_TABLE_H
#define COMMON_BUS_TABLE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/bus.h"

#define BUS_SLOT_BITS 14u
static_assert(BUS_REQUESTS_MAX == 1u << BUS_SLOT_BITS, "a token names every slot");

struct bus_waiting {
	bus_reply_handler handler;
	void *context;
	bool owned;     /* context is freed with free() when the request ends, however it ends */
	bool publishes; /* into a stream: an answer says that messages are stored */
};

struct bus_table;

struct bus_table *bus_table_create(void);
/* Frees owned contexts; calls nobody. NULL is allowed. */
void bus_table_destroy(struct bus_table *table);

/* Returns the token, or 0 if the table is full. */
uint64_t bus_table_add(
	struct bus_table *table, const struct bus_waiting *waiting, int64_t deadline_us);
/* Removes a request. False if there is none with this token; any value is allowed. */
bool bus_table_take(struct bus_table *table, uint64_t token, struct bus_waiting *waiting);
/* A token that no request has or will have, for one that failed before it came into the table. */
uint64_t bus_table_reserve(struct bus_table *table);

/* The earliest deadline, INT64_MAX if nothing waits; due: its token, 0 if it is after now_us. */
int64_t bus_table_deadline_us(const struct bus_table *table);
uint64_t bus_table_due(const struct bus_table *table, int64_t now_us);
size_t bus_table_count(const struct bus_table *table);

/* For failing everything that waits now, but not what the failed ones ask anew: the newest token so
 * far, and the token of any request that is not newer (0 if none), looking from slot *cursor on. */
uint64_t bus_table_newest(const struct bus_table *table);
uint64_t bus_table_older(const struct bus_table *table, uint64_t newest, uint32_t *cursor);

#endif
