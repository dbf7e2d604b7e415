#include "cashier/sheet.h"

#include <assert.h>
#include <stdlib.h>

#define CAPACITY_MIN 65536u

void sheet_finish(struct sheet *sheet) {
	free(sheet->start);
	*sheet = (struct sheet){0};
}

void sheet_clear(struct sheet *sheet) {
	sheet->used = 0;
	sheet->count = 0;
}

const char *sheet_text(const struct sheet *sheet) {
	return sheet->count == 0 ? "[]" : sheet->start;
}

static void reserve(struct sheet *sheet, size_t more) {
	if (sheet->capacity - sheet->used >= more) {
		return;
	}
	sheet->capacity = sheet->capacity == 0 ? CAPACITY_MIN : sheet->capacity * 2;
	sheet->start = realloc(sheet->start, sheet->capacity);
	assert(sheet->start != NULL);
}

/* The bracket at the end gives way to the next row. */
struct text sheet_begin_row(struct sheet *sheet) {
	static_assert(CAPACITY_MIN >= 2 * SHEET_ROW_BYTES_MAX, "doubling once is enough");
	reserve(sheet, SHEET_ROW_BYTES_MAX);
	size_t used = sheet->count == 0 ? 0 : sheet->used - 1;
	struct text row = text_init(sheet->start + used, sheet->capacity - used);
	text_append(&row, sheet->count == 0 ? "[{" : ",{");
	sheet->used = used;
	return row;
}

void sheet_end_row(struct sheet *sheet, struct text *row) {
	text_append(row, "}]");
	assert(!row->failed);
	sheet->used += row->used;
	sheet->count++;
}

static void append_name(struct text *row, const char *name) {
	if (row->start[row->used - 1] != '{') {
		text_append_char(row, ',');
	}
	text_append_json(row, name, strlen(name));
	text_append_char(row, ':');
}

void row_text(struct text *row, const char *name, const char *value) {
	append_name(row, name);
	text_append_json(row, value, strlen(value));
}

void row_i64(struct text *row, const char *name, int64_t value) {
	append_name(row, name);
	text_append_i64(row, value);
}

void row_hex(struct text *row, const char *name, const uint8_t *bytes, size_t size) {
	append_name(row, name);
	text_append_char(row, '"');
	text_append_hex(row, bytes, size);
	text_append_char(row, '"');
}

void row_bool(struct text *row, const char *name, bool value) {
	append_name(row, name);
	text_append(row, value ? "true" : "false");
}
