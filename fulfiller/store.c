#include "fulfiller/store.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/crypto.h"
#include "common/database.h"
#include "common/definition_json.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/pure/backoff.h"
#include "common/pure/text.h"

/* A transaction that takes longer is given up, so that SIGTERM never waits for long. */
#define TRANSACTION_MS INT64_C(8000)
#define ROLLBACK_MS 1000
#define SESSION_IDLE_MS 15000
#define SESSION_IDLE_TEXT "'15s'"
/* First key of the advisory locks; the second is the campaign's ordinal. */
#define LOCK_CLASS "7266"
/* The longest contact in JSON: all of it escaped as \u00xx, and the names of the fields. */
#define CONTACT_JSON_BYTES_MAX (CONTACT_BYTES_MAX * 6u + 320u)
#define ERROR_BYTES 512
#define INTEGER_TEXT_BYTES 24
#define BYTEA_TEXT_BYTES 68

static_assert(DIGEST_BYTES == 32, "bytea_text");
static_assert(DEFINITION_HASH_BYTES == 32, "bytea_text");

struct store {
	struct database *database;
	bool prepared;    /* the session under way has its settings */
	uint32_t session; /* counts connections: a claim lives as long as its own */
	bool available;   /* the last try was a success */
	struct backoff backoff;
	int64_t alive_us;   /* the last success */
	int64_t give_up_us; /* deadline of the transaction under way */
	int64_t resume_us;  /* not before that time the database is tried again */
	char error[ERROR_BYTES];
	char json[STORE_CONTACTS_MAX * CONTACT_JSON_BYTES_MAX + 64u];
};

struct store *store_create(const char *url, const char *name) {
	struct store *store = memory_new(sizeof *store);
	store->database = database_create(url, name);
	uint64_t seed;
	crypto_random(&seed, sizeof seed);
	store->backoff = backoff_init((struct backoff_range){.ms_min = 100, .ms_max = 5000}, seed);
	return store;
}

void store_destroy(struct store *store) {
	if (store != NULL) {
		database_destroy(store->database);
		free(store);
	}
}

bool store_is_available(const struct store *store) {
	return store->available;
}

int store_pause_ms(const struct store *store) {
	int64_t left_us = store->resume_us - clock_monotonic_us();
	return left_us > 0 ? (int)(left_us / 1000) + 1 : 0;
}

const char *store_error(const struct store *store) {
	return store->error;
}

/* ---- outcomes ---------------------------------------------------------------------------------- */

/* Errors stand between double quotes in the log, so they have none of their own. */
static void set_error(struct store *store, const char *words) {
	snprintf(store->error, sizeof store->error, "%s", words);
	for (char *c = store->error; *c != '\0'; c++) {
		if (*c == '"') {
			*c = '\'';
		}
	}
}

static void pause_after_failure(struct store *store) {
	uint32_t pause_ms = backoff_next_ms(&store->backoff);
	store->resume_us = clock_monotonic_us() + (int64_t)pause_ms * 1000;
	store->available = false;
	store->prepared = false;
	store->session++;
	log_warn("database_unavailable", "pause_ms=%" PRIu32 " error=\"%s\"", pause_ms,
		store->error);
}

static void note_success(struct store *store) {
	if (!store->available) {
		log_info("database_available", "session=%" PRIu32, store->session);
	}
	store->available = true;
	store->alive_us = clock_monotonic_us();
	backoff_reset(&store->backoff);
}

static enum store_outcome outcome_of(struct store *store, enum database_outcome outcome) {
	if (outcome == DATABASE_OK) {
		note_success(store);
		return STORE_DONE;
	}
	set_error(store, database_error(store->database));
	switch (outcome) {
	case DATABASE_CONFLICT:
		return STORE_MOVED;
	case DATABASE_ERROR:
		return STORE_BROKEN;
	case DATABASE_UNAVAILABLE:
	case DATABASE_OK:
		break;
	}
	pause_after_failure(store);
	return STORE_UNAVAILABLE;
}

static void start_clock(struct store *store) {
	store->give_up_us = clock_monotonic_us() + TRANSACTION_MS * 1000;
}

