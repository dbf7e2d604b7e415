#include "tests/sim/ledger.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "tests/sim/world.h"

#define SESSIONS_MAX 4096u
#define LOCKS_MAX 64u

struct table {
	uint8_t *rows;
	size_t row_size;
	size_t count;
	size_t capacity;
};

/* A row as it was before the transaction changed it; in one in doubt, as it will be. */
struct undo {
	enum ledger_table table;
	size_t index;
	uint8_t *row;
};

struct transaction {
	bool is_open;
	size_t counts[LEDGER_TABLES]; /* before it */
	struct undo *undos;
	size_t undos_count;
	size_t undos_capacity;
};

/* What a transaction in doubt has added, by table. */
struct doubt {
	bool is_there;
	struct transaction changed;
	uint8_t *added[LEDGER_TABLES];
	size_t added_count[LEDGER_TABLES];
};

struct session {
	bool closed;
	int64_t ends_at_us; /* INT64_MAX: not known yet */
	int64_t alive_us;
	int64_t idle_limit_us; /* 0: none */
};

struct lock {
	uint32_t ordinal;
	uint64_t session;
};

static struct {
	struct table tables[LEDGER_TABLES];
	struct transaction transaction;
	struct doubt doubt;
	bool away;
	uint64_t sessions_count;
	struct session sessions[SESSIONS_MAX];
	size_t locks_count;
	struct lock locks[LOCKS_MAX];
} ledger;

static const struct {
	size_t row_size;
	size_t capacity;
} shapes[LEDGER_TABLES] = {
	[LEDGER_CAMPAIGNS] = {sizeof(struct ledger_campaign), 16},
	[LEDGER_BOOKINGS] = {sizeof(struct ledger_booking), 4096},
	[LEDGER_OWNERS] = {sizeof(struct ledger_owner), 4096},
	[LEDGER_CHANGES] = {sizeof(struct ledger_change), 16384},
	[LEDGER_DRAINS] = {sizeof(struct ledger_drain), 32768},
	[LEDGER_CONTACTS] = {sizeof(struct ledger_contact), 4096},
	[LEDGER_MERGES] = {sizeof(struct ledger_merge), 1024},
	[LEDGER_NEWS] = {sizeof(struct ledger_news), 8192},
	[LEDGER_NOTICES] = {sizeof(struct ledger_notice), 16384},
	[LEDGER_POSITIONS] = {sizeof(struct ledger_position), 16},
};

int64_t ledger_now_us(void) {
	return WORLD_EPOCH_US + world_now_us();
}

/* ---- rows -------------------------------------------------------------------------------------- */

size_t ledger_count(enum ledger_table table) {
	return ledger.tables[table].count;
}

void *ledger_row(enum ledger_table which, size_t index) {
	const struct table *table = &ledger.tables[which];
	assert(index < table->count);
	return table->rows + index * table->row_size;
}

void *ledger_insert(enum ledger_table which) {
	struct table *table = &ledger.tables[which];
	assert(table->count < table->capacity);
	table->count++;
	void *row = ledger_row(which, table->count - 1);
	memset(row, 0, table->row_size);
	return row;
}

void ledger_touch(enum ledger_table which, const void *row) {
	struct transaction *transaction = &ledger.transaction;
	const struct table *table = &ledger.tables[which];
	size_t index = (size_t)((const uint8_t *)row - table->rows) / table->row_size;
	if (!transaction->is_open || index >= transaction->counts[which]) {
		return;
	}
	if (transaction->undos_count == transaction->undos_capacity) {
		transaction->undos_capacity = transaction->undos_capacity * 2 + 64;
		transaction->undos = realloc(transaction->undos,
			transaction->undos_capacity * sizeof *transaction->undos);
		assert(transaction->undos != NULL);
	}
	transaction->undos[transaction->undos_count++] = (struct undo){
		.table = which, .index = index, .row = memory_copy(row, table->row_size)};
}

