/*
 * booking_id_test - unique, reversible, and every typing error that people make is caught.
 */
#include "common/booking_id.h"

#include <ctype.h>
#include <stdlib.h>

#include "common/pure/limits.h"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
static struct key key;

static int make_key(void **state) {
	(void)state;
	memset(key.bytes, 0x5a, sizeof key.bytes);
	return 0;
}

static bool reads(const char *text) {
	struct booking_name name;
	return booking_id_read(&name, &key, text, strlen(text));
}

static void assert_reads_as(const char *text, struct booking_name want) {
	struct booking_name got;
	assert_true(booking_id_read(&got, &key, text, strlen(text)));
	assert_int_equal(got.campaign_ordinal, want.campaign_ordinal);
	assert_int_equal(got.number, want.number);
}

static struct booking_name random_name(struct random *random) {
	return (struct booking_name){
		.campaign_ordinal = 1 + (uint32_t)random_below(random, CAMPAIGN_ORDINAL_MAX),
		.number = 1 + (uint32_t)random_below(random, UINT32_MAX),
	};
}

static void round_trips(void **state) {
	(void)state;
	static const struct booking_name edges[] = {{1, 1}, {1, UINT32_MAX},
		{CAMPAIGN_ORDINAL_MAX, 1}, {CAMPAIGN_ORDINAL_MAX, UINT32_MAX}};
	struct random random = {.state = 1};
	for (size_t i = 0; i < 20000; i++) {
		struct booking_name name = i < COUNT_OF(edges) ? edges[i] : random_name(&random);
		char id[BOOKING_ID_SIZE];
		booking_id_write(id, &key, name);
		assert_int_equal(strlen(id), BOOKING_ID_SIZE - 1);
		for (size_t c = 0; c < strlen(id); c++) {
			bool group_end = c == 4 || c == 9 || c == 14;
			assert_true(group_end ? id[c] == '-' : strchr(alphabet, id[c]) != NULL);
		}
		assert_reads_as(id, name);
	}
}

/* IDs are printed on paper: this one must be the same for ever. */
static void has_a_known_value(void **state) {
	(void)state;
	char id[BOOKING_ID_SIZE];
	booking_id_write(id, &key, (struct booking_name){.campaign_ordinal = 1, .number = 1});
	assert_string_equal(id, "9M29-F57G-S4R5-E");
}

static int compare_ids(const void *a, const void *b) {
	return strcmp(a, b);
}

/* The first 100,000 bookings of a campaign: no two alike, and no pattern to guess the next one by. */
static void neighbours_are_different(void **state) {
	(void)state;
	enum { COUNT = 100000 };
	static char ids[COUNT][BOOKING_ID_SIZE];
	size_t same_symbols = 0;
	for (uint32_t i = 0; i < COUNT; i++) {
		booking_id_write(ids[i], &key,
			(struct booking_name){.campaign_ordinal = 3, .number = i + 1});
		for (size_t c = 0; i > 0 && c < BOOKING_ID_SIZE - 1; c++) {
			same_symbols += ids[i][c] == ids[i - 1][c] && ids[i][c] != '-';
		}
	}
	/* 13 symbols of 32 values: by chance 0.41 of them are the same. */
	assert_in_range(same_symbols, COUNT * 39 / 100, COUNT * 42 / 100);
	qsort(ids, COUNT, sizeof ids[0], compare_ids);
	for (uint32_t i = 1; i < COUNT; i++) {
		assert_string_not_equal(ids[i], ids[i - 1]);
	}
}

static void catches_every_wrong_symbol(void **state) {
	(void)state;
	struct random random = {.state = 2};
	for (int i = 0; i < 500; i++) {
		char id[BOOKING_ID_SIZE];
		booking_id_write(id, &key, random_name(&random));
		for (size_t c = 0; c < BOOKING_ID_SIZE - 1; c++) {
			char right = id[c];
			for (const char *wrong = alphabet; right != '-' && *wrong != '\0';
				wrong++) {
				id[c] = *wrong;
				assert_int_equal(reads(id), *wrong == right);
			}
			id[c] = right;
		}
	}
}

