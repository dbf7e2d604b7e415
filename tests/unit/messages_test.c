/*
 * messages_test - requests: their bytes, round trips, and everything that must not decode.
 */
#include "common/pure/messages.h"

#include "common/pure/bytes.h"
#include "tests/unit/random.h"
#include "tests/unit/unit.h"

/* Too large for the stack of a careful program. */
static struct request request;
static struct request decoded;
static uint8_t bytes[BATCH_BYTES_MAX];

static void assert_person_equal(const struct person *a, const struct person *b) {
	assert_memory_equal(&a->account, &b->account, sizeof a->account);
	assert_int_equal(a->identities_count, b->identities_count);
	for (uint8_t i = 0; i < a->identities_count; i++) {
		assert_memory_equal(&a->identities[i], &b->identities[i], IDENTITY_BYTES);
	}
}

static void random_person(struct random *random, struct person *person) {
	*person = (struct person){.identities_count = (uint8_t)(1 + random_below(random, 2))};
	random_fill(random, &person->account, sizeof person->account);
	random_fill(random, person->identities, person->identities_count * IDENTITY_BYTES);
}

/* A book request of one entry, for tests that change single bytes of it. */
static size_t encode_small_book(uint8_t identities_count) {
	request = (struct request){.kind = MESSAGE_BOOK, .count = 1, .opened_at_us = 1};
	memset(&request.batch, 0xb0, sizeof request.batch);
	struct book_request *entry = &request.book[0];
	memset(&entry->person.account, 0xa0, ACCOUNT_BYTES);
	entry->person.identities_count = identities_count;
	memset(&entry->person.identities[0], 0x11, IDENTITY_BYTES);
	memset(&entry->person.identities[1], 0x22, IDENTITY_BYTES);
	memset(&entry->key, 0xc0, REQUEST_KEY_BYTES);
	entry->units = 3;
	return request_encode(&request, bytes, sizeof bytes);
}

/* The wire format is a promise to every log that exists: these bytes must never change. */
static void book_has_these_bytes(void **state) {
	(void)state;
	static const uint8_t want[] = {
		1, 2,                                           /* version, kind */
		1, 0,                                           /* count */
		0xb0, 0xb0, 0xb0, 0xb0, 0xb0, 0xb0, 0xb0, 0xb0, /* batch id */
		0xb0, 0xb0, 0xb0, 0xb0, 0xb0, 0xb0, 0xb0, 0xb0, /**/
		1, 0, 0, 0, 0, 0, 0, 0,                         /* opened at */
		0xa0, 0xa0, 0xa0, 0xa0, 0xa0, 0xa0, 0xa0, 0xa0, /* account */
		0xa0, 0xa0, 0xa0, 0xa0, 0xa0, 0xa0, 0xa0, 0xa0, /**/
		1,                                              /* identities */
		0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, /* identity */
		0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, /**/
		0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, /* request key */
		0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, 0xc0, /**/
		3,                                              /* units */
	};
	assert_int_equal(encode_small_book(1), sizeof want);
	assert_memory_equal(bytes, want, sizeof want);
	assert_int_equal(message_kind(bytes, sizeof want), MESSAGE_BOOK);
}

static void random_batch(struct random *random, enum message_kind kind, uint16_t count) {
	request = (struct request){.kind = kind, .count = count};
	random_fill(random, &request.batch, sizeof request.batch);
	request.opened_at_us = (int64_t)random_below(random, UINT64_C(1) << 50);
	for (uint16_t i = 0; i < count; i++) {
		uint32_t number = 1 + (uint32_t)random_below(random, UINT32_MAX);
		if (kind == MESSAGE_BOOK) {
			random_person(random, &request.book[i].person);
			random_fill(random, &request.book[i].key, REQUEST_KEY_BYTES);
			request.book[i].units = (uint8_t)random_next(random);
		} else if (kind == MESSAGE_CANCEL) {
			random_person(random, &request.cancel[i].person);
			request.cancel[i].number = number;
		} else {
			request.pay[i].number = number;
			random_fill(random, &request.pay[i].payment, PAYMENT_BYTES);
			request.pay[i].amount_paise = random_next(random);
			request.pay[i].outcome =
				(enum payment_outcome)(1 + random_below(random, 2));
		}
	}
}

