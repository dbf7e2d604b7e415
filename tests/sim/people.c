#include "tests/sim/people.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "tests/sim/accounts.h"
#include "tests/sim/node.h"
#include "tests/sim/stage.h"
#include "tests/sim/trouble.h"
#include "tests/sim/world.h"

#define SECOND_US INT64_C(1000000)
#define PERSONS_MIN 20
#define PERSONS_MAX 150
#define INGRESSES_MAX 4u
#define RETRY_US_MIN 20000
#define RETRY_US_MAX 1500000
/* Not open yet, or paused: the person comes back that often. */
#define COMEBACKS_MAX 12u
#define WISHES_MAX 4u

struct visitor;

/* One wish: a key, and how often it is being asked for at the same time. */
struct wish {
	struct visitor *visitor;
	uint32_t campaign;
	enum ask_kind kind; /* book or cancel */
	struct request_key key;
	uint8_t units;
	uint32_t number;  /* cancel */
	int64_t asked_us; /* first; -1: not yet */
	uint32_t clicks;  /* under way */
	uint32_t comebacks;
	bool is_repeated; /* asked for again after its answer, to get the same */
};

/* One page in one browser: asks for one wish until it has an answer. */
struct click {
	struct click *next;
	struct wish *wish;
	struct ingress_call *call;
	struct world_event *event; /* the next step, or the end of patience */
	bool has_ticket;
	uint64_t n;
	uint16_t index;
};

struct visitor {
	uint32_t index;
	struct person person;
	struct wish wishes[WISHES_MAX];
	uint32_t wishes_count;
	uint32_t bookings; /* seen: numbers */
	uint32_t numbers[WISHES_MAX];
	uint32_t campaigns[WISHES_MAX];
};

static struct {
	struct visitor *visitors;
	uint32_t count;
	uint32_t arrived;
	uint32_t proved; /* their contacts are in ACCOUNTS */
	struct click *clicks;
	struct note *notes;
	size_t notes_count;
	size_t notes_capacity;
	struct node *ingresses[INGRESSES_MAX];
	uint32_t ingresses_count;
	int64_t until_us;
	struct chance chance;
} people;

static void ask(void *context);
static void make_wish(struct visitor *visitor);

static bool is_one_of(uint32_t count) {
	return chance_below(&people.chance, count) == 0;
}

static void fill_random(void *target, size_t size) {
	uint8_t *bytes = target;
	for (size_t i = 0; i < size; i++) {
		bytes[i] = (uint8_t)(chance_next(&people.chance) >> 32);
	}
}

/* ---- notes ------------------------------------------------------------------------------------- */

size_t people_notes_count(void) {
	return people.notes_count;
}

const struct note *people_note(size_t index) {
	assert(index < people.notes_count);
	return &people.notes[index];
}

static void note(const struct click *click, const struct told *told) {
	if (people.notes_count == people.notes_capacity) {
		people.notes_capacity =
			people.notes_capacity == 0 ? 256 : 2 * people.notes_capacity;
		people.notes = realloc(people.notes, people.notes_capacity * sizeof(struct note));
		assert(people.notes != NULL);
	}
	const struct wish *wish = click->wish;
	people.notes[people.notes_count++] = (struct note){
		.person = wish->visitor->index,
		.campaign = wish->campaign,
		.kind = wish->kind,
		.who = wish->visitor->person,
		.key = wish->key,
		.number = wish->number,
		.asked_us = wish->asked_us,
		.told_us = world_now_us(),
		.told = *told,
	};
	uint64_t facts[] = {(uint64_t)told->kind, told->n, told->index,
		(uint64_t)told->answer.verdict, told->answer.number};
	world_note(facts, sizeof facts);
	trace("person %u is told n=%" PRIu64 ".%u %s number=%u", wish->visitor->index, told->n,
		told->index,
		told->kind == TOLD_ANSWER   ? verdict_name(told->answer.verdict)
		: told->kind == TOLD_TICKET ? "queued"
					    : verdict_name(told->verdict),
		told->answer.number);
}

/* ---- clicks ------------------------------------------------------------------------------------ */

static void free_click(struct click *click) {
	struct click **link = &people.clicks;
	while (*link != click) {
		link = &(*link)->next;
	}
	*link = click->next;
	click->wish->clicks--;
	world_cancel(click->event);
	free(click);
}

static void click_on(struct wish *wish, int64_t delay_us) {
	struct click *click = memory_new(sizeof *click);
	click->wish = wish;
	click->next = people.clicks;
	people.clicks = click;
	wish->clicks++;
	click->event = world_after(NULL, delay_us, ask, click);
}

static void ask_again(struct click *click, int64_t delay_us) {
	click->event = world_after(NULL, delay_us, ask, click);
}

/* Comes back later: it was not open, or paused. False: had enough. */
static bool come_back(struct click *click, enum verdict verdict) {
	struct wish *wish = click->wish;
	bool may_change = verdict == VERDICT_NOT_OPEN || verdict == VERDICT_PAUSED;
	if (!may_change || ++wish->comebacks > COMEBACKS_MAX) {
		return false;
	}
	click->has_ticket = false;
	ask_again(click, chance_between(&people.chance, 50000, SECOND_US));
	return true;
}

