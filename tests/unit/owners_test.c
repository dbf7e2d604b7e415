/*
 * owners_test - in which rows the accounts of a plan stand.
 *
 * The rows are read back from the binary COPY format by a reader that knows nothing of rows.c.
 */
#include "tests/unit/unit.h"

#include "fulfiller/owners.h"

#define ORDINAL 7u
#define HEADER_BYTES 19u

/* ---- reading rows back ------------------------------------------------------------------------- */

struct row {
	int64_t prefix;
	int64_t ordinal;
	uint32_t count;
	uint8_t accounts[OWNERS_ROW_MAX][ACCOUNT_BYTES];
	int64_t numbers[OWNERS_ROW_MAX];
};

static const uint8_t *at;

static int64_t take(size_t size) {
	int64_t value = (int8_t)*at++;
	for (size_t i = 1; i < size; i++) {
		value = value * 256 + *at++;
	}
	return value;
}

/* The head of an array; returns how many elements come next. */
static uint32_t take_array(int64_t type, int64_t width) {
	int64_t size = take(4);
	assert_int_equal(take(4), 1); /* dimension */
	assert_int_equal(take(4), 0); /* no nulls */
	assert_int_equal(take(4), type);
	int64_t count = take(4);
	assert_int_equal(take(4), 1); /* first subscript */
	assert_int_equal(size, 20 + count * (4 + width));
	assert_in_range(count, 1, OWNERS_ROW_MAX);
	return (uint32_t)count;
}

/* False at the trailer. */
static bool next_row(struct row *row) {
	int64_t fields = take(2);
	if (fields == -1) {
		return false;
	}
	assert_int_equal(fields, 4);
	assert_int_equal(take(4), 4);
	row->prefix = take(4);
	assert_int_equal(take(4), 4);
	row->ordinal = take(4);
	row->count = take_array(2950, ACCOUNT_BYTES);
	for (uint32_t i = 0; i < row->count; i++) {
		assert_int_equal(take(4), ACCOUNT_BYTES);
		memcpy(row->accounts[i], at, ACCOUNT_BYTES);
		at += ACCOUNT_BYTES;
	}
	assert_int_equal(take_array(20, 8), row->count);
	for (uint32_t i = 0; i < row->count; i++) {
		assert_int_equal(take(4), 8);
		row->numbers[i] = take(8);
	}
	return true;
}

/* ---- tests ------------------------------------------------------------------------------------- */

static struct owners owners;
static struct row row;

/* Any account, by its booking number; the same ones each time. */
static struct account_id account_of(uint32_t number) {
	struct account_id account = {{0}};
	uint32_t mixed = number * 2654435761u;
	for (size_t i = 0; i < 4; i++) {
		account.bytes[i] = (uint8_t)(mixed >> (24 - 8 * i));
	}
	account.bytes[15] = 1;
	return account;
}

static void add(uint32_t number, struct account_id account) {
	owners_add(&owners, &(struct owner){account, number});
}

/* Each booking stands once, beside its account, in a row of its prefix. Returns the count of rows. */
static uint32_t assert_each_once(uint32_t count, unsigned bits) {
	static bool seen[2 * OWNERS_MANY + 1];
	memset(seen, 0, sizeof seen);
	struct rows *rows = owners_rows(&owners, ORDINAL);
	rows_seal(rows);
	at = rows->start + HEADER_BYTES;
	uint32_t rows_count = 0;
	while (next_row(&row)) {
		rows_count++;
		assert_int_equal(row.ordinal, ORDINAL);
		for (uint32_t i = 0; i < row.count; i++) {
			const uint8_t *account = row.accounts[i];
			struct account_id wanted = account_of((uint32_t)row.numbers[i]);
			int64_t first = account[0] * 65536 + account[1] * 256 + account[2];
			assert_memory_equal(account, wanted.bytes, ACCOUNT_BYTES);
			assert_int_equal(row.prefix, (1 << bits) + (first >> (24 - bits)));
			assert_false(seen[row.numbers[i]]);
			seen[row.numbers[i]] = true;
		}
	}
	for (uint32_t number = 1; number <= count; number++) {
		assert_true(seen[number]);
	}
	return rows_count;
}

static void few_have_a_row_each(void **state) {
	(void)state;
	for (uint32_t number = 1; number <= 5; number++) {
		add(number, account_of(number));
	}
	assert_int_equal(assert_each_once(5, OWNERS_FEW_BITS), 5);
}

static void many_share_rows_by_their_first_byte(void **state) {
	(void)state;
	for (uint32_t number = 1; number <= OWNERS_MANY; number++) {
		add(number, account_of(number));
	}
	assert_int_equal(assert_each_once(OWNERS_MANY, OWNERS_MANY_BITS), 256);
	/* A plan is written again when its transaction failed. */
	assert_int_equal(assert_each_once(OWNERS_MANY, OWNERS_MANY_BITS), 256);
}

static void a_row_fits_into_a_page_whatever_the_accounts_are(void **state) {
	(void)state;
	struct account_id same = account_of(1);
	for (uint32_t number = 1; number <= OWNERS_MANY; number++) {
		add(number, same);
	}
	struct rows *rows = owners_rows(&owners, ORDINAL);
	rows_seal(rows);
	at = rows->start + HEADER_BYTES;
	for (uint32_t i = 0; i < OWNERS_MANY / OWNERS_ROW_MAX; i++) {
		assert_true(next_row(&row));
		assert_int_equal(row.count, OWNERS_ROW_MAX);
	}
	assert_false(next_row(&row));
}

static void what_was_cleared_is_forgotten(void **state) {
	(void)state;
	add(1, account_of(1));
	owners_clear(&owners);
	assert_int_equal(owners_rows(&owners, ORDINAL)->count, 0);
}

static int begin(void **state) {
	(void)state;
	owners_init(&owners);
	return 0;
}

static int end(void **state) {
	(void)state;
	owners_finish(&owners);
	return 0;
}

#define OWNERS_TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
	const struct CMUnitTest tests[] = {
		OWNERS_TEST(few_have_a_row_each),
		OWNERS_TEST(many_share_rows_by_their_first_byte),
		OWNERS_TEST(a_row_fits_into_a_page_whatever_the_accounts_are),
		OWNERS_TEST(what_was_cleared_is_forgotten),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
