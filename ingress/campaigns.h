/*
 * campaigns - what this ingress knows of each campaign.
 *
 *	told of by the directory ──decision and definition──▶ known ──newer decisions──▶ known
 *
 * What is known is the state after one decision, the newest that was seen, and never goes
 * backwards: an older decision that comes late, or from a replica that lags, changes nothing.
 * news.h brings the news. Pure, but for memory: campaigns are few, and stay.
 */
#ifndef INGRESS_CAMPAIGNS_H
#define INGRESS_CAMPAIGNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/pure/definition.h"
#include "common/pure/messages.h"

struct news;
struct line;
struct holders;

#define DEFINITION_HASH_TEXT (DEFINITION_HASH_BYTES * 2u + 1u)

struct campaign {
	struct campaign *next; /* with the same hash of its id */
	char id[CAMPAIGN_ID_BYTES_MAX + 1];
	uint32_t ordinal;
	/* After decision newest_n; 0: none was seen yet. */
	uint64_t newest_n;
	uint64_t define_n;      /* the decision that has the definition */
	uint64_t line_position; /* booking requests decided */
	enum campaign_state state;
	struct counters counters;
	/* The definition of decision definition_n; 0: none yet. */
	uint64_t definition_n;
	struct definition definition;
	char hash[DEFINITION_HASH_TEXT]; /* hexadecimal digits */
	char *json;                      /* as published */
	size_t json_size;
	/* How many requests a decision answered lately, as a running mean, times 16. */
	uint32_t batch_mean_16;
	int64_t heard_us; /* when anything was last heard of it; monotonic */
	int64_t definition_asked_us;
	bool is_unreadable; /* the last decision seen was */
	/* Of other modules. */
	struct news *news;
	struct line *line;
	struct holders *holders;
};

struct campaigns;

struct campaigns *campaigns_create(void);
void campaigns_destroy(struct campaigns *campaigns);

/* Ordinals rise from call to call. */
struct campaign *campaigns_add(struct campaigns *campaigns, const char *id, uint32_t ordinal);
/* NULL if there is none. */
struct campaign *campaigns_find(const struct campaigns *campaigns, const char *id);
struct campaign *campaigns_find_ordinal(const struct campaigns *campaigns, uint32_t ordinal);
/* By index, in order of ordinals: the newest campaign is the last. */
size_t campaigns_count(const struct campaigns *campaigns);
struct campaign *campaigns_get(const struct campaigns *campaigns, size_t index);
/* Rises whenever anything of any campaign changes. */
uint64_t campaigns_version(const struct campaigns *campaigns);

/* Takes in the head of a decision. False if it is not newer than what is known. */
bool campaigns_update(
	struct campaigns *campaigns, struct campaign *campaign, const struct decision *head);
/* Takes in the definition of a whole decision that accepted one. False if it cannot be read. */
bool campaigns_define(
	struct campaigns *campaigns, struct campaign *campaign, const struct decision *decision);

/* Everything that its people need is here. */
bool campaign_is_known(const struct campaign *campaign);

/* The state as a clock would say it: a scheduled campaign is open from opens_at on, and an open one
 * closed from closes_at on, before a decision says so. For showing; the line decides. */
enum campaign_state campaign_state_at(const struct campaign *campaign, int64_t wall_ms);

/* Minutes east of UTC at time_ms in the campaign's time zone. Loop thread only. */
int campaign_offset_minutes(const struct campaign *campaign, int64_t time_ms);

#endif