static bool is_granted(enum verdict verdict) {
	return verdict == VERDICT_BOOKED || verdict == VERDICT_HELD ||
	       verdict == VERDICT_WAITLISTED;
}

static void remember_booking(struct visitor *visitor, uint32_t campaign, uint32_t number) {
	for (uint32_t i = 0; i < visitor->bookings; i++) {
		if (visitor->numbers[i] == number && visitor->campaigns[i] == campaign) {
			return;
		}
	}
	if (visitor->bookings < WISHES_MAX) {
		visitor->numbers[visitor->bookings] = number;
		visitor->campaigns[visitor->bookings++] = campaign;
	}
}

/* This wish has an answer: some ask again with the same key, some want more, some give it back. */
static void be_answered(struct click *click, enum verdict verdict, uint32_t number) {
	struct wish *wish = click->wish;
	struct visitor *visitor = wish->visitor;
	if (come_back(click, verdict)) {
		return;
	}
	free_click(click);
	if (is_granted(verdict) && wish->kind == ASK_BOOK) {
		remember_booking(visitor, wish->campaign, number);
		if (!wish->is_repeated && is_one_of(4)) {
			wish->is_repeated = true;
			click_on(wish, chance_duration_us(&people.chance, 1000, 3 * SECOND_US));
		}
	}
	if (wish->clicks == 0 && is_one_of(2)) {
		make_wish(visitor);
	}
}

static void on_told(void *context, const struct told *told) {
	struct click *click = context;
	click->call = NULL;
	world_cancel(click->event);
	click->event = NULL;
	if (told->kind != TOLD_LATER && told->kind != TOLD_BROKEN) {
		note(click, told);
	}
	switch (told->kind) {
	case TOLD_ANSWER:
		be_answered(click, told->answer.verdict, told->answer.number);
		break;
	case TOLD_TICKET:
		click->has_ticket = true;
		click->n = told->n;
		click->index = told->index;
		ask_again(click, chance_duration_us(&people.chance, RETRY_US_MIN, RETRY_US_MAX));
		break;
	case TOLD_REFUSED:
		be_answered(click, told->verdict, 0);
		break;
	case TOLD_LATER:
	case TOLD_BROKEN:
		ask_again(click, chance_duration_us(&people.chance, RETRY_US_MIN, RETRY_US_MAX));
		break;
	}
}

/* Closes the connection, and asks again elsewhere. */
static void lose_patience(void *context) {
	struct click *click = context;
	click->event = NULL;
	ingress_hang_up(click->call);
	click->call = NULL;
	ask(click);
}

static void ask(void *context) {
	struct click *click = context;
	struct wish *wish = click->wish;
	struct visitor *visitor = wish->visitor;
	click->event = NULL;
	struct ask question = {
		.kind = click->has_ticket ? ASK_POLL : wish->kind,
		.campaign = stage_campaign(wish->campaign)->id,
		.book = {.person = visitor->person, .key = wish->key, .units = wish->units},
		.cancel = {.person = visitor->person, .number = wish->number},
		.n = click->n,
		.index = click->index,
		.wait_us =
			is_one_of(3) ? 0 : chance_duration_us(&people.chance, 10000, 4 * SECOND_US),
	};
	if (wish->asked_us < 0) {
		wish->asked_us = world_now_us();
	}
	struct node *ingress =
		people.ingresses[chance_below(&people.chance, people.ingresses_count)];
	trace("person %u asks %s: %s units=%u number=%u", visitor->index, ingress->name,
		question.kind == ASK_BOOK   ? "book"
		: question.kind == ASK_POLL ? "poll"
					    : "cancel",
		wish->units, wish->number);
	click->call = ingress_ask(ingress, &question, on_told, click);
	/* A frozen ingress never answers: everybody gives up in the end. */
	int64_t patience_us = trouble_strikes(TROUBLE_IMPATIENCE)
				      ? trouble_duration_us(1000, 2 * SECOND_US)
				      : 10 * SECOND_US;
	click->event = world_after(NULL, patience_us, lose_patience, click);
}

/* ---- wishes ------------------------------------------------------------------------------------ */

static void make_wish(struct visitor *visitor) {
	if (visitor->wishes_count == WISHES_MAX || world_now_us() > people.until_us) {
		return;
	}
	struct wish *wish = &visitor->wishes[visitor->wishes_count++];
	*wish = (struct wish){
		.visitor = visitor,
		.campaign = (uint32_t)chance_below(&people.chance, stage_count()),
		.kind = ASK_BOOK,
		.asked_us = -1,
	};
	fill_random(&wish->key, sizeof wish->key);
	if (visitor->bookings > 0 && !is_one_of(3)) {
		uint32_t which = (uint32_t)chance_below(&people.chance, visitor->bookings);
		wish->kind = ASK_CANCEL;
		wish->campaign = visitor->campaigns[which];
		wish->number = visitor->numbers[which];
		if (is_one_of(20)) { /* somebody else's, or nobody's */
			wish->number += (uint32_t)chance_between(&people.chance, 1, 20);
		}
	} else {
		wish->units = (uint8_t)(is_one_of(5) ? chance_between(&people.chance, 1, 4) : 1);
	}
	int64_t delay_us = chance_duration_us(&people.chance, 1000, 3 * SECOND_US);
	click_on(wish, delay_us);
	if (is_one_of(6)) { /* twice, at nearly the same time */
		click_on(wish, delay_us + chance_between(&people.chance, 0, 50000));
	}
}