static int left_ms(const struct store *store) {
	int64_t left_us = store->give_up_us - clock_monotonic_us();
	return left_us > 1000 ? (int)(left_us / 1000) : 1;
}

static enum store_outcome run(struct store *store, const char *sql) {
	return outcome_of(store, database_run(store->database, sql, left_ms(store)));
}

/* On STORE_DONE the caller frees the rows. */
static enum store_outcome query(struct store *store, const char *sql, const char *const *values,
	size_t values_count, struct database_rows **rows) {
	*rows = NULL;
	enum database_outcome outcome =
		database_query(store->database, sql, values, values_count, left_ms(store), rows);
	if (outcome != DATABASE_OK) {
		database_rows_free(*rows);
		*rows = NULL;
	}
	return outcome_of(store, outcome);
}

void store_keep_alive(struct store *store) {
	int64_t silence_us = clock_monotonic_us() - store->alive_us;
	if (store_pause_ms(store) == 0 && silence_us >= STORE_SILENCE_MS * 1000) {
		start_clock(store);
		run(store, "select 1");
	}
}

static const char *integer_text(char target[INTEGER_TEXT_BYTES], int64_t value) {
	snprintf(target, INTEGER_TEXT_BYTES, "%" PRId64, value);
	return target;
}

static const char *bytea_text(char target[BYTEA_TEXT_BYTES], const uint8_t bytes[32]) {
	struct text text = text_init(target, BYTEA_TEXT_BYTES);
	text_append(&text, "\\x");
	text_append_hex(&text, bytes, 32);
	return target;
}

/* Ends a transaction that failed. The connection may be gone, and the transaction with it. */
static enum store_outcome roll_back(struct store *store, enum store_outcome outcome) {
	if (outcome != STORE_UNAVAILABLE) {
		enum database_outcome undone =
			database_run(store->database, "rollback", ROLLBACK_MS);
		if (undone == DATABASE_UNAVAILABLE) {
			return outcome_of(store, undone);
		}
	}
	return outcome;
}

/* ---- claims ------------------------------------------------------------------------------------ */

static enum store_outcome read_claim(struct store *store, const struct database_rows *rows,
	const char *id, uint32_t ordinal, struct store_claim *claim) {
	*claim = (struct store_claim){.session = store->session};
	for (size_t row = 0; row < database_rows_count(rows); row++) {
		bool same_ordinal = database_value_i64(rows, row, 0) == ordinal;
		bool same_id = database_value_i64(rows, row, 1) == 1;
		if (!same_ordinal || !same_id) {
			snprintf(store->error, sizeof store->error,
				"the ledger knows another campaign by the id %s or the ordinal "
				"%" PRIu32 ": it belongs to another broker; bring the two together "
				"that belong "
				"together",
				id, ordinal);
			return STORE_BROKEN;
		}
		claim->defined = true;
		claim->n = (uint64_t)database_value_i64(rows, row, 2);
		if (!database_value_bytes(rows, row, 3, claim->digest, DIGEST_BYTES)) {
			set_error(store, "campaigns.decided_digest is missing: somebody else wrote "
					 "to the ledger; restore it from a backup");
			return STORE_BROKEN;
		}
	}
	return STORE_DONE;
}

/* A fulfiller that is frozen must not keep its campaigns: PostgreSQL ends a session that gives no
 * sign of life, and with it the locks. store_keep_alive gives one every STORE_SILENCE_MS.
 * Compiling a statement (jit) takes longer than any statement here. */
static enum store_outcome prepare_session(struct store *store) {
	static_assert(STORE_SILENCE_MS * 4 < SESSION_IDLE_MS, "a busy machine is not a frozen one");
	if (store->prepared) {
		return STORE_DONE;
	}
	enum store_outcome outcome =
		run(store, "set idle_session_timeout = " SESSION_IDLE_TEXT ";"
			   "set idle_in_transaction_session_timeout = " SESSION_IDLE_TEXT ";"
			   "set jit = off");
	store->prepared = outcome == STORE_DONE;
	return outcome;
}

