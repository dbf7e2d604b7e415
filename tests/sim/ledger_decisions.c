/*
 * ledger_decisions - what the statements of fulfiller/store.c do to the tables; see database.h.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/definition_json.h"
#include "common/pure/text.h"
#include "fulfiller/owners.h"
#include "tests/sim/database.h"
#include "tests/sim/ledger.h"

/* 2000-01-01T00:00:00Z, where PostgreSQL begins to count. */
#define POSTGRES_EPOCH_US INT64_C(946684800000000)
#define COPY_HEADER_BYTES 19u

static enum database_outcome refuse(
	struct statement_call *call, enum database_outcome outcome, const char *error) {
	call->error = error;
	return outcome;
}

/* ---- claims ------------------------------------------------------------------------------------ */

static enum database_outcome take_lock(struct statement_call *call) {
	rows_set_columns(call->rows, 1);
	rows_add_i64(call->rows, ledger_session_lock(call->session, (uint32_t)call_i64(call, 1)));
	return DATABASE_OK;
}

static enum database_outcome read_position(struct statement_call *call) {
	rows_set_columns(call->rows, 4);
	for (size_t i = 0; i < ledger_count(LEDGER_CAMPAIGNS); i++) {
		const struct ledger_campaign *campaign = ledger_row(LEDGER_CAMPAIGNS, i);
		bool same_id = strcmp(campaign->id, call_text(call, 2)) == 0;
		if (campaign->ordinal != call_i64(call, 1) && !same_id) {
			continue;
		}
		rows_add_i64(call->rows, campaign->ordinal);
		rows_add_i64(call->rows, same_id);
		rows_add_i64(call->rows, (int64_t)campaign->decided_n);
		if (campaign->has_digest) {
			rows_add_hex(call->rows, campaign->digest, DIGEST_BYTES);
		} else {
			rows_add_null(call->rows);
		}
	}
	return DATABASE_OK;
}

/* ---- campaigns --------------------------------------------------------------------------------- */

static void copy_text(char *target, size_t size, const char *value) {
	int length = snprintf(target, size, "%s", value);
	assert(length >= 0 && (size_t)length < size);
}

static enum database_outcome define_campaign(struct statement_call *call) {
	uint32_t ordinal = (uint32_t)call_i64(call, 1);
	for (size_t i = 0; i < ledger_count(LEDGER_CAMPAIGNS); i++) {
		const struct ledger_campaign *other = ledger_row(LEDGER_CAMPAIGNS, i);
		if (other->ordinal != ordinal && strcmp(other->id, call_text(call, 2)) == 0) {
			return refuse(call, DATABASE_CONFLICT, "23505 the id is taken");
		}
	}
	struct ledger_campaign *campaign = ledger_campaign(ordinal);
	if (campaign != NULL) {
		ledger_touch(LEDGER_CAMPAIGNS, campaign);
	} else {
		campaign = ledger_insert(LEDGER_CAMPAIGNS);
		campaign->ordinal = ordinal;
		campaign->state = CAMPAIGN_SCHEDULED;
		copy_text(campaign->id, sizeof campaign->id, call_text(call, 2));
	}
	copy_text(campaign->definition, sizeof campaign->definition, call_text(call, 3));
	copy_text(campaign->title, sizeof campaign->title, call_text(call, 5));
	copy_text(campaign->pickup_text, sizeof campaign->pickup_text, call_text(call, 6));
	copy_text(campaign->time_zone, sizeof campaign->time_zone, call_text(call, 7));
	struct definition definition;
	char problem[JSON_ERROR_BYTES];
	bool read = definition_read_stored(
		&definition, problem, campaign->definition, strlen(campaign->definition));
	assert(read); /* store.c has read it before */
	campaign->has_price = definition.price_paise > 0;
	campaign->verification = definition.verification;
	return DATABASE_OK;
}

