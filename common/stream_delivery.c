/*
 * stream_delivery - the reply subject of a message that a consumer delivered, taken to pieces.
 */
#include <string.h>

#include "common/pure/text.h"
#include "common/stream.h"

/* $JS ACK stream consumer delivered sequence sequence time pending; the longer form has domain and
 * account before the stream, and may have one more token at the end. */
#define TOKENS_SHORT 9u
#define TOKENS_LONG 11u
#define TOKENS_MAX 12u

struct token {
	const char *start;
	size_t size;
};

static size_t split(struct token tokens[TOKENS_MAX], const char *subject) {
	size_t count = 0;
	for (;;) {
		if (count == TOKENS_MAX) {
			return 0;
		}
		size_t size = strcspn(subject, ".");
		tokens[count++] = (struct token){subject, size};
		if (subject[size] == '\0') {
			return count;
		}
		subject += size + 1;
	}
}

static bool parse_number(const struct token *token, uint64_t *value) {
	return text_parse_u64(token->start, token->size, INT64_MAX, value);
}

bool stream_delivery_parse(struct stream_delivery *delivery, const char *reply) {
	static const char prefix[] = "$JS.ACK.";
	struct token tokens[TOKENS_MAX];
	if (reply == NULL || strncmp(reply, prefix, sizeof(prefix) - 1) != 0) {
		return false;
	}
	size_t count = split(tokens, reply);
	if (count != TOKENS_SHORT && count != TOKENS_LONG && count != TOKENS_MAX) {
		return false;
	}
	const struct token *stream = &tokens[count == TOKENS_SHORT ? 2 : 4];
	uint64_t time_ns;
	if (!parse_number(&stream[3], &delivery->stream_sequence) ||
		!parse_number(&stream[4], &delivery->consumer_sequence) ||
		!parse_number(&stream[5], &time_ns) ||
		!parse_number(&stream[6], &delivery->pending)) {
		return false;
	}
	delivery->time_ms = (int64_t)(time_ns / 1000000);
	delivery->consumer = stream[1].start;
	delivery->consumer_size = stream[1].size;
	return true;
}
