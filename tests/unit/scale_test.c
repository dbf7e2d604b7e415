/*
 * scale_test - axes end at round values, and say what they mark.
 */
#include "tests/load/scale.h"

#include "tests/unit/unit.h"

static void linear_axes_end_at_a_round_value(void **state) {
	(void)state;
	static const struct {
		double max;
		double end;
		size_t marks;
	} cases[] = {
		{0, 1, 3},
		{3, 3, 4},
		{4, 4, 5},
		{7, 8, 5},
		{999, 1000, 3},
		{1000, 1000, 3},
		{16040, 20000, 5},
		{6000000, 6000000, 4},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct scale scale;
		scale_init_linear(&scale, cases[i].max, 4);
		assert_float_equal(scale.max, cases[i].end, 1e-6);
		assert_int_equal(scale.marks_count, cases[i].marks);
		assert_float_equal(scale.marks[0], 0, 0);
		assert_float_equal(scale.marks[scale.marks_count - 1], cases[i].end, 1e-6);
	}
}

static void time_ends_where_the_run_did(void **state) {
	(void)state;
	struct scale scale;
	scale_init_exact(&scale, 11.02, 8);
	assert_float_equal(scale.max, 11.02, 1e-9);
	assert_int_equal(scale.marks_count, 6);
	assert_float_equal(scale.marks[5], 10, 1e-9);
}

static void values_are_placed_in_proportion(void **state) {
	(void)state;
	struct scale scale;
	scale_init_linear(&scale, 10, 4);
	scale.from = 200;
	scale.to = 40;
	assert_float_equal(scale_at(&scale, 0), 200, 1e-9);
	assert_float_equal(scale_at(&scale, 5), 120, 1e-9);
	assert_float_equal(scale_at(&scale, 10), 40, 1e-9);
	assert_float_equal(scale_at(&scale, 99), 40, 1e-9);
	assert_float_equal(scale_at(&scale, -1), 200, 1e-9);
}

static void logarithmic_axes_have_whole_powers(void **state) {
	(void)state;
	struct scale scale;
	scale_init_logarithmic(&scale, 250, 90000);
	assert_float_equal(scale.min, 100, 1e-6);
	assert_float_equal(scale.max, 100000, 1e-6);
	assert_int_equal(scale.marks_count, 4);
	scale.to = 3;
	assert_float_equal(scale_at(&scale, 1000), 1, 1e-9);
	scale_init_logarithmic(&scale, 10, 10);
	assert_float_equal(scale.max, 100, 1e-9);
	scale_init_logarithmic(&scale, 0, 0);
	assert_float_equal(scale.min, 1, 1e-9);
}

static void check_label(void (*write)(char *label, double value), double value, const char *want) {
	char label[SCALE_LABEL_SIZE];
	write(label, value);
	assert_string_equal(label, want);
}

static void labels(void **state) {
	(void)state;
	check_label(scale_label_count, 0, "0");
	check_label(scale_label_count, 250, "250");
	check_label(scale_label_count, 12000, "12 k");
	check_label(scale_label_count, 1.5e6, "1.5 M");
	check_label(scale_label_us, 100, "100 \xc2\xb5s");
	check_label(scale_label_us, 10000, "10 ms");
	check_label(scale_label_us, 2752000, "2.75 s");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(linear_axes_end_at_a_round_value),
		cmocka_unit_test(time_ends_where_the_run_did),
		cmocka_unit_test(values_are_placed_in_proportion),
		cmocka_unit_test(logarithmic_axes_have_whole_powers),
		cmocka_unit_test(labels),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
