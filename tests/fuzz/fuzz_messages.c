/*
 * fuzz_messages - any bytes at all, as they might stand in a stream, and every decoder.
 *
 * Beyond not crashing: what is accepted has exactly one spelling, so encoding it again gives the very
 * same bytes.
 */
#include <assert.h>
#include <string.h>

#include "common/pure/messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct request request;
static struct decision decision;
static uint8_t again[STREAM_MESSAGE_BYTES_MAX];

static void assert_same(const uint8_t *data, size_t size, size_t again_size) {
	assert(again_size == size);
	assert(memcmp(again, data, size) == 0);
}

static void try_decision(const uint8_t *data, size_t size) {
	bool whole = decision_decode(&decision, data, size);
	if (whole) {
		size_t body_size = decision_encode_body(&decision, again, sizeof again);
		memcpy(again + body_size, decision.digest, DIGEST_BYTES);
		assert_same(data, size, body_size + DIGEST_BYTES);
	}
	bool head = decision_decode_head(&decision, data, size);
	assert(head || !whole);
}

static void try_contacts_and_codes(const uint8_t *data, size_t size) {
	struct verified_contact contact;
	if (verified_contact_decode(&contact, data, size)) {
		assert_same(data, size, verified_contact_encode(&contact, again, sizeof again));
	}
	struct code_message code;
	if (code_message_decode(&code, data, size)) {
		assert_same(data, size, code_message_encode(&code, again, sizeof again));
	}
	struct code_state state;
	if (code_state_decode(&state, data, size)) {
		assert_same(data, size, code_state_encode(&state, again, sizeof again));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	if (request_decode(&request, data, size)) {
		assert_same(data, size, request_encode(&request, again, sizeof again));
	}
	try_decision(data, size);
	try_contacts_and_codes(data, size);
	return 0;
}
