/*
 * ledger_notices - what the statements of notifier/ledger_sql.c do to the tables; see database.h.
 *
 * A statement sees the tables as they were when it began, also what it changes itself. Rows locked by
 * somebody else (skip locked) do not exist: a statement is a single event here.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/database.h"
#include "tests/sim/ledger.h"
#include "tests/sim/world.h"

#define SECOND_US INT64_C(1000000)
#define COLUMNS_OF_CLAIMED 21
#define COUNT_MAX 100000

/* ---- reading ----------------------------------------------------------------------------------- */

static struct ledger_notice *notice_at(size_t index) {
	return ledger_row(LEDGER_NOTICES, index);
}

static struct ledger_notice *find_notice(
	uint32_t campaign, uint32_t number, enum template template, int channel) {
	for (size_t i = 0; i < ledger_count(LEDGER_NOTICES); i++) {
		struct ledger_notice *notice = notice_at(i);
		if (notice->campaign == campaign && notice->number == number &&
			notice->template == template && notice->channel == channel) {
			return notice;
		}
	}
	return NULL;
}

/* Rows with this index and above came with the statement itself: it does not see them. */
static bool earlier_is_under_way(
	uint32_t campaign, uint32_t number, int channel, size_t notices_count) {
	for (size_t i = 0; i < notices_count; i++) {
		const struct ledger_notice *notice = notice_at(i);
		if (notice->campaign == campaign && notice->number == number &&
			notice->channel == channel && notice->state == DELIVERY_CLAIMED) {
			return true;
		}
	}
	return false;
}

static bool is_same(const struct account_id *a, const struct account_id *b) {
	return memcmp(a, b, sizeof *a) == 0;
}

/* The one of that channel that was proven last; NULL if there is none. */
static const struct ledger_contact *newest_contact(const struct account_id *account, int channel) {
	const struct ledger_contact *newest = NULL;
	for (size_t i = 0; i < ledger_count(LEDGER_CONTACTS); i++) {
		const struct ledger_contact *contact = ledger_row(LEDGER_CONTACTS, i);
		bool fits = is_same(&contact->account, account) && (int)contact->channel == channel;
		if (fits && (newest == NULL || contact->verified_at_us > newest->verified_at_us)) {
			newest = contact;
		}
	}
	return newest;
}

static bool has_contact(const struct account_id *account, int channel) {
	return newest_contact(account, channel) != NULL;
}

static struct ledger_position *position_of(uint32_t campaign) {
	for (size_t i = 0; i < ledger_count(LEDGER_POSITIONS); i++) {
		struct ledger_position *position = ledger_row(LEDGER_POSITIONS, i);
		if (position->campaign == campaign) {
			return position;
		}
	}
	return NULL;
}

/* ---- what a claim returns (DETAILS) ------------------------------------------------------------- */

/* Columns that are the same in every row of a look. */
struct progress {
	bool more;
	int64_t untold;
};

static void add_progress(struct statement_call *call, const struct progress *progress) {
	rows_set_columns(call->rows, COLUMNS_OF_CLAIMED);
	rows_add_i64(call->rows, progress->more);
	rows_add_i64(call->rows, progress->untold);
}

static void add_none(struct statement_call *call, const struct progress *progress) {
	add_progress(call, progress);
	for (int column = 2; column < COLUMNS_OF_CLAIMED; column++) {
		rows_add_null(call->rows);
	}
}

static void add_claimed(struct statement_call *call, const struct ledger_notice *notice,
	bool was_claimed, const struct progress *progress) {
	struct database_rows *rows = call->rows;
	const struct ledger_booking *booking = ledger_booking(notice->campaign, notice->number);
	const struct ledger_campaign *campaign = ledger_campaign(notice->campaign);
	assert(booking != NULL && campaign != NULL);
	struct account_id account = ledger_account_now(&booking->account);
	const struct ledger_contact *contact = newest_contact(&account, notice->channel);
	add_progress(call, progress);
	rows_add_i64(rows, notice->campaign);
	rows_add_i64(rows, notice->number);
	rows_add_text(rows, template_name(notice->template));
	rows_add_i64(rows, notice->channel);
	rows_add_i64(rows, notice->attempts);
	rows_add_i64(rows, notice->ambiguous);
	rows_add_i64(rows, was_claimed);
	rows_add_i64(rows, booking->status);
	rows_add_i64(rows, booking->units);
	rows_add_i64(rows, (int64_t)booking->place);
	rows_add_i64(rows, booking->rank);
	rows_add_i64(rows, booking->booked_at_us / 1000);
	rows_add_i64(rows, booking->pay_by_us / 1000);
	rows_add_text(rows, campaign->id);
	rows_add_text(rows, campaign->title);
	rows_add_text(rows, campaign->pickup_text);
	rows_add_text(rows, campaign->time_zone);
	rows_add_text(rows, contact == NULL ? "" : contact->contact);
	rows_add_text(rows, contact == NULL ? "" : contact->locale);
}

