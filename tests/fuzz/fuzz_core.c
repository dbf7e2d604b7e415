/*
 * fuzz_core - a line made of the fuzzer's bytes, decided by the core and by the referee.
 *
 * What core_random_test does with random numbers, guided by coverage: the bytes are a definition
 * and then requests, a few bytes each, among few people, units and keys, so that rules meet. Both
 * must decide the same; every request and decision must come through its wire format as it went; and
 * a tick that was due must bring the campaign on, or the sequencer would append ticks for ever.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "cli/comparison.h"
#include "cli/referee.h"
#include "sequencer/core/campaign.h"
#include "sequencer/tables.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUESTS_MAX 400u
#define PEOPLE 8u
#define KEYS 12u
#define PAYMENTS 6u
#define ENTRIES_MAX 5u
#define EPOCH_MS INT64_C(1700000000000)

struct line {
	struct campaign campaign;
	struct tables tables;
	struct referee *referee;
	int64_t time_ms;
};

static struct request request;
static struct request received;
static struct decision decided;
static struct decision refereed;
static struct decision read_back;
static uint8_t wire[STREAM_MESSAGE_BYTES_MAX];

/* The same bytes for the same small number; spread, as identities are. */
static void name_bytes(void *target, uint64_t number) {
	uint64_t words[2] = {
		(number + 1) * 0x9e3779b97f4a7c15u, (number + 1) * 0xc2b2ae3d27d4eb4fu};
	memcpy(target, words, sizeof words);
}

/* ---- requests -------------------------------------------------------------------------------- */

static struct definition make_definition(struct input *input) {
	uint8_t flags = input_byte(input);
	bool paid = (flags & 1) != 0;
	struct definition definition = {
		.id = "fuzzed",
		.units = 1 + input_below(input, 24),
		.units_per_person = 1 + input_below(input, 5),
		.price_paise = paid ? 100 : 0,
		.hold_seconds = paid ? 1 + input_below(input, 8) : 0,
		.waiting_list = (flags & 2) != 0 ? input_below(input, 10) : 0,
		.rules = RULES_NEWEST,
		.verification = (flags & 4) != 0 ? VERIFICATION_BOTH : VERIFICATION_EITHER,
		.cancellable = (flags & 8) != 0,
		.opens_by_command = (flags & 16) != 0,
		.closes_by_command = (flags & 32) != 0,
	};
	if (!definition.opens_by_command) {
		definition.opens_at_ms = EPOCH_MS + 50 * (int64_t)input_byte(input);
	}
	if (!definition.closes_by_command) {
		definition.closes_at_ms = EPOCH_MS + 13000 + 100 * (int64_t)input_byte(input);
	}
	return definition;
}

/* One byte: who, and with which second contact if any. */
static void make_person(struct input *input, struct person *person) {
	uint8_t byte = input_byte(input);
	uint32_t first = byte % PEOPLE;
	uint32_t second = byte / PEOPLE % PEOPLE;
	name_bytes(&person->account, first);
	name_bytes(&person->identities[0], first);
	name_bytes(&person->identities[1], second);
	person->identities_count = byte >= PEOPLE * PEOPLE * 2 && first != second ? 2 : 1;
}

static void make_entry(struct input *input, uint16_t i, uint32_t bookings) {
	if (request.kind == MESSAGE_BOOK) {
		struct book_request *book = &request.book[i];
		make_person(input, &book->person);
		uint8_t byte = input_byte(input);
		book->units = byte / KEYS % 8;
		name_bytes(&book->key, byte % KEYS);
	} else if (request.kind == MESSAGE_CANCEL) {
		make_person(input, &request.cancel[i].person);
		request.cancel[i].number = 1 + input_byte(input) % (bookings + 1);
	} else {
		struct pay_request *pay = &request.pay[i];
		pay->number = 1 + input_byte(input) % (bookings + 1);
		uint8_t byte = input_byte(input);
		name_bytes(&pay->payment, byte % PAYMENTS);
		pay->amount_paise = 100u * (1 + byte / PAYMENTS % 4);
		pay->outcome = byte >= 224 ? PAYMENT_FAILED : PAYMENT_CAPTURED;
	}
}

static void make_batch(struct input *input, enum message_kind kind, uint32_t bookings) {
	request.kind = kind;
	name_bytes(&request.batch, request.n);
	request.opened_at_us = request.time_ms * 1000;
	request.count = (uint16_t)(1 + input_below(input, ENTRIES_MAX));
	for (uint16_t i = 0; i < request.count; i++) {
		make_entry(input, i, bookings);
	}
}

/* Milliseconds from one request to the next: usually few, sometimes back, sometimes a whole hold. */
static int64_t make_pause_ms(struct input *input) {
	uint8_t byte = input_byte(input);
	if (byte >= 240) {
		return -(int64_t)(byte - 240) * 10;
	}
	return byte >= 192 ? (byte - 191) * INT64_C(250) : byte;
}

