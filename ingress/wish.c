/*
 * wish - scans the usual body in place, and the two headers of a booking request.
 */
#include "ingress/wish.h"

#include <string.h>

#include "common/pure/text.h"

struct scan {
	const char *at;
	const char *end;
};

static void skip_blanks(struct scan *scan) {
	while (scan->at < scan->end &&
		(*scan->at == ' ' || *scan->at == '\t' || *scan->at == '\r' || *scan->at == '\n')) {
		scan->at++;
	}
}

/* Blanks, then exactly this. */
static bool take(struct scan *scan, const char *literal) {
	skip_blanks(scan);
	size_t size = strlen(literal);
	if ((size_t)(scan->end - scan->at) < size || memcmp(scan->at, literal, size) != 0) {
		return false;
	}
	scan->at += size;
	return true;
}

static bool take_id(struct scan *scan, char target[CAMPAIGN_ID_BYTES_MAX + 1]) {
	if (!take(scan, "\"")) {
		return false;
	}
	size_t size = 0;
	while (scan->at < scan->end && *scan->at != '"') {
		char c = *scan->at++;
		bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
		if (!plain || size == CAMPAIGN_ID_BYTES_MAX) {
			return false;
		}
		target[size++] = c;
	}
	target[size] = '\0';
	return size > 0 && take(scan, "\"");
}

static bool take_count(struct scan *scan, uint32_t *count) {
	skip_blanks(scan);
	const char *start = scan->at;
	while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9') {
		scan->at++;
	}
	uint64_t value;
	if (!text_parse_u64(start, (size_t)(scan->at - start), WISH_COUNT_MAX, &value)) {
		return false;
	}
	*count = (uint32_t)value;
	return true;
}

/* The one shape that needs no tree. On false nothing is known about the body. */
static bool read_usual(struct wish *wish, struct http_slice body) {
	struct scan scan = {body.start, body.start + body.size};
	if (!take(&scan, "{") || !take(&scan, "\"campaign_id\"") || !take(&scan, ":") ||
		!take_id(&scan, wish->campaign_id)) {
		return false;
	}
	wish->count = 1;
	if (take(&scan, ",") && (!take(&scan, "\"count\"") || !take(&scan, ":") ||
					!take_count(&scan, &wish->count))) {
		return false;
	}
	if (!take(&scan, "}")) {
		return false;
	}
	skip_blanks(&scan);
	return scan.at == scan.end;
}

bool wish_read(struct wish *wish, char error[JSON_ERROR_BYTES], struct http_slice body) {
	if (body.size > 0 && read_usual(wish, body)) {
		return true;
	}
	struct json_object object;
	json_init(&object, body.start == NULL ? "" : body.start, body.size);
	const char *id = json_string(&object, "campaign_id", CAMPAIGN_ID_BYTES_MAX);
	memcpy(wish->campaign_id, id, strlen(id) + 1); /* json_string has bounded it */
	wish->count = (uint32_t)json_u64_or(&object, "count", 0, WISH_COUNT_MAX, 1);
	json_refuse_unknown(&object);
	bool read = !object.failed;
	memcpy(error, object.error, JSON_ERROR_BYTES);
	json_finish(&object);
	return read;
}

/* Quotes around a value mean nothing (RFC 7240 allows a token or a quoted string). */
static struct http_slice unquote(struct http_slice value) {
	if (value.size >= 2 && value.start[0] == '"' && value.start[value.size - 1] == '"') {
		return (struct http_slice){value.start + 1, value.size - 2};
	}
	return value;
}

bool wish_idempotency_key(struct http_slice *key, struct http_slice header) {
	*key = header;
	if (header.start == NULL) {
		return true;
	}
	*key = unquote(header);
	/* Inside quotes a blank is visible enough. */
	char visible_from = key->start == header.start ? 0x21 : 0x20;
	if (key->size == 0 || key->size > IDEMPOTENCY_KEY_BYTES_MAX) {
		return false;
	}
	for (size_t i = 0; i < key->size; i++) {
		if (key->start[i] < visible_from || key->start[i] > 0x7e) {
			return false;
		}
	}
	return true;
}

int wish_wait_seconds(struct http_slice prefer) {
	struct http_slice preference;
	while (prefer.start != NULL && http_slice_next(&prefer, ',', &preference)) {
		struct http_slice name;
		struct http_slice value;
		uint64_t seconds;
		if (!http_slice_next(&preference, '=', &name) ||
			!http_slice_is_word(name, "wait") ||
			!http_slice_next(&preference, ';', &value)) {
			continue;
		}
		value = unquote(value);
		if (text_parse_u64(value.start, value.size, UINT32_MAX, &seconds)) {
			return seconds > WISH_WAIT_SECONDS_MAX ? WISH_WAIT_SECONDS_MAX
							       : (int)seconds;
		}
	}
	return -1;
}