/* ---- persons ----------------------------------------------------------------------------------- */

static void prove(const struct visitor *visitor, uint32_t which) {
	const struct identity *identity = &visitor->person.identities[which];
	const uint8_t *bytes = identity->bytes;
	struct verified_contact proof = {
		.account = visitor->person.account,
		.identity = *identity,
		.channel = which == 0 ? CHANNEL_EMAIL : CHANNEL_SMS,
		.verified_at_ms = (WORLD_EPOCH_US + world_now_us()) / 1000,
		.linked = which > 0,
		.locale = "en",
	};
	if (which == 0) {
		snprintf(proof.contact, sizeof proof.contact, "%02x%02x%02x%02x@example.org",
			bytes[0], bytes[1], bytes[2], bytes[3]);
	} else {
		snprintf(proof.contact, sizeof proof.contact, "+91%05u%05u",
			bytes[0] * 256u + bytes[1], bytes[2] * 256u + bytes[3]);
	}
	accounts_append(&proof);
}

static void prove_all(void *context) {
	const struct visitor *visitor = context;
	people.proved++;
	for (uint32_t i = 0; i < visitor->person.identities_count; i++) {
		prove(visitor, i);
	}
}

static void arrive(void *context) {
	people.arrived++;
	make_wish(context);
}

/* One contact or two; the second one may be somebody else's too. */
static void make_person(struct visitor *visitor) {
	struct person *person = &visitor->person;
	person->identities_count = 1;
	fill_random(&person->account, sizeof person->account);
	fill_random(&person->identities[0], sizeof person->identities[0]);
	if (is_one_of(3)) {
		fill_random(&person->identities[1], sizeof person->identities[1]);
		person->identities_count = 2;
		const struct visitor *other =
			&people.visitors[chance_below(&people.chance, visitor->index + 1)];
		if (is_one_of(4) && other->person.identities_count == 2) {
			person->identities[1] = other->person.identities[1];
		}
	}
}

/* Most come in the moment of the opening; the others before, and long after. */
static int64_t arrival_us(void) {
	int64_t opens_us =
		stage_campaign((uint32_t)chance_below(&people.chance, stage_count()))->opens_us;
	if (is_one_of(3)) {
		return chance_between(&people.chance, 0, people.until_us);
	}
	return opens_us + chance_between(&people.chance, -SECOND_US / 10, SECOND_US);
}

static void find_ingresses(void) {
	people.ingresses_count = 0;
	for (uint32_t i = 0; node_at(i) != NULL; i++) {
		if (node_at(i)->kind == &ingress_node) {
			assert(people.ingresses_count < INGRESSES_MAX);
			people.ingresses[people.ingresses_count++] = node_at(i);
		}
	}
}

void people_begin(int64_t until_us) {
	memset(&people, 0, sizeof people);
	people.chance = chance_for("people");
	people.until_us = until_us;
	people.count = (uint32_t)chance_duration_us(&people.chance, PERSONS_MIN, PERSONS_MAX);
	people.visitors = memory_new(people.count * sizeof(struct visitor));
	find_ingresses();
	for (uint32_t i = 0; i < people.count; i++) {
		struct visitor *visitor = &people.visitors[i];
		visitor->index = i;
		make_person(visitor);
		int64_t at_us = arrival_us();
		at_us = at_us < 1000 ? 1000 : at_us;
		world_after(NULL, at_us, arrive, visitor);
		bool is_late = is_one_of(8); /* the contact comes to the ledger after the booking */
		int64_t proved_us =
			is_late ? at_us + chance_between(&people.chance, 0, 5 * SECOND_US)
				: chance_between(&people.chance, 0, at_us);
		world_after(NULL, proved_us, prove_all, visitor);
	}
}

void people_end(void) {
	while (people.clicks != NULL) {
		free_click(people.clicks);
	}
	free(people.visitors);
	free(people.notes);
}

bool people_are_done(void) {
	return people.arrived == people.count && people.proved == people.count &&
	       people.clicks == NULL;
}

uint32_t people_waiting(char *target, size_t size) {
	uint32_t count = 0;
	for (const struct click *click = people.clicks; click != NULL; click = click->next) {
		count++;
		snprintf(target, size, "person %u, who asks %s for %s", click->wish->visitor->index,
			click->wish->kind == ASK_BOOK ? "to book" : "to cancel",
			stage_campaign(click->wish->campaign)->id);
	}
	return count;
}
