/*
 * bytes - the cursors. Values are put together from single bytes, which compilers turn into one load or
 * store on little-endian machines and which is right on all others.
 */
#include "common/pure/bytes.h"

#include <string.h>

struct bytes_writer bytes_writer_init(uint8_t *start, size_t capacity) {
	return (struct bytes_writer){.start = start, .capacity = capacity};
}

/* Where the next size bytes go; NULL if they do not fit. */
static uint8_t *reserve(struct bytes_writer *writer, size_t size) {
	if (writer->failed || size > writer->capacity - writer->used) {
		writer->failed = true;
		return NULL;
	}
	uint8_t *target = writer->start + writer->used;
	writer->used += size;
	return target;
}

void bytes_write_u8(struct bytes_writer *writer, uint8_t value) {
	uint8_t *target = reserve(writer, 1);
	if (target != NULL) {
		target[0] = value;
	}
}

void bytes_write_u16(struct bytes_writer *writer, uint16_t value) {
	uint8_t *target = reserve(writer, 2);
	if (target != NULL) {
		target[0] = (uint8_t)value;
		target[1] = (uint8_t)(value >> 8);
	}
}

void bytes_write_u32(struct bytes_writer *writer, uint32_t value) {
	uint8_t *target = reserve(writer, 4);
	if (target != NULL) {
		target[0] = (uint8_t)value;
		target[1] = (uint8_t)(value >> 8);
		target[2] = (uint8_t)(value >> 16);
		target[3] = (uint8_t)(value >> 24);
	}
}

void bytes_write_u64(struct bytes_writer *writer, uint64_t value) {
	uint8_t *target = reserve(writer, 8);
	if (target != NULL) {
		target[0] = (uint8_t)value;
		target[1] = (uint8_t)(value >> 8);
		target[2] = (uint8_t)(value >> 16);
		target[3] = (uint8_t)(value >> 24);
		target[4] = (uint8_t)(value >> 32);
		target[5] = (uint8_t)(value >> 40);
		target[6] = (uint8_t)(value >> 48);
		target[7] = (uint8_t)(value >> 56);
	}
}

void bytes_write(struct bytes_writer *writer, const void *source, size_t size) {
	if (size == 0) {
		return; /* source may be NULL */
	}
	uint8_t *target = reserve(writer, size);
	if (target != NULL) {
		memcpy(target, source, size);
	}
}

struct bytes_reader bytes_reader_init(const uint8_t *start, size_t size) {
	return (struct bytes_reader){.start = start, .size = size};
}

const uint8_t *bytes_borrow(struct bytes_reader *reader, size_t size) {
	if (reader->failed || size > reader->size - reader->used) {
		reader->failed = true;
		return NULL;
	}
	const uint8_t *source = reader->start + reader->used;
	reader->used += size;
	return source;
}

uint8_t bytes_read_u8(struct bytes_reader *reader) {
	const uint8_t *source = bytes_borrow(reader, 1);
	return source == NULL ? 0 : source[0];
}

uint16_t bytes_read_u16(struct bytes_reader *reader) {
	const uint8_t *source = bytes_borrow(reader, 2);
	if (source == NULL) {
		return 0;
	}
	return (uint16_t)(source[0] | source[1] << 8);
}

uint32_t bytes_read_u32(struct bytes_reader *reader) {
	const uint8_t *source = bytes_borrow(reader, 4);
	if (source == NULL) {
		return 0;
	}
	return (uint32_t)source[0] | (uint32_t)source[1] << 8 | (uint32_t)source[2] << 16 |
	       (uint32_t)source[3] << 24;
}

uint64_t bytes_read_u64(struct bytes_reader *reader) {
	const uint8_t *source = bytes_borrow(reader, 8);
	if (source == NULL) {
		return 0;
	}
	return (uint64_t)source[0] | (uint64_t)source[1] << 8 | (uint64_t)source[2] << 16 |
	       (uint64_t)source[3] << 24 | (uint64_t)source[4] << 32 | (uint64_t)source[5] << 40 |
	       (uint64_t)source[6] << 48 | (uint64_t)source[7] << 56;
}

void bytes_read(struct bytes_reader *reader, void *target, size_t size) {
	if (size == 0) {
		return;
	}
	const uint8_t *source = bytes_borrow(reader, size);
	if (source == NULL) {
		memset(target, 0, size);
		return;
	}
	memcpy(target, source, size);
}

bool bytes_finished(const struct bytes_reader *reader) {
	return !reader->failed && reader->used == reader->size;
}
