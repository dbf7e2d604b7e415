/*
 * feed - subscriptions and gets that end in campaigns_update and campaigns_define.
 */
#include "ingress/feed.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/directory.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/pure/subjects.h"
#include "common/stream.h"

#define GET_TIMEOUT_MS 2000
/* A definition is asked for this often, however many decisions come meanwhile. */
#define DEFINITION_PAUSE_US 500000
/* A campaign that nothing can be learnt of must not keep all others from being served. */
#define COMPLETE_PATIENCE_US 5000000

struct feed {
	struct feed_options options;
	struct directory *directory;
	size_t next_silent;            /* where the search for silent campaigns goes on */
	int64_t directory_complete_us; /* when it was first seen to be; 0: not yet */
	bool complete;
	struct decision head;  /* scratch */
	struct decision whole; /* scratch */
};

static void ask_for_definition(struct feed *feed, struct campaign *campaign);

/* ---- taking in ------------------------------------------------------------------------------- */

static void take_definition(
	struct feed *feed, struct campaign *campaign, const uint8_t *bytes, size_t size) {
	if (decision_decode(&feed->whole, bytes, size)) {
		campaigns_define(feed->options.campaigns, campaign, &feed->whole);
	}
}

bool feed_offer(struct feed *feed, struct campaign *campaign, const uint8_t *bytes, size_t size) {
	struct decision *head = &feed->head;
	if (!decision_decode_head(head, bytes, size) || head->n == 0) {
		if (!campaign->is_unreadable) {
			log_warn("decision_unreadable",
				"campaign=%s bytes=%zu do=\"run a newer ingress\"", campaign->id,
				size);
		}
		campaign->is_unreadable = true;
		return false;
	}
	campaign->is_unreadable = false;
	campaign->heard_us = clock_monotonic_us();
	decisions_put(feed->options.decisions,
		&(struct decision_name){.campaign_ordinal = campaign->ordinal, .n = head->n}, bytes,
		size);
	campaigns_update(feed->options.campaigns, campaign, head);
	if (campaign->definition_n < campaign->define_n) {
		if (head->n == campaign->define_n) {
			take_definition(feed, campaign, bytes, size);
		} else if (campaign->heard_us - campaign->definition_asked_us >=
			   DEFINITION_PAUSE_US) {
			ask_for_definition(feed, campaign);
		}
	}
	feed->options.handler(feed->options.context, campaign, head, bytes, size);
	return true;
}

