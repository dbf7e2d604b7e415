#include "cashier/books.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cashier/books_sql.h"
#include "common/clock.h"
#include "common/memory.h"
#include "common/pure/reason.h"
#include "common/pure/subjects.h"
#include "common/pure/text.h"

#define STATEMENT_TIMEOUT_MS 8000
#define NUMBER_BYTES 24u
#define SCHEDULE_BYTES 96u
#define ERROR_BYTES 256u

/* Silent orders are asked about 15 minutes after their deadline, and then 2, 24 and 72 hours: in
 * quarters of an hour. A bank may say yes for three days. */
static const uint32_t look_times[] = {1, 8, 96, 288};

struct books {
	struct books_options options;
	struct database *database;
	bool prepared; /* the session under way has its settings */
	char error[ERROR_BYTES];
	char order_moves[MOVES_ARRAY_BYTES];
	char pay_moves[MOVES_ARRAY_BYTES];
	char refund_moves[MOVES_ARRAY_BYTES];
	char schedule[SCHEDULE_BYTES];
	char claim_seconds[NUMBER_BYTES];
	char capture_after_ms[NUMBER_BYTES];
	char reconcile_seconds[NUMBER_BYTES];
};

static void set_error(struct books *books, const char *error) {
	struct text text = text_init(books->error, sizeof books->error);
	reason_append_error(&text, error);
}

static enum database_outcome note(struct books *books, enum database_outcome outcome) {
	if (outcome != DATABASE_OK) {
		set_error(books, database_error(books->database));
	}
	return outcome;
}

static enum database_outcome run(struct books *books, const char *sql) {
	return note(books, database_run(books->database, sql, STATEMENT_TIMEOUT_MS));
}

static enum database_outcome query(struct books *books, const char *sql, const char *const *values,
	size_t values_count, struct database_rows **rows) {
	*rows = NULL;
	return note(books, database_query(books->database, sql, values, values_count,
				   STATEMENT_TIMEOUT_MS, rows));
}

/* ---- opening ----------------------------------------------------------------------------------- */

static void copy_text(
	char *target, size_t size, const struct database_rows *rows, size_t row, size_t column) {
	struct text text = text_init(target, size);
	text_append(&text, database_value(rows, row, column));
}

/* False if it is not as this program writes it. */
static bool read_position(
	struct books_position *position, const struct database_rows *rows, size_t row) {
	static const char prefix[] = "DEC_";
	struct news_campaign *campaign = &position->campaign;
	const char *source = database_value(rows, row, 0);
	position->n = (uint64_t)database_value_i64(rows, row, 1);
	if (database_value_is_null(rows, row, 2)) {
		return strcmp(source, STREAM_PAYMENTS) == 0;
	}
	campaign->ordinal = (uint32_t)database_value_i64(rows, row, 2);
	campaign->price_paise = (uint32_t)database_value_i64(rows, row, 4);
	campaign->free = database_value_i64(rows, row, 7) == 1;
	copy_text(campaign->currency, sizeof campaign->currency, rows, row, 5);
	copy_text(campaign->time_zone, sizeof campaign->time_zone, rows, row, 6);
	if (strncmp(source, prefix, strlen(prefix)) != 0 ||
		strlen(source) - strlen(prefix) > CAMPAIGN_ID_BYTES_MAX) {
		return false;
	}
	snprintf(campaign->id, sizeof campaign->id, "%.40s", source + strlen(prefix));
	return database_value_bytes(rows, row, 3, position->digest, DIGEST_BYTES);
}

static enum database_outcome read_positions(struct books *books, struct books_opening *opening) {
	struct database_rows *rows;
	enum database_outcome outcome = query(books, books_sql_positions, NULL, 0, &rows);
	if (outcome != DATABASE_OK) {
		return outcome;
	}
	size_t count = database_rows_count(rows);
	opening->positions = memory_new((count + 1) * sizeof *opening->positions);
	for (size_t row = 0; row < count && outcome == DATABASE_OK; row++) {
		if (!read_position(&opening->positions[row], rows, row)) {
			outcome = DATABASE_ERROR;
			set_error(books, "a position is not as this program writes it");
		}
	}
	opening->positions_count = count;
	database_rows_free(rows);
	return outcome;
}

/* Taking the lock again that this session has already does no harm. */
static enum database_outcome take_lock(struct books *books, bool *taken) {
	struct database_rows *rows;
	enum database_outcome outcome = query(books, books_sql_lock, NULL, 0, &rows);
	if (outcome == DATABASE_OK) {
		*taken = database_value_i64(rows, 0, 0) == 1;
		database_rows_free(rows);
	}
	return outcome;
}