static void mark_claimed(struct ledger_notice *notice, const char *claimed_by, int64_t until_us) {
	notice->state = DELIVERY_CLAIMED;
	snprintf(notice->claimed_by, sizeof notice->claimed_by, "%s", claimed_by);
	notice->due_at_us = until_us;
}

/* ---- poll -------------------------------------------------------------------------------------- */

static bool is_open(const struct ledger_notice *notice) {
	return notice->state == DELIVERY_DUE || notice->state == DELIVERY_CLAIMED;
}

static bool is_due(const struct ledger_notice *notice, int channel, int64_t now_us) {
	return is_open(notice) && notice->channel == channel && notice->due_at_us <= now_us;
}

static void add_due_channels(struct statement_call *call) {
	for (int channel = CHANNEL_EMAIL; channel <= CHANNEL_SMS; channel++) {
		for (size_t i = 0; i < ledger_count(LEDGER_NOTICES); i++) {
			if (is_due(notice_at(i), channel, call->now_us)) {
				rows_add_i64(call->rows, 0);
				rows_add_i64(call->rows, channel);
				break;
			}
		}
	}
}

static enum database_outcome poll(struct statement_call *call) {
	rows_set_columns(call->rows, 2);
	if (ledger_has_news()) {
		rows_add_i64(call->rows, 0);
		rows_add_i64(call->rows, 0);
	}
	add_due_channels(call);
	/* At random: a rotation will do. */
	size_t count = ledger_count(LEDGER_CAMPAIGNS);
	struct chance chance = {(uint64_t)call->now_us};
	size_t start = count == 0 ? 0 : (size_t)chance_below(&chance, count);
	for (size_t i = 0; i < count; i++) {
		const struct ledger_campaign *campaign =
			ledger_row(LEDGER_CAMPAIGNS, (start + i) % count);
		struct ledger_position *position = position_of(campaign->ordinal);
		if (position == NULL) {
			position = ledger_insert(LEDGER_POSITIONS);
			position->campaign = campaign->ordinal;
			position->change_position = -1;
		} else if (campaign->decided_n > position->seen_n) {
			rows_add_i64(call->rows, campaign->ordinal);
			rows_add_i64(call->rows, -1);
		}
	}
	return DATABASE_OK;
}

/* ---- look -------------------------------------------------------------------------------------- */

#define WAYS_MAX 16384u

/* A message that is owed, by one channel. */
struct way {
	uint32_t number;
	enum template template;
	bool later; /* of a change, not of the booking itself */
	int channel;
};

struct look {
	const struct ledger_campaign *campaign;
	struct ledger_position *place;
	size_t limit;  /* with a contact */
	size_t window; /* to find them among */
	size_t fresh_count;
	const struct ledger_change *last_change;
	uint32_t last_number;
	size_t ways_count;
};

static struct way ways[WAYS_MAX];

/* The first one after number; NULL if there is none. */
static const struct ledger_booking *next_booking(uint32_t campaign, uint32_t number) {
	const struct ledger_booking *next = NULL;
	for (size_t i = 0; i < ledger_count(LEDGER_BOOKINGS); i++) {
		const struct ledger_booking *booking = ledger_row(LEDGER_BOOKINGS, i);
		if (booking->campaign == campaign && booking->number > number &&
			(next == NULL || booking->number < next->number)) {
			next = booking;
		}
	}
	return next;
}

static bool is_behind(const struct ledger_change *change, uint64_t decision_n, int64_t position) {
	return change->decision_n != decision_n ? change->decision_n > decision_n
						: change->position > position;
}

static const struct ledger_change *next_change(
	uint32_t campaign, uint64_t decision_n, int64_t position) {
	const struct ledger_change *next = NULL;
	for (size_t i = 0; i < ledger_count(LEDGER_CHANGES); i++) {
		const struct ledger_change *change = ledger_row(LEDGER_CHANGES, i);
		if (!change->removed && change->campaign == campaign &&
			is_behind(change, decision_n, position) &&
			(next == NULL || !is_behind(change, next->decision_n, next->position))) {
			next = change;
		}
	}
	return next;
}

