/*
 * ledger_model_probe - a random story of a fulfiller and two notifiers with one ledger, as text.
 *
 *	ledger_model_probe URL SEED
 *
 * The programs' own modules make the statements. Linked once with the real common/database.c and once
 * with the simulation's (tests/sim/database.c), the same seed must print the same text: that is how the
 * simulated PostgreSQL is held against the real one. Nothing printed depends on the time of day.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/crypto.h"
#include "common/log.h"
#include "fulfiller/store.h"
#include "notifier/ledger.h"
#include "tests/pipeline/ledger_model.h"

#define STEPS 120
#define ACCOUNTS 12u
#define BOOKINGS_MAX 400u
#define NOTICES 1500u
#define NOTIFIERS 2u
#define TIME_MS INT64_C(1760000000000)

struct notifier {
	struct ledger *ledger;
	struct notice_list empty;
	struct notice_list held; /* claimed, not settled yet */
	struct notice_list unsettled;
	struct notice *all;
};

static uint64_t random_state;
static struct store *store;
static struct store_claim claim;
static struct plan plan;
static struct notifier notifiers[NOTIFIERS];
static uint64_t line_n;
static uint32_t bookings_count;
static uint32_t contacts_count;

/* SplitMix64. */
static uint32_t below(uint32_t bound) {
	random_state += UINT64_C(0x9e3779b97f4a7c15);
	uint64_t z = random_state;
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((z ^ (z >> 31)) % bound);
}

static void say_outcome(const char *what, unsigned outcome) {
	printf("%s: %u\n", what, outcome);
}

/* ---- the fulfiller ------------------------------------------------------------------------------ */

static struct account_id account_of(uint32_t number) {
	struct account_id account = {{0}};
	account.bytes[0] = (uint8_t)number;
	return account;
}

static struct decision *begin_decision(void) {
	static struct decision decision;
	memset(&decision, 0, sizeof decision);
	decision.n = ++line_n;
	decision.time_ms = TIME_MS + (int64_t)line_n * 1000;
	decision.ordinal = MODEL_ORDINAL;
	decision.state = CAMPAIGN_OPEN;
	decision.counters.available = below(1000);
	decision.digest[0] = (uint8_t)line_n;
	return &decision;
}

static void add_definition(struct decision *decision) {
	static const char *const verifications[] = {"either", "email", "phone", "both"};
	static char json[400];
	const char *verification = verifications[below(4)];
	const char *price = below(2) == 0 ? ",\"price_paise\":500" : "";
	int size = snprintf(json, sizeof json,
		"{\"id\":\"c7\",\"title\":\"Seven\",\"units\":1000,\"units_per_person\":100,"
		"\"waiting_list\":100,\"verification\":\"%s\"%s}",
		verification, price);
	decision->definition = json;
	decision->definition_size = (uint32_t)size;
}

static void add_booking(struct decision *decision) {
	static const enum verdict verdicts[] = {VERDICT_BOOKED, VERDICT_HELD, VERDICT_WAITLISTED};
	if (bookings_count == BOOKINGS_MAX) {
		return;
	}
	struct answer *answer = &decision->answers[decision->count++];
	answer->verdict = verdicts[below(3)];
	answer->number = ++bookings_count;
	answer->units = (uint8_t)(1 + below(3));
	answer->place = bookings_count;
	answer->time_ms = decision->time_ms;
	answer->pay_by_ms = answer->verdict == VERDICT_HELD ? decision->time_ms + 60000 : 0;
	answer->rank = answer->verdict == VERDICT_WAITLISTED ? 1 + below(9) : 0;
	answer->account = account_of(below(ACCOUNTS));
}

/* Changes of a booking that was in the ledger before: any, the ledger does not judge. */
static void add_change(struct decision *decision, uint32_t known) {
	static const enum verdict verdicts[] = {
		VERDICT_CANCELLED, VERDICT_PAID, VERDICT_REFUND_DUE};
	if (known == 0) {
		return;
	}
	uint32_t number = 1 + below(known);
	if (below(2) == 0) {
		decision->answers[decision->count++] =
			(struct answer){.verdict = verdicts[below(3)], .number = number};
		return;
	}
	struct effect *effect = &decision->effects[decision->effects_count++];
	effect->kind = (enum effect_kind)(EFFECT_RELEASED + below(3));
	effect->number = number;
	effect->pay_by_ms = effect->kind == EFFECT_PROMOTED_HELD ? decision->time_ms + 90000 : 0;
}

static void write_plan(bool with_changes) {
	plan_restart(&plan, claim.n);
	uint32_t known = bookings_count;
	uint32_t count = 1 + below(3);
	for (uint32_t i = 0; i < count; i++) {
		struct decision *decision = begin_decision();
		if (decision->n == 1 || below(30) == 0) {
			add_definition(decision);
		}
		for (uint32_t j = below(6); j > 0 && decision->n > 1; j--) {
			add_booking(decision);
		}
		for (uint32_t j = below(4); j > 0 && with_changes; j--) {
			add_change(decision, known);
		}
		const char *problem = plan_add(&plan, decision);
		assert(problem == NULL);
	}
	say_outcome("write", store_write(store, &claim, &plan));
}

