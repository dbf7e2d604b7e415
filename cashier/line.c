#include "cashier/line.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cashier/measures.h"
#include "common/definition_json.h"
#include "common/follower.h"
#include "common/log.h"
#include "common/memory.h"

#define REASON_BYTES 400

enum line_state { LINE_KNOWN, LINE_FOLLOWING, LINE_FREE, LINE_STOPPED };

struct line {
	struct line_options options;
	enum line_state state;
	struct news_campaign campaign;
	struct follower *follower; /* NULL: not reading */
	bool paused;               /* the follower waits for follower_resume */
	uint64_t base_n;           /* the last decision that is in the books */
	uint64_t noted_n;          /* the last one of the round under way */
	uint64_t last_n;           /* the last one that was read */
	uint8_t base_digest[DIGEST_BYTES];
	uint8_t last_digest[DIGEST_BYTES];
	char reason[REASON_BYTES];
};

/* Where each decision is decoded: too large for a stack, and only one is read at a time. */
static struct decision decision_read;

__attribute__((format(printf, 2, 3))) static void stop(struct line *line, const char *format, ...) {
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(line->reason, sizeof line->reason, format, arguments);
	va_end(arguments);
	line->state = LINE_STOPPED;
	cashier_measures.campaigns_stopped++;
	log_warn("campaign_stopped",
		"campaign=%s books_n=%" PRIu64 " reason=\"%s\" hint=\"its payments wait until a "
		"person has looked and started the cashier anew\"",
		line->campaign.id, line->base_n, line->reason);
}

/* ---- reading ----------------------------------------------------------------------------------- */

static bool take_definition(struct line *line, const struct decision *decision) {
	struct definition definition;
	char problem[JSON_ERROR_BYTES];
	if (!definition_read_stored(
		    &definition, problem, decision->definition, decision->definition_size)) {
		stop(line,
			"the line accepted a definition that this program cannot read (%s): "
			"install the version of the sequencer that accepted it",
			problem);
		return false;
	}
	struct news_campaign *campaign = &line->campaign;
	campaign->price_paise = definition.price_paise;
	memcpy(campaign->currency, definition.currency, sizeof campaign->currency);
	memcpy(campaign->time_zone, definition.time_zone, sizeof campaign->time_zone);
	return true;
}

/* From the opening on the price is what it is. */
static bool is_free(const struct line *line, const struct decision *decision) {
	return line->campaign.price_paise == 0 && decision->state > CAMPAIGN_SCHEDULED;
}

static bool take(struct line *line, const struct decision *decision) {
	if (decision->ordinal != 0 && decision->ordinal != line->campaign.ordinal) {
		stop(line, "decision %" PRIu64 " belongs to another campaign", decision->n);
		return false;
	}
	if (decision->definition != NULL && !take_definition(line, decision)) {
		return false;
	}
	line->last_n = decision->n;
	memcpy(line->last_digest, decision->digest, DIGEST_BYTES);
	cashier_measures.decisions++;
	if (is_free(line, decision)) {
		line->campaign.free = true;
		line->state = LINE_FREE; /* the follower goes when it may */
	} else {
		news_add_decision(line->options.collect(line->options.owner), line->options.names,
			&line->campaign, decision);
	}
	line->options.on_news(line->options.owner);
	return true;
}

static bool on_decision(void *context, uint64_t sequence, const uint8_t *data, size_t size) {
	struct line *line = context;
	if (line->state != LINE_FOLLOWING ||
		news_is_full(line->options.collect(line->options.owner))) {
		line->paused = true;
		return false;
	}
	struct decision *decision = &decision_read;
	if (!decision_decode(decision, data, size) || decision->n != sequence) {
		stop(line,
			"message %" PRIu64 " of its decisions is none that this program can read: "
			"look at the message, and at the versions of sequencer and cashier",
			sequence);
		return false;
	}
	if (sequence == line->base_n) {
		if (memcmp(decision->digest, line->base_digest, DIGEST_BYTES) != 0) {
			stop(line,
				"decision %" PRIu64 " of the log is not the one in the books: the "
				"log was made anew, or the books belong to another broker",
				sequence);
			return false;
		}
		return true;
	}
	return take(line, decision);
}