static void assert_entries_equal(uint16_t count) {
	for (uint16_t i = 0; i < count; i++) {
		if (request.kind == MESSAGE_BOOK) {
			assert_person_equal(&decoded.book[i].person, &request.book[i].person);
			assert_memory_equal(
				&decoded.book[i].key, &request.book[i].key, REQUEST_KEY_BYTES);
			assert_int_equal(decoded.book[i].units, request.book[i].units);
		} else if (request.kind == MESSAGE_CANCEL) {
			assert_person_equal(&decoded.cancel[i].person, &request.cancel[i].person);
			assert_int_equal(decoded.cancel[i].number, request.cancel[i].number);
		} else {
			assert_int_equal(decoded.pay[i].number, request.pay[i].number);
			assert_memory_equal(
				&decoded.pay[i].payment, &request.pay[i].payment, PAYMENT_BYTES);
			assert_int_equal(decoded.pay[i].amount_paise, request.pay[i].amount_paise);
			assert_int_equal(decoded.pay[i].outcome, request.pay[i].outcome);
		}
	}
}

static void batches_round_trip(void **state) {
	(void)state;
	static const enum message_kind kinds[] = {MESSAGE_BOOK, MESSAGE_CANCEL, MESSAGE_PAY};
	static const uint16_t counts[] = {1, 2, 250, BATCH_REQUESTS_MAX};
	struct random random = {.state = 1};
	for (size_t kind = 0; kind < COUNT_OF(kinds); kind++) {
		for (size_t i = 0; i < COUNT_OF(counts); i++) {
			random_batch(&random, kinds[kind], counts[i]);
			size_t size = request_encode(&request, bytes, sizeof bytes);
			assert_true(size > BATCH_HEAD_BYTES);
			memset(&decoded, 0xee, sizeof decoded);
			assert_true(request_decode(&decoded, bytes, size));
			assert_int_equal(decoded.kind, request.kind);
			assert_int_equal(decoded.count, request.count);
			assert_memory_equal(&decoded.batch, &request.batch, BATCH_ID_BYTES);
			assert_int_equal(decoded.opened_at_us, request.opened_at_us);
			assert_entries_equal(counts[i]);
		}
	}
}

/* The largest batch keeps its promise to limits.h. */
static void sizes_are_upper_bounds(void **state) {
	(void)state;
	size_t one = encode_small_book(IDENTITIES_MAX);
	assert_int_equal(one, BATCH_HEAD_BYTES + BOOK_ENTRY_BYTES_MAX);
	request.kind = MESSAGE_CANCEL;
	struct person person = request.book[0].person;
	request.cancel[0] = (struct cancel_request){.person = person, .number = 1};
	one = request_encode(&request, bytes, sizeof bytes);
	assert_int_equal(one, BATCH_HEAD_BYTES + CANCEL_ENTRY_BYTES_MAX);
}

/* As the batcher does it: head, entries, count at the end. */
static void batches_can_be_written_bit_by_bit(void **state) {
	(void)state;
	struct random random = {.state = 2};
	random_batch(&random, MESSAGE_BOOK, 3);
	static uint8_t whole[1024];
	size_t whole_size = request_encode(&request, whole, sizeof whole);

	struct bytes_writer writer = bytes_writer_init(bytes, sizeof bytes);
	batch_head_encode(&writer, MESSAGE_BOOK, &request.batch, request.opened_at_us);
	assert_int_equal(writer.used, BATCH_HEAD_BYTES);
	for (uint16_t i = 0; i < 3; i++) {
		book_request_encode(&writer, &request.book[i]);
	}
	assert_false(request_decode(&decoded, bytes, writer.used)); /* not finished */
	batch_head_finish(&writer, 3);
	assert_int_equal(writer.used, whole_size);
	assert_memory_equal(bytes, whole, whole_size);
}

static void single_requests_round_trip(void **state) {
	(void)state;
	request = (struct request){.kind = MESSAGE_DEFINE,
		.define = {.ordinal = CAMPAIGN_ORDINAL_MAX, .json = "{\"a\":1}", .json_size = 7}};
	size_t size = request_encode(&request, bytes, sizeof bytes);
	assert_true(request_decode(&decoded, bytes, size));
	assert_int_equal(decoded.kind, MESSAGE_DEFINE);
	assert_int_equal(decoded.define.ordinal, CAMPAIGN_ORDINAL_MAX);
	assert_int_equal(decoded.define.json_size, 7);
	assert_memory_equal(decoded.define.json, "{\"a\":1}", 7);

	for (enum control_command command = CONTROL_START; command <= CONTROL_CLOSE; command++) {
		request = (struct request){.kind = MESSAGE_CONTROL, .command = command};
		size = request_encode(&request, bytes, sizeof bytes);
		assert_int_equal(size, 3);
		assert_true(request_decode(&decoded, bytes, size));
		assert_int_equal(decoded.command, command);
		assert_int_equal(decoded.count, 0);
	}

	request = (struct request){.kind = MESSAGE_TICK};
	size = request_encode(&request, bytes, sizeof bytes);
	assert_int_equal(size, 2);
	assert_true(request_decode(&decoded, bytes, size));
	assert_int_equal(decoded.kind, MESSAGE_TICK);
}

