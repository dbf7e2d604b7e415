/*
 * fuzz_calls - what a client says in a call: bodies, headers, path, ticket, code, query, address.
 *
 * The first byte, '0' to '9', chooses which; the rest is it. Beyond not crashing: the scan of the usual booking
 * body and the JSON parser agree about what they both read, a ticket comes back as it went, who may
 * register can be stored and written to, and nothing points outside of the input.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/crypto.h"
#include "common/json.h"
#include "common/pure/base64.h"
#include "common/pure/text.h"
#include "ingress/address.h"
#include "ingress/codebook_rules.h"
#include "ingress/credentials.h"
#include "ingress/routes.h"
#include "ingress/tickets.h"
#include "ingress/wish.h"

#define TICKET_PLACE_BYTES 14u
#define TICKET_MAC_BYTES 16u

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

/* The bytes of a ticket up to its MAC, which is right: as from a program that went wrong. */
static void try_sealed_ticket(struct http_slice text) {
	static const struct key key = {.bytes = {1}};
	uint8_t bytes[TICKET_PLACE_BYTES + TICKET_MAC_BYTES];
	char sealed[TICKET_SIZE] = "t1.";
	if (text.size != TICKET_PLACE_BYTES) {
		return;
	}
	memcpy(bytes, text.start, TICKET_PLACE_BYTES);
	struct part part = {bytes, TICKET_PLACE_BYTES};
	crypto_mac(bytes + TICKET_PLACE_BYTES, TICKET_MAC_BYTES, &key, "ticket", &part, 1);
	base64url_encode(sealed + strlen("t1."), bytes, sizeof bytes);
	try_ticket((struct http_slice){sealed, strlen(sealed)});
}

/* The ingress asserts that it can store what it let in. */
static void assert_can_be_stored(const struct credentials *credentials) {
	struct code_message code = {.channel = credentials->channel, .code = "042137"};
	struct verified_contact contact = {.channel = credentials->channel};
	uint8_t bytes[512];
	memcpy(code.contact, credentials->contact, sizeof code.contact);
	memcpy(code.locale, credentials->locale, sizeof code.locale);
	memcpy(contact.contact, credentials->contact, sizeof contact.contact);
	memcpy(contact.locale, credentials->locale, sizeof contact.locale);
	assert(code_message_encode(&code, bytes, sizeof bytes) > 0);
	assert(verified_contact_encode(&contact, bytes, sizeof bytes) > 0);
}

static void try_credentials(struct http_slice body, bool is_login) {
	struct credentials credentials;
	char error[JSON_ERROR_BYTES];
	/* Up to the first line end it is the header Accept-Language. */
	struct credentials_call call = {.is_login = is_login};
	if (!http_slice_next(&body, '\n', &call.accept_language)) {
		return;
	}
	switch (credentials_read(&credentials, error, body, &call)) {
	case CREDENTIALS_BAD_BODY:
		assert(error[0] != '\0');
		assert(text_is_utf8(error, strlen(error)));
		break;
	case CREDENTIALS_BAD_CONTACT:
		break;
	case CREDENTIALS_READ:
		assert_can_be_stored(&credentials);
		break;
	}
}

static void try_register(struct http_slice body) {
	try_credentials(body, false);
}

static void try_login(struct http_slice body) {
	try_credentials(body, true);
}

static void try_query(struct http_slice query) {
	char value[32];
	if (http_query_value(query, "to", value, sizeof value)) {
		assert(strlen(value) < sizeof value);
	}
}

static void try_address(struct http_slice forwarded_for) {
	struct address once;
	struct address twice;
	char text[INET6_ADDRSTRLEN];
	if (address_forwarded(forwarded_for, &once)) {
		const char *printed = inet_ntop(AF_INET6, once.bytes, text, sizeof text);
		assert(printed != NULL);
		bool again = address_forwarded((struct http_slice){text, strlen(text)}, &twice);
		assert(again);
		assert(memcmp(&once, &twice, sizeof once) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static void (*const tries[])(struct http_slice) = {try_body, try_headers, try_path,
		try_ticket, try_code, try_sealed_ticket, try_register, try_login, try_query,
		try_address};
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