static enum database_outcome move_position(struct statement_call *call) {
	rows_set_columns(call->rows, 1);
	struct ledger_campaign *campaign = ledger_campaign((uint32_t)call_i64(call, 1));
	if (campaign == NULL || campaign->decided_n != (uint64_t)call_i64(call, 2)) {
		return DATABASE_OK;
	}
	ledger_touch(LEDGER_CAMPAIGNS, campaign);
	campaign->decided_n = (uint64_t)call_i64(call, 3);
	campaign->decided_at_us = call_i64(call, 4) * 1000;
	campaign->state = (enum campaign_state)call_i64(call, 5);
	campaign->counters = (struct counters){
		.available = (uint32_t)call_i64(call, 6),
		.held = (uint32_t)call_i64(call, 7),
		.sold = (uint32_t)call_i64(call, 8),
		.waiting = (uint32_t)call_i64(call, 9),
	};
	const char *digest = call_text(call, 10);
	campaign->has_digest = text_parse_hex(
		digest + 2, strlen(digest + 2), campaign->digest, sizeof campaign->digest);
	assert(campaign->has_digest);
	rows_add_i64(call->rows, 1);
	return DATABASE_OK;
}

static enum database_outcome note_drain(struct statement_call *call) {
	uint32_t ordinal = (uint32_t)call_i64(call, 1);
	uint64_t last_n = (uint64_t)call_i64(call, 2);
	for (size_t i = 0; i < ledger_count(LEDGER_DRAINS); i++) {
		const struct ledger_drain *drain = ledger_row(LEDGER_DRAINS, i);
		if (drain->campaign == ordinal && drain->last_n == last_n) {
			return refuse(call, DATABASE_CONFLICT, "23505 drains_pkey");
		}
	}
	struct ledger_drain *drain = ledger_insert(LEDGER_DRAINS);
	*drain = (struct ledger_drain){ordinal, last_n};
	return DATABASE_OK;
}

/* ---- COPY ... FROM STDIN (FORMAT binary) -------------------------------------------------------- */

struct copy {
	const uint8_t *bytes;
	size_t used;
	size_t size;
};

static uint64_t take_big_endian(struct copy *copy, size_t size) {
	assert(copy->size - copy->used >= size);
	uint64_t value = 0;
	for (size_t i = 0; i < size; i++) {
		value = value << 8 | copy->bytes[copy->used++];
	}
	return value;
}

static struct copy begin_copy(const struct statement_call *call) {
	struct copy copy = {.bytes = call->copied, .size = call->copied_size};
	assert(copy.size > COPY_HEADER_BYTES);
	copy.used = COPY_HEADER_BYTES;
	return copy;
}

/* False at the trailer. */
static bool next_row(struct copy *copy, size_t fields) {
	uint64_t count = take_big_endian(copy, 2);
	if (count == UINT16_MAX) {
		assert(copy->used == copy->size);
		return false;
	}
	assert(count == fields);
	return true;
}

static int64_t take_field(struct copy *copy, size_t size) {
	size_t length = (size_t)take_big_endian(copy, 4);
	assert(length == size);
	return (int64_t)take_big_endian(copy, length);
}

/* 0 if it is null. */
static int64_t take_field_or_null(struct copy *copy) {
	size_t length = (size_t)take_big_endian(copy, 4);
	assert(length == UINT32_MAX || length == 8);
	return length == UINT32_MAX ? 0 : (int64_t)take_big_endian(copy, length);
}

static int64_t take_time(struct copy *copy) {
	return take_field(copy, 8) + POSTGRES_EPOCH_US;
}

static int64_t take_time_or_null(struct copy *copy) {
	int64_t time_us = take_field_or_null(copy);
	return time_us == 0 ? 0 : time_us + POSTGRES_EPOCH_US;
}

static void take_account(struct copy *copy, struct account_id *account) {
	uint64_t length = take_big_endian(copy, 4);
	assert(length == ACCOUNT_BYTES);
	memcpy(account->bytes, copy->bytes + copy->used, ACCOUNT_BYTES);
	copy->used += ACCOUNT_BYTES;
}

static enum database_outcome copy_bookings(struct statement_call *call) {
	struct copy copy = begin_copy(call);
	while (next_row(&copy, 10)) {
		struct ledger_booking row;
		memset(&row, 0, sizeof row); /* with its gaps: rows are compared as bytes */
		row.campaign = (uint32_t)take_field(&copy, 4);
		row.number = (uint32_t)take_field(&copy, 8);
		take_account(&copy, &row.account);
		row.status = (enum booking_status)take_field(&copy, 2);
		row.units = (uint32_t)take_field(&copy, 2);
		row.place = (uint64_t)take_field(&copy, 8);
		row.decision_n = (uint64_t)take_field(&copy, 8);
		row.booked_at_us = take_time(&copy);
		row.pay_by_us = take_time_or_null(&copy);
		row.rank = (uint32_t)take_field_or_null(&copy);
		if (ledger_booking(row.campaign, row.number) != NULL) {
			return refuse(call, DATABASE_CONFLICT, "23505 bookings_pkey");
		}
		memcpy(ledger_insert(LEDGER_BOOKINGS), &row, sizeof row);
	}
	return DATABASE_OK;
}

