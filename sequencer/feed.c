#include "sequencer/feed.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/crypto.h"
#include "common/definition_json.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/pure/subjects.h"
#include "common/reader.h"
#include "common/stream.h"
#include "sequencer/core/campaign.h"
#include "sequencer/tables.h"
#include "sequencer/seal.h"

#define PUBLISH_TIMEOUT_MS 1000
#define RETRY_UNKNOWN_US 50000
#define RETRY_FULL_US 1000000
/* A tick that changed nothing (the broker's clock is behind ours) is repeated ever more slowly. */
#define TICK_PAUSE_MIN_US 100000
#define TICK_PAUSE_MAX_US 5000000
/* A standby sends a tick only when the active one is clearly not there to do it. */
#define TICK_PATIENCE_MS 1000
#define REASON_BYTES 160u

/* Decision n, from when request n was read until decision n was read back. */
struct turn {
	struct feed *feed;
	uint64_t n;
	uint8_t *computed; /* NULL until request n was read */
	size_t computed_size;
	uint8_t *stored; /* NULL until decision n was read back */
	size_t stored_size;
	int64_t request_time_ms;
	int64_t computed_at_us;
	int64_t retry_at_us;
	uint64_t publication; /* bus request under way; 0 if none */
	uint32_t attempts;
	enum verdict first_verdict;
};

struct feed {
	struct bus *bus;
	char id[CAMPAIGN_ID_BYTES_MAX + 1];
	char requests_stream[SUBJECT_BYTES_MAX];
	char decisions_stream[SUBJECT_BYTES_MAX];
	char decision_subject[SUBJECT_BYTES_MAX];
	char tick_subject[SUBJECT_BYTES_MAX];
	uint32_t ordinal;

	struct campaign campaign;
	struct tables tables;
	struct seal seal;
	char *definition; /* JSON, NUL-terminated */
	uint8_t definition_hash[DEFINITION_HASH_BYTES];

	struct reader *requests;
	struct reader *decisions;
	bool requests_overran; /* a message was dropped: read again from campaign.n + 1 */
	bool decisions_overran;
	bool caught_up;
	int64_t created_at_us;

	uint64_t verified;
	uint64_t stored_last; /* the last decision read back */
	int64_t progress_at_us;
	int64_t patience_us;
	bool active;
	struct turn turns[FEED_TURNS];

	int64_t tick_due_ms; /* what the last tick was for */
	int64_t tick_next_us;
	int64_t tick_pause_us;

	uint8_t verdicts[FEED_TURNS]; /* first verdict of the last decisions verified */
	char stopped[REASON_BYTES];   /* "" while it goes on */
};

/* One request and one decision at a time in the whole process: they are large. */
static struct request request_scratch;
static struct decision decision_scratch;
static uint8_t bytes_scratch[DECISION_BYTES_MAX];

static uint64_t published_total;
static uint64_t verified_total;
static uint64_t takeovers_total;
static uint64_t conflicts_total;
static uint64_t ticks_total;
static uint64_t unreadable_total;
static uint64_t stopped_total;
static struct histogram decided_after;

const struct metric feed_metrics[] = {
	{"firstcome_decisions_published_total", "", "decisions stored by this sequencer",
		METRIC_COUNTER, &published_total, NULL},
	{"firstcome_decisions_verified_total", "", "decisions read back and found equal",
		METRIC_COUNTER, &verified_total, NULL},
	{"firstcome_takeovers_total", "", "times this sequencer became the active one",
		METRIC_COUNTER, &takeovers_total, NULL},
	{"firstcome_publish_conflicts_total", "", "decisions that another sequencer stored first",
		METRIC_COUNTER, &conflicts_total, NULL},
	{"firstcome_ticks_total", "", "ticks appended because time was due", METRIC_COUNTER,
		&ticks_total, NULL},
	{"firstcome_unreadable_requests_total", "", "messages in a line that nobody can read",
		METRIC_COUNTER, &unreadable_total, NULL},
	{"firstcome_campaigns_stopped", "", "campaigns that stopped loudly in this process",
		METRIC_GAUGE, &stopped_total, NULL},
	{"firstcome_decided_seconds", "", "from the request stored to its decision stored",
		METRIC_HISTOGRAM, NULL, &decided_after},
};
const size_t feed_metrics_count = sizeof feed_metrics / sizeof *feed_metrics;

