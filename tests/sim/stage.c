#include "tests/sim/stage.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/definition_json.h"
#include "common/pure/messages.h"
#include "common/pure/subjects.h"
#include "common/pure/text.h"
#include "common/pure/timestamp.h"
#include "tests/sim/broker.h"
#include "tests/sim/cashier.h"
#include "tests/sim/world.h"

#define SECOND_US INT64_C(1000000)
/* The admin tries again while the broker is down. */
#define RETRY_US 50000

/* What the admin does with one campaign, one after the other. */
enum step { STEP_ANNOUNCE, STEP_DEFINE, STEP_DEFINE_AGAIN, STEP_COMMAND };

struct act {
	enum step step;
	enum control_command command;
	uint32_t campaign;
};

static struct stage_campaign campaigns[STAGE_CAMPAIGNS_MAX];
static uint32_t campaigns_count;
static uint32_t acts_left;
static struct chance chance;
/* Scratch: too large for a stack. */
static struct request request;

uint32_t stage_count(void) {
	return campaigns_count;
}

struct stage_campaign *stage_campaign(uint32_t index) {
	assert(index < campaigns_count);
	return &campaigns[index];
}

bool stage_is_done(void) {
	return acts_left == 0 && cashier_is_done();
}

/* ---- definitions ------------------------------------------------------------------------------- */

static bool is_one_of(uint32_t count) {
	return chance_below(&chance, count) == 0;
}

static uint32_t pick(uint32_t least, uint32_t most) {
	return (uint32_t)chance_between(&chance, least, most);
}

static void append_time(struct text *text, const char *key, int64_t time_us) {
	text_append(text, ",\"");
	text_append(text, key);
	text_append(text, "\":\"");
	timestamp_append(text, (WORLD_EPOCH_US + time_us) / 1000, 0);
	text_append(text, "\"");
}

static void append_number(struct text *text, const char *key, uint64_t value) {
	text_append(text, ",\"");
	text_append(text, key);
	text_append(text, "\":");
	text_append_u64(text, value);
}

/* All kinds of campaigns: free or not, with a waiting list or not, one each or several, opened and
 * closed by time or by the admin. */
static void write_definition(struct text *text, struct stage_campaign *campaign, int64_t until_us) {
	static const char *const verifications[] = {
		"either", "email", "both", "either", "phone", "either"};
	bool has_price = is_one_of(2);
	text_append(text, "{\"id\":\"");
	text_append(text, campaign->id);
	text_append(text, "\",\"title\":\"A burger\"");
	append_number(text, "units", is_one_of(4) ? pick(1, 4) : pick(5, 40));
	append_number(text, "units_per_person", is_one_of(2) ? 1 : pick(2, 4));
	append_number(text, "price_paise", has_price ? pick(1, 30000) : 0);
	if (has_price) {
		append_number(text, "hold_seconds", pick(1, 4));
	}
	append_number(text, "waiting_list", is_one_of(3) ? 0 : pick(1, 15));
	text_append(text, is_one_of(3) ? ",\"cancellable\":false" : ",\"cancellable\":true");
	text_append(text, ",\"verification\":\"");
	text_append(text, verifications[chance_below(&chance, 6)]);
	text_append(text, "\"");
	if (is_one_of(2)) {
		append_time(text, "opens_at", campaign->opens_us);
	}
	if (is_one_of(3)) {
		append_time(text, "closes_at",
			chance_between(
				&chance, campaign->opens_us + SECOND_US, until_us + 2 * SECOND_US));
	}
	text_append(text, "}");
}

/* ---- the admin --------------------------------------------------------------------------------- */

static bool append(const struct stage_campaign *campaign, enum line_subject what) {
	char subject[SUBJECT_BYTES_MAX];
	uint8_t bytes[2048];
	size_t size = request_encode(&request, bytes, sizeof bytes);
	assert(size > 0);
	subject_request(subject, campaign->id, what);
	return broker_append(subject, bytes, size) != 0;
}

static bool announce(struct stage_campaign *campaign) {
	char subject[SUBJECT_BYTES_MAX];
	subject_campaign(subject, campaign->id);
	campaign->ordinal = (uint32_t)broker_append(subject, "{}", 2);
	return campaign->ordinal != 0;
}

static bool define(struct stage_campaign *campaign, int64_t until_us) {
	char json[1024];
	char error[JSON_ERROR_BYTES];
	struct definition definition;
	struct text text = text_init(json, sizeof json);
	write_definition(&text, campaign, until_us);
	bool valid = definition_read_stored(&definition, error, text.start, text.used);
	assert(valid);
	request = (struct request){
		.kind = MESSAGE_DEFINE,
		.define = {.ordinal = campaign->ordinal,
			.json = text.start,
			.json_size = (uint32_t)text.used},
	};
	if (!append(campaign, LINE_DEFINE)) {
		return false;
	}
	trace("defines %.*s", (int)text.used, text.start);
	campaign->is_defined = true;
	return true;
}

