/*
 * api_campaigns - what is on offer: definitions and counts, from memory, cacheable for a second.
 *
 * A shared cache in front answers all who ask within one second, so counts cost nothing however
 * many look at them.
 */
#include <assert.h>
#include <string.h>

#include "common/clock.h"
#include "common/crypto.h"
#include "common/pure/timestamp.h"
#include "ingress/api.h"
#include "ingress/application.h"
#include "ingress/campaigns.h"
#include "ingress/reply.h"

/* The list has the newest campaigns only; all others can be asked for by their id. */
#define LIST_MAX 50u
/* A title and a pickup text, every byte of them escaped, and the rest. */
#define CAMPAIGN_JSON_BYTES_MAX                                                                    \
	(6u * (CAMPAIGN_TITLE_BYTES_MAX + CAMPAIGN_PICKUP_BYTES_MAX) + 2048u)
#define COUNTS_JSON_BYTES_MAX 256u
#define ETAG_BYTES 64u

/* ---- members --------------------------------------------------------------------------------- */

static void append_number(struct text *text, const char *name, uint64_t value) {
	text_append(text, ",\"");
	text_append(text, name);
	text_append(text, "\":");
	text_append_u64(text, value);
}

static void append_string(struct text *text, const char *name, const char *value) {
	text_append(text, ",\"");
	text_append(text, name);
	text_append(text, "\":");
	text_append_json(text, value, strlen(value));
}

static void append_time(
	struct text *text, const char *name, const struct campaign *campaign, int64_t time_ms) {
	text_append(text, ",\"");
	text_append(text, name);
	text_append(text, "\":\"");
	timestamp_append(text, time_ms, campaign_offset_minutes(campaign, time_ms));
	text_append_char(text, '"');
}

static const char *verification_name(enum verification verification) {
	switch (verification) {
	case VERIFICATION_EMAIL:
		return "email";
	case VERIFICATION_PHONE:
		return "phone";
	case VERIFICATION_EITHER:
		return "either";
	case VERIFICATION_BOTH:
		break;
	}
	return "both";
}

/* Without the closing brace: the state may follow. */
static void append_counts(struct text *text, const struct campaign *campaign) {
	text_append(text, "{\"total\":");
	text_append_u64(text, campaign->definition.units);
	append_number(text, "available", campaign->counters.available);
	append_number(text, "held", campaign->counters.held);
	append_number(text, "sold", campaign->counters.sold);
	append_number(text, "waiting", campaign->counters.waiting);
	append_number(text, "as_of", campaign->newest_n);
}

static void append_definition(struct text *text, const struct campaign *campaign) {
	const struct definition *definition = &campaign->definition;
	append_string(text, "title", definition->title);
	append_number(text, "units", definition->units);
	append_number(text, "units_per_person", definition->units_per_person);
	append_number(text, "price_paise", definition->price_paise);
	append_string(text, "currency", definition->currency);
	if (!definition->opens_by_command) {
		append_time(text, "opens_at", campaign, definition->opens_at_ms);
	}
	if (!definition->closes_by_command) {
		append_time(text, "closes_at", campaign, definition->closes_at_ms);
	}
	if (definition->price_paise > 0) {
		append_number(text, "hold_seconds", definition->hold_seconds);
	}
	append_number(text, "waiting_list", definition->waiting_list);
	text_append(text, ",\"cancellable\":");
	text_append(text, definition->cancellable ? "true" : "false");
	append_string(text, "verification", verification_name(definition->verification));
	append_string(text, "time_zone", definition->time_zone);
	append_string(text, "pickup_text", definition->pickup_text);
	append_number(text, "rules", definition->rules);
}

static void append_campaign(
	struct text *text, const struct campaign *campaign, enum campaign_state state) {
	text_append(text, "{\"id\":\"");
	text_append(text, campaign->id);
	text_append_char(text, '"');
	append_definition(text, campaign);
	append_string(text, "definition_hash", campaign->hash);
	append_string(text, "state", campaign_state_name(state));
	text_append(text, ",\"counts\":");
	append_counts(text, campaign);
	text_append(text, "}}");
}

/* "17-open": the decision that it is the count of, and the state as the clock says it. */
static void write_etag(
	char etag[ETAG_BYTES], const struct campaign *campaign, enum campaign_state state) {
	struct text text = text_init(etag, ETAG_BYTES);
	text_append_char(&text, '"');
	text_append_u64(&text, campaign->newest_n);
	text_append_char(&text, '-');
	text_append(&text, campaign_state_name(state));
	text_append_char(&text, '"');
}

