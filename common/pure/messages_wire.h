/*
 * messages_wire - what the messages_*.c files share: how each message begins, and checked fields.
 *
 * Private to them. A field that is out of range fails the reader, like one that is not there.
 */
#ifndef COMMON_PURE_MESSAGES_WIRE_H
#define COMMON_PURE_MESSAGES_WIRE_H

#include "common/pure/bytes.h"
#include "common/pure/messages.h"
#include "common/pure/timestamp.h"

/* Version and kind. */
#define MESSAGE_PREFIX_BYTES 2u

static inline struct bytes_writer message_begin(
	uint8_t *bytes, size_t capacity, enum message_kind kind) {
	struct bytes_writer writer = bytes_writer_init(bytes, capacity);
	bytes_write_u8(&writer, MESSAGE_VERSION);
	bytes_write_u8(&writer, (uint8_t)kind);
	return writer;
}

/* A reader behind the prefix. kind: what message_kind said, so the prefix is there. */
static inline struct bytes_reader message_open(const uint8_t *bytes, size_t size) {
	struct bytes_reader reader = bytes_reader_init(bytes, size);
	bytes_borrow(&reader, MESSAGE_PREFIX_BYTES);
	return reader;
}

static inline size_t message_finish(const struct bytes_writer *writer) {
	return writer->failed ? 0 : writer->used;
}

static inline uint64_t read_u64_within(struct bytes_reader *reader, uint64_t min, uint64_t max) {
	uint64_t value = bytes_read_u64(reader);
	if (value < min || value > max) {
		reader->failed = true;
	}
	return value;
}

static inline uint32_t read_u32_within(struct bytes_reader *reader, uint32_t min, uint32_t max) {
	uint32_t value = bytes_read_u32(reader);
	if (value < min || value > max) {
		reader->failed = true;
	}
	return value;
}

static inline uint16_t read_u16_within(struct bytes_reader *reader, uint16_t min, uint16_t max) {
	uint16_t value = bytes_read_u16(reader);
	if (value < min || value > max) {
		reader->failed = true;
	}
	return value;
}

static inline uint8_t read_u8_within(struct bytes_reader *reader, uint8_t min, uint8_t max) {
	uint8_t value = bytes_read_u8(reader);
	if (value < min || value > max) {
		reader->failed = true;
	}
	return value;
}

static inline int64_t read_time_ms(struct bytes_reader *reader) {
	return (int64_t)read_u64_within(reader, 0, TIMESTAMP_MS_MAX);
}

static inline int64_t read_time_us(struct bytes_reader *reader) {
	return (int64_t)read_u64_within(reader, 0, TIMESTAMP_MS_MAX * 1000 + 999);
}

#endif