/* Taking a lock again that this session has already does no harm. */
static enum store_outcome take_lock(struct store *store, const char *ordinal) {
	const char *values[] = {ordinal};
	struct database_rows *rows;
	enum store_outcome outcome =
		query(store, "select pg_try_advisory_lock(" LOCK_CLASS ", $1::integer)::integer",
			values, 1, &rows);
	if (outcome == STORE_DONE && database_value_i64(rows, 0, 0) != 1) {
		outcome = STORE_BUSY;
	}
	database_rows_free(rows);
	return outcome;
}

enum store_outcome store_claim(
	struct store *store, const char *id, uint32_t ordinal, struct store_claim *claim) {
	if (store_pause_ms(store) > 0) {
		return STORE_UNAVAILABLE;
	}
	start_clock(store);
	char ordinal_text[INTEGER_TEXT_BYTES];
	const char *values[] = {integer_text(ordinal_text, ordinal), id};
	enum store_outcome outcome = prepare_session(store);
	if (outcome == STORE_DONE) {
		outcome = take_lock(store, values[0]);
	}
	if (outcome != STORE_DONE) {
		return outcome;
	}
	struct database_rows *rows;
	outcome = query(store,
		"select ordinal, (id = $2)::integer, decided_n, decided_digest"
		" from campaigns where ordinal = $1 or id = $2",
		values, 2, &rows);
	if (outcome == STORE_DONE) {
		outcome = read_claim(store, rows, id, ordinal, claim);
		database_rows_free(rows);
	}
	return outcome;
}

/* ---- plans ------------------------------------------------------------------------------------- */

static enum store_outcome write_definition(struct store *store, const struct plan *plan) {
	struct definition definition;
	char problem[JSON_ERROR_BYTES];
	if (!definition_read_stored(
		    &definition, problem, plan->definition, plan->definition_size)) {
		snprintf(store->error, sizeof store->error,
			"the line accepted a definition that this program cannot read (%s): "
			"install the version of the sequencer that accepted it",
			problem);
		return STORE_BROKEN;
	}
	uint8_t hash[DEFINITION_HASH_BYTES];
	definition_hash(hash, plan->definition, plan->definition_size);
	char json[DEFINITION_BYTES_MAX + 1];
	memcpy(json, plan->definition, plan->definition_size);
	json[plan->definition_size] = '\0';
	char ordinal_text[INTEGER_TEXT_BYTES];
	char hash_text[BYTEA_TEXT_BYTES];
	const char *values[] = {
		integer_text(ordinal_text, plan->ordinal),
		definition.id,
		json,
		bytea_text(hash_text, hash),
		definition.title,
		definition.pickup_text,
		definition.time_zone,
	};
	struct database_rows *rows;
	enum store_outcome outcome = query(
		store, "select define_campaign($1, $2, $3, $4, $5, $6, $7)", values, 7, &rows);
	database_rows_free(rows);
	return outcome;
}

/* The condition on the old position is what makes a plan count once. */
static enum store_outcome move_position(struct store *store, const struct plan *plan) {
	const int64_t integers[] = {
		plan->ordinal,
		(int64_t)plan->base_n,
		(int64_t)plan->last_n,
		plan->time_ms,
		(int64_t)plan->state,
		plan->counters.available,
		plan->counters.held,
		plan->counters.sold,
		plan->counters.waiting,
	};
	enum { INTEGERS_COUNT = sizeof integers / sizeof *integers };
	char texts[INTEGERS_COUNT][INTEGER_TEXT_BYTES];
	char digest_text[BYTEA_TEXT_BYTES];
	const char *values[INTEGERS_COUNT + 1];
	for (size_t i = 0; i < INTEGERS_COUNT; i++) {
		values[i] = integer_text(texts[i], integers[i]);
	}
	values[INTEGERS_COUNT] = bytea_text(digest_text, plan->digest);
	struct database_rows *rows;
	enum store_outcome outcome = query(store,
		"update campaigns set decided_n = $3, decided_at = to_timestamp($4 / "
		"1000.0::float8),"
		" state = $5, available = $6, held = $7, sold = $8, waiting = $9,"
		" decided_digest = $10 where ordinal = $1 and decided_n = $2 returning 1",
		values, INTEGERS_COUNT + 1, &rows);
	if (outcome == STORE_DONE && database_rows_count(rows) != 1) {
		set_error(store, "another fulfiller moved the position");
		outcome = STORE_MOVED;
	}
	database_rows_free(rows);
	return outcome;
}

