#include "fulfiller/rows.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_BYTES 19u
#define TRAILER_BYTES 2u
#define CAPACITY_AT_FIRST 16384u
/* 2000-01-01T00:00:00Z, where PostgreSQL begins to count. */
#define POSTGRES_EPOCH_MS INT64_C(946684800000)

/* Signature, no flags, no header extension. */
static const uint8_t header[HEADER_BYTES] = "PGCOPY\n\377\r\n";

void rows_init(struct rows *rows) {
	*rows = (struct rows){0};
}

void rows_finish(struct rows *rows) {
	free(rows->start);
	*rows = (struct rows){0};
}

void rows_clear(struct rows *rows) {
	rows->used = 0;
	rows->count = 0;
}

static void reserve(struct rows *rows, size_t size) {
	if (rows->capacity - rows->used >= size) {
		return;
	}
	size_t capacity = rows->capacity == 0 ? CAPACITY_AT_FIRST : rows->capacity * 2;
	while (capacity - rows->used < size) {
		capacity *= 2;
	}
	uint8_t *start = realloc(rows->start, capacity);
	assert(start != NULL);
	rows->start = start;
	rows->capacity = capacity;
}

static void put(struct rows *rows, const void *bytes, size_t size) {
	assert(rows->capacity - rows->used >= size + TRAILER_BYTES);
	memcpy(rows->start + rows->used, bytes, size);
	rows->used += size;
}

/* Network order is the most significant byte first. */
static void put_big_endian(struct rows *rows, uint64_t value, size_t size) {
	uint8_t bytes[sizeof(value)];
	assert(size <= sizeof(bytes));
	for (size_t i = 0; i < size; i++) {
		bytes[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
	}
	put(rows, bytes, size);
}

static void put_field(struct rows *rows, uint64_t value, size_t size) {
	put_big_endian(rows, size, 4);
	put_big_endian(rows, value, size);
}

void rows_begin(struct rows *rows, uint16_t fields_count) {
	reserve(rows, HEADER_BYTES + ROW_BYTES_MAX + TRAILER_BYTES);
	if (rows->used == 0) {
		put(rows, header, HEADER_BYTES);
	}
	put_big_endian(rows, fields_count, 2);
	rows->count++;
}

void rows_i16(struct rows *rows, int16_t value) {
	put_field(rows, (uint64_t)value, 2);
}

void rows_i32(struct rows *rows, int32_t value) {
	put_field(rows, (uint64_t)value, 4);
}

void rows_i64(struct rows *rows, int64_t value) {
	put_field(rows, (uint64_t)value, 8);
}

void rows_uuid(struct rows *rows, const uint8_t uuid[16]) {
	put_big_endian(rows, 16, 4);
	put(rows, uuid, 16);
}

void rows_time(struct rows *rows, int64_t time_ms) {
	rows_i64(rows, (time_ms - POSTGRES_EPOCH_MS) * 1000);
}

void rows_null(struct rows *rows) {
	put_big_endian(rows, UINT32_MAX, 4); /* -1 */
}

/* Dimensions, a flag for nulls, the type; of the one dimension the length and the first subscript. */
void rows_array(struct rows *rows, enum rows_type type, uint32_t count) {
	assert(count > 0);
	size_t element = 4 + (type == ROWS_UUID ? 16u : 8u);
	const uint32_t head[] = {1, 0, (uint32_t)type, count, 1};
	size_t size = sizeof head + count * element;
	reserve(rows, 4 + size + ROW_BYTES_MAX + TRAILER_BYTES);
	put_big_endian(rows, size, 4);
	for (size_t i = 0; i < sizeof head / sizeof *head; i++) {
		put_big_endian(rows, head[i], 4);
	}
}

size_t rows_seal(struct rows *rows) {
	assert(rows->count > 0);
	assert(rows->capacity - rows->used >= TRAILER_BYTES);
	memset(rows->start + rows->used, 0xff,
		TRAILER_BYTES); /* -1 in place of a count of fields */
	return rows->used + TRAILER_BYTES;
}
