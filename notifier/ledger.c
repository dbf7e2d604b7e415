#include "notifier/ledger.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/pure/text.h"
#include "notifier/ledger_sql.h"

/* One statement settles so many; a round takes as many statements as it needs. */
#define SETTLE_COUNT_MAX 500u
#define SETTLE_ARRAYS 10u
#define ARRAY_BYTES ((size_t)SETTLE_COUNT_MAX * (2u * OUTCOME_ERROR_BYTES + 4u))
/* Accounts with a contact that is new, in one statement. */
#define LATE_COUNT_MAX 100
/* How many bookings or changes a look passes at most on its way to those that can be told: it holds the
 * campaign's position meanwhile, some hundredths of a second. */
#ifndef LOOK_WINDOW /* small in tests/sim */
#define LOOK_WINDOW 10000
#endif
/* What polling can find: more campaigns with news wait for the next round. */
#define TASKS_MAX 256u
#define NUMBER_BYTES 24u

static_assert(PROVIDER_ID_BYTES <= OUTCOME_ERROR_BYTES, "the error is the widest column");
static_assert((CHANNEL_EMAIL & CHANNEL_SMS) == 0, "ledger_sql_look takes channels for bits");

struct ledger {
	struct ledger_options options;
	struct database *database;
	char *arrays[SETTLE_ARRAYS]; /* of ARRAY_BYTES each */
};

/* ---- settling -------------------------------------------------------------------------------- */

enum settle_array {
	ARRAY_CAMPAIGN,
	ARRAY_NUMBER,
	ARRAY_TEMPLATE,
	ARRAY_CHANNEL,
	ARRAY_STATE,
	ARRAY_ATTEMPTS,
	ARRAY_UNSURE,
	ARRAY_REST_MS,
	ARRAY_PROVIDER_ID,
	ARRAY_ERROR,
};

/* PostgreSQL's text form of an array: {1,2} or {"a","b\"c"}. */
static void append_separator(struct text *array) {
	text_append_char(array, array->used == 0 ? '{' : ',');
}

static void append_number(struct text *array, int64_t value) {
	append_separator(array);
	text_append_i64(array, value);
}

static void append_string(struct text *array, const char *value) {
	append_separator(array);
	text_append_char(array, '"');
	for (; *value != '\0'; value++) {
		if (*value == '"' || *value == '\\') {
			text_append_char(array, '\\');
		}
		text_append_char(array, *value);
	}
	text_append_char(array, '"');
}

static void append_settled(struct text *arrays, const struct notice *notice) {
	append_number(&arrays[ARRAY_CAMPAIGN], notice->campaign_ordinal);
	append_number(&arrays[ARRAY_NUMBER], notice->number);
	append_string(&arrays[ARRAY_TEMPLATE], template_name(notice->template));
	append_number(&arrays[ARRAY_CHANNEL], notice->channel);
	append_number(&arrays[ARRAY_STATE], notice->delivery.state);
	append_number(&arrays[ARRAY_ATTEMPTS], notice->delivery.attempts);
	append_number(&arrays[ARRAY_UNSURE], notice->unsure);
	append_number(&arrays[ARRAY_REST_MS], notice->delivery.wait_ms);
	append_string(&arrays[ARRAY_PROVIDER_ID], notice->provider_id);
	append_string(&arrays[ARRAY_ERROR], notice->error);
}

static enum database_outcome settle_some(struct ledger *ledger, const struct notice *first) {
	struct text arrays[SETTLE_ARRAYS];
	const char *values[SETTLE_ARRAYS + 1];
	for (size_t i = 0; i < SETTLE_ARRAYS; i++) {
		arrays[i] = text_init(ledger->arrays[i], ARRAY_BYTES);
		values[i] = ledger->arrays[i];
	}
	const struct notice *notice = first;
	for (size_t i = 0; i < SETTLE_COUNT_MAX && notice != NULL; i++) {
		append_settled(arrays, notice);
		notice = notice->next;
	}
	for (size_t i = 0; i < SETTLE_ARRAYS; i++) {
		text_append_char(&arrays[i], '}');
		assert(!arrays[i].failed);
	}
	values[SETTLE_ARRAYS] = ledger->options.claimed_by;
	return database_query(ledger->database, ledger_sql_settle, values, SETTLE_ARRAYS + 1,
		LEDGER_SQL_TIMEOUT_MS, NULL);
}