/* Encodes the request that is named; returns its size. */
static size_t encode_kind(enum message_kind kind) {
	struct random random = {.state = 3};
	if (kind == MESSAGE_BOOK || kind == MESSAGE_CANCEL || kind == MESSAGE_PAY) {
		random_batch(&random, kind, 2);
	} else {
		request = (struct request){.kind = kind,
			.command = CONTROL_PAUSE,
			.define = {.ordinal = 1, .json = "{}", .json_size = 2}};
	}
	return request_encode(&request, bytes, sizeof bytes);
}

static void refuses_every_beginning_and_more(void **state) {
	(void)state;
	for (enum message_kind kind = MESSAGE_DEFINE; kind <= MESSAGE_TICK; kind++) {
		size_t size = encode_kind(kind);
		bytes[size] = 0;
		assert_true(request_decode(&decoded, bytes, size));
		assert_false(request_decode(&decoded, bytes, size + 1));
		for (size_t less = 0; less < size; less++) {
			assert_false(request_decode(&decoded, bytes, less));
		}
	}
}

static void says_when_it_does_not_fit(void **state) {
	(void)state;
	for (enum message_kind kind = MESSAGE_DEFINE; kind <= MESSAGE_TICK; kind++) {
		size_t size = encode_kind(kind);
		for (size_t capacity = 0; capacity < size; capacity++) {
			assert_int_equal(request_encode(&request, bytes, capacity), 0);
		}
		assert_int_equal(request_encode(&request, bytes, size), size);
	}
}

static void refuses_wrong_fields(void **state) {
	(void)state;
	enum { ENTRY = BATCH_HEAD_BYTES, IDENTITIES = ENTRY + ACCOUNT_BYTES };
	static const struct {
		size_t offset;
		uint8_t value;
	} wrong[] = {
		{0, 0},            /* version */
		{0, 2},            /* version */
		{1, 0},            /* kind */
		{1, 7},            /* kind */
		{1, MESSAGE_TICK}, /* kind: trailing bytes */
		{2, 0},            /* no entries */
		{2, 2},            /* an entry that is not there */
		{3, 0xff},         /* more than BATCH_REQUESTS_MAX */
		{27, 0x80},        /* opened before the beginning of time */
		{27, 0x7f},        /* opened after the year 9999 */
		{IDENTITIES, 0},   /* nobody */
		{IDENTITIES, 1},   /* trailing bytes */
		{IDENTITIES, 3},   /* more than IDENTITIES_MAX */
	};
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		size_t size = encode_small_book(IDENTITIES_MAX);
		assert_true(request_decode(&decoded, bytes, size));
		bytes[wrong[i].offset] = wrong[i].value;
		assert_false(request_decode(&decoded, bytes, size));
	}
}

static void refuses_the_same_identity_twice(void **state) {
	(void)state;
	size_t size = encode_small_book(IDENTITIES_MAX);
	uint8_t *identities = bytes + BATCH_HEAD_BYTES + ACCOUNT_BYTES + 1;
	memcpy(identities + IDENTITY_BYTES, identities, IDENTITY_BYTES);
	assert_false(request_decode(&decoded, bytes, size));
	identities[IDENTITY_BYTES]++;
	assert_true(request_decode(&decoded, bytes, size));
}

static void refuses_wrong_payments_and_cancels(void **state) {
	(void)state;
	size_t size = encode_kind(MESSAGE_PAY);
	memset(bytes + BATCH_HEAD_BYTES, 0, 4); /* number 0 */
	assert_false(request_decode(&decoded, bytes, size));
	size = encode_kind(MESSAGE_PAY);
	bytes[size - 1] = 0; /* outcome */
	assert_false(request_decode(&decoded, bytes, size));
	bytes[size - 1] = 3;
	assert_false(request_decode(&decoded, bytes, size));
	size = encode_kind(MESSAGE_CANCEL);
	memset(bytes + size - 4, 0, 4); /* number 0 */
	assert_false(request_decode(&decoded, bytes, size));
}