/* Neighbours, and any other two symbols. */
static void catches_every_swap(void **state) {
	(void)state;
	struct random random = {.state = 3};
	for (int i = 0; i < 500; i++) {
		char id[BOOKING_ID_SIZE];
		booking_id_write(id, &key, random_name(&random));
		for (size_t a = 0; a < BOOKING_ID_SIZE - 1; a++) {
			for (size_t b = a + 1; b < BOOKING_ID_SIZE - 1; b++) {
				if (id[a] == id[b] || id[a] == '-' || id[b] == '-') {
					continue;
				}
				char swapped[BOOKING_ID_SIZE];
				memcpy(swapped, id, sizeof id);
				swapped[a] = id[b];
				swapped[b] = id[a];
				assert_false(reads(swapped));
			}
		}
	}
}

/* As people write: small letters, O and 0, I and L and 1, their own groups. */
static void reads_what_people_write(void **state) {
	(void)state;
	struct random random = {.state = 4};
	for (int i = 0; i < 2000; i++) {
		struct booking_name name = random_name(&random);
		char id[BOOKING_ID_SIZE];
		booking_id_write(id, &key, name);
		char written[4 * BOOKING_ID_SIZE];
		size_t used = 0;
		for (const char *c = id; *c != '\0'; c++) {
			static const char *const ones[] = {"1", "I", "i", "L", "l"};
			static const char *const zeroes[] = {"0", "O", "o"};
			char other = (char)tolower(*c);
			if (*c == '1') {
				other = *ones[random_below(&random, COUNT_OF(ones))];
			} else if (*c == '0') {
				other = *zeroes[random_below(&random, COUNT_OF(zeroes))];
			}
			if (*c != '-') {
				written[used++] = other;
			}
			if (random_below(&random, 3) == 0) {
				written[used++] = random_below(&random, 2) == 0 ? ' ' : '-';
			}
		}
		written[used] = '\0';
		assert_reads_as(written, name);
	}
}

static void refuses_everything_else(void **state) {
	(void)state;
	char id[BOOKING_ID_SIZE];
	booking_id_write(id, &key, (struct booking_name){.campaign_ordinal = 1, .number = 1});
	struct booking_name name;
	for (size_t size = 0; size < strlen(id); size++) {
		assert_false(booking_id_read(&name, &key, id, size));
	}
	char longer[64];
	snprintf(longer, sizeof longer, "%s0", id);
	assert_false(reads(longer));
	static const char *const wrong[] = {"", "-", "0000-0000-0000-U", "0000_0000_0000_0",
		"0000-0000-0000-\xc3\xa9", "________________", "'; drop table bookings; --"};
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		assert_false(reads(wrong[i]));
	}
	id[0] = '\0';
	assert_false(booking_id_read(&name, &key, id, BOOKING_ID_SIZE - 1));
}

/* One in 32 of all texts has the right check symbol: nothing but the key makes an ID real. */
static void another_key_gives_another_booking(void **state) {
	(void)state;
	struct key other = key;
	other.bytes[0] ^= 1;
	struct random random = {.state = 5};
	int same = 0;
	for (int i = 0; i < 1000; i++) {
		struct booking_name name = random_name(&random);
		struct booking_name got = {0};
		char id[BOOKING_ID_SIZE];
		booking_id_write(id, &other, name);
		if (booking_id_read(&got, &key, id, strlen(id))) {
			same += got.campaign_ordinal == name.campaign_ordinal ||
				got.number == name.number;
		}
	}
	assert_int_equal(same, 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trips),
		cmocka_unit_test(has_a_known_value),
		cmocka_unit_test(neighbours_are_different),
		cmocka_unit_test(catches_every_wrong_symbol),
		cmocka_unit_test(catches_every_swap),
		cmocka_unit_test(reads_what_people_write),
		cmocka_unit_test(refuses_everything_else),
		cmocka_unit_test(another_key_gives_another_booking),
	};
	return cmocka_run_group_tests(tests, make_key, NULL);
}
