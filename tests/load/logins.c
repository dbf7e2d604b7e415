#include "tests/load/logins.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "common/clock.h"
#include "common/crypto.h"
#include "common/memory.h"
#include "common/pure/limits.h"
#include "common/pure/timestamp.h"

#define TICK_MS 2
/* Connections that ended, or could not be opened, are opened again every so many. */
#define TICKS_TO_OPEN 50u
#define OPEN_SECONDS_MAX 15
/* Before the first look into a mail box, and twice as long before each further one, to a limit: looks are
 * what costs the sandbox most. When a code came is told by the box, so a pause costs no precision. */
#define LOOK_PAUSE_US INT64_C(20000)
#define LOOK_DOUBLINGS_MAX 3u
#define CONTACT_BYTES 48u
#define REQUEST_BYTES 512u

enum person_state { PERSON_NONE, PERSON_ASKING, PERSON_READING, PERSON_LOOKING, PERSON_PROVING };

struct person {
	struct logins *logins;
	struct connection *ingress;
	struct connection *sandbox;
	enum person_state state;
	int64_t due_us;  /* when the code was meant to be asked for */
	int64_t sent_us; /* the call that is under way */
	int64_t look_us; /* READING: when to look into the mail box */
	unsigned looks;
	char contact[CONTACT_BYTES];
};

struct logins {
	const struct options *options;
	struct counts_live *live;
	uv_loop_t loop;
	uv_timer_t tick;
	uint64_t ticks;
	struct connection_pool *ingresses;
	struct connection_pool *sandboxes;
	struct person *people;
	uint32_t count;
	uint32_t run;  /* random: people of another run have other contacts */
	uint64_t next; /* person */
	int64_t start_us;
	int64_t start_wall_us;
	int64_t end_us;
	bool is_running; /* all are connected: people may come */
	struct counts counts;
};