static void make_define(uint32_t ordinal) {
	static const char json[] = "{}"; /* the core is told what it says */
	request.kind = MESSAGE_DEFINE;
	request.define = (struct define_request){
		.ordinal = ordinal, .json = json, .json_size = sizeof json - 1};
}

/* ---- deciding -------------------------------------------------------------------------------- */

/* What the other side reads is what was written. */
static void carry_request(void) {
	size_t size = request_encode(&request, wire, sizeof wire);
	assert(size > 0);
	bool readable = request_decode(&received, wire, size);
	assert(readable);
	received.n = request.n;
	received.time_ms = request.time_ms;
	uint8_t again[4096];
	size_t again_size = request_encode(&received, again, sizeof again);
	assert(again_size == size);
	assert(memcmp(again, wire, size) == 0);
}

static void assert_same_decision(const struct decision *expected, const struct decision *actual) {
	char buffer[256];
	struct text difference = text_init(buffer, sizeof buffer);
	bool agreed = comparison_equal(expected, actual, &difference);
	if (!agreed) {
		fprintf(stderr, "request %llu: %s\n", (unsigned long long)request.n, buffer);
	}
	assert(agreed);
}

static void carry_decision(void) {
	size_t size = decision_encode_body(&decided, wire, sizeof wire);
	assert(size > 0);
	assert(size + DIGEST_BYTES <= DECISION_BYTES_MAX);
	memset(wire + size, 0, DIGEST_BYTES);
	bool readable = decision_decode(&read_back, wire, size + DIGEST_BYTES);
	assert(readable);
	assert_same_decision(&decided, &read_back);
}

static void assert_sound(const struct campaign *campaign) {
	const struct inventory *inventory = &campaign->inventory;
	assert(inventory->units_available + inventory->units_held + inventory->units_sold ==
		inventory->units_total);
	assert(campaign->waiting <= campaign->definition.waiting_list);
	assert(campaign->time_ms >= decided.time_ms);
}

static void decide(struct line *line, const struct definition *definition) {
	carry_request();
	struct campaign *campaign = &line->campaign;
	struct campaign_capacity capacity = campaign_capacity(campaign, definition);
	tables_provide(&line->tables, campaign, &capacity);
	campaign_step(campaign, &received, definition, &decided);
	referee_decide(line->referee, &request, definition, &refereed);
	assert_same_decision(&refereed, &decided);
	carry_decision();
	assert_sound(campaign);
}

static void decide_unreadable(struct line *line) {
	campaign_step_unreadable(&line->campaign, request.n, request.time_ms, &decided);
	referee_decide_unreadable(line->referee, request.n, request.time_ms, &refereed);
	assert_same_decision(&refereed, &decided);
	carry_decision();
}

static void tick(struct line *line) {
	const struct campaign *campaign = &line->campaign;
	int64_t due_ms = campaign_due_ms(campaign);
	int64_t now_ms = request.time_ms > campaign->time_ms ? request.time_ms : campaign->time_ms;
	enum campaign_state state = campaign->state;
	request.kind = MESSAGE_TICK;
	decide(line, NULL);
	bool changed = decided.effects_count > 0 || campaign->state != state;
	assert(now_ms >= due_ms || !changed);
	assert(now_ms < due_ms || changed || campaign_due_ms(campaign) > due_ms);
}

static void play_request(struct line *line, struct input *input) {
	uint8_t what = input_byte(input);
	line->time_ms += make_pause_ms(input);
	memset(&request, 0, offsetof(struct request, book));
	request.n = line->campaign.n + 1;
	request.time_ms = line->time_ms;
	uint32_t bookings = line->campaign.bookings.count;
	if (what < 128) {
		make_batch(input, MESSAGE_BOOK, bookings);
	} else if (what < 176) {
		make_batch(input, MESSAGE_CANCEL, bookings);
	} else if (what < 224) {
		make_batch(input, MESSAGE_PAY, bookings);
	} else if (what < 240) {
		request.kind = MESSAGE_CONTROL;
		request.command = (enum control_command)(CONTROL_START + what % 4);
	} else if (what < 248) {
		tick(line);
		return;
	} else if (what < 252) {
		struct definition definition = make_definition(input);
		make_define(what == 251 ? 8 : 7);
		decide(line, what == 250 ? NULL : &definition);
		return;
	} else {
		decide_unreadable(line);
		return;
	}
	decide(line, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct input input = {data, size};
	struct line line = {.referee = referee_create(), .time_ms = EPOCH_MS};
	campaign_init(&line.campaign);
	tables_init(&line.tables);
	struct definition definition = make_definition(&input);
	memset(&request, 0, offsetof(struct request, book));
	request.n = 1;
	request.time_ms = EPOCH_MS;
	make_define(7);
	decide(&line, &definition);
	for (uint32_t i = 0; i < REQUESTS_MAX && input.size > 0; i++) {
		play_request(&line, &input);
	}
	tables_finish(&line.tables);
	referee_destroy(line.referee);
	return 0;
}