static void publish_turns(struct feed *feed);

static struct turn *turn_of(struct feed *feed, uint64_t n) {
	return &feed->turns[n % FEED_TURNS];
}

static bool is_stopped(const struct feed *feed) {
	return feed->stopped[0] != '\0';
}

static void stop(struct feed *feed, const char *reason) {
	if (is_stopped(feed)) {
		return;
	}
	snprintf(feed->stopped, sizeof feed->stopped, "%s", reason);
	stopped_total++;
	log_warn("campaign_stopped",
		"campaign=%s n=%llu verified=%llu reason=\"%s\" hint=\"see docs/operations.md\"",
		feed->id, (unsigned long long)feed->campaign.n, (unsigned long long)feed->verified,
		reason);
}

/* ---- verified: what was computed and what is stored are the same ------------------------------- */

static void turn_clear(struct feed *feed, struct turn *turn) {
	bus_cancel(feed->bus, turn->publication);
	free(turn->computed);
	free(turn->stored);
	*turn = (struct turn){0};
}

static void verify_turns(struct feed *feed) {
	for (;;) {
		struct turn *turn = turn_of(feed, feed->verified + 1);
		if (turn->computed == NULL || turn->stored == NULL || is_stopped(feed)) {
			return;
		}
		if (turn->computed_size != turn->stored_size ||
			memcmp(turn->computed, turn->stored, turn->stored_size) != 0) {
			stop(feed, "the stored decision differs from the computed one");
			return;
		}
		if (turn->attempts == 0) {
			feed->active = false; /* somebody else decides */
		}
		feed->verified++;
		verified_total++;
		feed->progress_at_us = clock_monotonic_us();
		feed->verdicts[feed->verified % FEED_TURNS] = (uint8_t)turn->first_verdict;
		turn_clear(feed, turn);
	}
}

/* ---- publishing --------------------------------------------------------------------------------- */

static void on_acknowledged(void *context, enum stream_outcome outcome, uint64_t sequence) {
	struct turn *turn = context;
	struct feed *feed = turn->feed;
	int64_t now_us = clock_monotonic_us();
	turn->publication = 0;
	switch (outcome) {
	case STREAM_STORED:
		if (sequence != turn->n) {
			stop(feed, "the broker stored a decision at another place");
			return;
		}
		published_total++;
		histogram_record(&decided_after, clock_wall_us() - turn->request_time_ms * 1000);
		turn->retry_at_us = INT64_MAX; /* it will be read back */
		return;
	case STREAM_CONFLICT:
		conflicts_total++;
		if (turn->attempts == 1) {
			feed->active = false;
			feed->progress_at_us = now_us;
		}
		turn->retry_at_us = now_us + RETRY_UNKNOWN_US;
		return;
	case STREAM_UNKNOWN:
		turn->retry_at_us = now_us + RETRY_UNKNOWN_US;
		return;
	case STREAM_FULL:
	case STREAM_MISSING:
	case STREAM_REFUSED:
		log_warn("decision_not_stored", "campaign=%s n=%llu outcome=%s stream=%s", feed->id,
			(unsigned long long)turn->n, stream_outcome_name(outcome),
			feed->decisions_stream);
		turn->retry_at_us = now_us + RETRY_FULL_US;
		return;
	}
}

static void publish_turn(struct feed *feed, struct turn *turn) {
	turn->attempts++;
	turn->publication = stream_publish(feed->bus,
		&(struct bus_publication){
			.subject = feed->decision_subject,
			.data = turn->computed,
			.size = turn->computed_size,
			.expected_last_sequence = (int64_t)turn->n - 1,
			.expected_last_subject_sequence = -1,
		},
		PUBLISH_TIMEOUT_MS, on_acknowledged, turn);
}