/* Somebody else's plan of the same base comes too late. */
static void write_late(void) {
	struct store_claim old = claim;
	if (line_n < 2) {
		return;
	}
	plan_restart(&plan, claim.n - 1);
	old.n = claim.n - 1;
	struct decision *decision = begin_decision();
	decision->n = claim.n;
	line_n--;
	const char *problem = plan_add(&plan, decision);
	assert(problem == NULL);
	say_outcome("write late", store_write(store, &old, &plan));
}

static void claim_again(void) {
	say_outcome("claim", store_claim(store, "c7", MODEL_ORDINAL, &claim));
	printf("at %" PRIu64 " digest %02x\n", claim.n, claim.digest[0]);
	struct store_claim other;
	say_outcome("claim of another id", store_claim(store, "c8", MODEL_ORDINAL, &other));
}

static void write_contacts(void) {
	struct verified_contact contacts[4] = {{.locale = "en"}};
	size_t count = 1 + below(4);
	for (size_t i = 0; i < count; i++) {
		struct verified_contact *contact = &contacts[i];
		uint32_t number = below(2 * ACCOUNTS);
		memset(contact, 0, sizeof *contact);
		contact->account = account_of(below(ACCOUNTS));
		contact->identity.bytes[0] = (uint8_t)number;
		contact->channel = number % 2 == 0 ? CHANNEL_EMAIL : CHANNEL_SMS;
		contact->linked = below(4) == 0;
		/* No two alike: which of them counted would be up to the database. */
		contact->verified_at_ms = TIME_MS + below(1000) * 1024 + contacts_count++;
		snprintf(contact->contact, sizeof contact->contact,
			number % 2 == 0 ? "n%u.%u@example.org" : "+91%010u%u", number, below(9));
		snprintf(contact->locale, sizeof contact->locale, "%s", below(2) ? "en" : "hi");
	}
	say_outcome("contacts", store_contacts(store, contacts, count));
}

/* ---- the notifiers ------------------------------------------------------------------------------ */

static int by_row(const void *a, const void *b) {
	const struct notice *left = *(struct notice *const *)a;
	const struct notice *right = *(struct notice *const *)b;
	if (left->number != right->number) {
		return left->number < right->number ? -1 : 1;
	}
	if (left->template != right->template) {
		return left->template <right->template ? -1 : 1;
	}
	return (int)left->channel - (int)right->channel;
}

static void say_notice(const struct notice *notice) {
	printf("  %" PRIu32 " %s %d attempts %u ambiguous %u status %d units %" PRIu32
	       " place %" PRIu64 " rank %" PRIu64 " at %" PRId64 " by %" PRId64
	       " of %s %s to %s %s\n",
		notice->number, template_name(notice->template), (int)notice->channel,
		notice->delivery.attempts, notice->delivery.ambiguous, (int)notice->status,
		notice->units, notice->place, notice->rank, notice->booked_at_ms, notice->pay_by_ms,
		notice->campaign_id, notice->title, notice->contact, notice->locale);
}

/* The order in which one statement returns its rows means nothing. */
static void take(struct notifier *notifier, struct notice_list *claimed) {
	static struct notice *sorted[NOTICES];
	size_t count = 0;
	struct notice *notice;
	while ((notice = notice_list_pop(claimed)) != NULL) {
		sorted[count++] = notice;
	}
	qsort(sorted, count, sizeof *sorted, by_row);
	for (size_t i = 0; i < count; i++) {
		say_notice(sorted[i]);
		notice_list_push(&notifier->held, sorted[i]);
	}
}

/* What may come of a notice, whatever a dispatch would make of it. */
static void end_one(struct notifier *notifier, bool small) {
	static const enum delivery_state states[] = {
		DELIVERY_SENT, DELIVERY_SENT, DELIVERY_FAILED, DELIVERY_OVERTAKEN, DELIVERY_DUE};
	struct notice *notice = notice_list_pop(&notifier->held);
	if (notice != NULL) {
		notice->delivery.state = states[below(5)];
		notice->delivery.attempts = (uint16_t)(notice->delivery.attempts + 1);
		notice->delivery.wait_ms = small || below(2) == 0 ? 3600000 : 0;
		notice->unsure = below(3) == 0;
		snprintf(notice->provider_id, sizeof notice->provider_id, "%s",
			below(2) == 0 ? "" : "id-1");
		snprintf(notice->error, sizeof notice->error, "%s",
			below(2) == 0 ? "" : "it said \\no, {really}");
		notice_list_push(&notifier->unsettled, notice);
	}
}

