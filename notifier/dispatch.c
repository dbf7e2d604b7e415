#include "notifier/dispatch.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/crypto.h"
#include "common/errand.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/pure/backoff.h"
#include "common/transfers.h"
#include "common/wakeup.h"
#include "common/zone.h"
#include "notifier/ledger.h"
#include "notifier/measures.h"
#include "notifier/sender.h"
#include "notifier/settings.h"

/* A result waits so long for others to be settled with, unless there are so many already. */
#define SETTLE_WAIT_MS 50
#define SETTLE_COUNT_URGENT 200u
#define BACKLOG_EVERY_US 5000000
#define DATABASE_RANGE ((struct backoff_range){.ms_min = 200, .ms_max = 10000})
/* Left of a claim when its notice is handed to a sender: the longest transfer, and some. */
#define CLAIM_RESERVE_US ((TRANSFERS_SECONDS_MAX + 5) * INT64_C(1000000))
/* A slow provider gets its one notice only shortly before it may be asked. */
#define PROBE_CLAIM_MS 1000
/* A channel that had no room for so long is not waited for any more. */
#define STUCK_AFTER_US INT64_C(1000000)
#define PAUSE_MS_MAX 30000
#define DRAIN_MS_MAX 12000
#define CLAIMED_BY_BYTES 96

static const enum channel channels[CHANNELS] = {CHANNEL_EMAIL, CHANNEL_SMS};

/* All of one channel. */
struct lane {
	struct dispatch *dispatch;
	struct sender *sender;
	struct notice_list waiting; /* claimed, for the sender */
	bool more;                  /* the last claim left something, it may be */
	int64_t half_empty_us;      /* when it could have been given more, last */
};

struct dispatch {
	struct uv_loop_s *loop;
	struct dispatch_options options;
	char claimed_by[CLAIMED_BY_BYTES];
	struct ledger *ledger;
	struct lane lanes[CHANNELS];
	struct notice *all;
	struct notice_list empty;
	struct notice_list unsettled;
	struct wakeup *timer; /* the next round */
	int64_t timer_us;     /* when that is */
	bool claims;          /* the round under way, or the last one, asked for more */
	int64_t claimed_us;   /* when the last round that did began */
	struct wakeup *drain_deadline;
	struct errand *errand; /* NULL unless a round is under way: then it belongs to the worker */
	struct ledger_round round;
	bool available; /* the database, by the last round */
	struct backoff backoff;
	int64_t backlog_us; /* when it was counted last */
	bool draining;
	bool drain_is_late;
	bool drained;
};

static void schedule(struct dispatch *dispatch);

/* ---- what became of a notice ----------------------------------------------------------------- */

static void count(const struct notice *notice) {
	if (notice->delivery.state == DELIVERY_OVERTAKEN) {
		notifier_measures.overtaken++;
	} else if (notice->delivery.state == DELIVERY_FAILED) {
		notifier_measures.failed[channel_index(notice->channel)][notice->template]++;
		log_warn("notice_failed",
			"campaign=%s number=%" PRIu32
			" template=%s channel=%d attempts=%u error=\"%s\"",
			notice->campaign_id, notice->number, template_name(notice->template),
			(int)notice->channel, notice->delivery.attempts, notice->error);
	}
}

static void finish(struct dispatch *dispatch, struct notice *notice, enum delivery_event event,
	int64_t retry_after_ms) {
	struct delivery_chance chance = {
		.backoff_ms = settings.retry_ms,
		.retry_after_ms = retry_after_ms,
		.random = crypto_random_below(UINT32_MAX),
	};
	delivery_move(&notice->delivery, event, &chance);
	count(notice);
	notice_list_push(&dispatch->unsettled, notice);
}

static void finish_with(struct dispatch *dispatch, struct notice *notice, enum delivery_event event,
	const char *error) {
	snprintf(notice->error, sizeof notice->error, "%s", error);
	finish(dispatch, notice, event, 0);
}

static enum delivery_event event_of(enum outcome outcome) {
	static const enum delivery_event events[OUTCOME_COUNT] = {
		[OUTCOME_OK] = DELIVERY_TAKEN,
		[OUTCOME_TEMPFAIL] = DELIVERY_REFUSED_FOR_NOW,
		[OUTCOME_PERMFAIL] = DELIVERY_REFUSED,
	};
	return events[outcome];
}

static void on_sent(void *context, const struct send_result *result) {
	struct notice *notice = context;
	struct dispatch *dispatch = notice->owner;
	notice->unsure = result->unsure;
	snprintf(notice->provider_id, sizeof notice->provider_id, "%s", result->provider_id);
	snprintf(notice->error, sizeof notice->error, "%s", result->error);
	finish(dispatch, notice, event_of(result->outcome), result->retry_after_ms);
	schedule(dispatch);
}