void books_open(struct books *books, struct books_opening *opening) {
	*opening = (struct books_opening){.outcome = DATABASE_OK};
	if (!books->prepared || !database_is_connected(books->database)) {
		opening->outcome = run(books, books_sql_session);
		books->prepared = opening->outcome == DATABASE_OK;
	}
	if (opening->outcome == DATABASE_OK) {
		opening->outcome = take_lock(books, &opening->is_active);
	}
	if (opening->outcome == DATABASE_OK && opening->is_active) {
		opening->outcome = run(books, books_sql_release);
	}
	if (opening->outcome == DATABASE_OK && opening->is_active) {
		opening->outcome = read_positions(books, opening);
	}
}

/* ---- writing ----------------------------------------------------------------------------------- */

/* Runs a statement with a sheet, if there is anything on it; rows are NULL if there is not. */
static void write_sheet(struct books *books, struct books_round *round, enum news_sheet which,
	const char *sql, const char *const *more, size_t more_count, struct database_rows **rows) {
	const struct sheet *sheet = &round->news->sheets[which];
	const char *values[4] = {sheet_text(sheet)};
	assert(more_count < 4);
	*rows = NULL;
	if (round->outcome != DATABASE_OK || sheet->count == 0) {
		return;
	}
	for (size_t i = 0; i < more_count; i++) {
		values[1 + i] = more[i];
	}
	round->outcome = query(books, sql, values, 1 + more_count, rows);
	if (round->outcome != DATABASE_OK) {
		database_rows_free(*rows);
		*rows = NULL;
	}
}

static void write_plainly(struct books *books, struct books_round *round, enum news_sheet which,
	const char *sql, const char *const *more, size_t more_count) {
	struct database_rows *rows;
	write_sheet(books, round, which, sql, more, more_count, &rows);
	database_rows_free(rows);
}

static void write_positions(struct books *books, struct books_round *round) {
	struct database_rows *rows;
	write_sheet(books, round, NEWS_POSITIONS, books_sql_positions_move, NULL, 0, &rows);
	if (rows != NULL && database_value_i64(rows, 0, 0) != 0) {
		round->outcome = DATABASE_CONFLICT;
		set_error(books, "another cashier moved the positions");
	}
	database_rows_free(rows);
}

static void write_payments(struct books *books, struct books_round *round) {
	const char *more[] = {books->pay_moves, books->order_moves, books->capture_after_ms};
	struct database_rows *rows;
	write_sheet(books, round, NEWS_PAYMENTS, books_sql_payments, more, 3, &rows);
	if (rows != NULL) {
		round->payments_moved += (uint64_t)database_value_i64(rows, 0, 0);
		round->payments_by_asking += (uint64_t)database_value_i64(rows, 0, 1);
		round->payments_problems += (uint64_t)database_value_i64(rows, 0, 2);
	}
	database_rows_free(rows);
}

static void write_rests(struct books *books, struct books_round *round) {
	const char *more[] = {books->order_moves, books->options.provider};
	struct database_rows *rows;
	write_sheet(books, round, NEWS_RESTS, books_sql_rests, more, 2, &rows);
	if (rows != NULL) {
		round->payments_problems += (uint64_t)database_value_i64(rows, 0, 0);
	}
	database_rows_free(rows);
}

static void write_refunds(struct books *books, struct books_round *round) {
	const char *more[] = {books->refund_moves, books->reconcile_seconds};
	struct database_rows *rows;
	write_sheet(books, round, NEWS_REFUNDS, books_sql_refunds, more, 2, &rows);
	if (rows != NULL) {
		round->refunds_failed += (uint64_t)database_value_i64(rows, 0, 0);
	}
	database_rows_free(rows);
}

/* Orders before their payments, payments before what was said of them, that before cancellations:
 * what stands in one round may build on each other. */
static void write_news(struct books *books, struct books_round *round) {
	const char *provider[] = {books->options.provider};
	const char *orders[] = {books->order_moves, books->schedule};
	write_positions(books, round);
	write_plainly(books, round, NEWS_HOLDS, books_sql_holds, provider, 1);
	write_plainly(books, round, NEWS_ORDERS, books_sql_orders, orders, 2);
	write_payments(books, round);
	write_rests(books, round);
	write_plainly(books, round, NEWS_VERDICTS, books_sql_verdicts, NULL, 0);
	write_plainly(books, round, NEWS_CANCELS, books_sql_cancels, orders, 1);
	write_plainly(books, round, NEWS_LOOKS, books_sql_looks, orders, 2);
	write_plainly(books, round, NEWS_TOLD, books_sql_told, provider, 1);
	write_refunds(books, round);
}