static void publish_turns(struct feed *feed) {
	if (!feed->active || is_stopped(feed)) {
		return;
	}
	int64_t now_us = clock_monotonic_us();
	uint64_t last = feed->verified + FEED_WINDOW;
	for (uint64_t n = feed->verified + 1; n <= last && n <= feed->campaign.n; n++) {
		struct turn *turn = turn_of(feed, n);
		if (turn->stored == NULL && turn->publication == 0 && turn->retry_at_us <= now_us) {
			publish_turn(feed, turn);
		}
	}
}

/* ---- deciding ----------------------------------------------------------------------------------- */

static void bury(struct feed *feed, const struct reader_message *message) {
	unreadable_total++;
	log_warn("unreadable_request", "campaign=%s n=%llu subject=%s bytes=%zu", feed->id,
		(unsigned long long)message->sequence, message->subject, message->size);
	if (!feed->active) {
		return;
	}
	char subject[SUBJECT_BYTES_MAX + sizeof SUBJECT_DEADLETTER_PREFIX];
	snprintf(subject, sizeof subject, SUBJECT_DEADLETTER_PREFIX "%s", feed->requests_stream);
	bus_publish(feed->bus, &(struct bus_publication){
				       .subject = subject,
				       .data = message->data,
				       .size = message->size,
				       .expected_last_sequence = -1,
				       .expected_last_subject_sequence = -1,
			       });
}

static void keep_definition(struct feed *feed, const struct decision *decision) {
	free(feed->definition);
	feed->definition = memory_new(decision->definition_size + 1);
	memcpy(feed->definition, decision->definition, decision->definition_size);
	definition_hash(feed->definition_hash, decision->definition, decision->definition_size);
}

/* What a define says, if it is a definition of this campaign. */
static const struct definition *read_definition(
	const struct feed *feed, const struct request *request, struct definition *definition) {
	char error[JSON_ERROR_BYTES];
	if (request->kind != MESSAGE_DEFINE ||
		!definition_read_stored(
			definition, error, request->define.json, request->define.json_size) ||
		strcmp(definition->id, feed->id) != 0 || request->define.ordinal != feed->ordinal) {
		return NULL;
	}
	return definition;
}

static void decide(struct feed *feed, const struct reader_message *message) {
	struct request *request = &request_scratch;
	struct decision *decision = &decision_scratch;
	struct campaign *campaign = &feed->campaign;
	if (!request_decode(request, message->data, message->size)) {
		bury(feed, message);
		campaign_step_unreadable(campaign, message->sequence, message->time_ms, decision);
		return;
	}
	request->n = message->sequence;
	request->time_ms = message->time_ms;
	struct definition read;
	const struct definition *definition = read_definition(feed, request, &read);
	struct campaign_capacity capacity = campaign_capacity(campaign, definition);
	tables_provide(&feed->tables, campaign, &capacity);
	campaign_step(campaign, request, definition, decision);
	if (decision->definition != NULL) {
		keep_definition(feed, decision);
	}
}

static void compute_turn(struct feed *feed, const struct reader_message *message) {
	decide(feed, message);
	size_t size = decision_encode_body(
		&decision_scratch, bytes_scratch, sizeof bytes_scratch - DIGEST_BYTES);
	assert(size > 0); /* limits.h: the largest decision fits */
	seal_append(&feed->seal, message->data, message->size, bytes_scratch, size);
	size += DIGEST_BYTES;

	struct turn *turn = turn_of(feed, message->sequence);
	assert(turn->computed == NULL);
	turn->feed = feed;
	turn->n = message->sequence;
	turn->request_time_ms = message->time_ms;
	turn->computed_at_us = clock_monotonic_us();
	turn->first_verdict = decision_scratch.answers[0].verdict;
	turn->computed_size = size;
	turn->computed = memory_copy(bytes_scratch, size);
}

