/*
 * database - common/database.h answered by the tables of ledger.h: statements, results, sessions.
 *
 * It does not read SQL. It knows the statements of fulfiller/store.c and notifier/ledger_sql.c one by
 * one, by their whole text (its digest), and has a function in C for each, which does what PostgreSQL
 * does for it:
 *
 *	statement				function		where
 *	begin, commit, rollback, select 1	-			database.c
 *	set idle_session_timeout ...		-			database.c
 *	set enable_seqscan ... (plans)		-			database.c
 *	select pg_try_advisory_lock		take_lock		ledger_decisions.c
 *	select ordinal, ... from campaigns	read_position		ledger_decisions.c
 *	select define_campaign (0001)		define_campaign		ledger_decisions.c
 *	update campaigns set decided_n		move_position		ledger_decisions.c
 *	copy bookings, booking_changes		copy_bookings, _changes	ledger_decisions.c
 *	delete from booking_changes		drop_idle_refunds	ledger_decisions.c
 *	with news as (... update bookings	apply_changes		ledger_decisions.c
 *	insert into drains			note_drain		ledger_decisions.c
 *	select remember_contact (0002)		remember_contacts	ledger_contacts.c
 *	ledger_sql_poll, _look, _late		poll, look, late	ledger_notices.c
 *	ledger_sql_claim, _settle, _count	claim, settle, count	ledger_notices.c
 *
 * A statement whose text has changed ends the simulation with the request to bring its function in
 * line, and then its digest. tests/pipeline/ledger_model_test.py holds both against a real PostgreSQL.
 */
#ifndef TESTS_SIM_DATABASE_H
#define TESTS_SIM_DATABASE_H

#include <stddef.h>
#include <stdint.h>

#include "common/database.h"

/* ---- what a statement gets and gives ------------------------------------------------------------ */

struct statement_call {
	const char *const *values;
	const uint8_t *copied; /* COPY: the stream */
	size_t copied_size;
	uint64_t session;
	int64_t now_us; /* now(): the beginning of the transaction */
	struct database_rows *rows;
	const char
		*error; /* set with an outcome that is not DATABASE_OK; begins with the SQLSTATE */
};

/* The longest value. */
#define STATEMENT_TEXT_BYTES_MAX 65536u

typedef enum database_outcome (*statement_function)(struct statement_call *call);

/* How it is found: by its first words; whether it is the one that the function was written for: by
 * the FNV-1a hash of its whole text. */
struct statement {
	const char *begins;
	uint64_t digest;
	statement_function function;
};

extern const struct statement ledger_decisions_statements[];
extern const struct statement ledger_contacts_statements[];
extern const struct statement ledger_notices_statements[];

/* $1 is number 1. */
int64_t call_i64(const struct statement_call *call, size_t number);
const char *call_text(const struct statement_call *call, size_t number);

/* A result is written cell by cell, in order. */
void rows_set_columns(struct database_rows *rows, size_t columns);
void rows_add_i64(struct database_rows *rows, int64_t value);
void rows_add_text(struct database_rows *rows, const char *value);
void rows_add_hex(struct database_rows *rows, const uint8_t *bytes, size_t size);
void rows_add_null(struct database_rows *rows);

/* At the beginning of each run. */
void database_begin(void);

#endif
