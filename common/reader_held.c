#include "common/reader_held.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

struct reader_held_item {
	struct reader_held_item *next;
	struct reader_message message; /* its bytes and its subject stand behind */
	size_t bytes;
	uint8_t data[];
};

void reader_held_init(struct reader_held *held) {
	*held = (struct reader_held){.end = &held->first};
}

void reader_held_finish(struct reader_held *held) {
	while (held->first != NULL) {
		reader_held_drop(held);
	}
}

bool reader_held_push(struct reader_held *held, const struct reader_message *message) {
	size_t subject_bytes = strlen(message->subject) + 1;
	size_t bytes = sizeof(struct reader_held_item) + message->size + subject_bytes;
	if (held->bytes + bytes > READER_HELD_BYTES_MAX) {
		return false;
	}
	struct reader_held_item *item = memory_new(bytes);
	item->message = *message;
	item->bytes = bytes;
	if (message->size > 0) {
		memcpy(item->data, message->data, message->size);
	}
	memcpy(item->data + message->size, message->subject, subject_bytes);
	item->message.data = item->data;
	item->message.subject = (const char *)item->data + message->size;
	*held->end = item;
	held->end = &item->next;
	held->bytes += bytes;
	held->count++;
	return true;
}

bool reader_held_peek(const struct reader_held *held, struct reader_message *message) {
	if (held->first == NULL) {
		return false;
	}
	*message = held->first->message;
	return true;
}

void reader_held_drop(struct reader_held *held) {
	struct reader_held_item *item = held->first;
	held->first = item->next;
	if (held->first == NULL) {
		held->end = &held->first;
	}
	held->bytes -= item->bytes;
	held->count--;
	free(item);
}