static enum store_outcome copy_rows(struct store *store, const char *sql, struct rows *rows) {
	if (rows->count == 0) {
		return STORE_DONE;
	}
	size_t size = rows_seal(rows);
	return outcome_of(
		store, database_copy_in(store->database, sql, rows->start, size, left_ms(store)));
}

/* The statements below say these in digits. */
static_assert((int)BOOKING_RELEASED == 4, "drop_idle_refunds");
static_assert((int)BOOKING_REFUND_DUE == 6, "drop_idle_refunds");

/* A payment that has to go back changes a booking only if its hold had been released; what else has
 * become of the booking stays, so those rows are no changes. */
static enum store_outcome drop_idle_refunds(struct store *store, const char *const values[2]) {
	struct database_rows *rows;
	enum store_outcome outcome = query(store,
		"delete from booking_changes c using ("
		" select decision_n, position, number, status,"
		" lag(status) over (partition by number order by decision_n, position) as before"
		" from booking_changes where campaign = $1 and decision_n > $2) n"
		" where c.campaign = $1 and c.decision_n = n.decision_n and c.position = n.position"
		" and n.status = 6 and 4 is distinct from coalesce(n.before,"
		" (select b.status from bookings b where b.campaign = $1 and b.number = n.number))",
		values, 2, &rows);
	database_rows_free(rows);
	return outcome;
}

/* The last change of a booking tells its status, the last deadline stays. */
static enum store_outcome apply_changes(struct store *store, const struct plan *plan) {
	if (plan->changes.count == 0) {
		return STORE_DONE;
	}
	char ordinal_text[INTEGER_TEXT_BYTES];
	char base_text[INTEGER_TEXT_BYTES];
	const char *values[] = {
		integer_text(ordinal_text, plan->ordinal),
		integer_text(base_text, (int64_t)plan->base_n),
	};
	if (plan->refunds_count > 0) {
		enum store_outcome outcome = drop_idle_refunds(store, values);
		if (outcome != STORE_DONE) {
			return outcome;
		}
	}
	struct database_rows *rows;
	enum store_outcome outcome = query(store,
		"with news as ("
		" select distinct on (number) number, status,"
		" max(pay_by) over (partition by number) as pay_by"
		" from booking_changes where campaign = $1 and decision_n > $2"
		" order by number, decision_n desc, position desc),"
		" changed as ("
		" update bookings b set status = n.status, pay_by = coalesce(n.pay_by, b.pay_by)"
		" from news n where b.campaign = $1 and b.number = n.number returning 1)"
		" select (select count(*) from news) - (select count(*) from changed)",
		values, 2, &rows);
	if (outcome == STORE_DONE && database_value_i64(rows, 0, 0) != 0) {
		set_error(store, "the log changes a booking that the ledger does not have: restore "
				 "the ledger from a backup, or make it anew from the log");
		outcome = STORE_BROKEN;
	}
	database_rows_free(rows);
	return outcome;
}

static enum store_outcome note_drain(struct store *store, const struct plan *plan) {
	char ordinal_text[INTEGER_TEXT_BYTES];
	char last_text[INTEGER_TEXT_BYTES];
	const char *values[] = {
		integer_text(ordinal_text, plan->ordinal),
		integer_text(last_text, (int64_t)plan->last_n),
	};
	struct database_rows *rows;
	enum store_outcome outcome = query(
		store, "insert into drains (campaign, last_n) values ($1, $2)", values, 2, &rows);
	database_rows_free(rows);
	return outcome;
}

static enum store_outcome write_inside(struct store *store, struct plan *plan) {
	enum store_outcome outcome =
		plan->definition_size > 0 ? write_definition(store, plan) : STORE_DONE;
	if (outcome == STORE_DONE) {
		outcome = move_position(store, plan);
	}
	if (outcome == STORE_DONE) {
		outcome = copy_rows(store,
			"copy bookings (" PLAN_BOOKINGS_COLUMNS ") from stdin (format binary)",
			&plan->bookings);
	}
	if (outcome == STORE_DONE) {
		outcome = copy_rows(store,
			"copy booking_owners (" OWNERS_COLUMNS ") from stdin (format binary)",
			owners_rows(&plan->owners, plan->ordinal));
	}
	if (outcome == STORE_DONE) {
		outcome = copy_rows(store,
			"copy booking_changes (" PLAN_CHANGES_COLUMNS
			") from stdin (format binary)",
			&plan->changes);
	}
	if (outcome == STORE_DONE) {
		outcome = apply_changes(store, plan);
	}
	if (outcome == STORE_DONE) {
		outcome = note_drain(store, plan);
	}
	return outcome;
}