static void on_broken(void *context, const char *reason) {
	struct line *line = context;
	if (line->state == LINE_FOLLOWING) {
		stop(line, "%s", reason);
	}
}

void line_offer(struct line *line, const struct bus_message *message) {
	if (line->follower != NULL && line->state == LINE_FOLLOWING) {
		follower_offer(line->follower, message);
	}
}

/* ---- positions --------------------------------------------------------------------------------- */

void line_note(struct line *line, struct news *news) {
	if (line->last_n > line->base_n && line->state != LINE_KNOWN) {
		struct news_span span = {line->base_n, line->last_n};
		news_add_campaign_position(news, &line->campaign, span, line->last_digest);
		line->noted_n = line->last_n;
	}
}

void line_noted(struct line *line) {
	if (line->noted_n > line->base_n) {
		line->base_n = line->noted_n;
	}
	if (line->state == LINE_FREE || line->state == LINE_STOPPED) {
		follower_destroy(line->follower);
		line->follower = NULL;
	}
}

void line_resume(struct line *line) {
	if (line->paused && line->state == LINE_FOLLOWING) {
		line->paused = false;
		follower_resume(line->follower);
	}
}

/* ---- life -------------------------------------------------------------------------------------- */

struct line *line_create(const struct line_options *options) {
	assert(strlen(options->campaign) <= CAMPAIGN_ID_BYTES_MAX);
	struct line *line = memory_new(sizeof *line);
	line->options = *options;
	snprintf(line->campaign.id, sizeof line->campaign.id, "%s", options->campaign);
	line->options.campaign = line->campaign.id;
	line->campaign.ordinal = options->ordinal;
	return line;
}

void line_destroy(struct line *line) {
	if (line != NULL) {
		follower_destroy(line->follower);
		free(line);
	}
}

const char *line_campaign(const struct line *line) {
	return line->campaign.id;
}

const char *line_reason(const struct line *line) {
	return line->reason;
}

static bool has_same_id(const struct line *line, const struct books_position *position) {
	return strcmp(position->campaign.id, line->campaign.id) == 0;
}

static bool has_same_ordinal(const struct line *line, const struct books_position *position) {
	return position->campaign.ordinal == line->campaign.ordinal;
}

bool line_is_at(const struct line *line, const struct books_position *position) {
	return has_same_id(line, position) || has_same_ordinal(line, position);
}

void line_follow(struct line *line, const struct books_position *position) {
	if (line->state != LINE_KNOWN) {
		return;
	}
	line->base_n = 0;
	if (position != NULL) {
		if (!has_same_id(line, position) || !has_same_ordinal(line, position)) {
			stop(line, "the books know another campaign by this id or ordinal: they "
				   "belong to another broker");
			return;
		}
		line->campaign = position->campaign;
		line->base_n = position->n;
		memcpy(line->base_digest, position->digest, DIGEST_BYTES);
	}
	line->last_n = line->base_n;
	line->noted_n = line->base_n;
	line->state = line->campaign.free ? LINE_FREE : LINE_FOLLOWING;
	if (line->state == LINE_FOLLOWING) {
		line->follower = follower_create(
			line->options.bus, &(struct follower_options){
						   .campaign = line->campaign.id,
						   .from = line->base_n > 0 ? line->base_n : 1,
						   .handler = on_decision,
						   .broken = on_broken,
						   .context = line,
					   });
	}
}

void line_forget(struct line *line) {
	follower_destroy(line->follower);
	line->follower = NULL;
	line->paused = false;
	if (line->state != LINE_STOPPED) {
		line->state = LINE_KNOWN;
	}
}
