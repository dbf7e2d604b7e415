/*
 * codebook_rules - the life of a one-time code, on plain data.
 */
#include "ingress/codebook_rules.h"

#include <assert.h>
#include <string.h>

/* A clock of another ingress may be ahead of ours: what lies in the future has just happened. */
static int64_t elapsed_ms(int64_t since_ms, int64_t now_ms) {
	return now_ms > since_ms ? now_ms - since_ms : 0;
}

static int64_t life_left_ms(const struct code_state *state, int64_t now_ms) {
	return state == NULL ? 0 : CODE_LIFE_MS - elapsed_ms(state->created_at_ms, now_ms);
}

struct code_verdict codebook_rules_send(struct code_state *next, const struct code_state *state,
	const uint8_t nonce[16], int64_t now_ms) {
	int64_t left_ms = life_left_ms(state, now_ms);
	if (left_ms <= 0) {
		*next = (struct code_state){
			.created_at_ms = now_ms, .sent_at_ms = now_ms, .sends = 1};
		memcpy(next->nonce, nonce, sizeof next->nonce);
		return (struct code_verdict){
			.permit = CODE_GRANTED, .expires_at_ms = now_ms + CODE_LIFE_MS};
	}
	struct code_verdict verdict = {.expires_at_ms = now_ms + left_ms};
	int64_t since_sent_ms = elapsed_ms(state->sent_at_ms, now_ms);
	if (state->sends >= CODE_SENDS_MAX || state->tries >= CODE_TRIES_MAX) {
		verdict.permit = CODE_TOO_MANY;
		verdict.retry_after_ms = left_ms;
	} else if (since_sent_ms < CODE_RESEND_MS) {
		verdict.permit = CODE_TOO_SOON;
		verdict.retry_after_ms = CODE_RESEND_MS - since_sent_ms;
	} else if (left_ms < CODE_LIFE_LEFT_MS_MIN) {
		verdict.permit = CODE_TOO_SOON;
		verdict.retry_after_ms = left_ms;
	} else {
		*next = *state;
		next->sends++;
		next->sent_at_ms = now_ms;
	}
	return verdict;
}

struct code_verdict codebook_rules_try(
	struct code_state *next, const struct code_state *state, int64_t now_ms) {
	int64_t left_ms = life_left_ms(state, now_ms);
	if (left_ms <= 0) {
		return (struct code_verdict){.permit = CODE_NONE};
	}
	struct code_verdict verdict = {.expires_at_ms = now_ms + left_ms};
	if (state->tries >= CODE_TRIES_MAX) {
		verdict.permit = CODE_TOO_MANY;
		verdict.retry_after_ms = left_ms;
	} else {
		*next = *state;
		next->tries++;
	}
	return verdict;
}

void codebook_rules_code(char code[CODE_DIGITS + 1], const struct key *key,
	const struct identity *identity, const struct code_state *state) {
	const struct part parts[] = {
		{state->nonce, sizeof state->nonce},
		{identity->bytes, sizeof identity->bytes},
	};
	uint8_t mac[16];
	crypto_mac(mac, sizeof mac, key, "code", parts, 2);
	uint64_t number;
	memcpy(&number, mac, sizeof number);
	for (size_t i = CODE_DIGITS; i-- > 0;) {
		code[i] = (char)('0' + number % 10);
		number /= 10;
	}
	code[CODE_DIGITS] = '\0';
	crypto_forget(mac, sizeof mac);
}

bool codebook_rules_is_right(const char *typed, const char code[CODE_DIGITS + 1]) {
	char digits[CODE_DIGITS + 1] = {0};
	size_t count = 0;
	for (const char *c = typed; *c != '\0'; c++) {
		if (*c == ' ' || *c == '-') {
			continue;
		}
		if (count == CODE_DIGITS) {
			return false;
		}
		digits[count++] = *c;
	}
	return count == CODE_DIGITS && crypto_equal(digits, code, CODE_DIGITS);
}
