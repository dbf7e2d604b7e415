/*
 * fuzz_calls - what a client says in a call: body, headers, path, ticket, code.
 *
 * The first byte, '0' to '4', chooses which; the rest is it. Beyond not crashing: the scan of the usual booking
 * body and the JSON parser agree about what they both read, a ticket comes back as it went, and
 * nothing points outside of the input.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/crypto.h"
#include "common/json.h"
#include "ingress/codebook_rules.h"
#include "ingress/routes.h"
#include "ingress/tickets.h"
#include "ingress/wish.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void assert_inside(struct http_slice slice, struct http_slice whole) {
	if (slice.start != NULL) {
		assert((uintptr_t)slice.start >= (uintptr_t)whole.start);
		assert((uintptr_t)slice.start + slice.size <= (uintptr_t)whole.start + whole.size);
	}
}

static void try_body(struct http_slice body) {
	struct wish wish;
	char error[JSON_ERROR_BYTES] = "";
	bool read = wish_read(&wish, error, body);
	struct json_object object;
	json_init(&object, body.start, body.size);
	const char *id = json_string(&object, "campaign_id", CAMPAIGN_ID_BYTES_MAX);
	uint64_t count = json_u64_or(&object, "count", 0, WISH_COUNT_MAX, 1);
	json_refuse_unknown(&object);
	assert(read == !object.failed);
	assert(read == (error[0] == '\0'));
	assert(!read || (strcmp(id, wish.campaign_id) == 0 && count == wish.count));
	json_finish(&object);
}

static void try_headers(struct http_slice header) {
	struct http_slice key;
	if (wish_idempotency_key(&key, header)) {
		assert(key.size >= 1);
		assert(key.size <= IDEMPOTENCY_KEY_BYTES_MAX);
		assert_inside(key, header);
	}
	int seconds = wish_wait_seconds(header);
	assert(seconds >= -1);
	assert(seconds <= WISH_WAIT_SECONDS_MAX);
}

static void try_path(struct http_slice path) {
	static const enum http_method methods[] = {
		HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_DELETE, HTTP_OTHER};
	for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
		struct route_match match;
		enum route_outcome outcome = routes_match(&match, methods[i], path);
		assert((outcome == ROUTE_FOUND) == (match.route != ROUTE_NONE));
		assert((outcome == ROUTE_OTHER_METHOD) == (match.allow != NULL));
		assert_inside(match.parameter, path);
	}
}

static void try_ticket(struct http_slice text) {
	static const struct key key = {.bytes = {1}};
	struct ticket ticket;
	if (tickets_read(&ticket, &key, text.start, text.size)) {
		char again[TICKET_SIZE];
		tickets_write(again, &key, &ticket);
		assert(http_slice_is(text, again));
	}
}

static void try_code(struct http_slice text) {
	char typed[64] = {0};
	memcpy(typed, text.start, text.size < sizeof typed ? text.size : sizeof typed - 1);
	(void)codebook_rules_is_right(typed, "042137");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static void (*const tries[])(struct http_slice) = {
		try_body, try_headers, try_path, try_ticket, try_code};
	if (size < 1 || size > HTTP_HEAD_BYTES_MAX) {
		return 0;
	}
	/* Memory of exactly that size, so that the address sanitizer sees a read beyond the end. */
	char *copy = malloc(size);
	assert(copy != NULL);
	memcpy(copy, data, size);
	size_t which = (uint8_t)(data[0] - '0') % (sizeof tries / sizeof tries[0]);
	tries[which]((struct http_slice){copy + 1, size - 1});
	free(copy);
	return 0;
}
