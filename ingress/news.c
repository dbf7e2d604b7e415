/*
 * news - subscriptions and gets that end in campaigns_update and campaigns_define.
 */
#include "ingress/news.h"

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

struct news {
	struct news_options options;
	struct directory *directory;
	size_t next_silent;            /* where the search for silent campaigns goes on */
	int64_t directory_complete_us; /* when it was first seen to be; 0: not yet */
	bool complete;
	struct decision head;  /* scratch */
	struct decision whole; /* scratch */
};

static void ask_for_definition(struct news *news, struct campaign *campaign);

/* ---- taking in ------------------------------------------------------------------------------- */

static void take_definition(
	struct news *news, struct campaign *campaign, const uint8_t *bytes, size_t size) {
	if (decision_decode(&news->whole, bytes, size)) {
		campaigns_define(news->options.campaigns, campaign, &news->whole);
	}
}

bool news_offer(struct news *news, struct campaign *campaign, const uint8_t *bytes, size_t size) {
	struct decision *head = &news->head;
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
	decisions_put(news->options.decisions,
		&(struct decision_name){.campaign_ordinal = campaign->ordinal, .n = head->n}, bytes,
		size);
	campaigns_update(news->options.campaigns, campaign, head);
	if (campaign->definition_n < campaign->define_n) {
		if (head->n == campaign->define_n) {
			take_definition(news, campaign, bytes, size);
		} else if (campaign->heard_us - campaign->definition_asked_us >=
			   DEFINITION_PAUSE_US) {
			ask_for_definition(news, campaign);
		}
	}
	news->options.handler(news->options.context, campaign, head, bytes, size);
	return true;
}

static void on_decided(void *context, const struct bus_message *message) {
	struct news *news = context;
	const char *id = subject_campaign_id(message->subject, SUBJECT_DECIDED_PREFIX);
	struct campaign *campaign = id == NULL ? NULL : campaigns_find(news->options.campaigns, id);
	if (campaign != NULL) { /* else the directory will tell of it, and then it is gotten */
		news_offer(news, campaign, message->data, message->size);
	}
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void on_definition(
	void *context, enum stream_outcome outcome, const struct bus_message *message) {
	struct campaign *campaign = context;
	if (outcome == STREAM_STORED) {
		take_definition(campaign->news, campaign, message->data, message->size);
	} /* else the next decision, or the next tick, asks again */
}

static void ask_for_definition(struct news *news, struct campaign *campaign) {
	campaign->definition_asked_us = campaign->heard_us;
	char stream[SUBJECT_BYTES_MAX];
	stream_decisions(stream, campaign->id);
	const struct stream_get get = {.stream = stream, .sequence = campaign->define_n};
	stream_get(news->options.bus, &get, GET_TIMEOUT_MS, on_definition, campaign);
}

static void on_newest(
	void *context, enum stream_outcome outcome, const struct bus_message *message) {
	struct campaign *campaign = context;
	if (outcome == STREAM_STORED) {
		news_offer(campaign->news, campaign, message->data, message->size);
	}
}

static void ask_for_newest(struct news *news, struct campaign *campaign) {
	campaign->heard_us = clock_monotonic_us(); /* the answer is on its way */
	char stream[SUBJECT_BYTES_MAX];
	char subject[SUBJECT_BYTES_MAX];
	stream_decisions(stream, campaign->id);
	subject_decision(subject, campaign->id);
	const struct stream_get get = {.stream = stream, .last_by_subject = subject};
	stream_get(news->options.bus, &get, GET_TIMEOUT_MS, on_newest, campaign);
}

static void on_campaign(void *context, const char *id, uint32_t ordinal) {
	struct news *news = context;
	if (campaigns_find(news->options.campaigns, id) == NULL) {
		struct campaign *campaign = campaigns_add(news->options.campaigns, id, ordinal);
		campaign->news = news;
		ask_for_newest(news, campaign);
	}
}

static void on_state(void *context, bool connected) {
	struct news *news = context;
	if (!connected) {
		return;
	}
	/* What was decided meanwhile was not heard: the ticks ask about every campaign, soon. */
	for (size_t i = 0; i < campaigns_count(news->options.campaigns); i++) {
		campaigns_get(news->options.campaigns, i)->heard_us = 0;
	}
}

/* A campaign that is not known yet may just be in the making: its control desk is at work. One that
 * is scheduled is refused at the door, so that its opening must not be missed for long. */
static int64_t patience_us(const struct campaign *campaign) {
	if (!campaign_is_known(campaign) && !campaign->is_unreadable) {
		return NEWS_SILENCE_US / 20;
	}
	return campaign->state == CAMPAIGN_SCHEDULED ? NEWS_SILENCE_US / 10 : NEWS_SILENCE_US;
}

static const struct campaign *find_unknown(const struct news *news) {
	for (size_t i = 0; i < campaigns_count(news->options.campaigns); i++) {
		const struct campaign *campaign = campaigns_get(news->options.campaigns, i);
		if (!campaign_is_known(campaign)) {
			return campaign;
		}
	}
	return NULL;
}

static void check_complete(struct news *news, int64_t now_us) {
	if (news->complete || !directory_is_complete(news->directory)) {
		return;
	}
	if (news->directory_complete_us == 0) {
		news->directory_complete_us = now_us;
	}
	const struct campaign *unknown = find_unknown(news);
	if (unknown != NULL) {
		if (now_us - news->directory_complete_us < COMPLETE_PATIENCE_US) {
			return;
		}
		log_warn("campaign_unknown",
			"campaign=%s do=\"look at its first decision: none can be read\"",
			unknown->id);
	}
	news->complete = true;
	log_info("campaigns_known", "count=%zu", campaigns_count(news->options.campaigns));
}

void news_tick(struct news *news, int64_t now_us) {
	check_complete(news, now_us);
	size_t count = campaigns_count(news->options.campaigns);
	size_t asks = 0;
	for (size_t i = 0; i < count && asks < NEWS_ASKS_PER_TICK; i++) {
		news->next_silent = (news->next_silent + 1) % count;
		struct campaign *campaign =
			campaigns_get(news->options.campaigns, news->next_silent);
		if (now_us - campaign->heard_us >= patience_us(campaign)) {
			ask_for_newest(news, campaign);
			asks++;
		}
	}
}

/* ---- life ------------------------------------------------------------------------------------ */

struct news *news_create(const struct news_options *options) {
	struct news *news = memory_new(sizeof *news);
	news->options = *options;
	bus_subscribe(options->bus, SUBJECT_DECIDED_ALL, NULL, on_decided, news);
	bus_on_state(options->bus, on_state, news);
	news->directory = directory_create(options->bus, on_campaign, news);
	return news;
}

void news_destroy(struct news *news) {
	if (news == NULL) {
		return;
	}
	directory_destroy(news->directory);
	free(news);
}

bool news_is_complete(const struct news *news) {
	return news->complete;
}
