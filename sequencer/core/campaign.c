#include "sequencer/core/campaign.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "sequencer/core/turnover.h"
#include "sequencer/core/wish.h"

void campaign_init(struct campaign *campaign) {
	memset(campaign, 0, sizeof *campaign);
	campaign->state = CAMPAIGN_SCHEDULED;
}

/* Sized from the definition, so that a campaign which sells each unit once, to people with one
 * identity, never grows again. */
static uint32_t slots_wanted(const struct campaign *campaign, const struct definition *next) {
	const uint32_t step_max = BATCH_REQUESTS_MAX * IDENTITIES_MAX;
	const struct people *people = &campaign->people;
	if (next != NULL) {
		uint64_t wishes = (uint64_t)next->units + next->waiting_list;
		bool both = next->verification == VERIFICATION_BOTH;
		return people_slots_for(wishes * (both ? IDENTITIES_MAX : 1u) + step_max);
	}
	if (people_has_room(people, step_max)) {
		return people->slots_count;
	}
	return people_slots_for((uint64_t)people->slots_used * 3 / 2 + step_max);
}

struct campaign_capacity campaign_capacity(
	const struct campaign *campaign, const struct definition *next) {
	struct campaign_capacity capacity = {0};
	if (next == NULL && !campaign->defined) {
		return capacity;
	}
	const struct definition *definition = next != NULL ? next : &campaign->definition;
	capacity.slots = slots_wanted(campaign, next);
	capacity.bookings = campaign->bookings.count + BATCH_REQUESTS_MAX;
	capacity.links = campaign->people.links_count + BATCH_REQUESTS_MAX;
	if (definition->price_paise > 0 || definition->waiting_list > 0) {
		capacity.extras = capacity.bookings;
	}
	if (definition->price_paise > 0) {
		uint32_t holds = campaign->holds.end - campaign->holds.first;
		capacity.holds = holds + EFFECTS_MAX + BATCH_REQUESTS_MAX;
	}
	return capacity;
}

static void pass_time(struct campaign *campaign, int64_t time_ms) {
	if (time_ms > campaign->time_ms) {
		campaign->time_ms = time_ms;
	}
	const struct definition *definition = &campaign->definition;
	if (!campaign->defined) {
		return;
	}
	if (campaign->state == CAMPAIGN_SCHEDULED && !definition->opens_by_command &&
		campaign->time_ms >= definition->opens_at_ms) {
		campaign->state = CAMPAIGN_OPEN;
	}
	if (!definition->closes_by_command && campaign->time_ms >= definition->closes_at_ms) {
		campaign->state = CAMPAIGN_CLOSED;
	}
}

static void decide_define(struct campaign *campaign, const struct request *request,
	const struct definition *definition, struct decision *decision) {
	struct answer *answer = &decision->answers[0];
	bool same_campaign = !campaign->defined || campaign->ordinal == request->define.ordinal;
	if (definition == NULL || !same_campaign || campaign->state != CAMPAIGN_SCHEDULED) {
		answer->verdict = VERDICT_REFUSED;
		return;
	}
	assert(campaign->bookings.count == 0); /* nothing can be booked before the opening */
	campaign->definition = *definition;
	campaign->defined = true;
	campaign->ordinal = request->define.ordinal;
	campaign->define_n = request->n;
	campaign->bookings.epoch_ms = campaign->time_ms;
	inventory_init(&campaign->inventory, definition->units);
	answer->verdict = VERDICT_ACCEPTED;
	decision->definition = request->define.json;
	decision->definition_size = request->define.json_size;
	pass_time(campaign, campaign->time_ms);
}

static bool control(struct campaign *campaign, enum control_command command) {
	switch (command) {
	case CONTROL_START:
		if (campaign->state != CAMPAIGN_SCHEDULED ||
			!campaign->definition.opens_by_command) {
			return false;
		}
		campaign->state = CAMPAIGN_OPEN;
		return true;
	case CONTROL_PAUSE:
		if (campaign->state != CAMPAIGN_OPEN) {
			return false;
		}
		campaign->state = CAMPAIGN_PAUSED;
		return true;
	case CONTROL_RESUME:
		if (campaign->state != CAMPAIGN_PAUSED) {
			return false;
		}
		campaign->state = CAMPAIGN_OPEN;
		return true;
	case CONTROL_CLOSE:
		if (campaign->state == CAMPAIGN_CLOSED) {
			return false;
		}
		campaign->state = CAMPAIGN_CLOSED;
		return true;
	}
	return false;
}

/* The slots lie anywhere in a table far larger than a cache. All are sent for before the first entry is
 * decided, so that their misses overlap; a few entries ahead of each decision they would not, for a
 * prefetch whose page has to be looked up holds up everything behind it. */
