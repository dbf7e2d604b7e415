/*
 * ledger_model_real - the tables in PostgreSQL, for the probe.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/database.h"
#include "tests/pipeline/ledger_model.h"

#define TIMEOUT_MS 20000

static struct database *database;

void model_begin(const char *url) {
	database = database_create(url, "model");
}

void model_end(void) {
	database_destroy(database);
}

static void run(const char *sql) {
	enum database_outcome outcome = database_run(database, sql, TIMEOUT_MS);
	assert(outcome == DATABASE_OK);
}

void model_rest(void) {
	run("update notices set due_at = now() - interval '1 day'"
	    " + (number * 1000 + ascii(template) * 4 + channel)"
	    " * interval '1 microsecond' where state in (1, 2) and due_at <= now()");
}

void model_age(enum delivery_state state) {
	char sql[120];
	snprintf(sql, sizeof sql,
		"update notices set due_at = due_at - interval '1 hour' where state = %d",
		(int)state);
	run(sql);
}

enum delivery_state model_state(const struct notice *notice) {
	char sql[200];
	struct database_rows *rows;
	snprintf(sql, sizeof sql,
		"select state from notices where number = %" PRIu32
		" and template = '%s' and channel = %d",
		notice->number, template_name(notice->template), (int)notice->channel);
	enum database_outcome outcome = database_query(database, sql, NULL, 0, TIMEOUT_MS, &rows);
	assert(outcome == DATABASE_OK);
	enum delivery_state state = (enum delivery_state)database_value_i64(rows, 0, 0);
	database_rows_free(rows);
	return state;
}

static void print(const char *sql) {
	struct database_rows *rows;
	enum database_outcome outcome = database_query(database, sql, NULL, 0, TIMEOUT_MS, &rows);
	if (outcome != DATABASE_OK) {
		fprintf(stderr, "%s\n", database_error(database));
		exit(1);
	}
	for (size_t row = 0; row < database_rows_count(rows); row++) {
		printf("%s\n", database_value(rows, row, 0));
	}
	database_rows_free(rows);
}

void model_dump(void) {
	print("select format('campaign %s %s at %s %s available %s', ordinal, id, decided_n,"
	      " encode(substr(decided_digest, 1, 1), 'hex'), available) from campaigns");
	print("select format('booking %s of %s status %s place %s by %s', number,"
	      " substr(account::text, 1, 2), status, place,"
	      " coalesce((extract(epoch from pay_by) * 1000)::bigint, 0))"
	      " from bookings order by number");
	print("select format('owner %s of %s under %s', number, substr(account::text, 1, 2), "
	      "prefix)"
	      " from booking_owners, unnest(accounts, numbers) e (account, number)"
	      " order by number");
	print("select format('change %s.%s of %s to %s why %s', decision_n, position, number, "
	      "status,"
	      " cause) from booking_changes order by decision_n, position");
	print("select format('drain %s', last_n) from drains order by last_n");
	print("select format('contact %s of %s %s %s', substr(identity::text, 1, 2),"
	      " substr(account::text, 1, 2), contact, locale) from contacts order by identity");
	print("select format('merge %s %s', substr(old_account::text, 1, 2),"
	      " substr(new_account::text, 1, 2)) from account_merges order by old_account");
	print("select format('notice %s %s %s state %s attempts %s ambiguous %s by %s id %s: %s',"
	      " number, template, channel, state, attempts, ambiguous, coalesce(claimed_by, ''),"
	      " coalesce(provider_id, ''), coalesce(error, ''))"
	      " from notices order by number, template collate \"C\", channel");
	print("select format('news of %s', substr(account::text, 1, 2)) from contact_news order by "
	      "1");
	print("select format('looked %s %s.%s %s', number, change_n, change_position, seen_n)"
	      " from notice_positions");
}