struct ledger_campaign *ledger_campaign(uint32_t ordinal) {
	for (size_t i = 0; i < ledger_count(LEDGER_CAMPAIGNS); i++) {
		struct ledger_campaign *campaign = ledger_row(LEDGER_CAMPAIGNS, i);
		if (campaign->ordinal == ordinal) {
			return campaign;
		}
	}
	return NULL;
}

struct ledger_booking *ledger_booking(uint32_t campaign, uint32_t number) {
	for (size_t i = 0; i < ledger_count(LEDGER_BOOKINGS); i++) {
		struct ledger_booking *booking = ledger_row(LEDGER_BOOKINGS, i);
		if (booking->campaign == campaign && booking->number == number) {
			return booking;
		}
	}
	return NULL;
}

struct account_id ledger_account_now(const struct account_id *account) {
	for (size_t i = 0; i < ledger_count(LEDGER_MERGES); i++) {
		const struct ledger_merge *merge = ledger_row(LEDGER_MERGES, i);
		if (memcmp(&merge->old_account, account, sizeof *account) == 0) {
			return merge->new_account;
		}
	}
	return *account;
}

bool ledger_has_news(void) {
	for (size_t i = 0; i < ledger_count(LEDGER_NEWS); i++) {
		const struct ledger_news *news = ledger_row(LEDGER_NEWS, i);
		if (!news->removed) {
			return true;
		}
	}
	return false;
}

bool ledger_insists_on(const struct ledger_campaign *campaign, int channel) {
	enum verification verification = campaign->verification;
	return verification == VERIFICATION_BOTH ||
	       verification == (channel == CHANNEL_EMAIL ? VERIFICATION_EMAIL : VERIFICATION_PHONE);
}

/* ---- transactions ------------------------------------------------------------------------------ */

static void forget(struct transaction *transaction) {
	for (size_t i = 0; i < transaction->undos_count; i++) {
		free(transaction->undos[i].row);
	}
	free(transaction->undos);
	*transaction = (struct transaction){0};
}

void ledger_transaction_begin(void) {
	struct transaction *transaction = &ledger.transaction;
	assert(!transaction->is_open);
	transaction->is_open = true;
	for (size_t i = 0; i < LEDGER_TABLES; i++) {
		transaction->counts[i] = ledger.tables[i].count;
	}
}

void ledger_transaction_commit(void) {
	assert(ledger.transaction.is_open);
	forget(&ledger.transaction);
}

/* Exchanges what the rows are and what they were, the last change first. */
static void exchange(struct transaction *transaction) {
	for (size_t i = transaction->undos_count; i-- > 0;) {
		struct undo *undo = &transaction->undos[i];
		size_t size = ledger.tables[undo->table].row_size;
		void *row = ledger_row(undo->table, undo->index);
		void *now = memory_copy(row, size);
		memcpy(row, undo->row, size);
		free(undo->row);
		undo->row = now;
	}
}

void ledger_transaction_roll_back(void) {
	assert(ledger.transaction.is_open);
	exchange(&ledger.transaction);
	for (size_t i = 0; i < LEDGER_TABLES; i++) {
		ledger.tables[i].count = ledger.transaction.counts[i];
	}
	forget(&ledger.transaction);
}

void ledger_transaction_leave_in_doubt(void) {
	struct transaction *transaction = &ledger.transaction;
	struct doubt *doubt = &ledger.doubt;
	assert(transaction->is_open);
	assert(!doubt->is_there);
	doubt->is_there = true;
	exchange(transaction);
	for (size_t i = 0; i < LEDGER_TABLES; i++) {
		struct table *table = &ledger.tables[i];
		size_t before = transaction->counts[i];
		doubt->added_count[i] = table->count - before;
		size_t size = doubt->added_count[i] * table->row_size;
		doubt->added[i] = memory_new(size + 1);
		memcpy(doubt->added[i], table->rows + before * table->row_size, size);
		table->count = before;
	}
	doubt->changed = *transaction;
	*transaction = (struct transaction){0};
}

static void forget_doubt(void) {
	for (size_t i = 0; i < LEDGER_TABLES; i++) {
		free(ledger.doubt.added[i]);
	}
	forget(&ledger.doubt.changed);
	ledger.doubt = (struct doubt){0};
}

