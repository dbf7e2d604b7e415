/*
 * news - keeps the knowledge of all campaigns fresh.
 *
 *	directory ──new campaign──▶ its newest decision (direct get) ──▶ its definition (direct get)
 *	decided.* ──▶ every decision as it is made
 *	connected again, or silent for NEWS_SILENCE_US ──▶ its newest decision again
 *
 * What the broker republishes may be lost on the way, and nobody notices until the next; so a
 * campaign that is silent is asked about now and then. An unreadable decision is logged and left
 * out: this process only shows counts, and its own batches ask again.
 */
#ifndef INGRESS_NEWS_H
#define INGRESS_NEWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/bus.h"
#include "ingress/campaigns.h"
#include "ingress/decisions.h"

#define NEWS_SILENCE_US 10000000
/* Campaigns asked about in one tick: bounds what a thousand idle campaigns cost. */
#define NEWS_ASKS_PER_TICK 4u

struct news;

/* A decision of a campaign was seen for the first time, or again. head has no answers. */
typedef void (*news_handler)(void *context, struct campaign *campaign, const struct decision *head,
	const uint8_t *bytes, size_t size);

struct news_options {
	struct bus *bus;
	struct campaigns *campaigns;
	struct decisions *decisions;
	news_handler handler;
	void *context;
};

/* Subscribes: call before uv_run. */
struct news *news_create(const struct news_options *options);
void news_destroy(struct news *news);
/* A decision that came another way. False if it is unreadable. */
bool news_offer(struct news *news, struct campaign *campaign, const uint8_t *bytes, size_t size);
void news_tick(struct news *news, int64_t now_us);
/* True once everything that was there at the start is known. */
bool news_is_complete(const struct news *news);

#endif