/* ---- claiming ---------------------------------------------------------------------------------- */

static int64_t value(const struct database_rows *rows, size_t row, enum job_column column) {
	return database_value_i64(rows, row, column);
}

static void read_job(struct job *job, const struct database_rows *rows, size_t row) {
	*job = (struct job){
		.kind = (enum job_kind)value(rows, row, JOB_COLUMN_KIND),
		.campaign = (uint32_t)value(rows, row, JOB_COLUMN_CAMPAIGN),
		.number = (uint32_t)value(rows, row, JOB_COLUMN_NUMBER),
		.amount_paise = (uint64_t)value(rows, row, JOB_COLUMN_AMOUNT),
		.pay_by_ms = value(rows, row, JOB_COLUMN_PAY_BY_MS),
		.age_ms = value(rows, row, JOB_COLUMN_AGE_MS),
		.claimed_us = clock_monotonic_us(),
		.attempts = (uint16_t)value(rows, row, JOB_COLUMN_ATTEMPTS),
		.refund_may_exist = value(rows, row, JOB_COLUMN_REFUND_MAY_EXIST) == 1,
	};
	copy_text(job->campaign_id, sizeof job->campaign_id, rows, row, JOB_COLUMN_CAMPAIGN_ID);
	copy_text(job->time_zone, sizeof job->time_zone, rows, row, JOB_COLUMN_TIME_ZONE);
	copy_text(job->receipt, sizeof job->receipt, rows, row, JOB_COLUMN_RECEIPT);
	copy_text(job->order_id, sizeof job->order_id, rows, row, JOB_COLUMN_ORDER_ID);
	copy_text(job->payment_id, sizeof job->payment_id, rows, row, JOB_COLUMN_PAYMENT_ID);
	copy_text(job->currency, sizeof job->currency, rows, row, JOB_COLUMN_CURRENCY);
}

static void claim_jobs(struct books *books, struct books_round *round, const char *sql,
	uint32_t room, const char *moves) {
	if (round->outcome != DATABASE_OK || room == 0) {
		return;
	}
	char limit[NUMBER_BYTES];
	snprintf(limit, sizeof limit, "%" PRIu32, room);
	const char *values[] = {limit, books->claim_seconds, moves};
	struct database_rows *rows;
	round->outcome = query(books, sql, values, moves == NULL ? 2 : 3, &rows);
	size_t count = round->outcome == DATABASE_OK ? database_rows_count(rows) : 0;
	assert(count <= BOOKS_JOBS_MAX - round->jobs_count);
	for (size_t row = 0; row < count; row++) {
		read_job(&round->jobs[round->jobs_count++], rows, row);
	}
	database_rows_free(rows);
}

static void read_tell(struct tell *tell, const struct database_rows *rows, size_t row) {
	*tell = (struct tell){
		.request =
			{
				.number =
					(uint32_t)database_value_i64(rows, row, TELL_COLUMN_NUMBER),
				.amount_paise =
					(uint64_t)database_value_i64(rows, row, TELL_COLUMN_AMOUNT),
			},
		.state = (enum pay_state)database_value_i64(rows, row, TELL_COLUMN_STATE),
	};
	tell->request.outcome = tell->state == PAY_CAPTURED ? PAYMENT_CAPTURED : PAYMENT_FAILED;
	copy_text(tell->campaign_id, sizeof tell->campaign_id, rows, row, TELL_COLUMN_CAMPAIGN_ID);
	copy_text(tell->payment_id, sizeof tell->payment_id, rows, row, TELL_COLUMN_PAYMENT_ID);
	bool is_uuid = database_value_bytes(
		rows, row, TELL_COLUMN_LINE_ID, tell->request.payment.bytes, PAYMENT_BYTES);
	assert(is_uuid); /* the column is one */
}

static void claim_tells(struct books *books, struct books_round *round) {
	char limit[NUMBER_BYTES];
	snprintf(limit, sizeof limit, "%" PRIu32, round->room.tells);
	const char *values[] = {limit, books->claim_seconds};
	struct database_rows *rows;
	round->outcome = query(books, books_sql_claim_tells, values, 2, &rows);
	size_t count = round->outcome == DATABASE_OK ? database_rows_count(rows) : 0;
	assert(count <= BOOKS_TELLS_MAX);
	for (size_t row = 0; row < count; row++) {
		read_tell(&round->tells[round->tells_count++], rows, row);
	}
	database_rows_free(rows);
}

