#include "common/database.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/pure/text.h"

#define ERROR_BYTES 300u
#define VALUES_MAX 64u
/* Given to libpq at a time, so that its buffer stays small whatever is copied. */
#define COPY_CHUNK_BYTES (256u << 10)

/* Making a connection may take longer than a call has. What takes longer than this is begun anew. */
#define CONNECT_MS_MAX 5000

struct database {
	char *url;
	char *name;
	PGconn *connection;          /* NULL: none */
	int64_t connecting_until_us; /* of a connection that is being made; 0: it is made, or none */
	PostgresPollingStatusType polling; /* of a connection that is being made */
	int64_t deadline_us;               /* of the call that is under way */
	int timeout_ms;
	char error[ERROR_BYTES];
};

/* ---- outcomes ---------------------------------------------------------------------------------- */

/* libpq's words have line ends and quotes; a log line has neither. */
static void __attribute__((format(printf, 2, 3)))
set_error(struct database *database, const char *format, ...) {
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(database->error, sizeof(database->error), format, arguments);
	va_end(arguments);
	size_t size = strlen(database->error);
	while (size > 0 && database->error[size - 1] == '\n') {
		database->error[--size] = '\0';
	}
	for (char *c = database->error; *c != '\0'; c++) {
		if (*c == '"' || *c == '\\' || (unsigned char)*c < ' ') {
			*c = *c == '\n' || *c == '\t' ? ' ' : '\'';
		}
	}
}

static void disconnect(struct database *database) {
	PQfinish(database->connection);
	database->connection = NULL;
	database->connecting_until_us = 0;
}

/* The connection is worth nothing any more. */
static enum database_outcome give_up(struct database *database) {
	int64_t now_us = clock_monotonic_us();
	bool late = now_us >= database->deadline_us;
	if (database->error[0] == '\0') {
		if (late) {
			set_error(database, "no answer within %d ms", database->timeout_ms);
		} else {
			set_error(database, "%s", PQerrorMessage(database->connection));
		}
	}
	/* The next call goes on with making it: else callers with less time than that takes, on a
	 * machine that is busy, would never get one. */
	if (!late || now_us >= database->connecting_until_us) {
		disconnect(database);
	}
	return DATABASE_UNAVAILABLE;
}

/* SQLSTATE by PostgreSQL's manual, appendix A: the first two letters are the class. */
static enum database_outcome outcome_of(const char *state) {
	static const char *const conflicts[] = {
		"40",    /* transaction rollback: serialization failure, deadlock */
		"23505", /* unique violation */
		"55P03", /* lock not available */
	};
	static const char *const unavailable[] = {
		"08",    /* connection */
		"53",    /* insufficient resources */
		"57",    /* operator intervention: shutdown, starting up, cancelled */
		"58",    /* system error */
		"25006", /* read-only: this server is a standby now */
	};
	for (size_t i = 0; i < sizeof(conflicts) / sizeof(conflicts[0]); i++) {
		if (strncmp(state, conflicts[i], strlen(conflicts[i])) == 0) {
			return DATABASE_CONFLICT;
		}
	}
	for (size_t i = 0; i < sizeof(unavailable) / sizeof(unavailable[0]); i++) {
		if (strncmp(state, unavailable[i], strlen(unavailable[i])) == 0) {
			return DATABASE_UNAVAILABLE;
		}
	}
	return DATABASE_ERROR;
}

/* The primary message only: details repeat the values, which may be a person's. */
static enum database_outcome outcome_of_result(struct database *database, const PGresult *result) {
	switch (PQresultStatus(result)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
	case PGRES_EMPTY_QUERY:
	case PGRES_COPY_IN:
	case PGRES_COPY_OUT:
		return DATABASE_OK;
	case PGRES_COPY_BOTH:
	case PGRES_SINGLE_TUPLE:
	case PGRES_PIPELINE_SYNC:
	case PGRES_PIPELINE_ABORTED:
	case PGRES_BAD_RESPONSE:
	case PGRES_NONFATAL_ERROR:
	case PGRES_FATAL_ERROR:
		break;
	}
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	if (state == NULL) {
		set_error(database, "%s",
			PQresultErrorMessage(result)); /* libpq's own: it lost the server */
		return DATABASE_UNAVAILABLE;
	}
	set_error(database, "%s %s", state, message == NULL ? "" : message);
	return outcome_of(state);
}