/* ---- calls ----------------------------------------------------------------------------------- */

void api_availability(const struct call *call) {
	const struct campaign *campaign =
		api_require_campaign(call, call->parameter.start, call->parameter.size);
	if (campaign == NULL) {
		return;
	}
	enum campaign_state state = campaign_state_at(campaign, clock_wall_ms());
	char body[COUNTS_JSON_BYTES_MAX];
	struct text text = text_init(body, sizeof body);
	append_counts(&text, campaign);
	append_string(&text, "state", campaign_state_name(state));
	text_append_char(&text, '}');
	char etag[ETAG_BYTES];
	write_etag(etag, campaign, state);
	reply_cacheable(call, &text, etag);
}

void api_campaign(const struct call *call) {
	const struct campaign *campaign =
		api_require_campaign(call, call->parameter.start, call->parameter.size);
	if (campaign == NULL) {
		return;
	}
	enum campaign_state state = campaign_state_at(campaign, clock_wall_ms());
	char body[CAMPAIGN_JSON_BYTES_MAX];
	struct text text = text_init(body, sizeof body);
	append_campaign(&text, campaign, state);
	char etag[ETAG_BYTES];
	write_etag(etag, campaign, state);
	reply_cacheable(call, &text, etag);
}

void api_definition(const struct call *call) {
	const struct campaign *campaign =
		api_require_campaign(call, call->parameter.start, call->parameter.size);
	if (campaign == NULL) {
		return;
	}
	char etag[DEFINITION_HASH_TEXT + 2];
	struct text quoted = text_init(etag, sizeof etag);
	text_append_char(&quoted, '"');
	text_append(&quoted, campaign->hash);
	text_append_char(&quoted, '"');
	const struct text published = {.start = campaign->json, .used = campaign->json_size};
	reply_cacheable(call, &published, etag);
}

/* The list is the same for everybody: it is made anew when something changed, and not more often
 * than a client could see. */
static struct {
	char body[LIST_MAX * CAMPAIGN_JSON_BYTES_MAX + 64];
	size_t used;
	char etag[ETAG_BYTES]; /* of the bytes: the same from every ingress */
	uint64_t version;
	int64_t made_at_us;
} list;

#define LIST_AGE_US_MIN 200000

static void make_list(const struct campaigns *campaigns) {
	int64_t wall_ms = clock_wall_ms();
	struct text text = text_init(list.body, sizeof list.body);
	text_append(&text, "{\"campaigns\":[");
	size_t listed = 0;
	for (size_t i = campaigns_count(campaigns); i-- > 0 && listed < LIST_MAX;) {
		const struct campaign *campaign = campaigns_get(campaigns, i);
		if (!campaign_is_known(campaign)) {
			continue;
		}
		if (listed++ > 0) {
			text_append_char(&text, ',');
		}
		append_campaign(&text, campaign, campaign_state_at(campaign, wall_ms));
	}
	text_append(&text, "]}");
	assert(!text.failed);
	list.used = text.used;
	list.version = campaigns_version(campaigns);
	uint8_t hash[16];
	crypto_digest(hash, sizeof hash, &(struct part){list.body, list.used}, 1);
	struct text etag = text_init(list.etag, sizeof list.etag);
	text_append_char(&etag, '"');
	text_append_hex(&etag, hash, sizeof hash);
	text_append_char(&etag, '"');
}

/* States change by the clock too, so a list is old after a second in any case. */
static bool is_fresh(const struct campaigns *campaigns, int64_t now_us) {
	int64_t age_us = now_us - list.made_at_us;
	bool same = list.version == campaigns_version(campaigns);
	return list.used > 0 && age_us < (same ? 5 * LIST_AGE_US_MIN : LIST_AGE_US_MIN);
}

void api_campaigns(const struct call *call) {
	const struct campaigns *campaigns = call->application->campaigns;
	int64_t now_us = clock_monotonic_us();
	if (!is_fresh(campaigns, now_us)) {
		make_list(campaigns);
		list.made_at_us = now_us;
	}
	const struct text text = {.start = list.body, .used = list.used};
	reply_cacheable(call, &text, list.etag);
}