/* ---- sending --------------------------------------------------------------------------------- */

static void send_notice(struct lane *lane, struct notice *notice) {
	struct notice_words words;
	struct message message;
	struct notice_facts facts = {
		.booking_key = &settings.booking_key,
		.public_url = settings.public_url,
		.public_domain = settings.public_domain,
		.now_ms = clock_wall_ms(),
		.booked_at_offset_minutes =
			zone_offset_minutes(notice->time_zone, notice->booked_at_ms),
		.pay_by_offset_minutes = zone_offset_minutes(notice->time_zone, notice->pay_by_ms),
	};
	notice_message(&message, &words, notice, &facts);
	if (!sender_send(lane->sender, &message, on_sent, notice)) {
		finish_with(lane->dispatch, notice, DELIVERY_REFUSED,
			"the contact or the campaign's text cannot be put into a message");
	}
}

static bool is_running_out(const struct notice *notice) {
	int64_t age_us = clock_monotonic_us() - notice->claimed_us;
	return age_us > settings.claim_seconds * 1000000 - CLAIM_RESERVE_US;
}

/* What cannot be sent soon goes back: another notifier may do better, and a claim that runs out
 * looks as if its notifier had died. A slow provider keeps one, to be asked with. */
static void put_back_idle(struct lane *lane) {
	size_t kept = lane->dispatch->draining ? 0 : sender_is_slow(lane->sender) ? 1 : SIZE_MAX;
	while (lane->waiting.first != NULL &&
		(lane->waiting.count > kept || is_running_out(lane->waiting.first))) {
		finish(lane->dispatch, notice_list_pop(&lane->waiting), DELIVERY_PUT_BACK, 0);
	}
}

static void pump(struct lane *lane) {
	put_back_idle(lane);
	while (lane->waiting.first != NULL && sender_may_send(lane->sender)) {
		send_notice(lane, notice_list_pop(&lane->waiting));
	}
}

static void on_ready(void *owner) {
	struct lane *lane = owner;
	pump(lane);
	schedule(lane->dispatch);
}

/* ---- what was claimed ------------------------------------------------------------------------ */

static void take(struct dispatch *dispatch, struct notice *notice) {
	notice->owner = dispatch;
	if (delivery_is_poisonous(&notice->delivery)) {
		finish_with(dispatch, notice, DELIVERY_REFUSED,
			"too often nobody knew whether it had been sent; look for a crash in the "
			"logs");
	} else if (!notice_is_true(notice)) {
		finish_with(dispatch, notice, DELIVERY_UNTRUE, "");
	} else if (notice->contact[0] == '\0') {
		finish_with(dispatch, notice, DELIVERY_REFUSED,
			"the contact was erased before the message went out");
	} else {
		notice_list_push(&dispatch->lanes[channel_index(notice->channel)].waiting, notice);
	}
}

static void take_claimed(struct dispatch *dispatch) {
	struct notice *notice;
	while ((notice = notice_list_pop(&dispatch->round.claimed)) != NULL) {
		take(dispatch, notice);
	}
	for (size_t i = 0; i < CHANNELS; i++) {
		pump(&dispatch->lanes[i]);
	}
}

/* ---- rounds ---------------------------------------------------------------------------------- */

static uint32_t held(const struct dispatch *dispatch, size_t channel) {
	const struct lane *lane = &dispatch->lanes[channel];
	uint32_t count = (uint32_t)lane->waiting.count + sender_under_way(lane->sender);
	for (const struct notice *notice = dispatch->unsettled.first; notice != NULL;
		notice = notice->next) {
		count += channel_index(notice->channel) == channel;
	}
	return count;
}

/* Few enough wait that the next ones should come, if there are any. */
static bool is_half_empty(const struct lane *lane) {
	return lane->waiting.count <= (size_t)settings.window / 2;
}

static uint32_t room(const struct dispatch *dispatch, size_t channel) {
	const struct lane *lane = &dispatch->lanes[channel];
	uint32_t count = held(dispatch, channel);
	notifier_measures.claimed[channel] = count;
	if (sender_is_slow(lane->sender)) {
		return count == 0 && sender_wait_ms(lane->sender) <= PROBE_CLAIM_MS ? 1 : 0;
	}
	return is_half_empty(lane) ? (uint32_t)settings.window - count : 0;
}

/* Whether this channel must not be run ahead of: it takes what it gets. See ledger.h. */
static bool holds_back(const struct lane *lane) {
	return !sender_is_slow(lane->sender) &&
	       clock_monotonic_us() - lane->half_empty_us < STUCK_AFTER_US;
}

/* There is more for a channel that has room, and no other channel holds it back. */
static bool is_hungry(const struct dispatch *dispatch) {
	bool hungry = false;
	for (size_t i = 0; i < CHANNELS; i++) {
		const struct lane *lane = &dispatch->lanes[i];
		if (is_half_empty(lane)) {
			hungry |= lane->more && !sender_is_slow(lane->sender);
		} else if (holds_back(lane)) {
			return false;
		}
	}
	return hungry && !dispatch->draining;
}