static void add_way(struct look *look, struct way way) {
	for (size_t i = 0; i < look->ways_count; i++) {
		if (ways[i].number == way.number && ways[i].template == way.template &&
			ways[i].later == way.later && ways[i].channel == way.channel) {
			return; /* union */
		}
	}
	assert(look->ways_count < WAYS_MAX);
	ways[look->ways_count++] = way;
}

/* To every contact that is known; false if there is none. */
static bool add_ways(struct look *look, const struct ledger_booking *booking,
	enum template template, bool later) {
	struct account_id account = ledger_account_now(&booking->account);
	struct way way = {.number = booking->number, .template = template, .later = later};
	bool found = false;
	for (way.channel = CHANNEL_EMAIL; way.channel <= CHANNEL_SMS; way.channel++) {
		if (has_contact(&account, way.channel)) {
			add_way(look, way);
			found = true;
		}
	}
	return found;
}

static enum template template_of_booking(
	const struct ledger_campaign *campaign, const struct ledger_booking *booking) {
	return booking->rank != 0    ? TEMPLATE_WAITLISTED
	       : campaign->has_price ? TEMPLATE_HELD
				     : TEMPLATE_BOOKED;
}

static void look_at_bookings(struct look *look) {
	look->last_number = look->place->number;
	while (look->fresh_count < look->limit &&
		look->last_number < look->place->number + look->window) {
		const struct ledger_booking *booking =
			next_booking(look->campaign->ordinal, look->last_number);
		if (booking == NULL) {
			return;
		}
		look->last_number = booking->number;
		look->fresh_count += add_ways(
			look, booking, template_of_booking(look->campaign, booking), false);
	}
}

/* False: nobody is told of it. */
static bool template_of_change(const struct ledger_change *change, enum template *template) {
	if (change->cause == EFFECT_PROMOTED_BOOKED || change->cause == EFFECT_PROMOTED_HELD) {
		*template = TEMPLATE_PROMOTED;
		return true;
	}
	switch ((int)change->status) {
	case BOOKING_BOOKED:
		*template = TEMPLATE_BOOKED;
		return true;
	case BOOKING_RELEASED:
		*template = TEMPLATE_RELEASED;
		return true;
	case BOOKING_CANCELLED:
		*template = TEMPLATE_CANCELLED;
		return true;
	default:
		return false;
	}
}

static void look_at_changes(struct look *look) {
	uint64_t decision_n = look->place->change_n;
	int64_t position = look->place->change_position;
	size_t found = 0;
	for (size_t passed = 0; passed < look->window && found < look->limit; passed++) {
		const struct ledger_change *change =
			next_change(look->campaign->ordinal, decision_n, position);
		if (change == NULL) {
			return;
		}
		decision_n = change->decision_n;
		position = change->position;
		look->last_change = change;
		const struct ledger_booking *booking =
			ledger_booking(change->campaign, change->number);
		enum template template;
		if (booking != NULL && template_of_change(change, &template)) {
			found += add_ways(look, booking, template, true);
		}
	}
}

static int by_number(const void *a, const void *b) {
	const struct way *left = a;
	const struct way *right = b;
	if (left->number != right->number) {
		return left->number < right->number ? -1 : 1;
	}
	return (int)left->template - (int)right->template;
}

static struct ledger_notice *make_notice(const struct statement_call *call, uint32_t campaign,
	uint32_t number, enum template template, int channel) {
	if (find_notice(campaign, number, template, channel) != NULL) {
		return NULL; /* on conflict do nothing */
	}
	struct ledger_notice *notice = ledger_insert(LEDGER_NOTICES);
	notice->campaign = campaign;
	notice->number = number;
	notice->template = template;
	notice->channel = channel;
	notice->state = DELIVERY_DUE;
	notice->created_at_us = call->now_us;
	notice->due_at_us = call->now_us;
	return notice;
}

