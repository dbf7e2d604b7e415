#include "tests/sim/database.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "common/pure/text.h"
#include "tests/sim/ledger.h"
#include "tests/sim/node.h"
#include "tests/sim/trouble.h"
#include "tests/sim/world.h"

/* A statement, and a commit, which waits for the disk. */
#define STATEMENT_US_MAX 400
#define COMMIT_US_MAX 6000
/* A server may notice so late that a client is gone. */
#define LINGER_US_MAX INT64_C(3000000)
#define DOUBT_US_MAX INT64_C(2000000)
/* Statements of the longest transaction. */
#define TRANSACTION_STATEMENTS 8
#define IDLE_LIMIT_US INT64_C(15000000)

struct database {
	uint64_t session; /* 0: not connected */
	bool in_transaction;
	bool is_aborted;  /* a statement of the transaction failed */
	int64_t begun_us; /* the transaction */
	int fails_after;  /* statements; -1: the transaction does not fail */
	const char *error;
};

static struct chance chance;

void database_begin(void) {
	chance = chance_for("database");
}

/* ---- results ----------------------------------------------------------------------------------- */

#define CELLS_MAX 8192u

struct database_rows {
	size_t columns;
	size_t cells_count;
	char *cells[CELLS_MAX]; /* NULL is null */
};

void rows_set_columns(struct database_rows *rows, size_t columns) {
	rows->columns = columns;
}

static void add(struct database_rows *rows, char *cell) {
	assert(rows->cells_count < CELLS_MAX);
	rows->cells[rows->cells_count++] = cell;
}

void rows_add_null(struct database_rows *rows) {
	add(rows, NULL);
}

void rows_add_text(struct database_rows *rows, const char *value) {
	add(rows, memory_copy_string(value));
}

void rows_add_i64(struct database_rows *rows, int64_t value) {
	char digits[24];
	snprintf(digits, sizeof digits, "%" PRId64, value);
	rows_add_text(rows, digits);
}

void rows_add_hex(struct database_rows *rows, const uint8_t *bytes, size_t size) {
	char digits[2 * DATABASE_VALUE_BYTES_MAX + 3];
	struct text text = text_init(digits, sizeof digits);
	text_append(&text, "\\x");
	text_append_hex(&text, bytes, size);
	assert(!text.failed);
	rows_add_text(rows, digits);
}

size_t database_rows_count(const struct database_rows *rows) {
	return rows == NULL || rows->columns == 0 ? 0 : rows->cells_count / rows->columns;
}

static const char *cell(const struct database_rows *rows, size_t row, size_t column) {
	assert(row < database_rows_count(rows));
	assert(column < rows->columns);
	return rows->cells[row * rows->columns + column];
}

const char *database_value(const struct database_rows *rows, size_t row, size_t column) {
	const char *value = cell(rows, row, column);
	return value == NULL ? "" : value;
}

int64_t database_value_i64(const struct database_rows *rows, size_t row, size_t column) {
	return strtoll(database_value(rows, row, column), NULL, 10);
}

bool database_value_bytes(
	const struct database_rows *rows, size_t row, size_t column, uint8_t *target, size_t size) {
	const char *value = database_value(rows, row, column);
	return strncmp(value, "\\x", 2) == 0 &&
	       text_parse_hex(value + 2, strlen(value + 2), target, size);
}

void database_rows_free(struct database_rows *rows) {
	if (rows != NULL) {
		for (size_t i = 0; i < rows->cells_count; i++) {
			free(rows->cells[i]);
		}
		free(rows);
	}
}

/* ---- statements -------------------------------------------------------------------------------- */

int64_t call_i64(const struct statement_call *call, size_t number) {
	return strtoll(call->values[number - 1], NULL, 10);
}

const char *call_text(const struct statement_call *call, size_t number) {
	return call->values[number - 1];
}

static enum database_outcome do_nothing(struct statement_call *call) {
	(void)call;
	return DATABASE_OK;
}

static enum database_outcome limit_idle(struct statement_call *call) {
	ledger_session_limit(call->session, IDLE_LIMIT_US);
	return DATABASE_OK;
}

static const struct statement own_statements[] = {
	{"select 1", UINT64_C(0x02fb785a1a5a96f2), do_nothing},
	{"set idle_session_timeout", UINT64_C(0xc494d252d5b10961), limit_idle},
	{"set enable_seqscan", UINT64_C(0xda1ed219c31a1c1c), do_nothing},
	{NULL, 0, NULL},
};

static uint64_t digest_of(const char *sql) {
	uint64_t digest = UINT64_C(0xcbf29ce484222325);
	for (; *sql != '\0'; sql++) {
		digest = (digest ^ (uint8_t)*sql) * UINT64_C(0x100000001b3);
	}
	return digest;
}

