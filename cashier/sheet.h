/*
 * sheet - rows for one statement, as the text of a JSON array that grows.
 *
 * A statement takes a whole sheet as its first parameter (json_to_recordset): so what comes in is
 * written down once, in the form in which it is sent. Not getting memory is fatal (an assert).
 */
#ifndef CASHIER_SHEET_H
#define CASHIER_SHEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/pure/text.h"

/* The longest row: how to pay, with every character of it escaped. */
#define SHEET_ROW_BYTES_MAX 16384u

struct sheet {
	char *start; /* owned; NULL before the first row */
	size_t used;
	size_t capacity;
	uint32_t count;
};

void sheet_finish(struct sheet *sheet);
void sheet_clear(struct sheet *sheet);
/* "[...]", borrowed until the next row. */
const char *sheet_text(const struct sheet *sheet);

/* A row: begin, then fields, then end, with nothing else on this sheet in between. */
struct text sheet_begin_row(struct sheet *sheet);
void sheet_end_row(struct sheet *sheet, struct text *row);

/* name: letters and '_'. value: UTF-8. */
void row_text(struct text *row, const char *name, const char *value);
void row_i64(struct text *row, const char *name, int64_t value);
void row_hex(struct text *row, const char *name, const uint8_t *bytes, size_t size);
void row_bool(struct text *row, const char *name, bool value);

#endif