/* The length of an array of so wide elements of that type, which come next as if each were a field. */
static size_t take_array(struct copy *copy, uint64_t type, size_t width) {
	/* Size, dimensions, a flag for nulls, type, length, first subscript. */
	uint64_t head[6];
	for (size_t i = 0; i < sizeof head / sizeof *head; i++) {
		head[i] = take_big_endian(copy, 4);
	}
	assert(head[1] == 1 && head[2] == 0 && head[3] == type && head[5] == 1);
	assert(head[4] > 0);
	assert(head[4] <= OWNERS_ROW_MAX);
	assert(head[0] == 20 + head[4] * (4 + width));
	return (size_t)head[4];
}

static enum database_outcome copy_owners(struct statement_call *call) {
	struct copy copy = begin_copy(call);
	while (next_row(&copy, 4)) {
		struct ledger_owner row;
		struct ledger_owner *added[OWNERS_ROW_MAX];
		memset(&row, 0, sizeof row);
		row.prefix = take_field(&copy, 4);
		row.campaign = (uint32_t)take_field(&copy, 4);
		size_t count = take_array(&copy, ROWS_UUID, ACCOUNT_BYTES);
		for (size_t i = 0; i < count; i++) {
			take_account(&copy, &row.account);
			added[i] = ledger_insert(LEDGER_OWNERS);
			memcpy(added[i], &row, sizeof row);
		}
		size_t numbers_count = take_array(&copy, ROWS_I64, 8);
		assert(numbers_count == count);
		for (size_t i = 0; i < count; i++) {
			added[i]->number = (uint32_t)take_field(&copy, 8);
		}
	}
	return DATABASE_OK;
}

static bool change_is_there(const struct ledger_change *row) {
	for (size_t i = 0; i < ledger_count(LEDGER_CHANGES); i++) {
		const struct ledger_change *other = ledger_row(LEDGER_CHANGES, i);
		if (!other->removed && other->campaign == row->campaign &&
			other->decision_n == row->decision_n && other->position == row->position) {
			return true;
		}
	}
	return false;
}

static enum database_outcome copy_changes(struct statement_call *call) {
	struct copy copy = begin_copy(call);
	while (next_row(&copy, 8)) {
		struct ledger_change row;
		memset(&row, 0, sizeof row);
		row.campaign = (uint32_t)take_field(&copy, 4);
		row.decision_n = (uint64_t)take_field(&copy, 8);
		row.position = (uint32_t)take_field(&copy, 4);
		row.number = (uint32_t)take_field(&copy, 8);
		row.status = (enum booking_status)take_field(&copy, 2);
		row.cause = (int)take_field(&copy, 2);
		row.pay_by_us = take_time_or_null(&copy);
		row.changed_at_us = take_time(&copy);
		if (change_is_there(&row)) {
			return refuse(call, DATABASE_CONFLICT, "23505 booking_changes_pkey");
		}
		memcpy(ledger_insert(LEDGER_CHANGES), &row, sizeof row);
	}
	return DATABASE_OK;
}

/* ---- changes ----------------------------------------------------------------------------------- */

static bool is_after(const struct ledger_change *a, const struct ledger_change *b) {
	return a->decision_n != b->decision_n ? a->decision_n > b->decision_n
					      : a->position > b->position;
}

/* Of the changes with a decision_n above base: whether row is one. */
static bool is_new(const struct ledger_change *row, uint32_t campaign, uint64_t base_n) {
	return !row->removed && row->campaign == campaign && row->decision_n > base_n;
}

/* lag(status) over (partition by number order by decision_n, position): 0 if there is none. */
static enum booking_status status_before(
	const struct ledger_change *row, uint32_t campaign, uint64_t base_n) {
	const struct ledger_change *before = NULL;
	for (size_t i = 0; i < ledger_count(LEDGER_CHANGES); i++) {
		const struct ledger_change *other = ledger_row(LEDGER_CHANGES, i);
		if (is_new(other, campaign, base_n) && other->number == row->number &&
			is_after(row, other) && (before == NULL || is_after(other, before))) {
			before = other;
		}
	}
	return before == NULL ? 0 : before->status;
}