static void do_round(struct notifier *notifier, bool small) {
	struct ledger_round round = {.backlog_wanted = below(4) == 0};
	uint32_t room = small ? below(6) : below(3) == 0 ? 0 : 200;
	if (notifier->empty.count < 400) {
		room = 0;
	}
	notice_list_init(&round.empty);
	notice_list_init(&round.unsettled);
	notice_list_move(&round.empty, &notifier->empty);
	notice_list_move(&round.unsettled, &notifier->unsettled);
	round.room[0] = room;
	round.room[1] = room;
	round.holds_back[0] = true;
	ledger_round(notifier->ledger, &round);
	say_outcome("round", round.outcome);
	printf("more %d %d ambiguous %" PRIu64 " without contact %" PRIu64 "\n", round.more[0],
		round.more[1], round.ambiguous, round.without_contact);
	if (round.backlog_wanted) {
		printf("due %" PRIu64 " %" PRIu64 " unseen %" PRIu64 "\n", round.backlog.due[0],
			round.backlog.due[1], round.backlog.unseen_decisions);
	}
	model_rest();
	notice_list_move(&notifier->empty, &round.empty);
	notice_list_move(&notifier->unsettled, &round.unsettled);
	take(notifier, &round.claimed);
}

/* ---- a story ------------------------------------------------------------------------------------ */

static void begin(const char *url) {
	store = store_create(url, "probe");
	plan_init(&plan, MODEL_ORDINAL);
	for (size_t i = 0; i < NOTIFIERS; i++) {
		struct notifier *notifier = &notifiers[i];
		notifier->ledger = ledger_create(&(struct ledger_options){
			.database_url = url,
			.claimed_by = i == 0 ? "first" : "second",
			.claim_seconds = 1000,
		});
		notice_list_init(&notifier->empty);
		notice_list_init(&notifier->held);
		notice_list_init(&notifier->unsettled);
		notifier->all = calloc(NOTICES, sizeof *notifier->all);
		assert(notifier->all != NULL);
		for (size_t j = 0; j < NOTICES; j++) {
			notice_list_push(&notifier->empty, &notifier->all[j]);
		}
	}
}

/* A notifier that was frozen for longer than its claim lasts has two results of one notice, and settles
 * both at once: that it was sent must count, whichever comes first. */
static void settle_two_results(void) {
	struct notifier *notifier = &notifiers[0];
	model_age(DELIVERY_DUE);
	do_round(notifier, false);
	struct notice *first = notice_list_pop(&notifier->held);
	struct notice *second = notice_list_pop(&notifier->empty);
	if (first == NULL || second == NULL || model_state(first) != DELIVERY_CLAIMED) {
		return;
	}
	*second = *first;
	first->delivery.state = DELIVERY_DUE;
	second->delivery.state = DELIVERY_SENT;
	struct notice which = *first;
	notice_list_push(&notifier->unsettled, first);
	notice_list_push(&notifier->unsettled, second);
	do_round(notifier, false);
	printf("sent, and put back: state %d\n", (int)model_state(&which));
}

static void step(bool small) {
	uint32_t which = below(12);
	struct notifier *notifier = &notifiers[below(NOTIFIERS)];
	if (which < 3) {
		write_plan(!small);
	} else if (which == 3) {
		claim_again();
	} else if (which == 4) {
		write_late();
	} else if (which == 5) {
		write_contacts();
	} else if (which == 6) {
		enum delivery_state state = below(2) == 0 ? DELIVERY_DUE : DELIVERY_CLAIMED;
		printf("an hour for those in state %d\n", (int)state);
		model_age(state);
		model_rest();
	} else if (which < 9) {
		for (uint32_t i = below(30); i > 0; i--) {
			end_one(notifier, small);
		}
	} else {
		do_round(notifier, small);
	}
}

int main(int argc, char **argv) {
	if (argc != 3) {
		fprintf(stderr, "usage: ledger_model_probe URL SEED\n");
		return 2;
	}
	crypto_init();
	log_set_level(LOG_FATAL);
	random_state = strtoull(argv[2], NULL, 10);
	/* Where rounds are small no booking has two messages in one look: which of them a limit cuts
	 * off is up to the database. */
	bool small = below(2) == 0;
	model_begin(argv[1]);
	begin(argv[1]);
	say_outcome("claim", store_claim(store, "c7", MODEL_ORDINAL, &claim));
	write_plan(false);
	for (int i = 0; i < STEPS; i++) {
		step(small);
		model_dump();
	}
	settle_two_results();
	for (size_t i = 0; i < NOTIFIERS; i++) {
		ledger_destroy(notifiers[i].ledger);
		free(notifiers[i].all);
	}
	plan_finish(&plan);
	store_destroy(store);
	model_end();
	return 0;
}