static void refuses_wrong_controls_and_definitions(void **state) {
	(void)state;
	static const uint8_t commands[] = {0, 5, 255};
	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		size_t size = encode_kind(MESSAGE_CONTROL);
		bytes[2] = commands[i];
		assert_false(request_decode(&decoded, bytes, size));
	}
	static const uint8_t not_utf8[] = {1, MESSAGE_DEFINE, 1, 0, 0, 0, 2, 0, 0, 0, 0xc3, 0x28};
	assert_false(request_decode(&decoded, not_utf8, sizeof not_utf8));
	static const uint8_t empty[] = {1, MESSAGE_DEFINE, 1, 0, 0, 0, 0, 0, 0, 0};
	assert_false(request_decode(&decoded, empty, sizeof empty));
	static const uint8_t no_ordinal[] = {1, MESSAGE_DEFINE, 0, 0, 0, 0, 2, 0, 0, 0, '{', '}'};
	assert_false(request_decode(&decoded, no_ordinal, sizeof no_ordinal));
	static const uint8_t large_ordinal[] = {
		1, MESSAGE_DEFINE, 0, 0, 0, 0x10, 2, 0, 0, 0, '{', '}'};
	assert_false(request_decode(&decoded, large_ordinal, sizeof large_ordinal));

	memset(bytes, ' ', sizeof bytes);
	memcpy(bytes, not_utf8, 6);
	uint32_t json_size = DEFINITION_BYTES_MAX;
	for (int i = 0; i < 4; i++) {
		bytes[6 + i] = (uint8_t)(json_size >> (8 * i));
	}
	assert_true(request_decode(&decoded, bytes, 10 + json_size));
	bytes[6]++;
	assert_false(request_decode(&decoded, bytes, 11 + json_size));
}

/* Whatever the bytes are, decoding reads within them (the sanitizers watch) and what it accepts can be
 * written again to the very same bytes. */
static void damaged_messages_do_no_harm(void **state) {
	(void)state;
	struct random random = {.state = 4};
	for (int i = 0; i < 20000; i++) {
		enum message_kind kind =
			(enum message_kind)(MESSAGE_DEFINE + random_below(&random, 6));
		size_t size = encode_kind(kind);
		for (uint64_t changes = 1 + random_below(&random, 4); changes > 0; changes--) {
			bytes[random_below(&random, size)] = (uint8_t)random_next(&random);
		}
		if (request_decode(&decoded, bytes, size)) {
			static uint8_t again[1024];
			assert_int_equal(request_encode(&decoded, again, sizeof again), size);
			assert_memory_equal(again, bytes, size);
		}
	}
}

static void knows_the_kind(void **state) {
	(void)state;
	assert_int_equal(message_kind((const uint8_t *)"\x01\x10", 2), MESSAGE_DECISION);
	assert_int_equal(message_kind((const uint8_t *)"\x02\x10", 2), 0);
	assert_int_equal(message_kind((const uint8_t *)"\x01", 1), 0);
	assert_int_equal(message_kind(NULL, 0), 0);
}

static void names_are_stable(void **state) {
	(void)state;
	assert_string_equal(verdict_name(VERDICT_SOLD_OUT), "sold_out");
	assert_string_equal(verdict_name((enum verdict)0), "unknown");
	assert_string_equal(verdict_name((enum verdict)255), "unknown");
	assert_string_equal(campaign_state_name(CAMPAIGN_SCHEDULED), "scheduled");
	assert_string_equal(campaign_state_name((enum campaign_state)0), "unknown");
	assert_string_equal(booking_status_name(BOOKING_WAITING), "waitlisted");
	assert_string_equal(booking_status_name((enum booking_status)99), "unknown");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(book_has_these_bytes),
		cmocka_unit_test(batches_round_trip),
		cmocka_unit_test(sizes_are_upper_bounds),
		cmocka_unit_test(batches_can_be_written_bit_by_bit),
		cmocka_unit_test(single_requests_round_trip),
		cmocka_unit_test(refuses_every_beginning_and_more),
		cmocka_unit_test(says_when_it_does_not_fit),
		cmocka_unit_test(refuses_wrong_fields),
		cmocka_unit_test(refuses_the_same_identity_twice),
		cmocka_unit_test(refuses_wrong_payments_and_cancels),
		cmocka_unit_test(refuses_wrong_controls_and_definitions),
		cmocka_unit_test(damaged_messages_do_no_harm),
		cmocka_unit_test(knows_the_kind),
		cmocka_unit_test(names_are_stable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
