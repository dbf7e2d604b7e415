/*
 * codebook - read, change, store if unchanged; again if not.
 */
#include "ingress/codebook.h"

#include <assert.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/pure/subjects.h"
#include "common/pure/text.h"
#include "common/stream.h"
#include "ingress/codebook_rules.h"

#define SUBJECT_BYTES (sizeof SUBJECT_CODEBOOK_PREFIX + (size_t)IDENTITY_BYTES * 2)

/*
 *	reading ──granted──▶ storing ──stored──▶ answered
 *	   ▲  └──refused by the rules───────────────▲
 *	   └───────── conflict ─────┘
 */
struct round {
	struct codebook *codebook;
	struct identity identity;
	bool is_send;
	uint8_t nonce[16]; /* for a new code */
	uint32_t rounds;
	char subject[SUBJECT_BYTES];
	struct code_state next; /* being stored */
	struct codebook_answer answer;
	codebook_handler handler;
	void *context;
};

static void read_state(struct round *round);

static void finish(struct round *round, enum codebook_outcome outcome) {
	round->answer.outcome = outcome;
	round->handler(round->context, &round->answer);
	crypto_forget(round, sizeof *round);
	free(round);
}

static void on_stored(void *context, enum stream_outcome outcome, uint64_t sequence) {
	(void)sequence;
	struct round *round = context;
	if (outcome == STREAM_STORED) {
		codebook_rules_code(
			round->answer.code, round->codebook->key, &round->identity, &round->next);
		finish(round, CODEBOOK_GRANTED);
	} else if (outcome == STREAM_CONFLICT && round->rounds < CODEBOOK_ROUNDS_MAX) {
		read_state(round);
	} else {
		log_warn("codebook_not_stored", "outcome=%s rounds=%u",
			stream_outcome_name(outcome), round->rounds);
		finish(round, CODEBOOK_UNAVAILABLE);
	}
}

static void store(struct round *round, uint64_t last_sequence) {
	uint8_t bytes[64];
	size_t size = code_state_encode(&round->next, bytes, sizeof bytes);
	assert(size > 0);
	const struct bus_publication publication = {
		.subject = round->subject,
		.data = bytes,
		.size = size,
		.expected_last_sequence = -1,
		.expected_last_subject_sequence = (int64_t)last_sequence,
	};
	stream_publish(round->codebook->bus, &publication, CODEBOOK_STEP_MS, on_stored, round);
}

static void decide(struct round *round, const struct code_state *state, uint64_t last_sequence) {
	int64_t now_ms = clock_wall_ms();
	struct code_verdict verdict =
		round->is_send ? codebook_rules_send(&round->next, state, round->nonce, now_ms)
			       : codebook_rules_try(&round->next, state, now_ms);
	round->answer.retry_after_ms = verdict.retry_after_ms;
	round->answer.expires_at_ms = verdict.expires_at_ms;
	switch (verdict.permit) {
	case CODE_GRANTED:
		store(round, last_sequence);
		break;
	case CODE_TOO_SOON:
		finish(round, CODEBOOK_TOO_SOON);
		break;
	case CODE_TOO_MANY:
		finish(round, CODEBOOK_TOO_MANY);
		break;
	case CODE_NONE:
		finish(round, CODEBOOK_NONE);
		break;
	}
}

static void on_state(
	void *context, enum stream_outcome outcome, const struct bus_message *message) {
	struct round *round = context;
	struct code_state state;
	if (outcome == STREAM_MISSING) {
		decide(round, NULL, 0);
	} else if (outcome == STREAM_STORED &&
		   code_state_decode(&state, message->data, message->size)) {
		decide(round, &state, message->sequence);
	} else {
		log_warn("codebook_not_readable", "outcome=%s", stream_outcome_name(outcome));
		finish(round, CODEBOOK_UNAVAILABLE);
	}
}

static void read_state(struct round *round) {
	round->rounds++;
	const struct stream_get get = {
		.stream = STREAM_CODEBOOK,
		.last_by_subject = round->subject,
		.from_leader = true,
	};
	stream_get(round->codebook->bus, &get, CODEBOOK_STEP_MS, on_state, round);
}

static void begin(struct codebook *codebook, const struct round *given) {
	struct round *round = memory_copy(given, sizeof *given);
	round->codebook = codebook;
	struct text text = text_init(round->subject, sizeof round->subject);
	text_append(&text, SUBJECT_CODEBOOK_PREFIX);
	text_append_hex(&text, round->identity.bytes, sizeof round->identity.bytes);
	assert(!text.failed);
	read_state(round);
}

void codebook_send(struct codebook *codebook, const struct identity *identity,
	codebook_handler handler, void *context) {
	struct round round = {
		.identity = *identity, .is_send = true, .handler = handler, .context = context};
	crypto_random(round.nonce, sizeof round.nonce);
	begin(codebook, &round);
}

void codebook_try(struct codebook *codebook, const struct identity *identity,
	codebook_handler handler, void *context) {
	begin(codebook,
		&(struct round){.identity = *identity, .handler = handler, .context = context});
}
