/*
 * rows - rows for COPY ... FROM STDIN (FORMAT binary), in a buffer that grows.
 *
 * The format is described in the PostgreSQL manual, page COPY, "Binary Format": a header; for each
 * row the count of its fields, and for each field its length and its bytes in network order; a
 * trailer. Fields come in the order of the columns that the COPY statement names.
 * The buffer is kept when the rows are cleared. Not getting memory is fatal (an assert): the
 * program cannot do anything without, and its supervisor starts it anew.
 */
#ifndef FULFILLER_ROWS_H
#define FULFILLER_ROWS_H

#include <stddef.h>
#include <stdint.h>

/* Room for the longest row, without its arrays. */
#define ROW_BYTES_MAX 256u

/* What the elements of an array are: their object ids in pg_type, which never change. */
enum rows_type { ROWS_I64 = 20, ROWS_UUID = 2950 };

struct rows {
	uint8_t *start; /* owned; NULL before the first row */
	size_t used;    /* bytes, header included */
	size_t capacity;
	uint32_t count;
};

void rows_init(struct rows *rows);
void rows_finish(struct rows *rows);
void rows_clear(struct rows *rows);

/* A row begins with the count of its fields; then each field is written in turn. */
void rows_begin(struct rows *rows, uint16_t fields_count);
void rows_i16(struct rows *rows, int16_t value);
void rows_i32(struct rows *rows, int32_t value);
void rows_i64(struct rows *rows, int64_t value);
void rows_uuid(struct rows *rows, const uint8_t uuid[16]);
/* A timestamptz; time_ms counts from 1970-01-01T00:00:00Z. */
void rows_time(struct rows *rows, int64_t time_ms);
void rows_null(struct rows *rows);
/* An array of count elements, at least 1, which the caller writes next as if each were a field. */
void rows_array(struct rows *rows, enum rows_type type, uint32_t count);

/* Writes the trailer; returns the bytes of the whole stream, which begins at rows->start. Needs a row.
 * More rows may follow: they take the trailer's place. */
size_t rows_seal(struct rows *rows);

#endif
