/*
 * campaigns - one drain for each campaign that there is, and how they are all together.
 *
 * Hears of campaigns from the directory, and hands republished decisions to the drain that they are
 * for. Also watches over what the program needs, and tells the skeleton whether it can do its work.
 */
#ifndef FULFILLER_CAMPAIGNS_H
#define FULFILLER_CAMPAIGNS_H

#include "common/service.h"
#include "fulfiller/contacts.h"
#include "fulfiller/store.h"

/* How often readiness and gauges are brought up to date. */
#define CAMPAIGNS_WATCH_MS 250

struct campaigns;

struct campaigns_options {
	struct service *service;
	struct store *store;
	const struct contacts *contacts;
};

/* Subscribes: call before uv_run. */
struct campaigns *campaigns_create(const struct campaigns_options *options);
/* Frees it in the next turn of the loop. NULL is allowed. */
void campaigns_destroy(struct campaigns *campaigns);
/* Takes nothing new, and tries once to write what was read. */
void campaigns_end(struct campaigns *campaigns);

#endif