static void settle(struct ledger *ledger, struct ledger_round *round) {
	while (round->unsettled.first != NULL && round->outcome == DATABASE_OK) {
		round->outcome = settle_some(ledger, round->unsettled.first);
		for (size_t i = 0; i < SETTLE_COUNT_MAX && round->outcome == DATABASE_OK; i++) {
			struct notice *notice = notice_list_pop(&round->unsettled);
			if (notice == NULL) {
				break;
			}
			notice_list_push(&round->empty, notice);
		}
	}
}

/* ---- claiming -------------------------------------------------------------------------------- */

static void copy_text(char *target, size_t size, const char *value) {
	struct text text = text_init(target, size);
	text_append(&text, value);
}

static void copy_texts(struct notice *notice, const struct database_rows *rows, size_t row) {
	copy_text(notice->campaign_id, sizeof notice->campaign_id,
		database_value(rows, row, COLUMN_CAMPAIGN_ID));
	copy_text(notice->title, sizeof notice->title, database_value(rows, row, COLUMN_TITLE));
	copy_text(notice->pickup_text, sizeof notice->pickup_text,
		database_value(rows, row, COLUMN_PICKUP_TEXT));
	copy_text(notice->time_zone, sizeof notice->time_zone,
		database_value(rows, row, COLUMN_TIME_ZONE));
	copy_text(
		notice->contact, sizeof notice->contact, database_value(rows, row, COLUMN_CONTACT));
	copy_text(notice->locale, sizeof notice->locale, database_value(rows, row, COLUMN_LOCALE));
}

static int64_t value(const struct database_rows *rows, size_t row, enum ledger_column column) {
	return database_value_i64(rows, row, column);
}

/* False if the row was written by a program that knows more than this one. */
static bool read_notice(struct notice *notice, const struct database_rows *rows, size_t row) {
	memset(notice, 0, sizeof *notice);
	int64_t channel = value(rows, row, COLUMN_CHANNEL);
	if ((channel != CHANNEL_EMAIL && channel != CHANNEL_SMS) ||
		!template_parse(database_value(rows, row, COLUMN_TEMPLATE), &notice->template)) {
		return false;
	}
	notice->campaign_ordinal = (uint32_t)value(rows, row, COLUMN_CAMPAIGN);
	notice->number = (uint32_t)value(rows, row, COLUMN_NUMBER);
	notice->channel = (enum channel)channel;
	notice->delivery = (struct delivery){
		.state = DELIVERY_DUE,
		.attempts = (uint16_t)value(rows, row, COLUMN_ATTEMPTS),
		.ambiguous = (uint16_t)value(rows, row, COLUMN_AMBIGUOUS),
	};
	delivery_move(&notice->delivery, DELIVERY_CLAIM, NULL);
	notice->status = (enum booking_status)value(rows, row, COLUMN_STATUS);
	notice->units = (uint32_t)value(rows, row, COLUMN_UNITS);
	notice->place = (uint64_t)value(rows, row, COLUMN_PLACE);
	notice->rank = (uint64_t)value(rows, row, COLUMN_RANK);
	notice->booked_at_ms = value(rows, row, COLUMN_BOOKED_AT_MS);
	notice->pay_by_ms = value(rows, row, COLUMN_PAY_BY_MS);
	copy_texts(notice, rows, row);
	return true;
}

static void take_claimed(
	struct ledger_round *round, const struct database_rows *rows, int64_t asked_us) {
	size_t count = database_rows_count(rows);
	if (count > 0 && value(rows, 0, COLUMN_CAMPAIGN) == 0) {
		return; /* a look that found nobody */
	}
	for (size_t row = 0; row < count; row++) {
		struct notice *notice = notice_list_pop(&round->empty);
		assert(notice != NULL);
		if (!read_notice(notice, rows, row)) {
			log_warn("notice_unreadable",
				"template=\"%s\" hint=\"is there a newer notifier? run only the "
				"newest\"",
				database_value(rows, row, COLUMN_TEMPLATE));
			notice_list_push(&round->empty, notice);
			continue;
		}
		notice->claimed_us = asked_us;
		round->ambiguous += value(rows, row, COLUMN_WAS_CLAIMED) == 1;
		size_t channel = channel_index(notice->channel);
		assert(round->room[channel] > 0);
		round->room[channel]--;
		round->more[channel] |= round->room[channel] == 0;
		notice_list_push(&round->claimed, notice);
	}
}

