/*
 * directory - knows which campaigns there are.
 *
 * Reads the stream CAMPAIGNS from its beginning with direct gets, and goes on when a new campaign is
 * announced (campaigns.<id>), when the connection was made again, and every DIRECTORY_POLL_MS.
 */
#ifndef COMMON_DIRECTORY_H
#define COMMON_DIRECTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/bus.h"

#define DIRECTORY_POLL_MS 5000

struct directory;

/* Called once for each campaign, in order of their ordinals. id is borrowed for the call. */
typedef void (*directory_handler)(void *context, const char *id, uint32_t ordinal);

/* Subscribes to SUBJECT_CAMPAIGNS_ALL itself: call before uv_run. */
struct directory *directory_create(struct bus *bus, directory_handler handler, void *context);
/* The subscription stays: destroy the bus next. NULL is allowed. */
void directory_destroy(struct directory *directory);
/* True once everything that was there at the start has been told. */
bool directory_is_complete(const struct directory *directory);

#endif
