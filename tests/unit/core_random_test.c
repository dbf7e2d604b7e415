/*
 * core_random_test - the core and the referee decide the same random lines, seed by seed.
 *
 * Few people, few units, short holds and small chances make every rule meet every other. A failure
 * prints its seed; SEED=... runs that one alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cli/comparison.h"
#include "cli/referee.h"
#include "sequencer/core/campaign.h"
#include "sequencer/tables.h"

#define SEEDS 1000u
#define REQUESTS_A_SEED 300u
#define PEOPLE 24u
#define EPOCH_MS INT64_C(1700000000000)

static struct request request;
static struct decision decided;
static struct decision refereed;
static uint64_t random_state;

/* Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators" (2014). */
static uint64_t random_next(void) {
	uint64_t z = random_state += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static uint32_t below(uint32_t bound) {
	return (uint32_t)(random_next() % bound);
}

/* The same bytes for the same small number; spread, as identities are. */
static void name_bytes(void *target, uint64_t number) {
	uint64_t words[2] = {
		(number + 1) * 0x9e3779b97f4a7c15u, (number + 1) * 0xc2b2ae3d27d4eb4fu};
	memcpy(target, words, sizeof words);
}

static struct definition random_definition(void) {
	bool paid = below(2) == 0;
	return (struct definition){
		.id = "random",
		.units = 1 + below(20),
		.units_per_person = 1 + below(4),
		.price_paise = paid ? 100 : 0,
		.hold_seconds = paid ? 1 + below(5) : 0,
		.waiting_list = below(2) == 0 ? below(8) : 0,
		.rules = RULES_NEWEST,
		.verification = below(5) == 0 ? VERIFICATION_BOTH : VERIFICATION_EITHER,
		.cancellable = below(3) != 0,
		.opens_by_command = below(2) == 0,
		.opens_at_ms = EPOCH_MS + below(3000),
		.closes_by_command = below(2) == 0,
		.closes_at_ms = EPOCH_MS + 4000 + below(100000),
	};
}

static void random_person(struct person *person) {
	uint32_t first = below(PEOPLE);
	uint32_t second = below(PEOPLE);
	name_bytes(&person->account, first);
	name_bytes(&person->identities[0], first);
	name_bytes(&person->identities[1], second);
	person->identities_count = first != second && below(3) == 0 ? 2 : 1;
}

static void random_entry(uint16_t i, uint32_t bookings) {
	if (request.kind == MESSAGE_BOOK) {
		random_person(&request.book[i].person);
		request.book[i].units = (uint8_t)below(6);
		name_bytes(&request.book[i].key, below(60));
	} else if (request.kind == MESSAGE_CANCEL) {
		random_person(&request.cancel[i].person);
		request.cancel[i].number = 1 + below(bookings + 1);
	} else if (request.kind == MESSAGE_PAY) {
		request.pay[i].number = 1 + below(bookings + 1);
		name_bytes(&request.pay[i].payment, below(40));
		request.pay[i].amount_paise = 100u * (1 + below(3));
		request.pay[i].outcome = below(5) == 0 ? PAYMENT_FAILED : PAYMENT_CAPTURED;
	}
}

static void random_request(uint32_t bookings) {
	static const enum message_kind kinds[] = {MESSAGE_BOOK, MESSAGE_BOOK, MESSAGE_BOOK,
		MESSAGE_BOOK, MESSAGE_BOOK, MESSAGE_CANCEL, MESSAGE_CANCEL, MESSAGE_PAY,
		MESSAGE_PAY, MESSAGE_TICK};
	request.kind = kinds[below(sizeof kinds / sizeof *kinds)];
	request.count = 0;
	if (below(40) == 0) {
		request.kind = MESSAGE_CONTROL;
		/* Closing is for good: rarely. */
		request.command = (enum control_command)(1 + below(below(20) == 0 ? 4 : 3));
		return;
	}
	request.count = (uint16_t)(1 + below(6));
	for (uint16_t i = 0; i < request.count; i++) {
		random_entry(i, bookings);
	}
}

static void assert_balanced(const struct campaign *campaign) {
	const struct inventory *inventory = &campaign->inventory;
	assert_true(inventory->units_available + inventory->units_held + inventory->units_sold ==
		    inventory->units_total);
	assert_true(campaign->waiting <= campaign->definition.waiting_list);
}

static void step(struct campaign *campaign, struct tables *tables, struct referee *referee,
	const struct definition *definition, uint64_t seed) {
	request.n = campaign->n + 1;
	struct campaign_capacity capacity = campaign_capacity(campaign, definition);
	tables_provide(tables, campaign, &capacity);
	campaign_step(campaign, &request, definition, &decided);
	referee_decide(referee, &request, definition, &refereed);
	char buffer[256];
	struct text difference = text_init(buffer, sizeof buffer);
	if (!comparison_equal(&refereed, &decided, &difference)) {
		print_error("seed %llu, request %llu: %s\n", (unsigned long long)seed,
			(unsigned long long)request.n, difference.start);
		fail();
	}
	assert_balanced(campaign);
}

static void play(uint64_t seed) {
	static const char json[] = "{}";
	struct campaign campaign;
	struct tables tables;
	random_state = seed;
	campaign_init(&campaign);
	tables_init(&tables);
	struct referee *referee = referee_create();
	struct definition definition = random_definition();
	request.time_ms = EPOCH_MS;
	request.kind = MESSAGE_DEFINE;
	request.define = (struct define_request){.ordinal = 7, .json = json, .json_size = 2};
	step(&campaign, &tables, referee, &definition, seed);
	request.kind = MESSAGE_CONTROL;
	request.command = CONTROL_START;
	step(&campaign, &tables, referee, NULL, seed);
	for (uint32_t i = 0; i < REQUESTS_A_SEED; i++) {
		request.time_ms += (int64_t)below(600) - 50;
		random_request(campaign.bookings.count);
		step(&campaign, &tables, referee, NULL, seed);
	}
	tables_finish(&tables);
	referee_destroy(referee);
}

static void core_and_referee_agree(void **state) {
	(void)state;
	const char *one = getenv("SEED");
	if (one != NULL) {
		play(strtoull(one, NULL, 10));
		return;
	}
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		play(seed);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(core_and_referee_agree),
	};
	return cmocka_run_group_tests_name("core_random", tests, NULL, NULL);
}