static const struct statement *find_in(const struct statement *statements, const char *sql) {
	for (; statements->begins != NULL; statements++) {
		if (strncmp(sql, statements->begins, strlen(statements->begins)) == 0) {
			return statements;
		}
	}
	return NULL;
}

static const struct statement *find(const char *sql) {
	const struct statement *tables[] = {own_statements, ledger_decisions_statements,
		ledger_contacts_statements, ledger_notices_statements};
	const struct statement *found = NULL;
	for (size_t i = 0; i < sizeof tables / sizeof *tables && found == NULL; i++) {
		found = find_in(tables[i], sql);
	}
	uint64_t digest = digest_of(sql);
	if (found == NULL || found->digest != digest) {
		fprintf(stderr,
			"the simulated PostgreSQL does not know this statement (digest "
			"0x%016" PRIx64
			"). If it was changed: bring its function in tests/sim/ledger_*.c in line "
			"with "
			"it, and then its digest; see tests/sim/database.h\n%s\n",
			digest, sql);
		abort();
	}
	return found;
}

/* ---- connections ------------------------------------------------------------------------------- */

struct database *database_create(const char *url, const char *name) {
	(void)url;
	(void)name;
	struct database *database = memory_new(sizeof *database);
	database->error = "";
	return database;
}

/* Without a transaction: what has not committed is undone. */
static void disconnect(struct database *database) {
	if (database->in_transaction) {
		ledger_transaction_roll_back();
	}
	database->in_transaction = false;
	if (database->session != 0) {
		int64_t linger_us = chance_ppm(&chance, 500000)
					    ? 0
					    : chance_duration_us(&chance, 1000, LINGER_US_MAX);
		ledger_session_close(database->session, linger_us);
	}
	database->session = 0;
}

void database_destroy(struct database *database) {
	if (database != NULL) {
		disconnect(database);
		free(database);
	}
}

const char *database_error(const struct database *database) {
	return database->error;
}

bool database_is_connected(const struct database *database) {
	return database->session != 0;
}

static enum database_outcome lose(struct database *database, const char *error) {
	disconnect(database);
	database->error = error;
	trace("database: %s", error);
	return DATABASE_UNAVAILABLE;
}

/* False: the call fails now. */
static bool connect_if_needed(struct database *database) {
	if (database->session != 0 && !ledger_session_is_open(database->session)) {
		lose(database, "57P05 the server has ended the session");
		return false;
	}
	if (database->session == 0) {
		database->session = ledger_session_open();
	}
	if (database->session == 0) {
		lose(database, "could not connect to the server");
		return false;
	}
	return true;
}

/* Nobody waits where there is no node: in a test of the tables alone. */
static void wait_for(int64_t delay_us) {
	if (world_current() != NULL) {
		world_block(delay_us);
	}
}

/* False: longer than the caller waits. */
static bool take_time(const struct database *database, int timeout_ms) {
	int64_t timeout_us = (int64_t)timeout_ms * 1000;
	int64_t takes_us = chance_between(&chance, 10, STATEMENT_US_MAX);
	if (!database->in_transaction && trouble_strikes(TROUBLE_LEDGER_SLOW)) {
		takes_us = trouble_duration_us(1000, timeout_us + timeout_us / 10);
	}
	wait_for(takes_us < timeout_us ? takes_us : timeout_us);
	return takes_us < timeout_us;
}

/* Begins a call. DATABASE_OK: it gets through to the server. */
static enum database_outcome begin_call(struct database *database, int timeout_ms) {
	database->error = "";
	if (node_is_crashing(world_current())) {
		database->error = "the process is gone";
		return DATABASE_UNAVAILABLE;
	}
	if (!connect_if_needed(database)) {
		return DATABASE_UNAVAILABLE;
	}
	if (!take_time(database, timeout_ms)) {
		return lose(database, "no answer in time");
	}
	bool fails = database->in_transaction ? database->fails_after-- == 0
					      : trouble_strikes(TROUBLE_LEDGER_FAILS_BEFORE);
	return fails ? lose(database, "the connection broke before the statement was done")
		     : DATABASE_OK;
}

/* ---- transactions ------------------------------------------------------------------------------ */

static enum database_outcome begin_transaction(struct database *database) {
	assert(!database->in_transaction);
	ledger_resolve_doubt(); /* its rows are locked: whoever wants them waits for its end */
	ledger_transaction_begin();
	database->in_transaction = true;
	database->is_aborted = false;
	database->begun_us = ledger_now_us();
	database->fails_after = -1;
	if (trouble_strikes(TROUBLE_LEDGER_FAILS_BEFORE)) {
		database->fails_after = (int)chance_between(&chance, 0, TRANSACTION_STATEMENTS - 1);
	}
	return DATABASE_OK;
}