static bool command(const struct stage_campaign *campaign, enum control_command what) {
	request = (struct request){.kind = MESSAGE_CONTROL, .command = what};
	return append(campaign, LINE_CONTROL);
}

static void on_act(void *context) {
	const struct act *act = context;
	struct stage_campaign *campaign = &campaigns[act->campaign];
	/* Whatever comes before it must be there: the ordinal, and the first definition. */
	bool is_early = (act->step > STEP_ANNOUNCE && campaign->ordinal == 0) ||
			(act->step > STEP_DEFINE && !campaign->is_defined);
	bool is_done = false;
	switch (act->step) {
	case STEP_ANNOUNCE:
		is_done = announce(campaign);
		break;
	case STEP_DEFINE:
	case STEP_DEFINE_AGAIN:
		is_done = !is_early && define(campaign, campaign->opens_us + 10 * SECOND_US);
		break;
	case STEP_COMMAND:
		is_done = !is_early && command(campaign, act->command);
		break;
	}
	if (is_done) {
		acts_left--;
		return;
	}
	struct act *again = malloc(sizeof *again);
	assert(again != NULL);
	*again = *act;
	world_after_owned(NULL, RETRY_US, on_act, again);
}

static void plan_act(int64_t at_us, const struct act *planned) {
	struct act *act = malloc(sizeof *act);
	assert(act != NULL);
	*act = *planned;
	acts_left++;
	world_after_owned(NULL, at_us, on_act, act);
}

static void plan_command(uint32_t campaign, int64_t at_us, enum control_command what) {
	plan_act(at_us, &(struct act){.step = STEP_COMMAND, .command = what, .campaign = campaign});
}

static void plan_campaign(uint32_t index, int64_t until_us) {
	struct stage_campaign *campaign = &campaigns[index];
	int64_t at_us = chance_between(&chance, 0, SECOND_US / 2);
	campaign->opens_us = at_us + chance_between(&chance, SECOND_US / 10, 2 * SECOND_US);
	plan_act(at_us, &(struct act){.step = STEP_ANNOUNCE, .campaign = index});
	plan_act(at_us + 1000, &(struct act){.step = STEP_DEFINE, .campaign = index});
	if (is_one_of(4)) { /* before the opening, or too late */
		plan_act(at_us + chance_between(&chance, 2000, 2 * SECOND_US),
			&(struct act){.step = STEP_DEFINE_AGAIN, .campaign = index});
	}
	/* If it opens by its definition, this is a command that comes at the wrong time. */
	plan_command(index, campaign->opens_us + chance_between(&chance, 0, SECOND_US / 2),
		CONTROL_START);
	if (is_one_of(3)) {
		int64_t pause_us = chance_between(&chance, campaign->opens_us, until_us);
		plan_command(index, pause_us, CONTROL_PAUSE);
		plan_command(
			index, pause_us + chance_between(&chance, 1000, SECOND_US), CONTROL_RESUME);
	}
	if (is_one_of(4)) {
		plan_command(index,
			chance_between(
				&chance, campaign->opens_us + SECOND_US, until_us + SECOND_US),
			CONTROL_CLOSE);
	}
}

/* ---- life -------------------------------------------------------------------------------------- */

static void make_streams(struct stage_campaign *campaign) {
	char subject[SUBJECT_BYTES_MAX];
	char decided[SUBJECT_BYTES_MAX];
	stream_requests(campaign->requests, campaign->id);
	stream_decisions(campaign->decisions, campaign->id);
	subject_requests_all(subject, campaign->id);
	broker_make_stream(campaign->requests, subject, NULL);
	subject_decision(subject, campaign->id);
	subject_decided(decided, campaign->id);
	broker_make_stream(campaign->decisions, subject, decided);
}

void stage_begin(int64_t until_us) {
	chance = chance_for("stage");
	acts_left = 0;
	campaigns_count = is_one_of(3) ? 2 : 1;
	broker_make_stream(STREAM_CAMPAIGNS, SUBJECT_CAMPAIGNS_ALL, NULL);
	broker_make_stream(STREAM_DEADLETTER, "deadletter.*", NULL);
	for (uint32_t i = 0; i < campaigns_count; i++) {
		campaigns[i] = (struct stage_campaign){0};
		snprintf(campaigns[i].id, sizeof campaigns[i].id, "c%u", i + 1);
		make_streams(&campaigns[i]);
		plan_campaign(i, until_us);
	}
	cashier_begin();
}
