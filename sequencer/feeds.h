/*
 * feeds - the feeds of all campaigns: one for each campaign in the directory.
 *
 * Campaigns come and never go while the program runs. Patrols all feeds, and tells the service
 * whether this sequencer is ready: once every campaign has caught up with its line.
 */
#ifndef SEQUENCER_FEEDS_H
#define SEQUENCER_FEEDS_H

#include <stdint.h>

#include "sequencer/feed.h"

/* What one process follows; each campaign has two consumers and a table. */
#define FEEDS_MAX 1024u

struct feeds;
struct service;

struct feeds *feeds_create(struct service *service);
void feeds_destroy(struct feeds *feeds);

/* NULL if there is no such campaign (yet). */
struct feed *feeds_find(const struct feeds *feeds, const char *campaign);
uint32_t feeds_count(const struct feeds *feeds);
/* In the order of their ordinals. */
struct feed *feeds_at(const struct feeds *feeds, uint32_t index);

#endif