static void make_notices(
	struct statement_call *call, const struct look *look, const struct progress *progress) {
	size_t before = ledger_count(LEDGER_NOTICES);
	int64_t row_numbers[3] = {0};
	int64_t rooms[3] = {0, call_i64(call, 3), call_i64(call, 4)};
	bool any = false;
	for (size_t i = 0; i < look->ways_count; i++) {
		const struct way *way = &ways[i];
		row_numbers[way->channel]++;
		bool waits = way->later && earlier_is_under_way(look->campaign->ordinal,
						   way->number, way->channel, before);
		bool claims = !waits && row_numbers[way->channel] <= rooms[way->channel];
		struct ledger_notice *notice = make_notice(
			call, look->campaign->ordinal, way->number, way->template, way->channel);
		if (notice != NULL && claims) {
			mark_claimed(notice, call_text(call, 5),
				call->now_us + call_i64(call, 6) * SECOND_US);
			add_claimed(call, notice, false, progress);
			any = true;
		}
	}
	if (!any) {
		add_none(call, progress);
	}
}

static struct progress move_place(const struct look *look) {
	struct ledger_position *place = look->place;
	uint32_t ordinal = look->campaign->ordinal;
	struct progress progress = {
		.untold = look->last_number - place->number - (int64_t)look->fresh_count,
	};
	ledger_touch(LEDGER_POSITIONS, place);
	place->number = look->last_number;
	if (look->last_change != NULL) {
		place->change_n = look->last_change->decision_n;
		place->change_position = look->last_change->position;
	}
	progress.more = next_booking(ordinal, place->number) != NULL ||
			next_change(ordinal, place->change_n, place->change_position) != NULL;
	if (!progress.more) {
		place->seen_n = look->campaign->decided_n;
	}
	return progress;
}

static enum database_outcome look(struct statement_call *call) {
	uint32_t ordinal = (uint32_t)call_i64(call, 1);
	struct look found = {
		.campaign = ledger_campaign(ordinal),
		.place = position_of(ordinal),
		.limit = (size_t)call_i64(call, 2),
		.window = (size_t)call_i64(call, 7),
	};
	if (found.campaign == NULL || found.place == NULL) {
		return DATABASE_OK;
	}
	look_at_bookings(&found);
	look_at_changes(&found);
	qsort(ways, found.ways_count, sizeof *ways, by_number);
	struct progress progress = move_place(&found);
	make_notices(call, &found, &progress);
	return DATABASE_OK;
}

/* ---- late -------------------------------------------------------------------------------------- */

static bool is_told(
	const struct ledger_booking *booking, enum template template, size_t notices_count) {
	for (size_t i = 0; i < notices_count; i++) {
		const struct ledger_notice *notice = notice_at(i);
		if (notice->campaign == booking->campaign && notice->number == booking->number &&
			notice->template == template) {
			return true;
		}
	}
	return false;
}

static void make_late(struct statement_call *call, const struct ledger_booking *booking,
	enum template template, size_t notices_count) {
	struct account_id account = ledger_account_now(&booking->account);
	const struct ledger_campaign *campaign = ledger_campaign(booking->campaign);
	bool told = is_told(booking, template, notices_count);
	for (int channel = CHANNEL_EMAIL; channel <= CHANNEL_SMS; channel++) {
		if (has_contact(&account, channel) &&
			(!told || ledger_insists_on(campaign, channel))) {
			make_notice(call, booking->campaign, booking->number, template, channel);
		}
	}
}

static void look_again_at(
	struct statement_call *call, const struct account_id *account, size_t notices_count) {
	for (size_t i = 0; i < ledger_count(LEDGER_BOOKINGS); i++) {
		const struct ledger_booking *booking = ledger_row(LEDGER_BOOKINGS, i);
		struct account_id now = ledger_account_now(&booking->account);
		if (!is_same(&now, account)) {
			continue;
		}
		make_late(call, booking,
			template_of_booking(ledger_campaign(booking->campaign), booking),
			notices_count);
		for (size_t j = 0; j < ledger_count(LEDGER_CHANGES); j++) {
			const struct ledger_change *change = ledger_row(LEDGER_CHANGES, j);
			enum template template;
			if (!change->removed && change->campaign == booking->campaign &&
				change->number == booking->number &&
				template_of_change(change, &template)) {
				make_late(call, booking, template, notices_count);
			}
		}
	}
}

static enum database_outcome late(struct statement_call *call) {
	size_t notices_count = ledger_count(LEDGER_NOTICES);
	int64_t left = call_i64(call, 1);
	for (size_t i = 0; i < ledger_count(LEDGER_NEWS) && left > 0; i++) {
		struct ledger_news *news = ledger_row(LEDGER_NEWS, i);
		if (!news->removed) {
			ledger_touch(LEDGER_NEWS, news);
			news->removed = true;
			look_again_at(call, &news->account, notices_count);
			left--;
		}
	}
	return DATABASE_OK;
}