/* Runs a statement that returns claimed notices. True if it says that there are more. */
static bool claim(struct ledger *ledger, struct ledger_round *round, const char *sql,
	const char *const *values, size_t values_count) {
	struct database_rows *rows = NULL;
	bool more = false;
	int64_t asked_us = clock_monotonic_us();
	round->outcome = database_query(
		ledger->database, sql, values, values_count, LEDGER_SQL_TIMEOUT_MS, &rows);
	if (round->outcome == DATABASE_OK) {
		if (database_rows_count(rows) > 0) {
			more = value(rows, 0, COLUMN_MORE) == 1;
			round->without_contact += (uint64_t)value(rows, 0, COLUMN_UNTOLD);
		}
		take_claimed(round, rows, asked_us);
		database_rows_free(rows);
	}
	return more;
}

static void claim_due(struct ledger *ledger, struct ledger_round *round, enum channel channel) {
	uint32_t room = round->room[channel_index(channel)];
	if (room == 0) {
		return;
	}
	char numbers[3][NUMBER_BYTES];
	snprintf(numbers[0], NUMBER_BYTES, "%d", (int)channel);
	snprintf(numbers[1], NUMBER_BYTES, "%" PRIu32, room);
	snprintf(numbers[2], NUMBER_BYTES, "%" PRIu32, ledger->options.claim_seconds);
	const char *values[] = {numbers[0], numbers[1], ledger->options.claimed_by, numbers[2]};
	claim(ledger, round, ledger_sql_claim, values, sizeof values / sizeof values[0]);
}

/* How many bookings to find; see holds_back. */
static uint32_t look_limit(const struct ledger_round *round) {
	uint32_t least = UINT32_MAX;
	uint32_t most = 0;
	for (size_t i = 0; i < CHANNELS; i++) {
		if (round->holds_back[i] && round->room[i] < least) {
			least = round->room[i];
		}
		if (round->room[i] > most) {
			most = round->room[i];
		}
	}
	return least < most ? least : most;
}

static uint32_t share(uint32_t whole, uint32_t parts) {
	return (whole + parts - 1) / parts;
}

/* campaigns_left: campaigns with news that are still to be looked at, this one included. They
 * share the room, so that a campaign of millions does not keep a small one waiting. */
static void look(struct ledger *ledger, struct ledger_round *round, int64_t campaign,
	uint32_t campaigns_left) {
	uint32_t limit = share(look_limit(round), campaigns_left);
	if (limit == 0) {
		return;
	}
	char numbers[6][NUMBER_BYTES];
	snprintf(numbers[0], NUMBER_BYTES, "%" PRId64, campaign);
	snprintf(numbers[1], NUMBER_BYTES, "%" PRIu32, limit);
	snprintf(numbers[2], NUMBER_BYTES, "%" PRIu32, share(round->room[0], campaigns_left));
	snprintf(numbers[3], NUMBER_BYTES, "%" PRIu32, share(round->room[1], campaigns_left));
	snprintf(numbers[4], NUMBER_BYTES, "%" PRIu32, ledger->options.claim_seconds);
	snprintf(numbers[5], NUMBER_BYTES, "%d", LOOK_WINDOW);
	const char *values[] = {numbers[0], numbers[1], numbers[2], numbers[3],
		ledger->options.claimed_by, numbers[4], numbers[5]};
	bool more = claim(ledger, round, ledger_sql_look, values, sizeof values / sizeof values[0]);
	for (size_t i = 0; i < CHANNELS; i++) {
		round->more[i] |= more;
	}
}

static void make_late(struct ledger *ledger, struct ledger_round *round) {
	char number[NUMBER_BYTES];
	snprintf(number, sizeof number, "%d", LATE_COUNT_MAX);
	const char *values[] = {number};
	round->outcome = database_query(
		ledger->database, ledger_sql_late, values, 1, LEDGER_SQL_TIMEOUT_MS, NULL);
}

