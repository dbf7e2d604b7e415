/*
 * ledger_model_simulated - the tables of tests/sim/ledger.h, for the probe.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/pipeline/ledger_model.h"
#include "tests/sim/database.h"
#include "tests/sim/ledger.h"
#include "tests/sim/node.h"
#include "tests/sim/trouble.h"
#include "tests/sim/world.h"

#define ROWS_MAX 20000u

/* ---- a world in which nothing goes wrong --------------------------------------------------------- */

bool trace_is_on;

void trace_write(const char *format, ...) {
	(void)format;
}

bool trouble_strikes(enum trouble kind) {
	(void)kind;
	return false;
}

void trouble_step(void) {
}

int64_t trouble_duration_us(int64_t least, int64_t most) {
	(void)most;
	return least;
}

bool node_is_crashing(const struct node *node) {
	(void)node;
	return false;
}

/* ---- what the probe looks at -------------------------------------------------------------------- */

void model_begin(const char *url) {
	(void)url;
	world_begin(1);
	ledger_begin();
	database_begin();
}

void model_end(void) {
	ledger_end();
	world_end();
}

void model_age(enum delivery_state state) {
	for (size_t i = 0; i < ledger_count(LEDGER_NOTICES); i++) {
		struct ledger_notice *notice = ledger_row(LEDGER_NOTICES, i);
		if (notice->state == state) {
			notice->due_at_us -= INT64_C(3600000000);
		}
	}
}

static void rest(struct ledger_notice *notice) {
	int64_t now_us = ledger_now_us();
	bool is_open = notice->state == DELIVERY_DUE || notice->state == DELIVERY_CLAIMED;
	if (is_open && notice->due_at_us <= now_us) {
		notice->due_at_us = now_us - INT64_C(86400000000) + (int64_t)notice->number * 1000 +
				    template_name(notice->template)[0] * 4 + notice->channel;
	}
}

void model_rest(void) {
	for (size_t i = 0; i < ledger_count(LEDGER_NOTICES); i++) {
		rest(ledger_row(LEDGER_NOTICES, i));
	}
}

enum delivery_state model_state(const struct notice *notice) {
	for (size_t i = 0; i < ledger_count(LEDGER_NOTICES); i++) {
		const struct ledger_notice *row = ledger_row(LEDGER_NOTICES, i);
		if (row->number == notice->number && row->template == notice->template &&
			row->channel == (int)notice->channel) {
			return row->state;
		}
	}
	abort();
}

static void print_bookings(void) {
	for (uint32_t number = 1; number <= ledger_count(LEDGER_BOOKINGS); number++) {
		const struct ledger_booking *row = ledger_booking(MODEL_ORDINAL, number);
		printf("booking %" PRIu32 " of %02x status %d place %" PRIu64 " by %" PRId64 "\n",
			number, row->account.bytes[0], (int)row->status, row->place,
			row->pay_by_us / 1000);
	}
}

static void print_owners(void) {
	for (uint32_t number = 1; number <= ledger_count(LEDGER_BOOKINGS); number++) {
		for (size_t i = 0; i < ledger_count(LEDGER_OWNERS); i++) {
			const struct ledger_owner *row = ledger_row(LEDGER_OWNERS, i);
			if (row->number == number) {
				printf("owner %" PRIu32 " of %02x under %" PRId64 "\n", number,
					row->account.bytes[0], row->prefix);
			}
		}
	}
}

static void print_log(void) {
	for (size_t i = 0; i < ledger_count(LEDGER_CHANGES); i++) {
		const struct ledger_change *row = ledger_row(LEDGER_CHANGES, i);
		if (!row->removed) {
			printf("change %" PRIu64 ".%" PRIu32 " of %" PRIu32 " to %d why %d\n",
				row->decision_n, row->position, row->number, (int)row->status,
				row->cause);
		}
	}
	for (size_t i = 0; i < ledger_count(LEDGER_DRAINS); i++) {
		const struct ledger_drain *row = ledger_row(LEDGER_DRAINS, i);
		printf("drain %" PRIu64 "\n", row->last_n);
	}
}

static void print_people(void) {
	for (int first = 0; first < 256; first++) {
		for (size_t i = 0; i < ledger_count(LEDGER_CONTACTS); i++) {
			const struct ledger_contact *row = ledger_row(LEDGER_CONTACTS, i);
			if (row->identity.bytes[0] == first) {
				printf("contact %02x of %02x %s %s\n", first, row->account.bytes[0],
					row->contact, row->locale);
			}
		}
	}
	for (int first = 0; first < 256; first++) {
		for (size_t i = 0; i < ledger_count(LEDGER_MERGES); i++) {
			const struct ledger_merge *row = ledger_row(LEDGER_MERGES, i);
			if (row->old_account.bytes[0] == first) {
				printf("merge %02x %02x\n", first, row->new_account.bytes[0]);
			}
		}
	}
}

static void print_news(void) {
	for (int first = 0; first < 256; first++) {
		for (size_t i = 0; i < ledger_count(LEDGER_NEWS); i++) {
			const struct ledger_news *row = ledger_row(LEDGER_NEWS, i);
			if (!row->removed && row->account.bytes[0] == first) {
				printf("news of %02x\n", first);
			}
		}
	}
}

static int by_row(const void *a, const void *b) {
	const struct ledger_notice *left = *(struct ledger_notice *const *)a;
	const struct ledger_notice *right = *(struct ledger_notice *const *)b;
	if (left->number != right->number) {
		return left->number < right->number ? -1 : 1;
	}
	int order = strcmp(template_name(left->template), template_name(right->template));
	return order != 0 ? order : left->channel - right->channel;
}

static void print_notices(void) {
	static const struct ledger_notice *sorted[ROWS_MAX];
	size_t count = ledger_count(LEDGER_NOTICES);
	for (size_t i = 0; i < count; i++) {
		sorted[i] = ledger_row(LEDGER_NOTICES, i);
	}
	qsort(sorted, count, sizeof *sorted, by_row);
	for (size_t i = 0; i < count; i++) {
		const struct ledger_notice *row = sorted[i];
		printf("notice %" PRIu32 " %s %d state %d attempts %" PRIu32 " ambiguous %" PRIu32
		       " by %s id %s: %s\n",
			row->number, template_name(row->template), row->channel, (int)row->state,
			row->attempts, row->ambiguous, row->claimed_by, row->provider_id,
			row->error);
	}
}

void model_dump(void) {
	const struct ledger_campaign *campaign = ledger_campaign(MODEL_ORDINAL);
	printf("campaign %" PRIu32 " %s at %" PRIu64 " %02x available %" PRIu32 "\n", MODEL_ORDINAL,
		campaign->id, campaign->decided_n, campaign->digest[0],
		campaign->counters.available);
	print_bookings();
	print_owners();
	print_log();
	print_people();
	print_notices();
	print_news();
	for (size_t i = 0; i < ledger_count(LEDGER_POSITIONS); i++) {
		const struct ledger_position *row = ledger_row(LEDGER_POSITIONS, i);
		printf("looked %" PRIu32 " %" PRIu64 ".%" PRId64 " %" PRIu64 "\n", row->number,
			row->change_n, row->change_position, row->seen_n);
	}
}