/* ---- claim ------------------------------------------------------------------------------------- */

/* The one that is due for the longest time; NULL if there is none. taken: those with a mark are not
 * taken again. */
static struct ledger_notice *oldest_due(int channel, int64_t now_us, const bool *taken) {
	struct ledger_notice *oldest = NULL;
	for (size_t i = 0; i < ledger_count(LEDGER_NOTICES); i++) {
		struct ledger_notice *notice = notice_at(i);
		if (taken[i] || !is_due(notice, channel, now_us) ||
			(oldest != NULL && notice->due_at_us >= oldest->due_at_us)) {
			continue;
		}
		if (notice->state == DELIVERY_CLAIMED ||
			!earlier_is_under_way(notice->campaign, notice->number, channel,
				ledger_count(LEDGER_NOTICES))) {
			oldest = notice;
		}
	}
	return oldest;
}

#define READY_MAX 16384u

static bool taken[READY_MAX];
static struct ledger_notice *ready[READY_MAX];

/* "with ready as (...)": chosen before anything is changed. Returns how many. */
static size_t choose(int channel, size_t limit, int64_t now_us) {
	assert(ledger_count(LEDGER_NOTICES) <= READY_MAX);
	memset(taken, 0, sizeof taken);
	size_t count = 0;
	struct ledger_notice *notice;
	while (count < limit && (notice = oldest_due(channel, now_us, taken)) != NULL) {
		taken[notice - notice_at(0)] = true;
		ready[count++] = notice;
	}
	return count;
}

static enum database_outcome claim(struct statement_call *call) {
	int64_t until_us = call->now_us + call_i64(call, 4) * SECOND_US;
	size_t count = choose((int)call_i64(call, 1), (size_t)call_i64(call, 2), call->now_us);
	for (size_t i = 0; i < count; i++) {
		struct ledger_notice *notice = ready[i];
		bool was_claimed = notice->state == DELIVERY_CLAIMED;
		ledger_touch(LEDGER_NOTICES, notice);
		if (was_claimed) {
			notice->ambiguous++;
			notice->taken_over_us = call->now_us;
		}
		mark_claimed(notice, call_text(call, 3), until_us);
		add_claimed(call, notice, was_claimed, &(struct progress){0});
	}
	return DATABASE_OK;
}

/* ---- settle ------------------------------------------------------------------------------------ */

#define SETTLE_ARRAYS 10u
#define ITEM_BYTES 512u
/* The first ones name the row. */
#define SETTLE_KEY_ARRAYS 4u
/* One statement settles 500 at most (notifier/ledger.c). */
#define RESULTS_MAX 512u

static char results[RESULTS_MAX][SETTLE_ARRAYS][ITEM_BYTES];

/* The next item of PostgreSQL's text form of an array; false at its end. */
static bool next_item(const char **array, char item[ITEM_BYTES]) {
	const char *from = *array + 1; /* behind '{' or ',' */
	if (**array == '}' || *from == '}') {
		return false;
	}
	size_t size = 0;
	bool quoted = *from == '"';
	for (from += quoted; quoted ? *from != '"' : *from != ',' && *from != '}'; from++) {
		from += quoted && *from == '\\';
		assert(*from != '\0' && size < ITEM_BYTES - 1);
		item[size++] = *from;
	}
	item[size] = '\0';
	*array = from + quoted;
	return true;
}

static void settle_row(struct statement_call *call, struct ledger_notice *notice,
	char items[SETTLE_ARRAYS][ITEM_BYTES]) {
	enum delivery_state state = (enum delivery_state)strtol(items[4], NULL, 10);
	bool ended =
		state == DELIVERY_SENT || state == DELIVERY_FAILED || state == DELIVERY_OVERTAKEN;
	ledger_touch(LEDGER_NOTICES, notice);
	notice->state = state;
	notice->attempts = (uint32_t)strtoul(items[5], NULL, 10);
	notice->ambiguous += (uint32_t)strtoul(items[6], NULL, 10);
	notice->due_at_us = call->now_us + strtoll(items[7], NULL, 10) * 1000;
	notice->claimed_by[0] = '\0';
	notice->settled_at_us = ended ? call->now_us : 0;
	snprintf(notice->provider_id, sizeof notice->provider_id, "%.*s",
		(int)sizeof notice->provider_id - 1, items[8]);
	if (items[9][0] != '\0' || state != DELIVERY_DUE) {
		snprintf(notice->error, sizeof notice->error, "%.*s", (int)sizeof notice->error - 1,
			items[9]);
	}
}

