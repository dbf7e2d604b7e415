/*
 * tickets_test - tickets come back as they went, and nothing else comes back at all.
 */
#include "ingress/tickets.h"

#include "tests/unit/unit.h"

#include "common/pure/limits.h"

static const struct key key = {.bytes = {1, 2, 3}};
static const struct key other_key = {.bytes = {1, 2, 4}};

static bool read(struct ticket *ticket, const char *text) {
	return tickets_read(ticket, &key, text, strlen(text));
}

static void what_is_written_is_read(void **state) {
	(void)state;
	static const struct ticket cases[] = {
		{.campaign_ordinal = 1, .index = 0, .n = 1},
		{.campaign_ordinal = 77, .index = 512, .n = 123456789},
		{.campaign_ordinal = CAMPAIGN_ORDINAL_MAX,
			.index = BATCH_REQUESTS_MAX - 1,
			.n = UINT64_MAX},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char text[TICKET_SIZE];
		struct ticket ticket;
		tickets_write(text, &key, &cases[i]);
		assert_int_equal(strlen(text), TICKET_SIZE - 1);
		assert_memory_equal(text, "t1.", 3);
		assert_int_equal(strspn(text + 3, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuv"
						  "wxyz0123456789-_"),
			TICKET_SIZE - 4);
		assert_true(read(&ticket, text));
		assert_int_equal(ticket.campaign_ordinal, cases[i].campaign_ordinal);
		assert_int_equal(ticket.n, cases[i].n);
		assert_int_equal(ticket.index, cases[i].index);
	}
}

static void every_changed_character_is_noticed(void **state) {
	(void)state;
	char text[TICKET_SIZE];
	struct ticket ticket;
	tickets_write(text, &key, &(struct ticket){.campaign_ordinal = 3, .index = 4, .n = 5});
	for (size_t i = 0; i < TICKET_SIZE - 1; i++) {
		for (int c = 1; c < 256; c++) {
			char was = text[i];
			if (was != (char)c) {
				text[i] = (char)c;
				assert_false(read(&ticket, text));
				text[i] = was;
			}
		}
	}
	assert_true(read(&ticket, text));
}

static void other_lengths_and_keys_are_refused(void **state) {
	(void)state;
	char text[TICKET_SIZE + 1] = {0};
	struct ticket ticket;
	tickets_write(text, &key, &(struct ticket){.campaign_ordinal = 3, .index = 4, .n = 5});
	assert_false(tickets_read(&ticket, &other_key, text, TICKET_SIZE - 1));
	for (size_t size = 0; size < TICKET_SIZE - 1; size++) {
		assert_false(tickets_read(&ticket, &key, text, size));
	}
	text[TICKET_SIZE - 1] = 'A';
	assert_false(tickets_read(&ticket, &key, text, TICKET_SIZE));
}

/* Made with the right key, but of no place that there is. */
static void places_that_cannot_be_are_refused(void **state) {
	(void)state;
	static const struct ticket cases[] = {
		{.campaign_ordinal = 0, .index = 0, .n = 1},
		{.campaign_ordinal = CAMPAIGN_ORDINAL_MAX + 1, .index = 0, .n = 1},
		{.campaign_ordinal = 1, .index = 0, .n = 0},
		{.campaign_ordinal = 1, .index = BATCH_REQUESTS_MAX, .n = 1},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char text[TICKET_SIZE];
		struct ticket ticket;
		tickets_write(text, &key, &cases[i]);
		assert_false(read(&ticket, text));
	}
}

int main(void) {
	crypto_init();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(every_changed_character_is_noticed),
		cmocka_unit_test(other_lengths_and_keys_are_refused),
		cmocka_unit_test(places_that_cannot_be_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
