/*
 * payment - what the tests of all payment providers do: change a fixture, sign, make and read.
 */
#ifndef TESTS_UNIT_PAYMENT_H
#define TESTS_UNIT_PAYMENT_H

#include "common/payment/provider.h"
#include "common/pure/text.h"
#include "tests/unit/unit.h"

#define PAYMENT_NOW_MS INT64_C(1795363559123)
/* 2026-11-22T16:05:59Z */
#define PAYMENT_PAY_BY_MS INT64_C(1795363559000)

static const struct payment_webhook_secrets payment_secrets = {
	.current = "webhook-secret-now",
	.old = "webhook-secret-old",
};

static inline const struct payment_provider *provider_named(const char *name) {
	const struct payment_provider *provider = payment_provider_find(name, strlen(name));
	assert_non_null(provider);
	return provider;
}

/* A copy of json with the first from, which must be there, replaced. Valid until the next but
 * three. */
static inline const char *edited(const char *json, const char *from, const char *to) {
	static char buffers[4][65536];
	static size_t next;
	const char *at = strstr(json, from);
	if (at == NULL) {
		fail_msg("%s is not in %s", from, json);
		return json;
	}
	struct text text = text_init(buffers[next++ % 4], sizeof buffers[0]);
	text_append_bytes(&text, json, (size_t)(at - json));
	text_append(&text, to);
	text_append(&text, at + strlen(from));
	assert_false(text.failed);
	return text.start;
}

#define STATUS(word) "\"status\":\"" word "\""

/* The HMAC of both texts together as digits. Valid until the next. */
static inline const char *signature_of(const char *secret, const char *before, const char *body) {
	static char digits[2 * CRYPTO_HMAC_BYTES + 1];
	uint8_t mac[CRYPTO_HMAC_BYTES];
	struct part parts[] = {{before, strlen(before)}, {body, strlen(body)}};
	crypto_hmac_sha256(mac, (struct part){secret, strlen(secret)}, parts, COUNT_OF(parts));
	struct text text = text_init(digits, sizeof digits);
	text_append_hex(&text, mac, sizeof mac);
	return digits;
}

static inline struct payment_webhook webhook_of(
	const char *signature, const char *event_id, const char *body) {
	return (struct payment_webhook){
		.signature = signature,
		.signature_size = strlen(signature),
		.event_id = event_id,
		.event_id_size = strlen(event_id),
		.body = body,
		.body_size = strlen(body),
	};
}

/* Reads an answer, and checks what holds for all: a reason unless it is done. */
static inline const struct payment_result *answer_to(const struct payment_provider *provider,
	const struct payment_request *request, int status, const char *body) {
	static struct payment_result result;
	struct payment_reply reply = {.status = status, .body = body, .size = strlen(body)};
	payment_call_read(&result, provider, request, &reply);
	assert_int_equal(result.answer == PAYMENT_ANSWER_DONE, result.reason[0] == '\0');
	return &result;
}

/* The same, and asserts what came of it. */
static inline void assert_answer(const struct payment_provider *provider,
	const struct payment_request *request, int status, const char *body,
	enum payment_answer answer, const char *reason) {
	const struct payment_result *result = answer_to(provider, request, status, body);
	if (result->answer != answer || strcmp(result->reason, reason) != 0) {
		fail_msg("%s\ngives %d: %s\nnot   %d: %s", body, (int)result->answer,
			result->reason, (int)answer, reason);
	}
}

/* Makes a call, and asserts all of it; header and body are "" where there is none. */
static inline void assert_call(const struct payment_provider *provider,
	const struct payment_request *request, const char *path, const char *header,
	const char *body) {
	static const struct payment_keys keys = {.id = "the-id", .secret = "the-secret"};
	static struct payment_call call;
	memset(&call, 0xee, sizeof call);
	assert_true(payment_call_make(&call, provider, &keys, request));
	assert_string_equal(call.method, body[0] == '\0' ? "GET" : "POST");
	assert_string_equal(call.content_type, body[0] == '\0' ? "" : provider->content_type);
	assert_string_equal(call.path, path);
	assert_string_equal(call.header, header);
	assert_string_equal(call.body, body);
	assert_int_equal(call.body_size, strlen(body));
	assert_string_equal(call.user, provider->secret_is_user ? "the-secret" : "the-id");
	assert_string_equal(call.password, provider->secret_is_user ? "" : "the-secret");
}

#endif
