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

#define BROKER_TIMEOUT_MS 1000
#define RETRY_UNKNOWN_US 50000
#define RETRY_FULL_US 1000000
/* A tick that changed nothing (the broker's clock is behind ours) is repeated ever more slowly. */
#define TICK_PAUSE_MIN_US 100000
#define TICK_PAUSE_MAX_US 5000000
/* A standby sends a tick only when the active one is clearly not there to do it. */
#define TICK_PATIENCE_MS 1000
/* How long a decision is waited for that is stored, as far as we heard, and only has to be read. Not
 * for ever: a broker that was not synced may have lost it since. */
#define READING_PATIENCE_MS 5000
/* A campaign where nothing goes on is looked at so often: there may be thousands of them. */
#define REST_US 100000
#define REASON_BYTES 160u

/* Decision n, from when request n was read until decision n was read back. After that it is only
 * waited for what became of our own publishing, until the place is needed. */
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
	bool caught_up;
	int64_t created_at_us;

	uint64_t verified;
	uint64_t stored_last;  /* the last decision read back */
	uint64_t stored_known; /* decisions that are stored as far as we heard, read back or not */
	bool asked_what_is_stored;
	uint64_t asking; /* bus request under way; 0 if none */
	int64_t ask_again_at_us;
	int64_t progress_at_us;
	int64_t patrolled_at_us;
	int64_t rests_until_us; /* nothing is to be done before, unless a message comes */
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

/* The turn of n, new if this is the first that is heard of it. */
static struct turn *turn_begin(struct feed *feed, uint64_t n) {
	struct turn *turn = turn_of(feed, n);
	if (turn->n != n) {
		assert(turn->computed == NULL && turn->stored == NULL);
		bus_cancel(feed->bus, turn->publication);
		*turn = (struct turn){.feed = feed, .n = n};
	}
	return turn;
}