/* Not in every round: one that only settles is quick, and frees the way for what was claimed
 * before. */
static bool claims_now(const struct dispatch *dispatch) {
	int64_t since_us = clock_monotonic_us() - dispatch->claimed_us;
	bool polls = since_us >= settings.poll_ms * 1000 && !dispatch->draining;
	return polls || is_hungry(dispatch);
}

static void run_round(void *context) {
	struct dispatch *dispatch = context;
	ledger_round(dispatch->ledger, &dispatch->round);
}

static const char *trouble_note(enum database_outcome outcome) {
	return outcome == DATABASE_ERROR ? "the database refuses a statement: run firstcome migrate"
					 : "the database cannot be reached: see whether it is up";
}

static void set_available(struct dispatch *dispatch, enum database_outcome outcome) {
	bool available = outcome == DATABASE_OK || outcome == DATABASE_CONFLICT;
	const char *note = available ? NULL : trouble_note(outcome);
	if (available) {
		backoff_reset(&dispatch->backoff);
	} else {
		log_warn("database_unavailable", "error=\"%s\" hint=\"%s\"",
			ledger_error(dispatch->ledger), note);
	}
	dispatch->available = available;
	notifier_measures.database_available = available;
	dispatch->options.on_database(dispatch->options.owner, available, note);
}

static void note_backlog(struct dispatch *dispatch) {
	const struct ledger_backlog *backlog = &dispatch->round.backlog;
	if (dispatch->round.backlog_wanted && dispatch->round.outcome == DATABASE_OK) {
		notifier_measures.due[0] = backlog->due[0];
		notifier_measures.due[1] = backlog->due[1];
		notifier_measures.oldest_due_seconds = backlog->oldest_due_seconds;
		notifier_measures.unseen = backlog->unseen_decisions;
		dispatch->backlog_us = clock_monotonic_us();
	}
}

/* True if there is nothing left to do. */
static bool end_drain_if_done(struct dispatch *dispatch) {
	bool under_way = sender_under_way(dispatch->lanes[0].sender) +
				 sender_under_way(dispatch->lanes[1].sender) >
			 0;
	bool unsettled = dispatch->unsettled.first != NULL && dispatch->available;
	bool done = dispatch->draining && dispatch->errand == NULL && !unsettled &&
		    (dispatch->drain_is_late || !under_way);
	if (done && !dispatch->drained) {
		dispatch->drained = true;
		wakeup_cancel(dispatch->drain_deadline);
		dispatch->options.on_drained(dispatch->options.owner);
	}
	return done;
}

static void on_round_end(void *context) {
	struct dispatch *dispatch = context;
	struct ledger_round *round = &dispatch->round;
	dispatch->errand = NULL;
	for (size_t i = 0; i < CHANNELS && dispatch->claims; i++) {
		dispatch->lanes[i].more = round->outcome == DATABASE_OK && round->more[i];
	}
	notice_list_move(&dispatch->empty, &round->empty);
	/* What failed to settle, before what has come meanwhile. */
	notice_list_move(&round->unsettled, &dispatch->unsettled);
	notice_list_move(&dispatch->unsettled, &round->unsettled);
	notifier_measures.ambiguous += round->ambiguous;
	notifier_measures.without_contact += round->without_contact;
	set_available(dispatch, round->outcome);
	note_backlog(dispatch);
	take_claimed(dispatch);
	if (!end_drain_if_done(dispatch)) {
		schedule(dispatch);
	}
}

static void begin_round(void *context) {
	struct dispatch *dispatch = context;
	struct ledger_round *round = &dispatch->round;
	assert(dispatch->errand == NULL);
	dispatch->claims = claims_now(dispatch);
	if (dispatch->claims) {
		dispatch->claimed_us = clock_monotonic_us();
	}
	for (size_t i = 0; i < CHANNELS; i++) {
		struct lane *lane = &dispatch->lanes[i];
		pump(lane);
		if (is_half_empty(lane)) {
			lane->half_empty_us = clock_monotonic_us();
		}
		round->room[i] = dispatch->claims ? room(dispatch, i) : 0;
		round->holds_back[i] = holds_back(lane);
	}
	round->backlog_wanted =
		dispatch->claims && clock_monotonic_us() - dispatch->backlog_us > BACKLOG_EVERY_US;
	notice_list_init(&round->unsettled);
	notice_list_init(&round->empty);
	notice_list_move(&round->unsettled, &dispatch->unsettled);
	notice_list_move(&round->empty, &dispatch->empty);
	dispatch->errand = errand_begin(dispatch->loop, run_round, on_round_end, dispatch);
}