static enum database_outcome roll_back(struct database *database) {
	if (database->in_transaction) {
		ledger_transaction_roll_back();
	}
	database->in_transaction = false;
	return DATABASE_OK;
}

static void on_doubt_over(void *context) {
	(void)context;
	ledger_resolve_doubt();
}

static enum database_outcome commit(struct database *database) {
	assert(database->in_transaction);
	wait_for(chance_between(&chance, 100, COMMIT_US_MAX));
	if (database->is_aborted) {
		return roll_back(database); /* what PostgreSQL does too, and says ROLLBACK */
	}
	if (database->fails_after >= 0) {
		return lose(database, "the connection broke before the commit");
	}
	database->in_transaction = false;
	if (!trouble_strikes(TROUBLE_LEDGER_FAILS_AFTER)) {
		ledger_transaction_commit();
		return DATABASE_OK;
	}
	if (chance_ppm(&chance, 500000)) {
		ledger_transaction_commit();
	} else {
		ledger_transaction_leave_in_doubt();
		world_after(
			NULL, chance_duration_us(&chance, 1000, DOUBT_US_MAX), on_doubt_over, NULL);
	}
	return lose(database, "the connection broke before the commit was confirmed");
}

/* ---- calls ------------------------------------------------------------------------------------- */

/* A statement of its own is a transaction of its own. */
static enum database_outcome execute_alone(
	struct database *database, const struct statement *statement, struct statement_call *call) {
	ledger_transaction_begin();
	enum database_outcome outcome = statement->function(call);
	if (outcome != DATABASE_OK) {
		ledger_transaction_roll_back();
		return outcome;
	}
	ledger_transaction_commit();
	return trouble_strikes(TROUBLE_LEDGER_FAILS_AFTER)
		       ? lose(database, "the connection broke before the answer")
		       : DATABASE_OK;
}

static enum database_outcome execute(
	struct database *database, const char *sql, struct statement_call *call) {
	const struct statement *statement = find(sql);
	call->session = database->session;
	call->now_us = database->in_transaction ? database->begun_us : ledger_now_us();
	call->error = "";
	if (!database->in_transaction) {
		enum database_outcome outcome = execute_alone(database, statement, call);
		if (outcome == DATABASE_CONFLICT || outcome == DATABASE_ERROR) {
			database->error = call->error;
		}
		return outcome;
	}
	if (database->is_aborted) {
		database->error = "25P02 the transaction is aborted";
		return DATABASE_ERROR;
	}
	enum database_outcome outcome = statement->function(call);
	if (outcome != DATABASE_OK) {
		database->is_aborted = true;
		database->error = call->error;
		trace("database: %s", call->error);
	}
	return outcome;
}

enum database_outcome database_query(struct database *database, const char *sql,
	const char *const *values, size_t values_count, int timeout_ms,
	struct database_rows **rows) {
	(void)values_count;
	struct database_rows *result = malloc(sizeof *result);
	assert(result != NULL);
	result->columns = 0;
	result->cells_count = 0;
	enum database_outcome outcome = begin_call(database, timeout_ms);
	if (outcome == DATABASE_OK) {
		struct statement_call call = {.values = values, .rows = result};
		outcome = execute(database, sql, &call);
		trouble_step();
	}
	if (outcome == DATABASE_OK && rows != NULL) {
		*rows = result;
	} else {
		database_rows_free(result);
		if (rows != NULL) {
			*rows = NULL;
		}
	}
	return outcome;
}

enum database_outcome database_run(struct database *database, const char *sql, int timeout_ms) {
	enum database_outcome outcome = begin_call(database, timeout_ms);
	if (outcome != DATABASE_OK) {
		return outcome;
	}
	if (strcmp(sql, "begin") == 0) {
		return begin_transaction(database);
	}
	if (strcmp(sql, "commit") == 0) {
		trouble_step();
		return commit(database);
	}
	if (strcmp(sql, "rollback") == 0) {
		return roll_back(database);
	}
	struct statement_call call = {0};
	return execute(database, sql, &call);
}

enum database_outcome database_copy_in(struct database *database, const char *sql,
	const uint8_t *bytes, size_t size, int timeout_ms) {
	enum database_outcome outcome = begin_call(database, timeout_ms);
	if (outcome == DATABASE_OK) {
		struct statement_call call = {.copied = bytes, .copied_size = size};
		outcome = execute(database, sql, &call);
	}
	return outcome;
}
