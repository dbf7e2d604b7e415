/*
 * fuzz_http - any bytes at all, as a client might send them, and everything that reads them.
 *
 * Beyond not crashing: bytes that arrive one after the other make the same as all of them at once (it
 * is incomplete until it is complete or bad, and that is final), bytes after a request change
 * nothing, and nothing points outside of it. In pieces through a connection: fuzz_connection.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ingress/address.h"
#include "ingress/http.h"
#include "tests/unit/random.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PARTS 3

struct reading {
	enum http_outcome outcome;
	struct http_request request;
	size_t consumed;
	int status;
};

/* From memory of exactly that size, so that the address sanitizer sees a read beyond the end. */
static struct reading read_copy(char **copy, const uint8_t *data, size_t size) {
	struct reading reading = {.outcome = HTTP_INCOMPLETE};
	*copy = malloc(size + 1);
	assert(*copy != NULL);
	memcpy(*copy + 1, data, size);
	reading.outcome =
		http_read(&reading.request, *copy + 1, size, &reading.consumed, &reading.status);
	return reading;
}

/* However far the reading of the whole came, with a part it came less far or exactly as far. */
static void assert_part_agrees(
	const struct reading *whole, const uint8_t *data, size_t part, const char *whole_start) {
	char *copy;
	struct reading reading = read_copy(&copy, data, part);
	if (reading.outcome != HTTP_INCOMPLETE) {
		assert(reading.outcome == whole->outcome);
		assert(reading.status == whole->status);
		assert(reading.consumed == whole->consumed);
	}
	if (reading.outcome == HTTP_COMPLETE) {
		assert(reading.request.method == whole->request.method);
		assert(reading.request.keep_alive == whole->request.keep_alive);
		assert(reading.request.path.size == whole->request.path.size);
		assert(reading.request.body.size == whole->request.body.size);
		assert(whole->request.body.start == NULL ||
			reading.request.body.start - (copy + 1) ==
				whole->request.body.start - whole_start);
	}
	free(copy);
}

/* At places that look random, and at the two that matter most. */
static void assert_parts_agree(
	const struct reading *whole, const uint8_t *data, size_t size, const char *whole_start) {
	struct random random = {.state = UINT64_C(0x9e3779b97f4a7c15) + size};
	for (int i = 0; i < PARTS && size > 0; i++) {
		assert_part_agrees(whole, data, random_below(&random, size), whole_start);
	}
	if (whole->outcome == HTTP_COMPLETE) {
		char *copy;
		struct reading short_by_one = read_copy(&copy, data, whole->consumed - 1);
		assert(short_by_one.outcome == HTTP_INCOMPLETE);
		free(copy);
		assert_part_agrees(whole, data, whole->consumed, whole_start);
	}
}

static void assert_inside(struct http_slice slice, const char *start, size_t size) {
	if (slice.start == NULL) {
		assert(slice.size == 0);
		return;
	}
	bool bare_host = slice.size == 1 && slice.start[0] == '/';
	bool inside = (uintptr_t)slice.start >= (uintptr_t)start &&
		      (uintptr_t)slice.start + slice.size <= (uintptr_t)start + size;
	assert(bare_host || inside);
}

static void use(const struct http_request *request, const char *start, size_t size) {
	const struct http_slice slices[] = {request->path, request->query, request->body,
		request->host, request->authorization, request->content_type,
		request->idempotency_key, request->prefer, request->if_none_match,
		request->forwarded_for, request->accept_encoding, request->accept_language};
	char value[64];
	struct address client;
	assert(request->path.size > 0);
	assert(request->path.start[0] == '/');
	for (size_t i = 0; i < sizeof(slices) / sizeof(slices[0]); i++) {
		assert_inside(slices[i], start, size);
		(void)http_query_value(slices[i], "a", value, sizeof(value));
		(void)http_etag_matches(slices[i], "\"a\"");
		(void)http_accepts(slices[i], "gzip");
		(void)address_forwarded(slices[i], &client);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	char *copy;
	struct reading reading = read_copy(&copy, data, size);
	switch (reading.outcome) {
	case HTTP_INCOMPLETE:
		assert(size < HTTP_HEAD_BYTES_MAX + HTTP_BODY_BYTES_MAX);
		break;
	case HTTP_BAD:
		assert(reading.status >= 400);
		assert(reading.status <= 505);
		break;
	case HTTP_COMPLETE:
		assert(reading.consumed <= size);
		use(&reading.request, copy + 1, reading.consumed);
		break;
	}
	assert_parts_agree(&reading, data, size, copy + 1);
	free(copy);
	return 0;
}