static void prefetch(const struct campaign *campaign, const struct request *request) {
	if (!campaign->defined) {
		return;
	}
	for (uint32_t i = 0; i < request->count; i++) {
		const struct person *person = &request->book[i].person;
		for (uint32_t k = 0; k < person->identities_count; k++) {
			people_prefetch(&campaign->people, &person->identities[k]);
		}
	}
}

static void decide_book(
	struct campaign *campaign, const struct request *request, struct decision *decision) {
	for (uint32_t i = 0; i < request->count; i++) {
		campaign->line_position++;
		if (!campaign->defined) {
			decision->answers[i].verdict = VERDICT_NOT_OPEN;
			continue;
		}
		wish_decide(campaign, &request->book[i], campaign->line_position,
			&decision->answers[i]);
	}
}

static void decide_entries(struct campaign *campaign, const struct request *request,
	const struct definition *definition, struct decision *decision) {
	switch (request->kind) {
	case MESSAGE_DEFINE:
		decide_define(campaign, request, definition, decision);
		return;
	case MESSAGE_CONTROL:
		decision->answers[0].verdict =
			campaign->defined && control(campaign, request->command) ? VERDICT_ACCEPTED
										 : VERDICT_REFUSED;
		return;
	case MESSAGE_BOOK:
		decide_book(campaign, request, decision);
		return;
	case MESSAGE_CANCEL:
		for (uint32_t i = 0; i < request->count; i++) {
			turnover_cancel(campaign, &request->cancel[i], &decision->answers[i]);
		}
		return;
	case MESSAGE_PAY:
		for (uint32_t i = 0; i < request->count; i++) {
			turnover_pay(campaign, &request->pay[i], &decision->answers[i]);
		}
		return;
	case MESSAGE_TICK:
		decision->answers[0].verdict = VERDICT_ACCEPTED;
		return;
	case MESSAGE_DECISION:
	case MESSAGE_VERIFIED:
	case MESSAGE_CODE:
	case MESSAGE_CODE_STATE:
		break;
	}
	assert(false); /* request_decode gives no other kind */
}

static void begin(struct campaign *campaign, uint64_t n, int64_t time_ms, uint16_t count,
	struct decision *decision) {
	assert(n == campaign->n + 1);
	assert(count >= 1);
	assert(count <= BATCH_REQUESTS_MAX);
	memset(decision, 0, offsetof(struct decision, answers));
	memset(decision->answers, 0, count * sizeof decision->answers[0]);
	campaign->n = n;
	pass_time(campaign, time_ms);
	decision->count = count;
	turnover_settle(campaign, decision);
	decision->effects_before = decision->effects_count;
}

static void finish(const struct campaign *campaign, struct decision *decision) {
	decision->n = campaign->n;
	decision->time_ms = campaign->time_ms;
	decision->define_n = campaign->define_n;
	decision->line_position = campaign->line_position;
	decision->ordinal = campaign->ordinal;
	decision->state = campaign->state;
	decision->counters = (struct counters){
		.available = campaign->inventory.units_available,
		.held = campaign->inventory.units_held,
		.sold = campaign->inventory.units_sold,
		.waiting = campaign->waiting,
	};
}

static bool is_batch(enum message_kind kind) {
	return kind == MESSAGE_BOOK || kind == MESSAGE_CANCEL || kind == MESSAGE_PAY;
}

void campaign_step(struct campaign *campaign, const struct request *request,
	const struct definition *definition, struct decision *decision) {
	if (request->kind == MESSAGE_BOOK) {
		prefetch(campaign, request);
	}
	bool batch = is_batch(request->kind);
	begin(campaign, request->n, request->time_ms, batch ? request->count : 1, decision);
	decision->request_kind = request->kind;
	if (batch) {
		decision->batch = request->batch;
		decision->opened_at_us = request->opened_at_us;
	}
	decide_entries(campaign, request, definition, decision);
	turnover_settle(campaign, decision);
	finish(campaign, decision);
}

void campaign_step_unreadable(
	struct campaign *campaign, uint64_t n, int64_t time_ms, struct decision *decision) {
	begin(campaign, n, time_ms, 1, decision);
	decision->answers[0].verdict = VERDICT_UNREADABLE;
	finish(campaign, decision);
}

int64_t campaign_due_ms(const struct campaign *campaign) {
	if (!campaign->defined) {
		return INT64_MAX;
	}
	if (turnover_is_unsettled(campaign)) {
		return campaign->time_ms;
	}
	int64_t due = turnover_due_ms(campaign);
	const struct definition *definition = &campaign->definition;
	if (campaign->state == CAMPAIGN_SCHEDULED && !definition->opens_by_command &&
		definition->opens_at_ms < due) {
		due = definition->opens_at_ms;
	}
	if (campaign->state != CAMPAIGN_CLOSED && !definition->closes_by_command &&
		definition->closes_at_ms < due) {
		due = definition->closes_at_ms;
	}
	return due;
}