/* Each row that it changed is locked, so nobody else has changed it meanwhile. A row that was changed
 * twice was exchanged from the last change to the first: the newest is in the last undo. */
void ledger_resolve_doubt(void) {
	struct doubt *doubt = &ledger.doubt;
	if (!doubt->is_there) {
		return;
	}
	assert(!ledger.transaction.is_open);
	for (size_t i = 0; i < doubt->changed.undos_count; i++) {
		const struct undo *undo = &doubt->changed.undos[i];
		memcpy(ledger_row(undo->table, undo->index), undo->row,
			ledger.tables[undo->table].row_size);
	}
	for (enum ledger_table table = 0; table < LEDGER_TABLES; table++) {
		size_t size = ledger.tables[table].row_size;
		for (size_t i = 0; i < doubt->added_count[table]; i++) {
			memcpy(ledger_insert(table), doubt->added[table] + i * size, size);
		}
	}
	forget_doubt();
	trace("ledger: a transaction that was in doubt has committed");
}

/* ---- sessions ---------------------------------------------------------------------------------- */

static struct session *session_of(uint64_t number) {
	assert(number > 0 && number <= ledger.sessions_count);
	return &ledger.sessions[number - 1];
}

static bool has_ended(const struct session *session) {
	int64_t now_us = ledger_now_us();
	bool idle =
		session->idle_limit_us > 0 && now_us - session->alive_us >= session->idle_limit_us;
	return session->closed || now_us >= session->ends_at_us || idle;
}

uint64_t ledger_session_open(void) {
	if (ledger.away) {
		return 0;
	}
	assert(ledger.sessions_count < SESSIONS_MAX);
	ledger.sessions_count++;
	*session_of(ledger.sessions_count) = (struct session){
		.ends_at_us = INT64_MAX,
		.alive_us = ledger_now_us(),
	};
	return ledger.sessions_count;
}

void ledger_session_close(uint64_t number, int64_t delay_us) {
	session_of(number)->ends_at_us = ledger_now_us() + delay_us;
}

bool ledger_session_is_open(uint64_t number) {
	struct session *session = session_of(number);
	if (has_ended(session)) {
		session->closed = true;
		return false;
	}
	session->alive_us = ledger_now_us();
	return true;
}

void ledger_session_limit(uint64_t number, int64_t idle_us) {
	session_of(number)->idle_limit_us = idle_us;
}

bool ledger_session_lock(uint64_t number, uint32_t ordinal) {
	for (size_t i = 0; i < ledger.locks_count; i++) {
		struct lock *lock = &ledger.locks[i];
		if (lock->ordinal == ordinal) {
			if (lock->session != number && !has_ended(session_of(lock->session))) {
				return false;
			}
			lock->session = number;
			return true;
		}
	}
	assert(ledger.locks_count < LOCKS_MAX);
	ledger.locks[ledger.locks_count++] = (struct lock){ordinal, number};
	return true;
}

void ledger_end_sessions(void) {
	for (uint64_t i = 1; i <= ledger.sessions_count; i++) {
		session_of(i)->closed = true;
	}
}

void ledger_set_away(bool away) {
	ledger.away = away;
	if (away) {
		ledger_end_sessions();
	}
}

/* ---- life -------------------------------------------------------------------------------------- */

void ledger_begin(void) {
	memset(&ledger, 0, sizeof ledger);
	for (size_t i = 0; i < LEDGER_TABLES; i++) {
		ledger.tables[i] = (struct table){
			.rows = memory_new(shapes[i].row_size * shapes[i].capacity),
			.row_size = shapes[i].row_size,
			.capacity = shapes[i].capacity,
		};
	}
}

void ledger_end(void) {
	forget(&ledger.transaction);
	forget_doubt();
	for (size_t i = 0; i < LEDGER_TABLES; i++) {
		free(ledger.tables[i].rows);
		ledger.tables[i] = (struct table){0};
	}
}
