/*
 * bytes_test - little-endian order, and cursors that fail once and stay failed.
 */
#include "common/pure/bytes.h"

#include "tests/unit/unit.h"

static void writes_little_endian(void **state) {
	(void)state;
	uint8_t bytes[18];
	struct bytes_writer writer = bytes_writer_init(bytes, sizeof bytes);
	bytes_write_u8(&writer, 0x01);
	bytes_write_u16(&writer, 0x0302);
	bytes_write_u32(&writer, 0x07060504);
	bytes_write_u64(&writer, UINT64_C(0x0f0e0d0c0b0a0908));
	bytes_write(&writer, "\x10\x11\x12", 3);
	assert_false(writer.failed);
	assert_int_equal(writer.used, 18);
	for (uint8_t i = 0; i < 18; i++) {
		assert_int_equal(bytes[i], i + 1);
	}
}

static void reads_what_was_written(void **state) {
	(void)state;
	static const uint64_t values[] = {0, 1, 0x7f, 0x80, 0xff, UINT64_C(0x8000000080008080),
		UINT64_C(0xfedcba9876543210), UINT64_MAX};
	for (size_t i = 0; i < COUNT_OF(values); i++) {
		uint8_t bytes[15];
		struct bytes_writer writer = bytes_writer_init(bytes, sizeof bytes);
		bytes_write_u64(&writer, values[i]);
		bytes_write_u32(&writer, (uint32_t)values[i]);
		bytes_write_u16(&writer, (uint16_t)values[i]);
		bytes_write_u8(&writer, (uint8_t)values[i]);
		assert_false(writer.failed);

		struct bytes_reader reader = bytes_reader_init(bytes, sizeof bytes);
		assert_int_equal(bytes_read_u64(&reader), values[i]);
		assert_int_equal(bytes_read_u32(&reader), (uint32_t)values[i]);
		assert_int_equal(bytes_read_u16(&reader), (uint16_t)values[i]);
		assert_false(bytes_finished(&reader)); /* one byte is left */
		assert_int_equal(bytes_read_u8(&reader), (uint8_t)values[i]);
		assert_true(bytes_finished(&reader));
	}
}

static void writer_stays_failed(void **state) {
	(void)state;
	uint8_t bytes[4] = {0xaa, 0xaa, 0xaa, 0xaa};
	struct bytes_writer writer = bytes_writer_init(bytes, 3);
	bytes_write_u16(&writer, 0);
	bytes_write_u16(&writer, 0x1111);
	assert_true(writer.failed);
	bytes_write_u8(&writer, 0x22); /* would fit */
	assert_true(writer.failed);
	assert_int_equal(writer.used, 2);
	assert_int_equal(bytes[2], 0xaa);
	assert_int_equal(bytes[3], 0xaa);
}

static void reader_stays_failed(void **state) {
	(void)state;
	static const uint8_t bytes[] = {1, 2, 3};
	struct bytes_reader reader = bytes_reader_init(bytes, sizeof bytes);
	assert_int_equal(bytes_read_u32(&reader), 0);
	assert_true(reader.failed);
	assert_int_equal(bytes_read_u8(&reader), 0); /* would be there */
	assert_false(bytes_finished(&reader));
	uint8_t target[2] = {9, 9};
	bytes_read(&reader, target, sizeof target);
	assert_int_equal(target[0], 0);
	assert_int_equal(target[1], 0);
	assert_null(bytes_borrow(&reader, 1));
}

static void borrows_in_place(void **state) {
	(void)state;
	static const uint8_t bytes[] = {1, 2, 3};
	struct bytes_reader reader = bytes_reader_init(bytes, sizeof bytes);
	assert_ptr_equal(bytes_borrow(&reader, 2), bytes);
	assert_ptr_equal(bytes_borrow(&reader, 0), bytes + 2);
	assert_null(bytes_borrow(&reader, SIZE_MAX)); /* no sum of sizes overflows */
	assert_true(reader.failed);
}

static void nothing_is_finished(void **state) {
	(void)state;
	struct bytes_reader reader = bytes_reader_init(NULL, 0);
	assert_true(bytes_finished(&reader));
	struct bytes_writer writer = bytes_writer_init(NULL, 0);
	bytes_write(&writer, NULL, 0);
	assert_false(writer.failed);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_little_endian),
		cmocka_unit_test(reads_what_was_written),
		cmocka_unit_test(writer_stays_failed),
		cmocka_unit_test(reader_stays_failed),
		cmocka_unit_test(borrows_in_place),
		cmocka_unit_test(nothing_is_finished),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
