/*
 * bytes - reads and writes little-endian fields in a buffer with a known end.
 *
 * Both sides are sticky: the first field that does not fit marks the cursor as failed, later calls
 * do nothing (a reader yields zeroes), and the caller checks once at the end. Nothing is allocated;
 * the buffer belongs to the caller and must outlive the cursor.
 */
#ifndef COMMON_PURE_BYTES_H
#define COMMON_PURE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes_writer {
	uint8_t *start;
	size_t used;
	size_t capacity;
	bool failed; /* something did not fit: the content is worthless */
};

struct bytes_reader {
	const uint8_t *start;
	size_t used;
	size_t size;
	bool failed; /* something was not there: what was read is worthless */
};

struct bytes_writer bytes_writer_init(uint8_t *start, size_t capacity);
void bytes_write_u8(struct bytes_writer *writer, uint8_t value);
void bytes_write_u16(struct bytes_writer *writer, uint16_t value);
void bytes_write_u32(struct bytes_writer *writer, uint32_t value);
void bytes_write_u64(struct bytes_writer *writer, uint64_t value);
void bytes_write(struct bytes_writer *writer, const void *source, size_t size);

struct bytes_reader bytes_reader_init(const uint8_t *start, size_t size);
uint8_t bytes_read_u8(struct bytes_reader *reader);
uint16_t bytes_read_u16(struct bytes_reader *reader);
uint32_t bytes_read_u32(struct bytes_reader *reader);
uint64_t bytes_read_u64(struct bytes_reader *reader);
/* Copies size bytes to target; target is zeroed if they are not there. */
void bytes_read(struct bytes_reader *reader, void *target, size_t size);
/* Borrows size bytes in place; NULL if they are not there. */
const uint8_t *bytes_borrow(struct bytes_reader *reader, size_t size);
/* True if nothing failed and every byte was used: a message is read whole or not at all. */
bool bytes_finished(const struct bytes_reader *reader);

#endif