/* ---- waiting ----------------------------------------------------------------------------------- */

/* False when the deadline has come or the socket is no more. */
static bool wait_for(struct database *database, short events) {
	for (;;) {
		int64_t left_us = database->deadline_us - clock_monotonic_us();
		struct pollfd socket = {.fd = PQsocket(database->connection), .events = events};
		if (left_us <= 0 || socket.fd < 0) {
			return false;
		}
		int ready = poll(&socket, 1, (int)(left_us / 1000) + 1);
		if (ready > 0) {
			return true;
		}
		if (ready < 0 && errno != EINTR) {
			return false;
		}
	}
}

/* Sends what libpq holds back; reads meanwhile, or both sides could wait for each other. */
static bool flush(struct database *database) {
	for (;;) {
		int left = PQflush(database->connection);
		if (left <= 0) {
			return left == 0;
		}
		if (!wait_for(database, POLLIN | POLLOUT) ||
			PQconsumeInput(database->connection) == 0) {
			return false;
		}
	}
}

/* False if the connection broke or the deadline came; *result is NULL after the last one. */
static bool next_result(struct database *database, PGresult **result) {
	while (PQisBusy(database->connection) != 0) {
		if (!wait_for(database, POLLIN) || PQconsumeInput(database->connection) == 0) {
			return false;
		}
	}
	*result = PQgetResult(database->connection);
	return true;
}

/* ---- connecting -------------------------------------------------------------------------------- */

static void ignore_notice(void *argument, const PGresult *result) {
	(void)argument;
	(void)result;
}

static PGconn *start_connection(const struct database *database) {
	/* What comes later wins: the URL may say otherwise about the first ones. A server that is gone
	 * without a word is found in about 20 s even while nothing is sent. */
	const char *const keywords[] = {"keepalives_idle", "keepalives_interval",
		"keepalives_count", "tcp_user_timeout", "client_encoding", "dbname",
		"application_name", NULL};
	const char *const values[] = {
		"10", "5", "2", "20000", "UTF8", database->url, database->name, NULL};
	return PQconnectStartParams(keywords, values, 1);
}

static bool start_connecting(struct database *database) {
	database->connection = start_connection(database);
	if (database->connection == NULL || PQstatus(database->connection) == CONNECTION_BAD) {
		return false;
	}
	database->polling = PGRES_POLLING_WRITING;
	database->connecting_until_us = clock_monotonic_us() + CONNECT_MS_MAX * INT64_C(1000);
	return true;
}

static bool go_on_connecting(struct database *database) {
	while (database->polling != PGRES_POLLING_OK) {
		short events = database->polling == PGRES_POLLING_READING ? POLLIN : POLLOUT;
		if (!wait_for(database, events)) {
			return false;
		}
		database->polling = PQconnectPoll(database->connection);
		if (database->polling == PGRES_POLLING_FAILED) {
			database->connecting_until_us = 0;
			return false;
		}
	}
	database->connecting_until_us = 0;
	PQsetNoticeReceiver(database->connection, ignore_notice, NULL);
	return PQsetnonblocking(database->connection, 1) == 0;
}

/* Begins a call: sets its deadline and makes the connection where there is none. */
static bool begin(struct database *database, int timeout_ms) {
	database->error[0] = '\0';
	database->timeout_ms = timeout_ms;
	database->deadline_us = clock_monotonic_us() + (int64_t)timeout_ms * 1000;
	if (database->connection == NULL && !start_connecting(database)) {
		return false;
	}
	return database->connecting_until_us == 0 || go_on_connecting(database);
}