static enum store_outcome commit_or_roll_back(struct store *store, enum store_outcome outcome) {
	if (outcome == STORE_DONE) {
		return run(store, "commit");
	}
	return roll_back(store, outcome);
}

enum store_outcome store_write(struct store *store, struct store_claim *claim, struct plan *plan) {
	assert(!plan_is_empty(plan));
	assert(plan->base_n == claim->n);
	assert(claim->defined || plan->definition_size > 0);
	if (claim->session != store->session || store_pause_ms(store) > 0) {
		return STORE_UNAVAILABLE;
	}
	start_clock(store);
	enum store_outcome outcome = run(store, "begin");
	if (outcome == STORE_DONE) {
		outcome = commit_or_roll_back(store, write_inside(store, plan));
	}
	if (outcome == STORE_DONE) {
		claim->n = plan->last_n;
		claim->defined = true;
		memcpy(claim->digest, plan->digest, DIGEST_BYTES);
	}
	return outcome;
}

/* ---- quiet times ------------------------------------------------------------------------------- */

enum store_outcome store_fold(struct store *store, bool *folded) {
	*folded = false;
	if (store_pause_ms(store) > 0) {
		return STORE_UNAVAILABLE;
	}
	start_clock(store);
	struct database_rows *rows;
	enum store_outcome outcome = query(store, "select fold_owners()::integer", NULL, 0, &rows);
	if (outcome == STORE_DONE) {
		*folded = database_value_i64(rows, 0, 0) == 1;
		database_rows_free(rows);
	}
	return outcome;
}

/* ---- contacts ---------------------------------------------------------------------------------- */

static void append_contact(struct text *text, const struct verified_contact *contact) {
	text_append(text, "{\"identity\":\"");
	text_append_hex(text, contact->identity.bytes, IDENTITY_BYTES);
	text_append(text, "\",\"account\":\"");
	text_append_hex(text, contact->account.bytes, ACCOUNT_BYTES);
	text_append(text, "\",\"channel\":");
	text_append_u64(text, (uint64_t)contact->channel);
	text_append(text, ",\"contact\":");
	text_append_json(text, contact->contact, strlen(contact->contact));
	text_append(text, ",\"locale\":");
	text_append_json(text, contact->locale, strlen(contact->locale));
	text_append(text, ",\"verified_ms\":");
	text_append_i64(text, contact->verified_at_ms);
	text_append(text, ",\"linked\":");
	text_append(text, contact->linked ? "true}" : "false}");
}

enum store_outcome store_contacts(
	struct store *store, const struct verified_contact *contacts, size_t count) {
	assert(count > 0);
	assert(count <= STORE_CONTACTS_MAX);
	if (store_pause_ms(store) > 0) {
		return STORE_UNAVAILABLE;
	}
	start_clock(store);
	struct text text = text_init(store->json, sizeof store->json);
	for (size_t i = 0; i < count; i++) {
		text_append_char(&text, i == 0 ? '[' : ',');
		append_contact(&text, &contacts[i]);
	}
	text_append_char(&text, ']');
	assert(!text.failed);
	const char *values[] = {store->json};
	struct database_rows *rows;
	/* One statement is one transaction. The array gives the order. */
	enum store_outcome outcome = query(store,
		"select remember_contact((c->>'identity')::uuid, (c->>'account')::uuid,"
		" (c->>'channel')::smallint, c->>'contact', c->>'locale',"
		" to_timestamp((c->>'verified_ms')::float8 / 1000), (c->>'linked')::boolean)"
		" from json_array_elements($1::json) with ordinality as a(c, i) order by i",
		values, 1, &rows);
	database_rows_free(rows);
	return outcome;
}