static bool is_same_row(char a[SETTLE_ARRAYS][ITEM_BYTES], char b[SETTLE_ARRAYS][ITEM_BYTES]) {
	for (size_t i = 0; i < SETTLE_KEY_ARRAYS; i++) {
		if (strcmp(a[i], b[i]) != 0) {
			return false;
		}
	}
	return true;
}

static bool was_sent(char items[SETTLE_ARRAYS][ITEM_BYTES]) {
	return strtol(items[4], NULL, 10) == DELIVERY_SENT;
}

/* distinct on (...) order by state <> 3, nth */
static bool is_chosen(size_t index, size_t count) {
	for (size_t i = 0; i < count; i++) {
		bool is_better = was_sent(results[i]) != was_sent(results[index])
					 ? was_sent(results[i])
					 : i < index;
		if (is_better && is_same_row(results[i], results[index])) {
			return false;
		}
	}
	return true;
}

static size_t read_results(const struct statement_call *call) {
	const char *arrays[SETTLE_ARRAYS];
	for (size_t i = 0; i < SETTLE_ARRAYS; i++) {
		arrays[i] = call_text(call, i + 1);
	}
	size_t count = 0;
	while (next_item(&arrays[0], results[count][0])) {
		for (size_t i = 1; i < SETTLE_ARRAYS; i++) {
			bool found = next_item(&arrays[i], results[count][i]);
			assert(found);
		}
		count++;
		assert(count < RESULTS_MAX);
	}
	return count;
}

static void settle_result(struct statement_call *call, char items[SETTLE_ARRAYS][ITEM_BYTES]) {
	enum template template;
	bool known = template_parse(items[2], &template);
	assert(known);
	struct ledger_notice *notice = find_notice((uint32_t)strtoul(items[0], NULL, 10),
		(uint32_t)strtoul(items[1], NULL, 10), template, (int)strtol(items[3], NULL, 10));
	if (notice == NULL) {
		return;
	}
	bool is_ours = notice->state == DELIVERY_CLAIMED &&
		       strcmp(notice->claimed_by, call_text(call, 11)) == 0;
	if (is_ours || (was_sent(items) && is_open(notice))) {
		settle_row(call, notice, items);
	}
}

static enum database_outcome settle(struct statement_call *call) {
	size_t count = read_results(call);
	for (size_t i = 0; i < count; i++) {
		if (is_chosen(i, count)) {
			settle_result(call, results[i]);
		}
	}
	return DATABASE_OK;
}

/* ---- count ------------------------------------------------------------------------------------- */

static enum database_outcome count_backlog(struct statement_call *call) {
	int64_t due[3] = {0};
	int64_t oldest_us = call->now_us;
	int64_t unseen = 0;
	for (size_t i = 0; i < ledger_count(LEDGER_NOTICES); i++) {
		const struct ledger_notice *notice = notice_at(i);
		due[notice->channel] +=
			notice->state == DELIVERY_DUE && notice->due_at_us <= call->now_us;
		if (is_open(notice) && notice->due_at_us < oldest_us) {
			oldest_us = notice->due_at_us;
		}
	}
	for (size_t i = 0; i < ledger_count(LEDGER_POSITIONS); i++) {
		const struct ledger_position *position = ledger_row(LEDGER_POSITIONS, i);
		unseen += (int64_t)(ledger_campaign(position->campaign)->decided_n -
				    position->seen_n);
	}
	rows_set_columns(call->rows, 4);
	rows_add_i64(call->rows, due[CHANNEL_EMAIL]);
	rows_add_i64(call->rows, due[CHANNEL_SMS]);
	rows_add_i64(call->rows, (call->now_us - oldest_us) / SECOND_US);
	rows_add_i64(call->rows, unseen);
	return DATABASE_OK;
}

const struct statement ledger_notices_statements[] = {
	{"with new as (", UINT64_C(0xa03816e636133e84), poll},
	{"with place as (", UINT64_C(0x8f832e4fe8331853), look},
	{"with ready as materialized (", UINT64_C(0x7fe22e0a09b65a46), claim},
	{"update notices n set state", UINT64_C(0xc706e5d891df44e7), settle},
	{"with news as materialized (", UINT64_C(0x80b19b1756ed15af), late},
	{"select (select count(*)", UINT64_C(0x3aab8d0af21f1f3b), count_backlog},
	{NULL, 0, NULL},
};
