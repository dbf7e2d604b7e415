/*
 * fuzz_http - any bytes at all, as a client might send them, and everything that reads them.
 *
 * Beyond not crashing: a request is whole or it is not (no shorter piece of it is one, and bytes
 * after it change nothing), and nothing points outside of it.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ingress/address.h"
#include "ingress/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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

static enum http_outcome outcome_of(const uint8_t *data, size_t size) {
	char *copy;
	struct reading reading = read_copy(&copy, data, size);
	free(copy);
	return reading.outcome;
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
	char client[ADDRESS_TEXT_BYTES];
	assert(request->path.size > 0);
	assert(request->path.start[0] == '/');
	for (size_t i = 0; i < sizeof(slices) / sizeof(slices[0]); i++) {
		assert_inside(slices[i], start, size);
		(void)http_query_value(slices[i], "a", value, sizeof(value));
		(void)http_etag_matches(slices[i], "\"a\"");
		(void)http_accepts(slices[i], "gzip");
		(void)address_forwarded(slices[i], client);
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
		assert(outcome_of(data, reading.consumed) == HTTP_COMPLETE);
		assert(outcome_of(data, reading.consumed - 1) == HTTP_INCOMPLETE);
		assert(outcome_of(data, reading.consumed / 2) == HTTP_INCOMPLETE);
		break;
	}
	free(copy);
	return 0;
}
