/*
 * export - all bookings of a campaign, as CSV or as lines of JSON, on standard output.
 *
 * The rows stream from the database through here one by one, so memory does not grow with them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/export_row.h"
#include "common/booking_id.h"
#include "common/crypto.h"
#include "common/database.h"
#include "common/keys.h"
#include "common/pure/subjects.h"
#include "common/pure/text.h"

#define LOOK_UP_MS 10000
/* Ten million rows to a slow pipe may take long; a server that hangs is found by its keepalive. */
#define EXPORT_MS (6 * 3600 * 1000)
#define SQL_BYTES 1024u

struct export {
	struct export_format format;
	uint64_t rows;
	uint64_t unreadable;
};

static bool on_row(void *context, const char *bytes, size_t size) {
	struct export *export = context;
	char line[EXPORT_ROW_BYTES_MAX];
	struct text text = text_init(line, sizeof line);
	if (!export_row(&text, &export->format, bytes, size)) {
		export->unreadable++;
		return false;
	}
	export->rows++;
	return fwrite(text.start, 1, text.used, stdout) == text.used;
}

/* The ordinal and the time zone of the campaign. False, and a sentence, if the ledger does not have it. */
static bool look_up(struct database *database, const char *campaign, struct export_format *format) {
	const char *values[] = {campaign};
	struct database_rows *rows = NULL;
	enum database_outcome outcome =
		database_query(database, "select ordinal, time_zone from campaigns where id = $1",
			values, 1, LOOK_UP_MS, &rows);
	bool found = outcome == DATABASE_OK && database_rows_count(rows) == 1;
	if (found) {
		format->ordinal = (uint32_t)database_value_i64(rows, 0, 0);
		snprintf(format->time_zone, sizeof format->time_zone, "%s",
			database_value(rows, 0, 1));
	} else if (outcome == DATABASE_OK) {
		fprintf(stderr,
			"firstcome: the ledger has no campaign %s: see firstcome campaign list; a "
			"new "
			"one comes in when the fulfiller runs\n",
			campaign);
	} else {
		fprintf(stderr, "firstcome: the database: %s\n", database_error(database));
	}
	database_rows_free(rows);
	return found;
}

static bool copy_rows(struct database *database, struct export *export) {
	char sql[SQL_BYTES];
	snprintf(sql, sizeof sql,
		"copy (select b.number, b.place, b.units, b.status,"
		" (extract(epoch from b.booked_at) * 1000)::bigint,"
		" replace(coalesce(m.new_account, b.account)::text, '-', '')"
		" from bookings b left join account_merges m on m.old_account = b.account"
		" where b.campaign = %" PRIu32 " order by b.number) to stdout",
		export->format.ordinal);
	if (export->format.csv) {
		fputs(EXPORT_CSV_HEADING, stdout);
	}
	enum database_outcome outcome = database_copy_out(database, sql, on_row, export, EXPORT_MS);
	if (export->unreadable > 0) {
		fprintf(stderr,
			"firstcome: row %" PRIu64
			" of the ledger is not what this version expects: "
			"run firstcome migrate, or compare the versions\n",
			export->rows + 1);
		return false;
	}
	if (fflush(stdout) != 0 || ferror(stdout) != 0) {
		fprintf(stderr,
			"firstcome: the rows could not all be written to standard output\n");
		return false;
	}
	if (outcome != DATABASE_OK) {
		fprintf(stderr, "firstcome: after %" PRIu64 " rows: %s\n", export->rows,
			database_error(database));
		return false;
	}
	fprintf(stderr, "firstcome: %" PRIu64 " bookings\n", export->rows);
	return true;
}

static int run(struct cli *cli, const char *campaign, bool csv) {
	crypto_init();
	struct export export = {.format = {.csv = csv}};
	keys_load(&export.format.booking_key, cli->keys_dir, "booking.key");
	struct database *database = database_create(cli->database_url, "firstcome export");
	bool done = look_up(database, campaign, &export.format) && copy_rows(database, &export);
	database_destroy(database);
	crypto_forget(&export.format.booking_key, sizeof export.format.booking_key);
	return done ? CLI_DONE : CLI_NOT_DONE;
}

int export_main(struct cli *cli, int argc, char **argv) {
	const char *format = "csv";
	const struct option options[] = {
		{"format", OPTION_STRING, &format, 0, 0,
			"csv or ndjson (a JSON object a line; also -o json). Default: csv"},
	};
	struct arguments arguments = {
		.usage = "export CAMPAIGN [--format csv|ndjson]",
		.purpose = "Prints all bookings of a campaign, in the order of their numbers.",
		.options = options,
		.options_count = 1,
		.operands_wanted = 1,
	};
	int status;
	if (!arguments_read(&arguments, cli, argc, argv, &status)) {
		return status;
	}
	bool csv = strcmp(format, "csv") == 0;
	if (!csv && strcmp(format, "ndjson") != 0) {
		fprintf(stderr, "firstcome: --format takes csv or ndjson\n");
		return CLI_WRONG_USAGE;
	}
	return run(cli, arguments.operands[0], csv && cli->output != CLI_JSON);
}