static void on_request(void *context, const struct reader_message *message) {
	struct feed *feed = context;
	if (is_stopped(feed) || feed->requests_overran) {
		return;
	}
	if (message->sequence > feed->verified + FEED_TURNS) {
		feed->requests_overran = true;
		return;
	}
	if (message->size > 0 && message->data[0] > MESSAGE_VERSION) {
		stop(feed, "a newer program wrote a request: upgrade this sequencer");
		return;
	}
	compute_turn(feed, message);
	if (message->pending == 0) {
		feed->caught_up = true;
	}
	verify_turns(feed);
	publish_turns(feed);
}

static void on_decision(void *context, const struct reader_message *message) {
	struct feed *feed = context;
	if (is_stopped(feed) || feed->decisions_overran) {
		return;
	}
	if (message->sequence > feed->verified + FEED_TURNS) {
		feed->decisions_overran = true;
		return;
	}
	if (message->size == 0) {
		stop(feed, "a stored decision is empty");
		return;
	}
	struct turn *turn = turn_of(feed, message->sequence);
	assert(turn->stored == NULL);
	turn->stored = memory_copy(message->data, message->size);
	turn->stored_size = message->size;
	feed->stored_last = message->sequence;
	feed->progress_at_us = clock_monotonic_us();
	verify_turns(feed);
	publish_turns(feed);
}

static void on_broken(void *context, const char *reason) {
	stop(context, reason);
}

/* ---- life --------------------------------------------------------------------------------------- */

static void read_requests(struct feed *feed) {
	reader_destroy(feed->requests);
	feed->requests_overran = false;
	feed->requests = reader_create(feed->bus, &(struct reader_options){
							  .stream = feed->requests_stream,
							  .from = feed->campaign.n + 1,
							  .handler = on_request,
							  .broken = on_broken,
							  .context = feed,
						  });
}

static void read_decisions(struct feed *feed) {
	reader_destroy(feed->decisions);
	feed->decisions_overran = false;
	feed->decisions = reader_create(feed->bus, &(struct reader_options){
							   .stream = feed->decisions_stream,
							   .from = feed->stored_last + 1,
							   .handler = on_decision,
							   .broken = on_broken,
							   .context = feed,
						   });
}

struct feed *feed_create(const struct feed_options *options) {
	struct feed *feed = memory_new(sizeof *feed);
	feed->bus = options->bus;
	feed->ordinal = options->ordinal;
	snprintf(feed->id, sizeof feed->id, "%s", options->campaign);
	stream_requests(feed->requests_stream, feed->id);
	stream_decisions(feed->decisions_stream, feed->id);
	subject_decision(feed->decision_subject, feed->id);
	subject_request(feed->tick_subject, feed->id, LINE_TICK);
	campaign_init(&feed->campaign);
	tables_init(&feed->tables);
	seal_init(&feed->seal);
	feed->created_at_us = clock_monotonic_us();
	feed->progress_at_us = feed->created_at_us;
	feed->patience_us =
		(FEED_PATIENCE_MS + (int64_t)crypto_random_below(FEED_PATIENCE_SPREAD_MS)) * 1000;
	feed->tick_pause_us = TICK_PAUSE_MIN_US;
	read_requests(feed);
	read_decisions(feed);
	return feed;
}

void feed_destroy(struct feed *feed) {
	if (feed == NULL) {
		return;
	}
	reader_destroy(feed->requests);
	reader_destroy(feed->decisions);
	for (uint32_t i = 0; i < FEED_TURNS; i++) {
		turn_clear(feed, &feed->turns[i]);
	}
	tables_finish(&feed->tables);
	free(feed->definition);
	free(feed);
}