static int64_t now_of(const struct logins *logins) {
	return clock_monotonic_us() - logins->start_us;
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void post(struct person *person, const char *path, const char *body) {
	char request[REQUEST_BYTES];
	int size = snprintf(request, sizeof request,
		"POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"
		"Content-Length: %zu\r\n\r\n%s",
		path, person->logins->options->address, strlen(body), body);
	assert(size < (int)sizeof request);
	person->sent_us = now_of(person->logins);
	person->logins->counts.sent++;
	connection_ask(person->ingress, request, (size_t)size);
}

static void ask_for_code(struct person *person, int64_t due_us) {
	struct logins *logins = person->logins;
	char body[REQUEST_BYTES / 2];
	snprintf(person->contact, sizeof person->contact, "%08x-%08" PRIx64 "@load.example",
		logins->run, logins->next++);
	snprintf(body, sizeof body, "{\"email\":\"%s\"}", person->contact);
	person->state = PERSON_ASKING;
	person->due_us = due_us;
	logins->counts.due++;
	post(person, "/v1/register", body);
}

static void plan_look(struct person *person) {
	unsigned doublings =
		person->looks < LOOK_DOUBLINGS_MAX ? person->looks : LOOK_DOUBLINGS_MAX;
	person->state = PERSON_READING;
	person->look_us = now_of(person->logins) + (LOOK_PAUSE_US << doublings);
	person->looks++;
}

static void look(struct person *person) {
	char request[REQUEST_BYTES];
	int size = snprintf(request, sizeof request,
		"GET /messages?to=%s&limit=1 HTTP/1.1\r\nHost: %s\r\n\r\n", person->contact,
		person->logins->options->sandbox);
	assert(size < (int)sizeof request);
	person->state = PERSON_LOOKING;
	connection_ask(person->sandbox, request, (size_t)size);
}

static void prove(struct person *person, const char *code) {
	char body[REQUEST_BYTES / 2];
	snprintf(body, sizeof body, "{\"email\":\"%s\",\"code\":\"%.*s\"}", person->contact,
		(int)CODE_DIGITS, code);
	person->state = PERSON_PROVING;
	post(person, "/v1/login", body);
}

/* ---- turns ----------------------------------------------------------------------------------- */

static bool is_connected(const struct person *person) {
	return connection_is_idle(person->ingress) && connection_is_idle(person->sandbox);
}

static void connect_again(struct person *person) {
	if (connection_is_closed(person->ingress)) {
		connection_open(person->ingress);
	}
	if (connection_is_closed(person->sandbox)) {
		connection_open(person->sandbox);
	}
}

/* When the next person is meant to come; in a closed loop that is now. */
static int64_t next_due_us(const struct logins *logins, int64_t now_us) {
	uint64_t rate = logins->options->rate;
	return rate == 0 ? now_us : (int64_t)((double)logins->next * 1e6 / (double)rate);
}

static void give_up(struct person *person, int64_t now_us) {
	person->state = PERSON_NONE;
	counts_add(&person->logins->counts, COUNTS_FAILED, now_us);
	person->logins->live->failed++;
}

static int64_t patience_us_of(const struct logins *logins) {
	return (int64_t)logins->options->patience_ms * 1000;
}

static void give_up_waiting(struct person *person, int64_t now_us) {
	if (now_us - person->due_us < patience_us_of(person->logins)) {
		return;
	}
	person->logins->counts.timeouts++;
	give_up(person, now_us);
	connection_close(person->ingress);
	connection_close(person->sandbox);
}

static void take_turn(struct person *person) {
	struct logins *logins = person->logins;
	int64_t now_us = now_of(logins);
	int64_t due_us = next_due_us(logins, now_us);
	if (person->state == PERSON_NONE) {
		if (is_connected(person) && due_us <= now_us && due_us < logins->end_us) {
			ask_for_code(person, due_us);
		}
	} else if (person->state == PERSON_READING && is_connected(person) &&
		   person->look_us <= now_us) {
		look(person);
	} else {
		give_up_waiting(person, now_us);
	}
}

/* How many are connected, and have nothing to do. */
static uint32_t count_ready(const struct logins *logins) {
	uint32_t ready = 0;
	for (uint32_t i = 0; i < logins->count; i++) {
		ready += logins->people[i].state == PERSON_NONE && is_connected(&logins->people[i]);
	}
	return ready;
}

/* Who was meant to come before the end still comes, while there is patience. */
static bool is_done(const struct logins *logins) {
	int64_t now_us = now_of(logins);
	for (uint32_t i = 0; i < logins->count; i++) {
		if (logins->people[i].state != PERSON_NONE) {
			return false;
		}
	}
	return next_due_us(logins, now_us) >= logins->end_us ||
	       now_us >= logins->end_us + patience_us_of(logins);
}

static void on_tick(uv_timer_t *timer) {
	struct logins *logins = timer->data;
	if (logins->live->stopped) {
		logins->end_us = 0;
	}
	bool may_open = logins->ticks++ % TICKS_TO_OPEN == 0;
	for (uint32_t i = 0; i < logins->count; i++) {
		if (may_open) {
			connect_again(&logins->people[i]);
		}
		if (logins->is_running) {
			take_turn(&logins->people[i]);
		}
	}
	if (logins->is_running ? is_done(logins) : count_ready(logins) == logins->count) {
		uv_stop(&logins->loop);
	}
}

/* ---- answers --------------------------------------------------------------------------------- */

static void count(const struct person *person, enum counts_kind kind, const struct reply *reply) {
	struct logins *logins = person->logins;
	counts_add_answer(&logins->counts, kind,
		&(struct counts_answer){
			.due_us = kind == COUNTS_CODE_SENT ? person->due_us : person->sent_us,
			.sent_us = person->sent_us,
			.now_us = now_of(logins),
			.status = reply->status,
			.has_retry_after = reply->retry_after_s > 0,
		});
	logins->live->answered++;
}

static void take_refusal(struct person *person, const struct reply *reply) {
	bool is_later = reply->status == 429 || reply->status == 503;
	count(person, is_later ? COUNTS_LATER : COUNTS_WRONG, reply);
	person->state = PERSON_NONE;
}

static void on_ingress_answered(void *context, const struct reply *reply) {
	struct person *person = context;
	struct logins *logins = person->logins;
	if (person->state == PERSON_ASKING && reply->status == 202) {
		count(person, COUNTS_CODE_SENT, reply);
		person->looks = 0;
		plan_look(person);
	} else if (person->state == PERSON_PROVING && reply->status == 200) {
		count(person, COUNTS_LOGGED_IN, reply);
		latency_record(&logins->counts.to_told, now_of(logins) - person->due_us);
		logins->live->done++;
		person->state = PERSON_NONE;
	} else {
		take_refusal(person, reply);
	}
	take_turn(person);
}

/* The subject of a mail with a code begins with it. */
static bool find_code(const struct reply *reply, char *subject, size_t capacity, int64_t *at_ms) {
	char at[40];
	return reply_member(reply, "subject", subject, capacity) &&
	       strspn(subject, "0123456789") == CODE_DIGITS &&
	       reply_member(reply, "at", at, sizeof at) && timestamp_parse(at, strlen(at), at_ms);
}

static void on_sandbox_answered(void *context, const struct reply *reply) {
	struct person *person = context;
	struct logins *logins = person->logins;
	char subject[128];
	int64_t at_ms = 0;
	if (connection_is_idle(person->ingress) &&
		find_code(reply, subject, sizeof subject, &at_ms)) {
		int64_t at_us = at_ms * 1000 - logins->start_wall_us;
		latency_record(&logins->counts.to_code, at_us - person->due_us);
		logins->counts.codes++;
		prove(person, subject);
	} else {
		plan_look(person);
	}
}

/* ---- connections ----------------------------------------------------------------------------- */

static void on_opened(void *context) {
	struct person *person = context;
	person->logins->counts.opened++;
}

/* It is opened again soon. */
static void on_ended(void *context, enum connection_end why, bool asking) {
	struct person *person = context;
	struct logins *logins = person->logins;
	logins->counts.ends[why]++;
	if (asking && person->state != PERSON_NONE) {
		give_up(person, now_of(logins));
	}
}

/* ---- life ------------------------------------------------------------------------------------ */

struct logins *logins_create(const struct options *options, struct counts_live *live) {
	static const struct connection_events of_ingress = {
		.opened = on_opened, .answered = on_ingress_answered, .ended = on_ended};
	static const struct connection_events of_sandbox = {
		.opened = on_opened, .answered = on_sandbox_answered, .ended = on_ended};
	struct logins *logins = memory_new(sizeof *logins);
	logins->options = options;
	logins->live = live;
	logins->count = (uint32_t)options->connections;
	logins->end_us = (int64_t)options->seconds * 1000000;
	counts_init(&logins->counts, logins->end_us + patience_us_of(logins));
	crypto_random(&logins->run, sizeof logins->run);
	int error = uv_loop_init(&logins->loop);
	assert(error == 0);
	uv_timer_init(&logins->loop, &logins->tick);
	logins->tick.data = logins;
	logins->ingresses = connection_pool_create(&logins->loop, options->address, &of_ingress);
	logins->sandboxes = connection_pool_create(&logins->loop, options->sandbox, &of_sandbox);
	logins->people = memory_new(logins->count * sizeof *logins->people);
	for (uint32_t i = 0; i < logins->count; i++) {
		struct person *person = &logins->people[i];
		person->logins = logins;
		person->ingress = connection_create(logins->ingresses, person);
		person->sandbox = connection_create(logins->sandboxes, person);
	}
	return logins;
}

static void on_open_too_long(uv_timer_t *timer) {
	uv_stop(timer->loop);
}

uint32_t logins_open(struct logins *logins) {
	uv_timer_t limit;
	uv_timer_start(&logins->tick, on_tick, 0, TICK_MS);
	uv_timer_init(&logins->loop, &limit);
	uv_timer_start(&limit, on_open_too_long, OPEN_SECONDS_MAX * 1000, 0);
	uv_run(&logins->loop, UV_RUN_DEFAULT);
	uv_close((uv_handle_t *)&limit, NULL);
	uv_run(&logins->loop, UV_RUN_NOWAIT);
	return count_ready(logins);
}

void logins_run(struct logins *logins, int64_t start_us) {
	logins->start_us = start_us;
	logins->start_wall_us = clock_wall_us() - now_of(logins);
	logins->is_running = true;
	uv_run(&logins->loop, UV_RUN_DEFAULT);
	logins->is_running = false;
	uv_close((uv_handle_t *)&logins->tick, NULL);
	for (uint32_t i = 0; i < logins->count; i++) {
		connection_close(logins->people[i].ingress);
		connection_close(logins->people[i].sandbox);
	}
	uv_run(&logins->loop, UV_RUN_DEFAULT);
}

const struct counts *logins_counts(const struct logins *logins) {
	return &logins->counts;
}

void logins_destroy(struct logins *logins) {
	for (uint32_t i = 0; i < logins->count; i++) {
		connection_destroy(logins->people[i].ingress);
		connection_destroy(logins->people[i].sandbox);
	}
	free(logins->people);
	connection_pool_destroy(logins->ingresses);
	connection_pool_destroy(logins->sandboxes);
	int error = uv_loop_close(&logins->loop);
	assert(error == 0);
	free(logins);
}