struct database *database_create(const char *url, const char *name) {
	struct database *database = memory_new(sizeof(*database));
	database->url = memory_copy_string(url);
	database->name = memory_copy_string(name);
	return database;
}

void database_destroy(struct database *database) {
	if (database == NULL) {
		return;
	}
	disconnect(database);
	free(database->url);
	free(database->name);
	free(database);
}

const char *database_error(const struct database *database) {
	return database->error;
}

bool database_is_connected(const struct database *database) {
	return database->connection != NULL && database->connecting_until_us == 0;
}

/* ---- statements -------------------------------------------------------------------------------- */

static bool is_copying(const PGresult *result) {
	ExecStatusType status = PQresultStatus(result);
	return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

/* Reads all results of what was sent. The last good one is kept if rows is not NULL; the first bad one
 * decides the outcome. */
static enum database_outcome read_results(struct database *database, PGresult **rows) {
	enum database_outcome outcome = DATABASE_OK;
	for (;;) {
		PGresult *result = NULL;
		if (!next_result(database, &result)) {
			return give_up(database);
		}
		if (result == NULL) {
			break;
		}
		if (is_copying(result)) {
			PQclear(result);
			set_error(database, "a COPY where none was expected");
			disconnect(database);
			return DATABASE_ERROR;
		}
		if (outcome == DATABASE_OK) {
			outcome = outcome_of_result(database, result);
		}
		if (rows != NULL && outcome == DATABASE_OK) {
			PQclear(*rows);
			*rows = result;
		} else {
			PQclear(result);
		}
	}
	if (outcome == DATABASE_UNAVAILABLE || PQstatus(database->connection) == CONNECTION_BAD) {
		return give_up(database);
	}
	return outcome;
}

enum database_outcome database_query(struct database *database, const char *sql,
	const char *const *values, size_t values_count, int timeout_ms,
	struct database_rows **rows) {
	PGresult *result = NULL;
	assert(values_count <= VALUES_MAX);
	if (rows != NULL) {
		*rows = NULL;
	}
	if (!begin(database, timeout_ms) ||
		PQsendQueryParams(database->connection, sql, (int)values_count, NULL, values, NULL,
			NULL, 0) == 0 ||
		!flush(database)) {
		return give_up(database);
	}
	enum database_outcome outcome = read_results(database, &result);
	if (outcome == DATABASE_OK && rows != NULL) {
		*rows = (struct database_rows *)result;
	} else {
		PQclear(result);
	}
	return outcome;
}

enum database_outcome database_run(struct database *database, const char *sql, int timeout_ms) {
	if (!begin(database, timeout_ms) || PQsendQuery(database->connection, sql) == 0 ||
		!flush(database)) {
		return give_up(database);
	}
	return read_results(database, NULL);
}

/* ---- copying ----------------------------------------------------------------------------------- */

/* Sends a COPY statement; DATABASE_OK if the server wants or has data now. */
static enum database_outcome begin_copy(
	struct database *database, const char *sql, ExecStatusType wanted, int timeout_ms) {
	PGresult *result = NULL;
	if (!begin(database, timeout_ms) || PQsendQuery(database->connection, sql) == 0 ||
		!flush(database) || !next_result(database, &result)) {
		return give_up(database);
	}
	enum database_outcome outcome = outcome_of_result(database, result);
	bool is_copy = PQresultStatus(result) == wanted;
	PQclear(result);
	if (outcome == DATABASE_OK && is_copy) {
		return DATABASE_OK;
	}
	enum database_outcome rest = read_results(database, NULL);
	if (outcome != DATABASE_OK) {
		return rest == DATABASE_UNAVAILABLE ? rest : outcome;
	}
	set_error(database, "not the COPY statement that was expected");
	disconnect(database);
	return DATABASE_ERROR;
}

static bool is_late(const struct database *database) {
	return clock_monotonic_us() >= database->deadline_us;
}

static bool put_chunk(struct database *database, const char *bytes, size_t size) {
	for (;;) {
		int taken = PQputCopyData(database->connection, bytes, (int)size);
		if (taken == 1) {
			return flush(database);
		}
		if (taken < 0 || !flush(database)) {
			return false;
		}
	}
}

static bool put_end(struct database *database) {
	int taken;
	while ((taken = PQputCopyEnd(database->connection, NULL)) == 0) {
		if (!flush(database)) {
			return false;
		}
	}
	return taken == 1 && flush(database);
}

enum database_outcome database_copy_in(struct database *database, const char *sql,
	const uint8_t *bytes, size_t size, int timeout_ms) {
	enum database_outcome outcome = begin_copy(database, sql, PGRES_COPY_IN, timeout_ms);
	if (outcome != DATABASE_OK) {
		return outcome;
	}
	for (size_t sent = 0; sent < size; sent += COPY_CHUNK_BYTES) {
		size_t chunk = size - sent < COPY_CHUNK_BYTES ? size - sent : COPY_CHUNK_BYTES;
		if (is_late(database) || !put_chunk(database, (const char *)bytes + sent, chunk)) {
			return give_up(database);
		}
	}
	if (!put_end(database)) {
		return give_up(database);
	}
	return read_results(database, NULL);
}

enum database_outcome database_copy_out(struct database *database, const char *sql,
	database_sink sink, void *context, int timeout_ms) {
	enum database_outcome outcome = begin_copy(database, sql, PGRES_COPY_OUT, timeout_ms);
	if (outcome != DATABASE_OK) {
		return outcome;
	}
	for (;;) {
		char *row = NULL;
		int size = PQgetCopyData(database->connection, &row, 1);
		if (size > 0) {
			bool go_on = sink(context, row, (size_t)size);
			PQfreemem(row);
			if (!go_on) {
				disconnect(database); /* the cheapest way to make the server stop */
				return DATABASE_OK;
			}
			if (is_late(database)) {
				return give_up(database);
			}
		} else if (size < 0) {
			return read_results(
				database, NULL); /* -1: done, -2: the result says why not */
		} else if (!wait_for(database, POLLIN) ||
			   PQconsumeInput(database->connection) == 0) {
			return give_up(database);
		}
	}
}

/* ---- results ----------------------------------------------------------------------------------- */

static const PGresult *result_of(const struct database_rows *rows) {
	return (const PGresult *)rows;
}

size_t database_rows_count(const struct database_rows *rows) {
	return rows == NULL ? 0 : (size_t)PQntuples(result_of(rows));
}

static void assert_inside(const struct database_rows *rows, size_t row, size_t column) {
	assert(row < database_rows_count(rows));
	assert(column < (size_t)PQnfields(result_of(rows)));
}

const char *database_value(const struct database_rows *rows, size_t row, size_t column) {
	assert_inside(rows, row, column);
	return PQgetvalue(result_of(rows), (int)row, (int)column);
}

bool database_value_is_null(const struct database_rows *rows, size_t row, size_t column) {
	assert_inside(rows, row, column);
	return PQgetisnull(result_of(rows), (int)row, (int)column) != 0;
}

int64_t database_value_i64(const struct database_rows *rows, size_t row, size_t column) {
	return strtoll(database_value(rows, row, column), NULL, 10);
}

bool database_value_bytes(
	const struct database_rows *rows, size_t row, size_t column, uint8_t *target, size_t size) {
	const char *value = database_value(rows, row, column);
	char digits[2 * DATABASE_VALUE_BYTES_MAX];
	size_t count = 0;
	assert(size <= DATABASE_VALUE_BYTES_MAX);
	/* A bytea is written \x00ff, a uuid with dashes between groups. */
	if (value[0] == '\\' && value[1] == 'x') {
		value += 2;
	}
	for (; *value != '\0'; value++) {
		if (*value == '-') {
			continue;
		}
		if (count == 2 * size) {
			return false;
		}
		digits[count++] = *value;
	}
	return text_parse_hex(digits, count, target, size);
}

void database_rows_free(struct database_rows *rows) {
	PQclear((PGresult *)rows);
}