static void turn_forget_bytes(struct turn *turn) {
	free(turn->computed);
	free(turn->stored);
	turn->computed = NULL;
	turn->stored = NULL;
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

/* The turn after the last verified one: data is what is stored. */
static void verify_turn(struct feed *feed, struct turn *turn, const uint8_t *data, size_t size) {
	assert(turn->n == feed->verified + 1);
	if (turn->computed_size != size || memcmp(turn->computed, data, size) != 0) {
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
	turn_forget_bytes(turn);
}

static void verify_turns(struct feed *feed) {
	for (;;) {
		struct turn *turn = turn_of(feed, feed->verified + 1);
		if (turn->computed == NULL || turn->stored == NULL || is_stopped(feed)) {
			return;
		}
		verify_turn(feed, turn, turn->stored, turn->stored_size);
	}
}

/* ---- publishing --------------------------------------------------------------------------------- */

static void stand_back(struct feed *feed, int64_t now_us) {
	feed->active = false;
	feed->progress_at_us = now_us;
}

/* Frozen, or starved, for so long that a standby has lost its patience. To go on at once would only
 * disturb it: of two that publish at the same time each may stand back for the other. Nor has a standby
 * been patient that was not there: what was decided meanwhile it has only not read yet. */
static void stand_back_if_absent(struct feed *feed, int64_t now_us) {
	int64_t absent_us = now_us - feed->patrolled_at_us;
	if (absent_us < FEED_PATIENCE_MS * INT64_C(1000)) {
		return;
	}
	if (feed->active) {
		log_info("stood_back", "campaign=%s absent_ms=%lld", feed->id,
			(long long)absent_us / 1000);
	}
	stand_back(feed, now_us);
}

/* Of two that believe to be the active one, the one that stored the last decision is it. */
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
		feed->active = true;
		return;
	case STREAM_CONFLICT:
		conflicts_total++;
		if (turn->attempts == 1) { /* else it may have been stored by our first attempt */
			stand_back(feed, now_us);
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
		BROKER_TIMEOUT_MS, on_acknowledged, turn);
}

static void publish_turns(struct feed *feed) {
	int64_t now_us = clock_monotonic_us();
	stand_back_if_absent(feed, now_us);
	if (!feed->active || is_stopped(feed)) {
		return;
	}
	uint64_t last = feed->verified + FEED_WINDOW;
	for (uint64_t n = feed->verified + 1; n <= last && n <= feed->campaign.n; n++) {
		struct turn *turn = turn_of(feed, n);
		if (turn->stored == NULL && turn->publication == 0 && turn->retry_at_us <= now_us) {
			publish_turn(feed, turn);
		}
	}
}

/* ---- deciding ----------------------------------------------------------------------------------- */

/* Every sequencer that sees it come buries it, so that none is missed while one takes over; by its
 * message id the broker keeps one. */
static void bury(struct feed *feed, const struct reader_message *message) {
	unreadable_total++;
	log_warn("unreadable_request", "campaign=%s n=%llu subject=%s bytes=%zu", feed->id,
		(unsigned long long)message->sequence, message->subject, message->size);
	if (!feed->caught_up) {
		return; /* from before our start */
	}
	char subject[SUBJECT_BYTES_MAX + sizeof SUBJECT_DEADLETTER_PREFIX];
	snprintf(subject, sizeof subject, SUBJECT_DEADLETTER_PREFIX "%s", feed->requests_stream);
	char id[SUBJECT_BYTES_MAX + 24];
	snprintf(id, sizeof id, "%s-%llu", feed->requests_stream,
		(unsigned long long)message->sequence);
	bus_publish(feed->bus, &(struct bus_publication){
				       .subject = subject,
				       .data = message->data,
				       .size = message->size,
				       .message_id = id,
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
	feed->rests_until_us = 0;
	decide(feed, message);
	size_t size = decision_encode_body(
		&decision_scratch, bytes_scratch, sizeof bytes_scratch - DIGEST_BYTES);
	assert(size > 0); /* limits.h: the largest decision fits */
	seal_append(&feed->seal, message->data, message->size, bytes_scratch, size);
	size += DIGEST_BYTES;

	struct turn *turn = turn_begin(feed, message->sequence);
	assert(turn->computed == NULL);
	turn->request_time_ms = message->time_ms;
	turn->computed_at_us = clock_monotonic_us();
	turn->first_verdict = decision_scratch.answers[0].verdict;
	turn->computed_size = size;
	turn->computed = memory_copy(bytes_scratch, size);
}

static void hear_of_stored(struct feed *feed, uint64_t n) {
	if (n > feed->stored_known) {
		feed->stored_known = n;
	}
}

/* last: of what this reader has read. The other reader is behind; feed_patrol resumes this one. */
static void pause_if_full(const struct feed *feed, struct reader *reader, uint64_t last) {
	if (last == feed->verified + FEED_TURNS) {
		reader_pause(reader);
	}
}

static void resume_if_room(const struct feed *feed, struct reader *reader, uint64_t last) {
	if (last - feed->verified < FEED_TURNS / 2) {
		reader_resume(reader);
	}
}

static void on_request(void *context, const struct reader_message *message) {
	struct feed *feed = context;
	if (is_stopped(feed)) {
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
	pause_if_full(feed, feed->requests, feed->campaign.n);
	publish_turns(feed);
}

static void on_decision(void *context, const struct reader_message *message) {
	struct feed *feed = context;
	if (is_stopped(feed)) {
		return;
	}
	if (message->size == 0) {
		stop(feed, "a stored decision is empty");
		return;
	}
	struct turn *turn = turn_begin(feed, message->sequence);
	assert(turn->stored == NULL);
	feed->stored_last = message->sequence;
	hear_of_stored(feed, message->sequence + message->pending);
	feed->progress_at_us = clock_monotonic_us();
	if (turn->computed != NULL && turn->n == feed->verified + 1) {
		verify_turn(feed, turn, message->data, message->size);
	} else {
		turn->stored = memory_copy(message->data, message->size);
		turn->stored_size = message->size;
	}
	verify_turns(feed);
	pause_if_full(feed, feed->decisions, feed->stored_last);
	publish_turns(feed);
}

static void on_broken(void *context, const char *reason) {
	stop(context, reason);
}

static void on_last_stored(
	void *context, enum stream_outcome outcome, const struct bus_message *message) {
	struct feed *feed = context;
	feed->asking = 0;
	feed->asked_what_is_stored = outcome == STREAM_STORED || outcome == STREAM_MISSING;
	feed->ask_again_at_us = clock_monotonic_us() + RETRY_UNKNOWN_US;
	if (outcome == STREAM_STORED) {
		hear_of_stored(feed, message->sequence);
	}
}

/* Once, at the beginning: a sequencer that reads again what was decided long ago must not take the time
 * that its reading takes for the silence of the active one. */
static void ask_what_is_stored(struct feed *feed, int64_t now_us) {
	if (feed->asked_what_is_stored || feed->asking != 0 || now_us < feed->ask_again_at_us) {
		return;
	}
	feed->asking = stream_get(feed->bus,
		&(struct stream_get){
			.stream = feed->decisions_stream,
			.last_by_subject = feed->decision_subject,
			.from_leader = true,
		},
		BROKER_TIMEOUT_MS, on_last_stored, feed);
}

/* ---- life --------------------------------------------------------------------------------------- */

static struct reader *read_stream(struct feed *feed, const char *stream, reader_handler handler) {
	return reader_create(feed->bus, &(struct reader_options){
						.stream = stream,
						.from = 1,
						.handler = handler,
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
	feed->patrolled_at_us = feed->created_at_us;
	feed->patience_us =
		(FEED_PATIENCE_MS + (int64_t)crypto_random_below(FEED_PATIENCE_SPREAD_MS)) * 1000;
	feed->tick_pause_us = TICK_PAUSE_MIN_US;
	feed->requests = read_stream(feed, feed->requests_stream, on_request);
	feed->decisions = read_stream(feed, feed->decisions_stream, on_decision);
	return feed;
}

void feed_destroy(struct feed *feed) {
	if (feed == NULL) {
		return;
	}
	reader_destroy(feed->requests);
	reader_destroy(feed->decisions);
	bus_cancel(feed->bus, feed->asking);
	for (uint32_t i = 0; i < FEED_TURNS; i++) {
		bus_cancel(feed->bus, feed->turns[i].publication);
		turn_forget_bytes(&feed->turns[i]);
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
	bool stored = !feed->asked_what_is_stored || feed->verified < feed->stored_known;
	int64_t patience_us = stored ? READING_PATIENCE_MS * INT64_C(1000) : feed->patience_us;
	int64_t since_us = turn->computed_at_us > feed->progress_at_us ? turn->computed_at_us
								       : feed->progress_at_us;
	if (now_us - since_us < patience_us) {
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

/* Every request is decided and its decision read back: it rests until something may be due. */
static void rest_if_done(struct feed *feed, int64_t now_us) {
	if (feed->verified != feed->campaign.n || feed->stored_last != feed->verified ||
		!feed->caught_up || !feed->asked_what_is_stored) {
		return;
	}
	int64_t due_ms = campaign_due_ms(&feed->campaign);
	int64_t left_us = due_ms == INT64_MAX ? REST_US : (due_ms - clock_wall_ms()) * 1000;
	feed->rests_until_us = now_us + (left_us < REST_US ? left_us : REST_US);
}

void feed_patrol(struct feed *feed) {
	int64_t now_us = clock_monotonic_us();
	stand_back_if_absent(feed, now_us);
	feed->patrolled_at_us = now_us;
	if (now_us < feed->rests_until_us) {
		return;
	}
	if (is_stopped(feed)) {
		reader_destroy(feed->requests);
		reader_destroy(feed->decisions);
		feed->requests = NULL;
		feed->decisions = NULL;
		return;
	}
	if (!feed->caught_up && feed->campaign.n == 0 && now_us - feed->created_at_us > 1000000) {
		feed->caught_up = true; /* published, but nothing in its line yet */
	}
	ask_what_is_stored(feed, now_us);
	take_over_if_nobody_decides(feed, now_us);
	publish_turns(feed);
	tick_if_due(feed, now_us);
	resume_if_room(feed, feed->requests, feed->campaign.n);
	resume_if_room(feed, feed->decisions, feed->stored_last);
	rest_if_done(feed, now_us);
}