static void on_decided(void *context, const struct bus_message *message) {
	struct feed *feed = context;
	const char *id = subject_campaign_id(message->subject, SUBJECT_DECIDED_PREFIX);
	struct campaign *campaign = id == NULL ? NULL : campaigns_find(feed->options.campaigns, id);
	if (campaign != NULL) { /* else the directory will tell of it, and then it is gotten */
		feed_offer(feed, campaign, message->data, message->size);
	}
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void on_definition(
	void *context, enum stream_outcome outcome, const struct bus_message *message) {
	struct campaign *campaign = context;
	if (outcome == STREAM_STORED) {
		take_definition(campaign->feed, campaign, message->data, message->size);
	} /* else the next decision, or the next tick, asks again */
}

static void ask_for_definition(struct feed *feed, struct campaign *campaign) {
	campaign->definition_asked_us = campaign->heard_us;
	char stream[SUBJECT_BYTES_MAX];
	stream_decisions(stream, campaign->id);
	const struct stream_get get = {.stream = stream, .sequence = campaign->define_n};
	stream_get(feed->options.bus, &get, GET_TIMEOUT_MS, on_definition, campaign);
}

static void on_newest(
	void *context, enum stream_outcome outcome, const struct bus_message *message) {
	struct campaign *campaign = context;
	if (outcome == STREAM_STORED) {
		feed_offer(campaign->feed, campaign, message->data, message->size);
	}
}

static void ask_for_newest(struct feed *feed, struct campaign *campaign) {
	campaign->heard_us = clock_monotonic_us(); /* the answer is on its way */
	char stream[SUBJECT_BYTES_MAX];
	char subject[SUBJECT_BYTES_MAX];
	stream_decisions(stream, campaign->id);
	subject_decision(subject, campaign->id);
	const struct stream_get get = {.stream = stream, .last_by_subject = subject};
	stream_get(feed->options.bus, &get, GET_TIMEOUT_MS, on_newest, campaign);
}

static void on_campaign(void *context, const char *id, uint32_t ordinal) {
	struct feed *feed = context;
	if (campaigns_find(feed->options.campaigns, id) == NULL) {
		struct campaign *campaign = campaigns_add(feed->options.campaigns, id, ordinal);
		campaign->feed = feed;
		ask_for_newest(feed, campaign);
	}
}

static void on_state(void *context, bool connected) {
	struct feed *feed = context;
	if (!connected) {
		return;
	}
	/* What was decided meanwhile was not heard: the ticks ask about every campaign, soon. */
	for (size_t i = 0; i < campaigns_count(feed->options.campaigns); i++) {
		campaigns_get(feed->options.campaigns, i)->heard_us = 0;
	}
}

/* A campaign that is not known yet may just be in the making: its control desk is at work. One that
 * is scheduled is refused at the door, so that its opening must not be missed for long. */
static int64_t patience_us(const struct campaign *campaign) {
	if (!campaign_is_known(campaign) && !campaign->is_unreadable) {
		return FEED_SILENCE_US / 20;
	}
	return campaign->state == CAMPAIGN_SCHEDULED ? FEED_SILENCE_US / 10 : FEED_SILENCE_US;
}

static const struct campaign *find_unknown(const struct feed *feed) {
	for (size_t i = 0; i < campaigns_count(feed->options.campaigns); i++) {
		const struct campaign *campaign = campaigns_get(feed->options.campaigns, i);
		if (!campaign_is_known(campaign)) {
			return campaign;
		}
	}
	return NULL;
}

static void check_complete(struct feed *feed, int64_t now_us) {
	if (feed->complete || !directory_is_complete(feed->directory)) {
		return;
	}
	if (feed->directory_complete_us == 0) {
		feed->directory_complete_us = now_us;
	}
	const struct campaign *unknown = find_unknown(feed);
	if (unknown != NULL) {
		if (now_us - feed->directory_complete_us < COMPLETE_PATIENCE_US) {
			return;
		}
		log_warn("campaign_unknown",
			"campaign=%s do=\"look at its first decision: none can be read\"",
			unknown->id);
	}
	feed->complete = true;
	log_info("campaigns_known", "count=%zu", campaigns_count(feed->options.campaigns));
}

void feed_tick(struct feed *feed, int64_t now_us) {
	check_complete(feed, now_us);
	size_t count = campaigns_count(feed->options.campaigns);
	size_t asks = 0;
	for (size_t i = 0; i < count && asks < FEED_ASKS_PER_TICK; i++) {
		feed->next_silent = (feed->next_silent + 1) % count;
		struct campaign *campaign =
			campaigns_get(feed->options.campaigns, feed->next_silent);
		if (now_us - campaign->heard_us >= patience_us(campaign)) {
			ask_for_newest(feed, campaign);
			asks++;
		}
	}
}

/* ---- life ------------------------------------------------------------------------------------ */

struct feed *feed_create(const struct feed_options *options) {
	struct feed *feed = memory_new(sizeof *feed);
	feed->options = *options;
	bus_subscribe(options->bus, SUBJECT_DECIDED_ALL, NULL, on_decided, feed);
	bus_on_state(options->bus, on_state, feed);
	feed->directory = directory_create(options->bus, on_campaign, feed);
	return feed;
}

void feed_destroy(struct feed *feed) {
	if (feed == NULL) {
		return;
	}
	directory_destroy(feed->directory);
	free(feed);
}

bool feed_is_complete(const struct feed *feed) {
	return feed->complete;
}
