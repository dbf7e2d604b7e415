/*
 * database - PostgreSQL with deadlines: every call ends in time, whatever the server does.
 *
 * The only file that includes libpq-fe.h. Blocking, for worker threads and for programs that have
 * nothing else to do; a struct database belongs to one thread. Errors are outcomes:
 *	DATABASE_OK
 *	DATABASE_UNAVAILABLE	no connection, a broken one, or the deadline passed. Whether a statement
 *				took effect is unknown; the connection is closed and will be made again
 *	DATABASE_CONFLICT	serialization failure, deadlock, unique violation: try the whole again
 *	DATABASE_ERROR		the statement is wrong for this schema: a bug, or a missing migration
 * Making a connection goes on from call to call, for some seconds, where a call has less time than that.
 * A connection is only ever made anew after a call said DATABASE_UNAVAILABLE, so a transaction is never
 * continued on another one: stop at the first outcome that is not OK, and roll back unless it was
 * DATABASE_UNAVAILABLE. Host names are looked up without a deadline: use addresses where that matters.
 */
#ifndef COMMON_DATABASE_H
#define COMMON_DATABASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum database_outcome {
	DATABASE_OK,
	DATABASE_UNAVAILABLE,
	DATABASE_CONFLICT,
	DATABASE_ERROR,
};

struct database;
struct database_rows; /* a result */

/* url: a libpq connection string. name: application_name. Does not connect yet. Both are copied. */
struct database *database_create(const char *url, const char *name);
void database_destroy(struct database *database);
/* The last error as one line, for logs; "" after DATABASE_OK. */
const char *database_error(const struct database *database);
bool database_is_connected(const struct database *database);

/* A parameter of a statement: text (NUL-terminated, the server reads it as the type it needs), or NULL.
 * Makes the connection where there is none. rows may be NULL; else the caller frees them. */
enum database_outcome database_query(struct database *database, const char *sql,
	const char *const *values, size_t values_count, int timeout_ms,
	struct database_rows **rows);
/* Several statements without parameters, e.g. a migration. */
enum database_outcome database_run(struct database *database, const char *sql, int timeout_ms);

/* COPY ... FROM STDIN (FORMAT binary): the bytes are the whole stream with header and trailer. */
enum database_outcome database_copy_in(struct database *database, const char *sql,
	const uint8_t *bytes, size_t size, int timeout_ms);
/* COPY ... TO STDOUT: sink gets each row as text; it may return false to stop early. */
typedef bool (*database_sink)(void *context, const char *bytes, size_t size);
enum database_outcome database_copy_out(struct database *database, const char *sql,
	database_sink sink, void *context, int timeout_ms);

size_t database_rows_count(const struct database_rows *rows);
/* Values are text and borrowed; "" for NULL. */
const char *database_value(const struct database_rows *rows, size_t row, size_t column);
bool database_value_is_null(const struct database_rows *rows, size_t row, size_t column);
int64_t database_value_i64(const struct database_rows *rows, size_t row, size_t column);
/* A bytea or uuid of exactly size bytes, at most DATABASE_VALUE_BYTES_MAX; false if it is not. */
#define DATABASE_VALUE_BYTES_MAX 64u
bool database_value_bytes(
	const struct database_rows *rows, size_t row, size_t column, uint8_t *target, size_t size);
void database_rows_free(struct database_rows *rows);

#endif
