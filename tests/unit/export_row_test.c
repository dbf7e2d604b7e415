/*
 * export_row_test - rows of the ledger as CSV and JSON.
 */
#include "tests/unit/unit.h"

#include "cli/export_row.h"
#include "common/booking_id.h"

#define ACCOUNT "0123abcd00000000000000000000ffff"

static struct export_format format_of(bool csv) {
	struct export_format format = {.csv = csv, .ordinal = 3, .time_zone = "Asia/Kolkata"};
	memset(&format.booking_key, 0x5a, sizeof format.booking_key);
	return format;
}

static void a_row_becomes_a_line(void **state) {
	(void)state;
	static const struct {
		bool csv;
		const char *line; /* %s: the booking ID */
	} cases[] = {
		{true, "%s,12,2,booked,2026-11-22T15:30:00.123+05:30," ACCOUNT "\n"},
		{false, "{\"booking_id\":\"%s\",\"place\":12,\"count\":2,\"status\":\"booked\","
			"\"booked_at\":\"2026-11-22T15:30:00.123+05:30\","
			"\"account_id\":\"" ACCOUNT "\"}\n"},
	};
	static const char row[] = "9\t12\t2\t3\t1795341600123\t" ACCOUNT "\n";
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct export_format format = format_of(cases[i].csv);
		char id[BOOKING_ID_SIZE];
		booking_id_write(id, &format.booking_key, (struct booking_name){3, 9});
		char bytes[EXPORT_ROW_BYTES_MAX];
		struct text text = text_init(bytes, sizeof bytes);
		assert_true(export_row(&text, &format, row, strlen(row)));
		/* Twice the same: before the ID, and after it. */
		const char *percent = strchr(cases[i].line, '%');
		size_t before = (size_t)(percent - cases[i].line);
		assert_memory_equal(text.start, cases[i].line, before);
		assert_memory_equal(text.start + before, id, strlen(id));
		assert_string_equal(text.start + before + strlen(id), percent + 2);
	}
}

static void anything_else_is_refused(void **state) {
	(void)state;
	static const char *const rows[] = {
		"",
		"\n",
		"9\t12\t2\t3\t1795341600123\n",
		"9\t12\t2\t3\t1795341600123\t" ACCOUNT "\t1\n",
		"9\t12\t2\t3\t1795341600123\t" ACCOUNT "x\n",
		"0\t12\t2\t3\t1795341600123\t" ACCOUNT "\n",
		"4294967296\t12\t2\t3\t1795341600123\t" ACCOUNT "\n",
		"9\t\\N\t2\t3\t1795341600123\t" ACCOUNT "\n",
		"9\t12\t2\t7\t1795341600123\t" ACCOUNT "\n",
		"9\t12\t256\t3\t1795341600123\t" ACCOUNT "\n",
		"-9\t12\t2\t3\t1795341600123\t" ACCOUNT "\n",
	};
	struct export_format format = format_of(true);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char bytes[EXPORT_ROW_BYTES_MAX];
		struct text text = text_init(bytes, sizeof bytes);
		assert_false(export_row(&text, &format, rows[i], strlen(rows[i])));
	}
}

static void the_longest_line_fits(void **state) {
	(void)state;
	static const char row[] =
		"4294967295\t9223372036854775807\t255\t6\t253402200000000\t" ACCOUNT "\n";
	struct export_format format = format_of(false);
	char bytes[EXPORT_ROW_BYTES_MAX];
	struct text text = text_init(bytes, sizeof bytes);
	assert_true(export_row(&text, &format, row, strlen(row)));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_becomes_a_line),
		cmocka_unit_test(anything_else_is_refused),
		cmocka_unit_test(the_longest_line_fits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
