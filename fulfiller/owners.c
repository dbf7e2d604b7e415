#include "fulfiller/owners.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS 4
#define CAPACITY_AT_FIRST 256u
#define GROUPS (1u << OWNERS_MANY_BITS)

static_assert(OWNERS_MANY_BITS == 8, "group_of is the first byte");
static_assert(OWNERS_FEW_BITS <= 24, "with the 1 before it a prefix is a positive integer");

void owners_init(struct owners *owners) {
	*owners = (struct owners){0};
	rows_init(&owners->rows);
}

void owners_finish(struct owners *owners) {
	free(owners->all);
	rows_finish(&owners->rows);
	owners_init(owners);
}

void owners_clear(struct owners *owners) {
	owners->count = 0;
	rows_clear(&owners->rows);
}

void owners_add(struct owners *owners, const struct owner *owner) {
	if (owners->count == owners->capacity) {
		owners->capacity = owners->capacity == 0 ? CAPACITY_AT_FIRST : owners->capacity * 2;
		owners->all = realloc(owners->all, owners->capacity * sizeof *owners->all);
		assert(owners->all != NULL);
	}
	owners->all[owners->count++] = *owner;
}

static int32_t prefix_of(const struct account_id *account, unsigned bits) {
	uint32_t first = (uint32_t)account->bytes[0] << 16 | (uint32_t)account->bytes[1] << 8 |
			 account->bytes[2];
	return (int32_t)(1u << bits | first >> (24 - bits));
}

/* One row; all of them have the prefix of the first. */
static void add_row(struct rows *rows, uint32_t ordinal, const struct owner *first, uint32_t count,
	unsigned bits) {
	rows_begin(rows, FIELDS);
	rows_i32(rows, prefix_of(&first->account, bits));
	rows_i32(rows, (int32_t)ordinal);
	rows_array(rows, ROWS_UUID, count);
	for (uint32_t i = 0; i < count; i++) {
		rows_uuid(rows, first[i].account.bytes);
	}
	rows_array(rows, ROWS_I64, count);
	for (uint32_t i = 0; i < count; i++) {
		rows_i64(rows, first[i].number);
	}
}

static uint8_t group_of(const struct owner *owner) {
	return owner->account.bytes[0];
}

/* Brings them into the order of their groups; starts[i] is where group i begins, the last one ends
 * at starts[GROUPS]. */
static struct owner *grouped(const struct owners *owners, uint32_t starts[GROUPS + 1]) {
	struct owner *sorted = malloc(owners->count * sizeof *sorted);
	assert(sorted != NULL);
	uint32_t next[GROUPS];
	memset(starts, 0, (GROUPS + 1) * sizeof *starts);
	for (uint32_t i = 0; i < owners->count; i++) {
		starts[group_of(&owners->all[i]) + 1]++;
	}
	for (uint32_t group = 0; group < GROUPS; group++) {
		starts[group + 1] += starts[group];
		next[group] = starts[group];
	}
	for (uint32_t i = 0; i < owners->count; i++) {
		sorted[next[group_of(&owners->all[i])]++] = owners->all[i];
	}
	return sorted;
}

static void add_groups(struct owners *owners, uint32_t ordinal) {
	uint32_t starts[GROUPS + 1];
	struct owner *sorted = grouped(owners, starts);
	for (uint32_t group = 0; group < GROUPS; group++) {
		for (uint32_t at = starts[group]; at < starts[group + 1]; at += OWNERS_ROW_MAX) {
			uint32_t left = starts[group + 1] - at;
			add_row(&owners->rows, ordinal, &sorted[at],
				left < OWNERS_ROW_MAX ? left : OWNERS_ROW_MAX, OWNERS_MANY_BITS);
		}
	}
	free(sorted);
}

struct rows *owners_rows(struct owners *owners, uint32_t ordinal) {
	rows_clear(&owners->rows);
	if (owners->count >= OWNERS_MANY) {
		add_groups(owners, ordinal);
		return &owners->rows;
	}
	for (uint32_t i = 0; i < owners->count; i++) {
		add_row(&owners->rows, ordinal, &owners->all[i], 1, OWNERS_FEW_BITS);
	}
	return &owners->rows;
}