/* All rows are looked at as they were before the statement, so what it removes is marked first. */
static enum database_outcome drop_idle_refunds(struct statement_call *call) {
	uint32_t campaign = (uint32_t)call_i64(call, 1);
	uint64_t base_n = (uint64_t)call_i64(call, 2);
	static bool idle[65536];
	size_t count = ledger_count(LEDGER_CHANGES);
	assert(count <= sizeof idle / sizeof *idle);
	for (size_t i = 0; i < count; i++) {
		const struct ledger_change *row = ledger_row(LEDGER_CHANGES, i);
		idle[i] = false;
		if (is_new(row, campaign, base_n) && row->status == BOOKING_REFUND_DUE) {
			enum booking_status before = status_before(row, campaign, base_n);
			const struct ledger_booking *booking =
				ledger_booking(campaign, row->number);
			if (before == 0 && booking != NULL) {
				before = booking->status;
			}
			idle[i] = before != BOOKING_RELEASED;
		}
	}
	for (size_t i = 0; i < count; i++) {
		if (idle[i]) {
			struct ledger_change *row = ledger_row(LEDGER_CHANGES, i);
			ledger_touch(LEDGER_CHANGES, row);
			row->removed = true;
		}
	}
	return DATABASE_OK;
}

static bool is_last_of_its_booking(const struct ledger_change *row, uint64_t base_n) {
	for (size_t i = 0; i < ledger_count(LEDGER_CHANGES); i++) {
		const struct ledger_change *other = ledger_row(LEDGER_CHANGES, i);
		if (is_new(other, row->campaign, base_n) && other->number == row->number &&
			is_after(other, row)) {
			return false;
		}
	}
	return true;
}

/* max(pay_by) over (partition by number) */
static int64_t latest_pay_by_us(const struct ledger_change *row, uint64_t base_n) {
	int64_t latest_us = 0;
	for (size_t i = 0; i < ledger_count(LEDGER_CHANGES); i++) {
		const struct ledger_change *other = ledger_row(LEDGER_CHANGES, i);
		if (is_new(other, row->campaign, base_n) && other->number == row->number &&
			other->pay_by_us > latest_us) {
			latest_us = other->pay_by_us;
		}
	}
	return latest_us;
}

static enum database_outcome apply_changes(struct statement_call *call) {
	uint32_t campaign = (uint32_t)call_i64(call, 1);
	uint64_t base_n = (uint64_t)call_i64(call, 2);
	int64_t unknown = 0;
	for (size_t i = 0; i < ledger_count(LEDGER_CHANGES); i++) {
		const struct ledger_change *row = ledger_row(LEDGER_CHANGES, i);
		if (!is_new(row, campaign, base_n) || !is_last_of_its_booking(row, base_n)) {
			continue;
		}
		struct ledger_booking *booking = ledger_booking(campaign, row->number);
		if (booking == NULL) {
			unknown++;
			continue;
		}
		ledger_touch(LEDGER_BOOKINGS, booking);
		booking->status = row->status;
		int64_t pay_by_us = latest_pay_by_us(row, base_n);
		booking->pay_by_us = pay_by_us == 0 ? booking->pay_by_us : pay_by_us;
	}
	rows_set_columns(call->rows, 1);
	rows_add_i64(call->rows, unknown);
	return DATABASE_OK;
}

const struct statement ledger_decisions_statements[] = {
	{"select pg_try_advisory_lock", UINT64_C(0x390d9c694136874b), take_lock},
	{"select ordinal, (id", UINT64_C(0xa190e8e1087c1ebd), read_position},
	{"select define_campaign", UINT64_C(0x6118d0da78656c58), define_campaign},
	{"update campaigns set decided_n", UINT64_C(0x31b676b17424380f), move_position},
	{"copy bookings ", UINT64_C(0xee9957f166040feb), copy_bookings},
	{"copy booking_owners ", UINT64_C(0x59e89496ac371dc), copy_owners},
	{"copy booking_changes ", UINT64_C(0x8fa18d9ec0e02cf9), copy_changes},
	{"delete from booking_changes", UINT64_C(0x6780a13c24013ab8), drop_idle_refunds},
	{"with news as (", UINT64_C(0x6268e8455e102eb6), apply_changes},
	{"insert into drains", UINT64_C(0x65d0a3f4c7d4c16f), note_drain},
	{NULL, 0, NULL},
};