static void claim(struct books *books, struct books_round *round) {
	const struct books_room *room = &round->room;
	struct database_rows *rows;
	if (round->outcome != DATABASE_OK ||
		room->orders + room->looks + room->payments + room->refunds + room->tells == 0) {
		return;
	}
	round->outcome = run(books, books_sql_price);
	if (round->outcome == DATABASE_OK) {
		round->outcome = query(books, books_sql_poll, NULL, 0, &rows);
	}
	if (round->outcome != DATABASE_OK) {
		return;
	}
	bool due[POLL_COLUMNS];
	for (size_t i = 0; i < POLL_COLUMNS; i++) {
		due[i] = database_value_i64(rows, 0, i) == 1;
	}
	database_rows_free(rows);
	claim_jobs(books, round, books_sql_claim_orders, due[POLL_ORDERS] ? room->orders : 0,
		books->order_moves);
	claim_jobs(books, round, books_sql_claim_looks, due[POLL_LOOKS] ? room->looks : 0, NULL);
	claim_jobs(books, round, books_sql_claim_payments, due[POLL_PAYMENTS] ? room->payments : 0,
		NULL);
	claim_jobs(books, round, books_sql_claim_refunds, due[POLL_REFUNDS] ? room->refunds : 0,
		books->refund_moves);
	if (round->outcome == DATABASE_OK && due[POLL_TELLS] && room->tells > 0) {
		claim_tells(books, round);
	}
}

/* ---- a round ----------------------------------------------------------------------------------- */

static void count_backlog(struct books *books, struct books_round *round) {
	struct database_rows *rows;
	if (round->outcome != DATABASE_OK) {
		return;
	}
	round->outcome = query(books, books_sql_count, NULL, 0, &rows);
	if (round->outcome == DATABASE_OK) {
		round->backlog = (struct books_backlog){
			.orders_wanted = (uint64_t)database_value_i64(rows, 0, 0),
			.orders_open = (uint64_t)database_value_i64(rows, 0, 1),
			.payments_untold = (uint64_t)database_value_i64(rows, 0, 2),
			.refunds_due = (uint64_t)database_value_i64(rows, 0, 3),
			.refunds_failed = (uint64_t)database_value_i64(rows, 0, 4),
		};
		database_rows_free(rows);
	}
}

void books_round(struct books *books, struct books_round *round) {
	const struct books_room *room = &round->room;
	assert(room->orders + room->looks + room->payments + room->refunds <= BOOKS_JOBS_MAX);
	assert(room->tells <= BOOKS_TELLS_MAX);
	round->jobs_count = 0;
	round->tells_count = 0;
	round->payments_moved = 0;
	round->payments_by_asking = 0;
	round->payments_problems = 0;
	round->refunds_failed = 0;
	round->outcome = run(books, "begin");
	write_news(books, round);
	claim(books, round);
	if (round->backlog_wanted) {
		count_backlog(books, round);
	}
	if (round->outcome == DATABASE_OK) {
		round->outcome = run(books, "commit");
	} else if (round->outcome != DATABASE_UNAVAILABLE) {
		/* Its outcome changes nothing: a connection that breaks now loses the rest too. */
		(void)database_run(books->database, "rollback", STATEMENT_TIMEOUT_MS);
	}
}

/* ---- life -------------------------------------------------------------------------------------- */

static void write_schedule(struct books *books) {
	struct text text = text_init(books->schedule, sizeof books->schedule);
	for (size_t i = 0; i < sizeof look_times / sizeof look_times[0]; i++) {
		text_append_char(&text, i == 0 ? '{' : ',');
		text_append_u64(&text, (uint64_t)look_times[i] * books->options.reconcile_seconds);
	}
	text_append_char(&text, '}');
	assert(!text.failed);
}

static void write_moves(char target[MOVES_ARRAY_BYTES], void (*append)(struct text *array)) {
	struct text text = text_init(target, MOVES_ARRAY_BYTES);
	append(&text);
	assert(!text.failed);
}

struct books *books_create(const struct books_options *options) {
	struct books *books = memory_new(sizeof *books);
	books->options = *options;
	books->database = database_create(options->database_url, options->name);
	write_moves(books->order_moves, order_moves_append);
	write_moves(books->pay_moves, pay_moves_append);
	write_moves(books->refund_moves, refund_moves_append);
	write_schedule(books);
	snprintf(books->claim_seconds, NUMBER_BYTES, "%" PRIu32, options->claim_seconds);
	snprintf(books->capture_after_ms, NUMBER_BYTES, "%" PRIu32, options->capture_after_ms);
	snprintf(books->reconcile_seconds, NUMBER_BYTES, "%" PRIu32, options->reconcile_seconds);
	return books;
}

void books_destroy(struct books *books) {
	if (books != NULL) {
		database_destroy(books->database);
		free(books);
	}
}

const char *books_error(const struct books *books) {
	return books->error;
}