struct feed_view feed_view(const struct feed *feed) {
	const struct campaign *campaign = &feed->campaign;
	return (struct feed_view){
		.campaign = feed->id,
		.ordinal = feed->ordinal,
		.defined = campaign->defined,
		.state = campaign->state,
		.counters =
			{
				.available = campaign->inventory.units_available,
				.held = campaign->inventory.units_held,
				.sold = campaign->inventory.units_sold,
				.waiting = campaign->waiting,
			},
		.n = campaign->n,
		.verified = feed->verified,
		.units = campaign->inventory.units_total,
		.title = campaign->definition.title,
		.definition = feed->definition,
		.definition_hash = feed->definition_hash,
		.stopped = is_stopped(feed) ? feed->stopped : NULL,
		.caught_up = feed->caught_up,
		.active = feed->active,
	};
}

bool feed_verdict(const struct feed *feed, uint64_t n, enum verdict *verdict) {
	if (n == 0 || n > feed->verified || n + FEED_TURNS <= feed->verified) {
		return false;
	}
	*verdict = (enum verdict)feed->verdicts[n % FEED_TURNS];
	return true;
}

/* ---- patrol ------------------------------------------------------------------------------------- */

static void take_over_if_nobody_decides(struct feed *feed, int64_t now_us) {
	const struct turn *turn = turn_of(feed, feed->verified + 1);
	if (feed->active || turn->computed == NULL || turn->stored != NULL) {
		return;
	}
	int64_t since_us = turn->computed_at_us > feed->progress_at_us ? turn->computed_at_us
								       : feed->progress_at_us;
	if (now_us - since_us < feed->patience_us) {
		return;
	}
	feed->active = true;
	takeovers_total++;
	log_info("took_over", "campaign=%s from_n=%llu waited_ms=%lld", feed->id,
		(unsigned long long)feed->verified + 1, (long long)(now_us - since_us) / 1000);
}

static void tick_if_due(struct feed *feed, int64_t now_us) {
	if (feed->verified != feed->campaign.n || !feed->caught_up) {
		return;
	}
	int64_t due_ms = campaign_due_ms(&feed->campaign);
	if (due_ms != feed->tick_due_ms) {
		feed->tick_due_ms = due_ms;
		feed->tick_pause_us = TICK_PAUSE_MIN_US;
		feed->tick_next_us = 0;
	}
	int64_t patience_ms = feed->active ? 0 : TICK_PATIENCE_MS;
	if (due_ms == INT64_MAX || clock_wall_ms() < due_ms + patience_ms ||
		now_us < feed->tick_next_us) {
		return;
	}
	feed->tick_next_us = now_us + feed->tick_pause_us;
	if (feed->tick_pause_us < TICK_PAUSE_MAX_US) {
		feed->tick_pause_us *= 2;
	}
	static const struct request tick = {.kind = MESSAGE_TICK};
	uint8_t bytes[16];
	size_t size = request_encode(&tick, bytes, sizeof bytes);
	assert(size > 0);
	ticks_total++;
	bus_publish(feed->bus, &(struct bus_publication){
				       .subject = feed->tick_subject,
				       .data = bytes,
				       .size = size,
				       .expected_last_sequence = -1,
				       .expected_last_subject_sequence = -1,
			       });
}

void feed_patrol(struct feed *feed) {
	if (is_stopped(feed)) {
		reader_destroy(feed->requests);
		reader_destroy(feed->decisions);
		feed->requests = NULL;
		feed->decisions = NULL;
		return;
	}
	int64_t now_us = clock_monotonic_us();
	if (!feed->caught_up && feed->campaign.n == 0 && now_us - feed->created_at_us > 1000000) {
		feed->caught_up = true; /* published, but nothing in its line yet */
	}
	if (feed->requests_overran && feed->campaign.n - feed->verified < FEED_TURNS / 2) {
		read_requests(feed);
	}
	if (feed->decisions_overran && feed->stored_last - feed->verified < FEED_TURNS / 2) {
		read_decisions(feed);
	}
	take_over_if_nobody_decides(feed, now_us);
	publish_turns(feed);
	tick_if_due(feed, now_us);
}
