/*
 * messages_entry - the fields of an entry: of what one message has up to a thousand of.
 *
 * The bytes of an entry are borrowed from a reader, or reserved in a writer, at one go, so its end is
 * checked once. Its fields are then taken, or put, one after the other through a pointer that moves
 * on; whoever takes a field checks its range. Private to the messages_*.c files.
 */
#ifndef COMMON_PURE_MESSAGES_ENTRY_H
#define COMMON_PURE_MESSAGES_ENTRY_H

#include <string.h>

#include "common/pure/bytes.h"
#include "common/pure/timestamp.h"

static inline void take(const uint8_t **at, void *target, size_t size) {
	memcpy(target, *at, size);
	*at += size;
}

static inline uint8_t take_u8(const uint8_t **at) {
	return *(*at)++;
}

static inline uint32_t take_u32(const uint8_t **at) {
	const uint8_t *b = *at;
	*at += 4;
	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static inline uint64_t take_u64(const uint8_t **at) {
	uint64_t low = take_u32(at);
	return low | (uint64_t)take_u32(at) << 32;
}

static inline bool is_time_ms(int64_t time_ms) {
	return time_ms >= 0 && time_ms <= TIMESTAMP_MS_MAX;
}

/* Where the next size bytes go; NULL if they do not fit. The twin of bytes_borrow. */
static inline uint8_t *entry_reserve(struct bytes_writer *writer, size_t size) {
	if (writer->failed || size > writer->capacity - writer->used) {
		writer->failed = true;
		return NULL;
	}
	uint8_t *at = writer->start + writer->used;
	writer->used += size;
	return at;
}

static inline void put(uint8_t **at, const void *source, size_t size) {
	memcpy(*at, source, size);
	*at += size;
}

static inline void put_u8(uint8_t **at, uint8_t value) {
	*(*at)++ = value;
}

static inline void put_u32(uint8_t **at, uint32_t value) {
	uint8_t *b = *at;
	b[0] = (uint8_t)value;
	b[1] = (uint8_t)(value >> 8);
	b[2] = (uint8_t)(value >> 16);
	b[3] = (uint8_t)(value >> 24);
	*at += 4;
}

static inline void put_u64(uint8_t **at, uint64_t value) {
	put_u32(at, (uint32_t)value);
	put_u32(at, (uint32_t)(value >> 32));
}

#endif
