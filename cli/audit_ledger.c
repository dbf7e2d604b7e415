#include "cli/audit_ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/database.h"
#include "common/pure/text.h"

#define QUERY_TIMEOUT_MS 10000
#define COPY_TIMEOUT_MS 600000
#define ROW_COLUMNS 8u

struct comparison {
	struct audit_report *report;
	const struct referee *referee;
	uint32_t number; /* of the last row */
};

struct row {
	uint64_t number;
	struct account_id account;
	uint64_t status;
	uint64_t units;
	uint64_t place;
	uint64_t decision_n;
	uint64_t booked_at_ms;
	uint64_t rank;
};

static bool read_uuid(struct account_id *account, const char *text, size_t size) {
	char digits[2 * ACCOUNT_BYTES];
	size_t count = 0;
	for (size_t i = 0; i < size; i++) {
		if (text[i] != '-' && count < sizeof digits) {
			digits[count++] = text[i];
		}
	}
	return text_parse_hex(digits, count, account->bytes, ACCOUNT_BYTES);
}

/* A row of COPY's text format: the columns in the order of struct row, with a tab between. */
static bool read_row(struct row *row, const char *bytes, size_t size) {
	uint64_t *const numbers[ROW_COLUMNS] = {&row->number, NULL, &row->status, &row->units,
		&row->place, &row->decision_n, &row->booked_at_ms, &row->rank};
	const char *end = bytes + size;
	for (size_t i = 0; i < ROW_COLUMNS; i++) {
		const char *stop = bytes;
		while (stop < end && *stop != '\t' && *stop != '\n') {
			stop++;
		}
		size_t width = (size_t)(stop - bytes);
		bool good = numbers[i] == NULL
				    ? read_uuid(&row->account, bytes, width)
				    : text_parse_u64(bytes, width, INT64_MAX, numbers[i]);
		if (!good) {
			return false;
		}
		bytes = stop + 1;
	}
	return true;
}

static void complain(struct comparison *comparison, uint64_t number, const char *problem) {
	audit_complain(
		comparison->report, "booking %" PRIu64 " in PostgreSQL: %s", number, problem);
}

static const char *difference(const struct row *row, const struct referee_booking *booking) {
	if (memcmp(&row->account, &booking->person.account, sizeof row->account) != 0) {
		return "belongs to another account";
	}
	if (row->units != booking->units) {
		return "has another number of units";
	}
	if (row->status != booking->status) {
		return "has another status";
	}
	if (row->place != booking->place || row->decision_n != booking->decision_n) {
		return "has another place in line";
	}
	if ((int64_t)row->booked_at_ms != booking->booked_at_ms) {
		return "has another time";
	}
	if (row->rank != booking->rank) {
		return "has another rank on the waiting list";
	}
	return NULL;
}

/* Rows come in the order of their numbers. */
static bool on_row(void *context, const char *bytes, size_t size) {
	struct comparison *comparison = context;
	struct audit_report *report = comparison->report;
	uint32_t count = referee_bookings_count(comparison->referee);
	struct row row;
	report->rows++;
	if (!read_row(&row, bytes, size)) {
		report->lost++;
		complain(comparison, comparison->number + 1, "its row cannot be read");
		return true;
	}
	if (row.number == 0 || row.number > count || row.number <= comparison->number) {
		report->duplicated++;
		complain(comparison, row.number, "no decision made it");
		return true;
	}
	while (++comparison->number < row.number) {
		report->lost++;
		complain(comparison, comparison->number, "is missing");
	}
	const char *problem =
		difference(&row, referee_booking(comparison->referee, comparison->number));
	if (problem != NULL) {
		report->lost++;
		complain(comparison, row.number, problem);
	}
	return true;
}

/* True once the ledger has all decisions; false if time is up or the database is not there. */
static bool wait_for_ledger(
	struct database *database, struct audit_report *report, int wait_seconds, char *ordinal) {
	const char *values[] = {report->campaign};
	for (int waited = 0;; waited++) {
		struct database_rows *rows;
		enum database_outcome outcome = database_query(database,
			"select ordinal, decided_n from campaigns where id = $1", values, 1,
			QUERY_TIMEOUT_MS, &rows);
		if (outcome != DATABASE_OK) {
			fprintf(stderr, "firstcome: the database cannot be asked: %s\n",
				database_error(database));
			return false;
		}
		bool known = database_rows_count(rows) == 1;
		uint64_t decided = known ? (uint64_t)database_value_i64(rows, 0, 1) : 0;
		if (known) {
			snprintf(ordinal, 16, "%s", database_value(rows, 0, 0));
		}
		database_rows_free(rows);
		if (decided >= report->decided) {
			return true;
		}
		if (waited >= wait_seconds) {
			audit_complain(report,
				"PostgreSQL has decision %" PRIu64 " of %" PRIu64
				": is the fulfiller running?",
				decided, report->decided);
			return known;
		}
		sleep(1);
	}
}

static bool compare(struct database *database, struct comparison *comparison, const char *ordinal) {
	char sql[400];
	snprintf(sql, sizeof sql,
		"copy (select number, account, status, units, place, decision_n, "
		"(extract(epoch from booked_at) * 1000)::bigint, coalesce(rank, 0) "
		"from bookings where campaign = %s order by number) to stdout",
		ordinal);
	if (database_copy_out(database, sql, on_row, comparison, COPY_TIMEOUT_MS) != DATABASE_OK) {
		fprintf(stderr, "firstcome: the bookings cannot be read: %s\n",
			database_error(database));
		return false;
	}
	uint32_t count = referee_bookings_count(comparison->referee);
	while (++comparison->number <= count) {
		comparison->report->lost++;
		complain(comparison, comparison->number, "is missing");
	}
	return true;
}

bool audit_ledger_compare(const struct cli *cli, struct audit_report *report,
	const struct referee *referee, int wait_seconds) {
	struct database *database = database_create(cli->database_url, "firstcome audit");
	struct comparison comparison = {.report = report, .referee = referee};
	char ordinal[16] = "0";
	report->with_database = true;
	bool asked = wait_for_ledger(database, report, wait_seconds, ordinal) &&
		     compare(database, &comparison, ordinal);
	database_destroy(database);
	return asked;
}
