/*
 * lookup_queries - three questions to PostgreSQL.
 */
#include "ingress/lookup_queries.h"

#include <stdlib.h>
#include <string.h>

#include "common/pure/text.h"

/* Shorter than the loop's patience: so an answer that is late is usually told why. */
#define QUERY_MS 900
#define UUID_TEXT (ACCOUNT_BYTES * 2u + 1u)

static const char contact_sql[] = "select own.account, partner.identity, partner.channel"
				  " from contacts own"
				  " left join lateral ("
				  "  select identity, channel from contacts"
				  "  where account = own.account and channel <> own.channel"
				  "  order by verified_at, identity limit 1"
				  " ) partner on true"
				  " where own.identity = $1";

/* Whoever a token speaks for: its account, the accounts that its contacts belong to by now, and all
 * that were merged with one of these, in either direction. */
#define MINE                                                                                       \
	"with recursive known (account) as ("                                                      \
	"  select $1::uuid"                                                                        \
	"  union select account from contacts where identity in ($2::uuid, $3::uuid)"              \
	"), heirs (account) as ("                                                                  \
	"  select account from known"                                                              \
	"  union select m.new_account from account_merges m"                                       \
	"   join heirs on m.old_account = heirs.account"                                           \
	"), mine (account) as ("                                                                   \
	"  select account from heirs"                                                              \
	"  union select m.old_account from account_merges m"                                       \
	"   join mine on m.new_account = mine.account"                                             \
	") "
#define COLUMNS                                                                                    \
	"select c.ordinal, b.number, c.id, encode(c.definition_hash, 'hex'), c.time_zone,"         \
	" b.status, b.units, b.place, (extract(epoch from b.booked_at) * 1000)::bigint,"           \
	" coalesce((extract(epoch from b.pay_by) * 1000)::bigint, 0), coalesce(b.rank, 0),"        \
	" exists (select from mine where mine.account = b.account)"                                \
	" from bookings b join campaigns c on c.ordinal = b.campaign "

/* The bookings that the ledger names under those accounts, one by one by their primary key, whatever
 * the planner thinks how many there are: the limits keep it from reading a table as a whole. */
static const char bookings_sql[] =
	MINE ", named (campaign, number) as ("
	     "  select o.campaign, o.numbers[found.nth] from mine cross join lateral ("
	     "   select campaign, accounts, numbers from booking_owners"
	     "   where prefix = any (owner_prefixes(mine.account)) offset 0"
	     "  ) o cross join lateral"
	     "  unnest(array_positions(o.accounts, mine.account)) found (nth)"
	     ") select own.* from named cross join lateral (" COLUMNS
	     "  where b.campaign = named.campaign and b.number = named.number limit 1"
	     ") own order by 1 desc, 2 limit 100";
static const char booking_sql[] = MINE COLUMNS "where b.campaign = $4 and b.number = $5";
static const char ledger_sql[] = "select decided_n from campaigns where ordinal = $1";

_Static_assert(LOOKUP_BOOKINGS_MAX == 100, "bookings_sql says so");

/* PostgreSQL reads 32 hexadecimal digits as a uuid. */
static void write_uuid(char target[UUID_TEXT], const uint8_t bytes[ACCOUNT_BYTES]) {
	struct text text = text_init(target, UUID_TEXT);
	text_append_hex(&text, bytes, ACCOUNT_BYTES);
}

static void copy_value(char *target, size_t capacity, const struct database_rows *rows, size_t row,
	size_t column) {
	struct text text = text_init(target, capacity);
	text_append(&text, database_value(rows, row, column));
}

/* A number that the schema keeps within its type; 0 for anything else. */
static uint64_t value_u64(const struct database_rows *rows, size_t row, size_t column) {
	int64_t value = database_value_i64(rows, row, column);
	return value < 0 ? 0 : (uint64_t)value;
}

static enum database_outcome query_contact(struct database *database,
	const struct lookup_question *question, struct lookup_answer *answer) {
	char identity[UUID_TEXT];
	write_uuid(identity, question->person.identities[0].bytes);
	const char *const values[] = {identity};
	struct database_rows *rows = NULL;
	enum database_outcome outcome =
		database_query(database, contact_sql, values, 1, QUERY_MS, &rows);
	if (outcome == DATABASE_OK && database_rows_count(rows) > 0) {
		answer->has_account = database_value_bytes(
			rows, 0, 0, answer->account.bytes, sizeof answer->account.bytes);
		int64_t channel = database_value_i64(rows, 0, 2);
		answer->has_partner = (channel == CHANNEL_EMAIL || channel == CHANNEL_SMS) &&
				      database_value_bytes(rows, 0, 1, answer->partner.bytes,
					      sizeof answer->partner.bytes);
		answer->partner_channel = channel == CHANNEL_EMAIL ? CHANNEL_EMAIL : CHANNEL_SMS;
	}
	database_rows_free(rows);
	return outcome;
}

