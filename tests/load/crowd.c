#include "tests/load/crowd.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/crypto.h"
#include "common/identity.h"
#include "common/keys.h"
#include "common/memory.h"
#include "common/pure/text.h"
#include "common/token.h"
#include "ingress/people.h"

/* As long as a login is good for. */
#define TOKEN_DAYS 7
#define DAY_MS INT64_C(86400000)

/* ---- who they are ---------------------------------------------------------------------------- */

/* What names are made with, and of which run. */
struct mint {
	struct key identity;
	struct token_keys tokens;
	uint32_t run;
	int64_t expires_at_ms;
};

struct name {
	char email[64];
	struct proof proof;
	struct account_id account;
};

static void prepare(struct mint *mint, const struct crowd_options *options) {
	*mint = (struct mint){
		.run = options->run,
		.expires_at_ms = clock_wall_ms() + TOKEN_DAYS * DAY_MS,
	};
	while (mint->run == 0) {
		crypto_random(&mint->run, sizeof mint->run);
	}
	keys_load(&mint->identity, options->keys_dir, "identity.key");
	keys_load_tokens(&mint->tokens, options->keys_dir);
}

/* What the ingress knows of a person at a login (ingress/sessions.c), if nobody knew him before. */
static void make_name(struct name *name, const struct mint *mint, uint32_t person) {
	snprintf(name->email, sizeof name->email, "someone-%08x-%08x@example.test", mint->run,
		person);
	name->proof = (struct proof){
		.channel = CHANNEL_EMAIL,
		.identity = identity_of(&mint->identity, CHANNEL_EMAIL, name->email),
	};
	name->account = people_account_of(&mint->identity, &name->proof.identity);
}

static void make_token(
	char token[CROWD_TOKEN_BYTES], const struct mint *mint, const struct name *name) {
	struct token content;
	people_make_token(&content, &name->account, &name->proof, NULL, mint->expires_at_ms);
	char text[TOKEN_SIZE];
	token_write(text, &mint->tokens, &content);
	assert(strlen(text) == CROWD_TOKEN_BYTES);
	memcpy(token, text, CROWD_TOKEN_BYTES);
}

void crowd_init(struct crowd *crowd, const struct crowd_options *options) {
	struct mint mint;
	prepare(&mint, options);
	*crowd = (struct crowd){.count = options->count, .run = mint.run};
	crowd->tokens = memory_new((size_t)crowd->count * sizeof *crowd->tokens);
	crowd->people = memory_new((size_t)crowd->count * sizeof *crowd->people);
	for (uint32_t i = 0; i < crowd->count; i++) {
		struct name name;
		make_name(&name, &mint, i);
		make_token(crowd->tokens[i], &mint, &name);
		crowd->people[i].first_sent_us = -1;
	}
	crypto_forget(&mint, sizeof mint);
}

static void write_hex_bytes(FILE *file, const uint8_t *bytes, size_t size) {
	for (size_t i = 0; i < size; i++) {
		putc_unlocked("0123456789abcdef"[bytes[i] >> 4], file);
		putc_unlocked("0123456789abcdef"[bytes[i] & 15], file);
	}
}

void crowd_write_contacts(FILE *file, const struct crowd_options *options) {
	struct mint mint;
	prepare(&mint, options);
	for (uint32_t i = 0; i < options->count; i++) {
		struct name name;
		make_name(&name, &mint, i);
		write_hex_bytes(file, name.proof.identity.bytes, sizeof name.proof.identity.bytes);
		putc_unlocked('\t', file);
		write_hex_bytes(file, name.account.bytes, sizeof name.account.bytes);
		fprintf(file, "\t%d\t%s\ten\tnow\n", CHANNEL_EMAIL, name.email);
	}
	crypto_forget(&mint, sizeof mint);
}

void crowd_finish(struct crowd *crowd) {
	free(crowd->tokens);
	free(crowd->people);
	*crowd = (struct crowd){0};
}

static void write_hex(char digits[8], uint32_t value) {
	for (int i = 7; i >= 0; i--, value >>= 4) {
		digits[i] = "0123456789abcdef"[value & 15];
	}
}

void crowd_key(char *target, const struct crowd *crowd, uint32_t person) {
	write_hex(target, crowd->run);
	target[8] = '-';
	write_hex(target + 9, person);
}

/* ---- what they are told ---------------------------------------------------------------------- */

void crowd_sent(struct crowd *crowd, uint32_t person, int64_t now_us) {
	struct visitor *one = &crowd->people[person];
	if (one->first_sent_us < 0) {
		one->first_sent_us = now_us;
	}
	if (one->tries < UINT8_MAX) {
		one->tries++;
	}
}

static enum crowd_news told_booking(
	struct visitor *one, const struct reply *reply, int64_t now_us) {
	char id[CROWD_ID_BYTES + 1];
	char digits[24];
	uint64_t place = 0;
	if (!reply_member(reply, "booking_id", id, sizeof id) || strlen(id) != CROWD_ID_BYTES ||
		!reply_member(reply, "place", digits, sizeof digits) ||
		!text_parse_u64(digits, strlen(digits), UINT64_MAX, &place)) {
		return CROWD_WRONG;
	}
	switch ((enum visitor_state)one->state) {
	case VISITOR_UNTOLD:
		one->state = VISITOR_BOOKED;
		one->told_us = now_us;
		one->place = place;
		memcpy(one->booking_id, id, CROWD_ID_BYTES);
		return CROWD_BOOKED;
	case VISITOR_BOOKED:
		if (one->place == place && memcmp(one->booking_id, id, CROWD_ID_BYTES) == 0) {
			return CROWD_AGAIN;
		}
		break;
	case VISITOR_REFUSED:
		break;
	}
	return CROWD_WRONG;
}

static enum crowd_news told_refusal(struct visitor *one) {
	switch ((enum visitor_state)one->state) {
	case VISITOR_UNTOLD:
		one->state = VISITOR_REFUSED;
		return CROWD_REFUSED;
	case VISITOR_REFUSED:
		return CROWD_AGAIN;
	case VISITOR_BOOKED:
		break;
	}
	return CROWD_WRONG;
}

/* The answer about a ticket: its status says what it is about. */
static enum crowd_news told_about_ticket(
	struct visitor *one, const struct reply *reply, int64_t now_us) {
	char status[32];
	if (!reply_member(reply, "status", status, sizeof status)) {
		return CROWD_WRONG;
	}
	if (strcmp(status, "queued") == 0) {
		return CROWD_QUEUED;
	}
	if (strcmp(status, "booked") == 0) {
		return told_booking(one, reply, now_us);
	}
	return told_refusal(one);
}

enum crowd_news crowd_told(
	struct crowd *crowd, uint32_t person, const struct reply *reply, int64_t now_us) {
	struct visitor *one = &crowd->people[person];
	switch (reply->status) {
	case 200:
		return told_about_ticket(one, reply, now_us);
	case 201:
		return told_booking(one, reply, now_us);
	case 202:
		return CROWD_QUEUED;
	case 403: /* closed, or paused */
	case 410:
		return told_refusal(one);
	case 408:
	case 425:
	case 429:
	case 500:
	case 503:
		return CROWD_LATER;
	default:
		return CROWD_WRONG; /* each has one wish, and a token that is good for it */
	}
}
