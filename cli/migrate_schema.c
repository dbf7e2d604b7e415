/*
 * migrate_schema - applies the numbered migrations, and remembers which.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/migrate.h"
#include "cli/migrations.h"
#include "common/crypto.h"
#include "common/database.h"
#include "common/pure/text.h"

/* Another migration may be under way, and a large table may take long to change. */
#define MIGRATION_MS (30 * 60 * 1000)
#define HASH_BYTES 32u
#define HASH_TEXT_BYTES (2u * HASH_BYTES + 1u)
#define VERSION_TEXT_BYTES 16u
/* One of the advisory locks of this database; the fulfiller's have two keys and differ. */
#define LOCK "7266001"

static bool complain(const struct database *database, const char *doing) {
	fprintf(stderr, "firstcome: %s: %s\n", doing, database_error(database));
	return false;
}

static bool run(struct database *database, const char *sql, const char *doing) {
	return database_run(database, sql, MIGRATION_MS) == DATABASE_OK ||
	       complain(database, doing);
}

/* The lock lasts as long as the connection. */
static bool prepare(struct database *database) {
	return run(database, "select pg_advisory_lock(" LOCK ")", "waiting for other migrations") &&
	       run(database,
		       "create table if not exists schema_version (version integer primary key,"
		       " name text not null, hash text not null,"
		       " applied_at timestamptz not null default now())",
		       "making the table of migrations");
}

static void hash_of(char target[HASH_TEXT_BYTES], const struct migration *migration) {
	uint8_t hash[HASH_BYTES];
	const struct part part = {migration->sql, strlen(migration->sql)};
	crypto_digest(hash, sizeof hash, &part, 1);
	struct text text = text_init(target, HASH_TEXT_BYTES);
	text_append_hex(&text, hash, sizeof hash);
}

static bool apply(
	struct database *database, const struct migration *migration, const char *const values[3]) {
	if (!run(database, "begin", migration->name)) {
		return false;
	}
	bool done = run(database, migration->sql, migration->name) &&
		    (database_query(database,
			     "insert into schema_version (version, name, hash)"
			     " values ($1, $2, $3)",
			     values, 3, MIGRATION_MS, NULL) == DATABASE_OK ||
			    complain(database, migration->name));
	if (!done) {
		database_run(database, "rollback", MIGRATION_MS);
		return false;
	}
	if (!run(database, "commit", migration->name)) {
		return false;
	}
	printf("applied %s\n", migration->name);
	return true;
}

/* A migration that was applied must be the one that is here: changes go into a new one. */
static bool check(
	const struct migration *migration, const char *hash, const struct database_rows *rows) {
	if (strcmp(database_value(rows, 0, 0), hash) == 0) {
		return true;
	}
	fprintf(stderr,
		"firstcome: migration %s was applied in another form on %s: put changes into a new "
		"migration; a database of a test may be wiped\n",
		migration->name, database_value(rows, 0, 1));
	return false;
}

static bool migrate_one(struct database *database, const struct migration *migration) {
	char version[VERSION_TEXT_BYTES];
	char hash[HASH_TEXT_BYTES];
	snprintf(version, sizeof version, "%" PRIu32, migration->version);
	hash_of(hash, migration);
	const char *values[] = {version, migration->name, hash};
	struct database_rows *rows = NULL;
	if (database_query(database,
		    "select hash, applied_at from schema_version where version = $1", values, 1,
		    MIGRATION_MS, &rows) != DATABASE_OK) {
		database_rows_free(rows);
		return complain(database, "reading the table of migrations");
	}
	bool applied = database_rows_count(rows) > 0;
	bool good = applied ? check(migration, hash, rows) : apply(database, migration, values);
	database_rows_free(rows);
	return good;
}

/* A database that a newer version has migrated is not for this one. */
static bool check_not_newer(struct database *database) {
	struct database_rows *rows = NULL;
	if (database_query(database, "select coalesce(max(version), 0) from schema_version", NULL,
		    0, MIGRATION_MS, &rows) != DATABASE_OK) {
		database_rows_free(rows);
		return complain(database, "reading the table of migrations");
	}
	int64_t newest = database_value_i64(rows, 0, 0);
	database_rows_free(rows);
	if (newest > (int64_t)migrations_count) {
		fprintf(stderr,
			"firstcome: the database has migration %" PRId64
			", this version knows %zu: "
			"use the newer version\n",
			newest, migrations_count);
		return false;
	}
	return true;
}

bool migrate_schema(const struct cli *cli) {
	crypto_init();
	struct database *database = database_create(cli->database_url, "firstcome migrate");
	bool good = prepare(database) && check_not_newer(database);
	for (size_t i = 0; good && i < migrations_count; i++) {
		good = migrate_one(database, &migrations[i]);
	}
	if (good) {
		printf("the database has all %zu migrations\n", migrations_count);
	}
	database_destroy(database);
	return good;
}
