/*
 * database_probe - common/database.h from standard input: a call a line, an answer a line.
 *
 *	query TIMEOUT_MS SQL	one statement, with "it's" as its only value if it has a $1
 *	run TIMEOUT_MS SQL	several
 *	copy TIMEOUT_MS ROWS	so many rows into the table probe (number bigint, words text)
 *	export TIMEOUT_MS SQL	COPY ... TO STDOUT; stops early after a row that begins with "stop"
 *
 * An answer is "OUTCOME MILLISECONDS ROWS FIRST-VALUE-OR-ERROR". The database is argument 1.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/database.h"
#include "common/memory.h"

#define LINE_BYTES_MAX 4096
#define WORDS "sold to the crowd"
#define ROW_BYTES (2 + 4 + 8 + 4 + sizeof(WORDS) - 1)

static const char *const outcome_names[] = {
	[DATABASE_OK] = "ok",
	[DATABASE_UNAVAILABLE] = "unavailable",
	[DATABASE_CONFLICT] = "conflict",
	[DATABASE_ERROR] = "error",
};

struct answer {
	enum database_outcome outcome;
	int64_t begun_us;
	size_t rows;
	char value[200];
};

static uint8_t *put(uint8_t *at, uint64_t value, int bytes) {
	for (int i = bytes - 1; i >= 0; i--) {
		*at++ = (uint8_t)(value >> (8 * i));
	}
	return at;
}

/* The binary format of COPY, by PostgreSQL's manual. */
static void copy(
	struct database *database, struct answer *answer, int timeout_ms, const char *count) {
	static const char head[19] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";
	size_t rows = strtoull(count, NULL, 10);
	uint8_t *bytes = memory_new(sizeof(head) + rows * ROW_BYTES + 2);
	uint8_t *at = bytes;
	memcpy(at, head, sizeof(head));
	at += sizeof(head);
	for (size_t i = 0; i < rows; i++) {
		at = put(at, 2, 2);
		at = put(at, 8, 4);
		at = put(at, i, 8);
		at = put(at, sizeof(WORDS) - 1, 4);
		memcpy(at, WORDS, sizeof(WORDS) - 1);
		at += sizeof(WORDS) - 1;
	}
	at = put(at, 0xffff, 2);
	answer->begun_us = clock_monotonic_us(); /* making the rows does not count */
	answer->outcome = database_copy_in(database, "copy probe from stdin (format binary)", bytes,
		(size_t)(at - bytes), timeout_ms);
	answer->rows = rows;
	free(bytes);
}

static void query(
	struct database *database, struct answer *answer, int timeout_ms, const char *sql) {
	static const char *const values[] = {"it's"};
	struct database_rows *rows = NULL;
	answer->outcome = database_query(
		database, sql, values, strstr(sql, "$1") == NULL ? 0 : 1, timeout_ms, &rows);
	answer->rows = database_rows_count(rows);
	if (answer->rows > 0) {
		snprintf(answer->value, sizeof(answer->value), "%s", database_value(rows, 0, 0));
	}
	database_rows_free(rows);
}

static bool count_row(void *context, const char *bytes, size_t size) {
	struct answer *answer = context;
	answer->rows++;
	return size < 4 || memcmp(bytes, "stop", 4) != 0;
}

static void call(struct database *database, struct answer *answer, char *line) {
	char *rest = NULL;
	const char *verb = strtok_r(line, " ", &rest);
	const char *timeout = strtok_r(NULL, " ", &rest);
	int timeout_ms = timeout == NULL ? 0 : (int)strtol(timeout, NULL, 10);
	if (verb != NULL && strcmp(verb, "query") == 0) {
		query(database, answer, timeout_ms, rest);
	} else if (verb != NULL && strcmp(verb, "run") == 0) {
		answer->outcome = database_run(database, rest, timeout_ms);
	} else if (verb != NULL && strcmp(verb, "copy") == 0) {
		copy(database, answer, timeout_ms, rest);
	} else {
		answer->outcome = database_copy_out(database, rest, count_row, answer, timeout_ms);
	}
	if (answer->outcome != DATABASE_OK) {
		snprintf(answer->value, sizeof(answer->value), "%s", database_error(database));
	}
}

int main(int argc, char **argv) {
	char line[LINE_BYTES_MAX];
	if (argc != 2) {
		fprintf(stderr, "usage: database_probe URL\n");
		return EXIT_FAILURE;
	}
	struct database *database = database_create(argv[1], "database_probe");
	while (fgets(line, sizeof(line), stdin) != NULL) {
		struct answer answer = {.begun_us = clock_monotonic_us()};
		line[strcspn(line, "\n")] = '\0';
		call(database, &answer, line);
		printf("%s %" PRId64 " %zu %s\n", outcome_names[answer.outcome],
			(clock_monotonic_us() - answer.begun_us) / 1000, answer.rows, answer.value);
		fflush(stdout);
	}
	database_destroy(database);
	return EXIT_SUCCESS;
}