static void read_booking(
	struct lookup_booking *booking, const struct database_rows *rows, size_t row) {
	*booking = (struct lookup_booking){
		.name = {.campaign_ordinal = (uint32_t)value_u64(rows, row, 0),
			.number = (uint32_t)value_u64(rows, row, 1)},
		.status = (enum booking_status)value_u64(rows, row, 5),
		.units = (uint32_t)value_u64(rows, row, 6),
		.place = value_u64(rows, row, 7),
		.booked_at_ms = (int64_t)value_u64(rows, row, 8),
		.pay_by_ms = (int64_t)value_u64(rows, row, 9),
		.rank = (uint32_t)value_u64(rows, row, 10),
		.is_mine = strcmp(database_value(rows, row, 11), "t") == 0,
	};
	copy_value(booking->campaign_id, sizeof booking->campaign_id, rows, row, 2);
	copy_value(booking->definition_hash, sizeof booking->definition_hash, rows, row, 3);
	copy_value(booking->time_zone, sizeof booking->time_zone, rows, row, 4);
}

struct person_values {
	char account[UUID_TEXT];
	char identities[IDENTITIES_MAX][UUID_TEXT];
};

/* A person with one identity gives it twice. */
static void write_person(struct person_values *values, const struct person *person) {
	write_uuid(values->account, person->account.bytes);
	for (uint8_t i = 0; i < IDENTITIES_MAX; i++) {
		uint8_t which = i < person->identities_count ? i : 0;
		write_uuid(values->identities[i], person->identities[which].bytes);
	}
}

static enum database_outcome query_ledger(
	struct database *database, const char *ordinal, struct lookup_answer *answer) {
	const char *const values[] = {ordinal};
	struct database_rows *rows = NULL;
	enum database_outcome outcome =
		database_query(database, ledger_sql, values, 1, QUERY_MS, &rows);
	if (outcome == DATABASE_OK && database_rows_count(rows) > 0) {
		answer->ledger_n = value_u64(rows, 0, 0);
	}
	database_rows_free(rows);
	return outcome;
}

static enum database_outcome query_bookings(struct database *database,
	const struct lookup_question *question, struct lookup_answer *answer,
	struct lookup_booking *bookings) {
	struct person_values person;
	write_person(&person, &question->person);
	char ordinal[24];
	char number[24];
	struct text text = text_init(ordinal, sizeof ordinal);
	text_append_u64(&text, question->name.campaign_ordinal);
	text = text_init(number, sizeof number);
	text_append_u64(&text, question->name.number);
	const char *const values[] = {
		person.account, person.identities[0], person.identities[1], ordinal, number};
	bool one = question->kind == LOOKUP_BOOKING;
	struct database_rows *rows = NULL;
	enum database_outcome outcome = database_query(
		database, one ? booking_sql : bookings_sql, values, one ? 5 : 3, QUERY_MS, &rows);
	if (outcome == DATABASE_OK) {
		size_t count = database_rows_count(rows);
		answer->count = count < LOOKUP_BOOKINGS_MAX ? count : LOOKUP_BOOKINGS_MAX;
		answer->bookings = bookings;
		for (size_t i = 0; i < answer->count; i++) {
			read_booking(&bookings[i], rows, i);
		}
	}
	database_rows_free(rows);
	if (outcome == DATABASE_OK && one && answer->count == 0) {
		outcome = query_ledger(database, ordinal, answer);
	}
	return outcome;
}

enum database_outcome lookup_query(struct database *database,
	const struct lookup_question *question, struct lookup_answer *answer,
	struct lookup_booking *bookings) {
	*answer = (struct lookup_answer){0};
	enum database_outcome outcome =
		question->kind == LOOKUP_CONTACT
			? query_contact(database, question, answer)
			: query_bookings(database, question, answer, bookings);
	answer->is_available = outcome == DATABASE_OK;
	return outcome;
}