/* ---- a round --------------------------------------------------------------------------------- */

struct task {
	int64_t campaign; /* 0: notices that are due, or, of channel 0, contacts that are new */
	int64_t channel;
};

struct tasks {
	size_t count;
	uint32_t campaigns_left;
	struct task tasks[TASKS_MAX];
};

static void poll(struct ledger *ledger, struct ledger_round *round, struct tasks *tasks) {
	struct database_rows *rows = NULL;
	tasks->count = 0;
	tasks->campaigns_left = 0;
	round->outcome = database_query(
		ledger->database, ledger_sql_poll, NULL, 0, LEDGER_SQL_TIMEOUT_MS, &rows);
	if (round->outcome != DATABASE_OK) {
		return;
	}
	for (size_t row = 0; row < database_rows_count(rows) && row < TASKS_MAX; row++) {
		struct task *task = &tasks->tasks[tasks->count++];
		task->campaign = database_value_i64(rows, row, 0);
		task->channel = database_value_i64(rows, row, 1);
		tasks->campaigns_left += task->campaign != 0;
	}
	database_rows_free(rows);
}

static void do_task(struct ledger *ledger, struct ledger_round *round, const struct task *task,
	uint32_t campaigns_left) {
	if (task->campaign != 0) {
		look(ledger, round, task->campaign, campaigns_left);
	} else if (task->channel == 0) {
		make_late(ledger, round);
	} else {
		claim_due(ledger, round, (enum channel)task->channel);
	}
}

static void count_backlog(struct ledger *ledger, struct ledger_round *round) {
	struct database_rows *rows = NULL;
	round->outcome = database_query(
		ledger->database, ledger_sql_count, NULL, 0, LEDGER_SQL_TIMEOUT_MS, &rows);
	if (round->outcome == DATABASE_OK) {
		round->backlog = (struct ledger_backlog){
			.due = {(uint64_t)database_value_i64(rows, 0, 0),
				(uint64_t)database_value_i64(rows, 0, 1)},
			.oldest_due_seconds = (uint64_t)database_value_i64(rows, 0, 2),
			.unseen_decisions = (uint64_t)database_value_i64(rows, 0, 3),
		};
		database_rows_free(rows);
	}
}

void ledger_round(struct ledger *ledger, struct ledger_round *round) {
	struct tasks tasks = {0};
	notice_list_init(&round->claimed);
	memset(round->more, 0, sizeof round->more);
	round->ambiguous = 0;
	round->without_contact = 0;
	round->outcome = DATABASE_OK;
	if (!database_is_connected(ledger->database)) {
		round->outcome =
			database_run(ledger->database, ledger_sql_plans, LEDGER_SQL_TIMEOUT_MS);
	}
	if (round->outcome == DATABASE_OK) {
		settle(ledger, round);
	}
	if (round->outcome == DATABASE_OK && round->room[0] + round->room[1] > 0) {
		poll(ledger, round, &tasks);
	}
	for (size_t i = 0; i < tasks.count && round->outcome == DATABASE_OK; i++) {
		do_task(ledger, round, &tasks.tasks[i], tasks.campaigns_left);
		tasks.campaigns_left -= tasks.tasks[i].campaign != 0;
	}
	if (round->outcome == DATABASE_OK && round->backlog_wanted) {
		count_backlog(ledger, round);
	}
}

/* ---- life ------------------------------------------------------------------------------------ */

struct ledger *ledger_create(const struct ledger_options *options) {
	struct ledger *ledger = memory_new(sizeof *ledger);
	ledger->options = *options;
	ledger->database = database_create(options->database_url, options->claimed_by);
	for (size_t i = 0; i < SETTLE_ARRAYS; i++) {
		ledger->arrays[i] = memory_new(ARRAY_BYTES);
	}
	return ledger;
}

void ledger_destroy(struct ledger *ledger) {
	if (ledger == NULL) {
		return;
	}
	database_destroy(ledger->database);
	for (size_t i = 0; i < SETTLE_ARRAYS; i++) {
		free(ledger->arrays[i]);
	}
	free(ledger);
}

const char *ledger_error(const struct ledger *ledger) {
	return database_error(ledger->database);
}