/* How long the next round may wait: the more there is to do, the less. */
static uint64_t round_wait_ms(const struct dispatch *dispatch) {
	size_t results = dispatch->unsettled.count;
	bool urgent = results >= SETTLE_COUNT_URGENT || (results > 0 && dispatch->draining);
	if (urgent || is_hungry(dispatch)) {
		return 0;
	}
	return results > 0 ? SETTLE_WAIT_MS : (uint64_t)settings.poll_ms;
}

static void set_timer(struct dispatch *dispatch, uint64_t wait_ms) {
	int64_t at_us = clock_monotonic_us() + (int64_t)wait_ms * 1000;
	if (!wakeup_is_set(dispatch->timer) || at_us < dispatch->timer_us) {
		dispatch->timer_us = at_us;
		wakeup_after(dispatch->timer, wait_ms);
	}
}

static void schedule(struct dispatch *dispatch) {
	if (dispatch->errand != NULL) {
		return; /* on_round_end comes here again */
	}
	if (dispatch->available) {
		set_timer(dispatch, round_wait_ms(dispatch));
	} else if (!wakeup_is_set(dispatch->timer)) {
		set_timer(dispatch, backoff_next_ms(&dispatch->backoff));
	}
}

/* ---- life ------------------------------------------------------------------------------------ */

static void on_drain_deadline(void *context) {
	struct dispatch *dispatch = context;
	dispatch->drain_is_late = true;
	end_drain_if_done(dispatch);
}

void dispatch_drain(struct dispatch *dispatch) {
	dispatch->draining = true;
	wakeup_after(dispatch->drain_deadline, DRAIN_MS_MAX);
	for (size_t i = 0; i < CHANNELS; i++) {
		pump(&dispatch->lanes[i]);
	}
	if (!end_drain_if_done(dispatch)) {
		schedule(dispatch);
	}
}

static void create_lanes(struct dispatch *dispatch) {
	const struct pace_limits limits[CHANNELS] = {
		{
			.connections = (uint32_t)settings.email_connections,
			.per_second = (uint32_t)settings.email_per_second,
			.pause_ms_max = PAUSE_MS_MAX,
		},
		{
			.connections = (uint32_t)settings.sms_connections,
			.per_second = (uint32_t)settings.sms_per_second,
			.pause_ms_max = PAUSE_MS_MAX,
		},
	};
	for (size_t i = 0; i < CHANNELS; i++) {
		struct lane *lane = &dispatch->lanes[i];
		struct sender_options options = {
			.name = "notices",
			.channel = channels[i],
			.limits = limits[i],
			.slow = &notifier_measures.slow_notices[i],
			.on_ready = on_ready,
			.owner = lane,
		};
		lane->dispatch = dispatch;
		notice_list_init(&lane->waiting);
		lane->sender = sender_create(dispatch->loop, &options);
	}
}

struct dispatch *dispatch_create(struct uv_loop_s *loop, const struct dispatch_options *options) {
	struct dispatch *dispatch = memory_new(sizeof *dispatch);
	dispatch->loop = loop;
	dispatch->options = *options;
	dispatch->available = true;
	dispatch->backoff = backoff_init(DATABASE_RANGE, (uint64_t)crypto_random_below(UINT32_MAX));
	snprintf(dispatch->claimed_by, sizeof dispatch->claimed_by, "%.48s/%08" PRIx32,
		options->instance, crypto_random_below(UINT32_MAX));
	struct ledger_options ledger = {
		.database_url = settings.database_url,
		.claimed_by = dispatch->claimed_by,
		.claim_seconds = (uint32_t)settings.claim_seconds,
	};
	dispatch->ledger = ledger_create(&ledger);
	create_lanes(dispatch);
	notice_list_init(&dispatch->empty);
	notice_list_init(&dispatch->unsettled);
	size_t count = CHANNELS * (size_t)settings.window;
	dispatch->all = memory_new(count * sizeof *dispatch->all);
	for (size_t i = 0; i < count; i++) {
		notice_list_push(&dispatch->empty, &dispatch->all[i]);
	}
	dispatch->timer = wakeup_create(loop, begin_round, dispatch);
	dispatch->drain_deadline = wakeup_create(loop, on_drain_deadline, dispatch);
	set_timer(dispatch, 0);
	return dispatch;
}

void dispatch_destroy(struct dispatch *dispatch) {
	if (dispatch == NULL) {
		return;
	}
	errand_abandon(dispatch->errand);
	wakeup_destroy(dispatch->timer);
	wakeup_destroy(dispatch->drain_deadline);
	for (size_t i = 0; i < CHANNELS; i++) {
		sender_destroy(dispatch->lanes[i].sender);
	}
	ledger_destroy(dispatch->ledger);
	free(dispatch->all);
	free(dispatch);
}
