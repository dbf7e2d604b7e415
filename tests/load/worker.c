#include "tests/load/worker.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "common/clock.h"
#include "common/crypto.h"
#include "common/memory.h"
#include "tests/load/agenda.h"
#include "tests/load/pacer.h"
#include "tests/load/request.h"

#define TICK_MS 10
#define OPEN_SECONDS_MAX 15
/* The kernel's queue of a listener that is busy must not overflow because of us. */
#define OPENING_MAX 256u
/* Finer than this nobody presses a button, and every wake-up costs. */
#define PACE_US 100
#define PACE_BUSY_US 1000 /* while no connection is free */
#define ETAG_BYTES 64u
/* People who get no answer try again after this, twice as long each time, and some jitter. */
#define RETRY_US_MIN 100000
#define RETRY_DOUBLINGS_MAX 5
/* A second click follows the first one within this. */
#define DOUBLE_CLICK_US_MAX 300000u

/* A connection and what it is asking. */
struct slot {
	struct worker *worker;
	struct connection *connection;
	struct slot_list *list;
	struct slot *previous;
	struct slot *next;
	uint64_t asked; /* since it was opened */
	int64_t due_us;
	int64_t first_due_us;
	int64_t sent_us;
	uint32_t person;
	bool is_availability;
	char etag[ETAG_BYTES]; /* of the counts that were read last: a reader's own */
};

struct slot_list {
	struct slot *first;
	struct slot *last;
	size_t count;
};

struct worker {
	struct worker_options given;
	uv_loop_t loop;
	uv_timer_t tick;
	struct connection_pool *pool;
	struct pacer *pacer; /* NULL in a closed loop */
	struct slot *slots;
	struct slot_list closed;
	struct slot_list opening;
	struct slot_list idle;
	struct slot_list
		asking; /* in the order of sending: the first one is the first to time out */
	struct agenda agenda;
	struct request request;
	char etag[ETAG_BYTES]; /* in the request, where readers ask for counts */
	uint64_t next;         /* of the schedule */
	uint64_t total;
	int64_t start_us;
	int64_t patience_us;
	int64_t end_us;   /* nothing is begun after it */
	bool is_running;  /* all are open: requests may go */
	bool is_over;     /* nothing is begun any more */
	bool is_finished; /* connections are not opened any more */
	struct counts counts;
};

static int64_t now_of(const struct worker *worker) {
	return clock_monotonic_us() - worker->start_us;
}

static void move(struct slot *slot, struct slot_list *to) {
	struct slot_list *from = slot->list;
	if (from != NULL) {
		*(slot->previous == NULL ? &from->first : &slot->previous->next) = slot->next;
		*(slot->next == NULL ? &from->last : &slot->next->previous) = slot->previous;
		from->count--;
	}
	slot->list = to;
	slot->previous = to->last;
	slot->next = NULL;
	*(to->last == NULL ? &to->first : &to->last->next) = slot;
	to->last = slot;
	to->count++;
}

/* ---- what people do next --------------------------------------------------------------------- */

static bool knows(const struct worker *worker, uint32_t person) {
	return worker->given.crowd->people[person].state != VISITOR_UNTOLD;
}

static void plan(struct worker *worker, const struct agenda_entry *entry) {
	if (worker->given.options->mode == MODE_RUSH && !worker->is_over) {
		agenda_add(&worker->agenda, entry);
	}
}

static void plan_again(const struct slot *slot, int64_t after_us) {
	plan(slot->worker, &(struct agenda_entry){
				   .due_us = now_of(slot->worker) + after_us +
					     crypto_random_below((uint32_t)after_us / 2 + 1),
				   .first_due_us = slot->first_due_us,
				   .person = slot->person,
				   .again = true,
			   });
}

static void plan_after_failure(const struct slot *slot) {
	unsigned tries = slot->worker->given.crowd->people[slot->person].tries;
	unsigned doublings = tries < RETRY_DOUBLINGS_MAX ? tries : RETRY_DOUBLINGS_MAX;
	plan_again(slot, RETRY_US_MIN << doublings);
}

static void plan_double_click(struct worker *worker, const struct agenda_entry *errand) {
	if (crypto_random_below(100) < worker->given.options->duplicates_percent) {
		plan(worker,
			&(struct agenda_entry){
				.due_us = now_of(worker) + crypto_random_below(DOUBLE_CLICK_US_MAX),
				.first_due_us = errand->first_due_us,
				.person = errand->person,
			});
	}
}

/* False if the answer names no ticket. */
static bool plan_ticket(const struct slot *slot, const struct reply *reply) {
	struct agenda_entry entry = {
		.due_us = now_of(slot->worker) + (int64_t)reply->retry_after_s * 1000000,
		.first_due_us = slot->first_due_us,
		.person = slot->person,
		.again = true,
	};
	if (!reply_member(reply, "ticket", entry.ticket, sizeof entry.ticket)) {
		return false;
	}
	plan(slot->worker, &entry);
	return true;
}

/* ---- what is due ----------------------------------------------------------------------------- */

static bool is_closed_loop(const struct worker *worker) {
	return worker->given.schedule.kind == SCHEDULE_CLOSED;
}

/* The next of the schedule, if its time has come. */
static bool take_scheduled(struct worker *worker, int64_t now_us, struct agenda_entry *errand) {
	const struct schedule *schedule = &worker->given.schedule;
	bool gives_up = schedule->kind == SCHEDULE_STEADY;
	if (now_us >= worker->end_us) {
		return false;
	}
	while (worker->next < worker->total) {
		int64_t due_us = schedule_due_us(schedule, worker->next);
		if (due_us > now_us) {
			return false;
		}
		uint64_t index = schedule_index(schedule, worker->next++);
		worker->counts.due++;
		if (gives_up && now_us - due_us > worker->patience_us) {
			worker->counts.unsent++;
			continue;
		}
		due_us = is_closed_loop(worker) ? now_us : due_us;
		*errand = (struct agenda_entry){
			.due_us = due_us,
			.first_due_us = due_us,
			.person = (uint32_t)(index % worker->given.options->people),
		};
		return true;
	}
	return false;
}

static bool take_errand(struct worker *worker, int64_t now_us, struct agenda_entry *errand) {
	const struct agenda_entry *first;
	while ((first = agenda_first(&worker->agenda)) != NULL && first->due_us <= now_us) {
		*errand = agenda_take(&worker->agenda);
		if (!errand->again || !knows(worker, errand->person)) {
			return true;
		}
	}
	if (!take_scheduled(worker, now_us, errand)) {
		return false;
	}
	if (worker->given.options->mode == MODE_RUSH) {
		plan_double_click(worker, errand);
	}
	return true;
}

static bool is_done(const struct worker *worker, int64_t now_us) {
	bool nothing_left = worker->next == worker->total && worker->agenda.count == 0;
	return (nothing_left || now_us >= worker->end_us) && worker->asking.count == 0;
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void ask_about_ticket(struct slot *slot, const char *ticket) {
	char path[POLLS_PATH_BYTES] = "/v1/requests/";
	struct request request;
	memcpy(path + sizeof "/v1/requests/" - 1, ticket, TICKET_SIZE);
	request_get(&request, slot->worker->given.options, path, "");
	connection_ask(slot->connection, request.bytes, request.size);
}

static void poll(struct slot *slot) {
	struct worker *worker = slot->worker;
	const struct polls *polls = worker->given.polls;
	uint64_t turn = worker->counts.sent;
	if (polls->tickets_count > 0 && turn % 2 == 1) {
		ask_about_ticket(slot, polls->tickets[turn / 2 % polls->tickets_count]);
		return;
	}
	slot->is_availability = true;
	if (strcmp(worker->etag, slot->etag) != 0) {
		memcpy(worker->etag, slot->etag, sizeof worker->etag);
		request_get(
			&worker->request, worker->given.options, polls->availability, worker->etag);
	}
	connection_ask(slot->connection, worker->request.bytes, worker->request.size);
}

static void ask(struct slot *slot, const struct agenda_entry *errand, int64_t now_us) {
	struct worker *worker = slot->worker;
	slot->due_us = errand->due_us;
	slot->first_due_us = errand->first_due_us;
	slot->sent_us = now_us;
	slot->person = errand->person;
	slot->is_availability = false;
	slot->asked++;
	move(slot, &worker->asking);
	if (errand->ticket[0] != '\0') {
		ask_about_ticket(slot, errand->ticket);
	} else if (worker->given.polls != NULL) {
		poll(slot);
	} else {
		if (worker->given.crowd != NULL) {
			crowd_sent(worker->given.crowd, errand->person, now_us);
			request_set_person(&worker->request, worker->given.crowd, errand->person);
		}
		connection_ask(slot->connection, worker->request.bytes, worker->request.size);
	}
	worker->counts.sent++;
}

/* Of readers in an open loop each has a connection, and asks when it is his turn again. */
static struct slot *next_idle(const struct worker *worker) {
	bool takes_turns = worker->given.polls != NULL && !is_closed_loop(worker);
	return takes_turns ? worker->idle.first : worker->idle.last;
}

static void dispatch(struct worker *worker) {
	struct agenda_entry errand;
	int64_t now_us = now_of(worker);
	while (worker->is_running && worker->idle.count > 0 &&
		take_errand(worker, now_us, &errand)) {
		ask(next_idle(worker), &errand, now_us);
	}
}

static void on_pace(void *context) {
	struct worker *worker = context;
	dispatch(worker);
	int64_t now_us = now_of(worker);
	int64_t at_us = now_us + TICK_MS * 1000;
	const struct agenda_entry *first = agenda_first(&worker->agenda);
	if (first != NULL && first->due_us < at_us) {
		at_us = first->due_us;
	}
	if (worker->next < worker->total) {
		int64_t due_us = schedule_due_us(&worker->given.schedule, worker->next);
		at_us = due_us < at_us ? due_us : at_us;
	}
	int64_t earliest_us = now_us + (worker->idle.count > 0 ? PACE_US : PACE_BUSY_US);
	pacer_set(worker->pacer, worker->start_us + (at_us < earliest_us ? earliest_us : at_us));
}

/* ---- answers --------------------------------------------------------------------------------- */

static void note(_Atomic uint64_t *live) {
	atomic_fetch_add_explicit(live, 1, memory_order_relaxed);
}

/* The person knows how it ended. */
static void take_end(const struct slot *slot, int64_t now_us) {
	latency_record(&slot->worker->counts.to_told, now_us - slot->first_due_us);
	note(&slot->worker->given.live->ended);
}

static enum counts_kind take_booking_answer(
	const struct slot *slot, const struct reply *reply, int64_t now_us) {
	struct worker *worker = slot->worker;
	switch (crowd_told(worker->given.crowd, slot->person, reply, now_us)) {
	case CROWD_BOOKED:
		take_end(slot, now_us);
		note(&worker->given.live->done);
		return COUNTS_BOOKED;
	case CROWD_AGAIN:
		return COUNTS_AGAIN;
	case CROWD_REFUSED:
		take_end(slot, now_us);
		return COUNTS_REFUSED;
	case CROWD_QUEUED:
		return plan_ticket(slot, reply) ? COUNTS_QUEUED : COUNTS_WRONG;
	case CROWD_LATER:
		plan_again(slot,
			(int64_t)(reply->retry_after_s == 0 ? 1 : reply->retry_after_s) * 1000000);
		return COUNTS_LATER;
	case CROWD_WRONG:
		break;
	}
	return COUNTS_WRONG;
}

static enum counts_kind take_reading(struct slot *slot, const struct reply *reply) {
	if (slot->is_availability && reply->etag != NULL && reply->etag_size < sizeof slot->etag) {
		memcpy(slot->etag, reply->etag, reply->etag_size);
		slot->etag[reply->etag_size] = '\0';
	}
	return reply->status == 429 || reply->status == 503 ? COUNTS_LATER : COUNTS_READ;
}

static void on_answered(void *context, const struct reply *reply) {
	struct slot *slot = context;
	struct worker *worker = slot->worker;
	uint64_t limit = worker->given.options->requests_per_connection;
	int64_t now_us = now_of(worker);
	enum counts_kind kind = worker->given.crowd == NULL
					? take_reading(slot, reply)
					: take_booking_answer(slot, reply, now_us);
	counts_add_answer(&worker->counts, kind,
		&(struct counts_answer){
			.due_us = slot->due_us,
			.sent_us = slot->sent_us,
			.now_us = now_us,
			.status = reply->status,
			.has_retry_after = reply->retry_after_s > 0,
		});
	note(&worker->given.live->answered);
	if (reply->closes || (limit > 0 && slot->asked >= limit)) {
		move(slot, &worker->opening); /* it ends, and is opened again */
		connection_close(slot->connection);
	} else {
		move(slot, &worker->idle);
	}
	dispatch(worker);
}

/* ---- connections ----------------------------------------------------------------------------- */

static void open_slot(struct slot *slot) {
	move(slot, &slot->worker->opening);
	slot->asked = 0;
	connection_open(slot->connection);
}

static void on_opened(void *context) {
	struct slot *slot = context;
	slot->worker->counts.opened++;
	move(slot, &slot->worker->idle);
	dispatch(slot->worker);
}

static void on_ended(void *context, enum connection_end why, bool asking) {
	struct slot *slot = context;
	struct worker *worker = slot->worker;
	worker->counts.ends[why]++;
	if (asking) {
		counts_add(&worker->counts, COUNTS_FAILED, now_of(worker));
		note(&worker->given.live->failed);
		if (worker->given.crowd != NULL) {
			plan_after_failure(slot);
		}
	}
	bool may_open = !worker->is_finished && why != CONNECTION_UNREACHED;
	move(slot, &worker->closed);
	if (may_open) {
		open_slot(slot);
	}
}

/* Those that could not be opened at once, a few at a time. */
static void open_more(struct worker *worker) {
	size_t opened = 0;
	while (worker->closed.first != NULL && worker->opening.count < OPENING_MAX &&
		opened < OPENING_MAX) {
		open_slot(worker->closed.first);
		opened++;
	}
}

static void give_up_waiting(struct worker *worker) {
	int64_t now_us = now_of(worker);
	for (struct slot *slot = worker->asking.first; slot != NULL;) {
		struct slot *next = slot->next;
		if (now_us - slot->sent_us < worker->patience_us) {
			return;
		}
		worker->counts.timeouts++;
		move(slot, &worker->opening); /* it ends, and is opened again */
		connection_close(slot->connection);
		slot = next;
	}
}

static void on_tick(uv_timer_t *timer) {
	struct worker *worker = timer->data;
	if (!worker->is_running) {
		open_more(worker);
		if (worker->closed.count + worker->opening.count == 0) {
			uv_stop(&worker->loop);
		}
		return;
	}
	int64_t now_us = now_of(worker);
	if (worker->given.live->stopped && now_us < worker->end_us) {
		worker->end_us = now_us;
	}
	worker->is_over = now_us >= worker->end_us;
	give_up_waiting(worker);
	if (is_done(worker, now_us)) {
		uv_stop(&worker->loop);
		return;
	}
	open_more(worker);
	dispatch(worker);
}

static void on_open_too_long(uv_timer_t *timer) {
	uv_stop(timer->loop);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void prepare_request(struct worker *worker) {
	const struct options *options = worker->given.options;
	if (worker->given.polls != NULL) {
		request_get(&worker->request, options, worker->given.polls->availability, "");
	} else if (worker->given.crowd != NULL) {
		request_book(&worker->request, options);
	} else {
		request_get(&worker->request, options, options->get, "");
	}
}

struct worker *worker_create(const struct worker_options *given) {
	static const struct connection_events events = {
		.opened = on_opened, .answered = on_answered, .ended = on_ended};
	struct worker *worker = memory_new(sizeof *worker);
	worker->given = *given;
	worker->total = schedule_total(&given->schedule);
	worker->patience_us = (int64_t)given->options->patience_ms * 1000;
	worker->end_us = (int64_t)given->options->seconds * 1000000;
	counts_init(&worker->counts, worker->end_us + worker->patience_us);
	prepare_request(worker);
	int error = uv_loop_init(&worker->loop);
	assert(error == 0);
	uv_timer_init(&worker->loop, &worker->tick);
	worker->tick.data = worker;
	worker->pool = connection_pool_create(&worker->loop, given->options->address, &events);
	worker->slots = memory_new(given->connections * sizeof *worker->slots);
	for (uint32_t i = 0; i < given->connections; i++) {
		struct slot *slot = &worker->slots[i];
		slot->worker = worker;
		slot->connection = connection_create(worker->pool, slot);
		move(slot, &worker->closed);
	}
	return worker;
}

uint32_t worker_open(struct worker *worker) {
	uv_timer_t limit;
	worker->start_us = clock_monotonic_us();
	uv_timer_start(&worker->tick, on_tick, 0, TICK_MS);
	uv_timer_init(&worker->loop, &limit);
	uv_timer_start(&limit, on_open_too_long, OPEN_SECONDS_MAX * 1000, 0);
	uv_run(&worker->loop, UV_RUN_DEFAULT);
	uv_close((uv_handle_t *)&limit, NULL);
	uv_run(&worker->loop, UV_RUN_NOWAIT);
	return (uint32_t)worker->idle.count;
}

void worker_run(struct worker *worker, int64_t start_us) {
	worker->start_us = start_us;
	worker->is_running = true;
	if (!is_closed_loop(worker)) {
		worker->pacer = pacer_create(&worker->loop, on_pace, worker);
		pacer_set(worker->pacer, start_us);
	}
	dispatch(worker);
	uv_run(&worker->loop, UV_RUN_DEFAULT);
	worker->is_finished = true;
	worker->is_running = false;
	uv_close((uv_handle_t *)&worker->tick, NULL);
	pacer_destroy(worker->pacer);
	for (uint32_t i = 0; i < worker->given.connections; i++) {
		connection_close(worker->slots[i].connection);
	}
	uv_run(&worker->loop, UV_RUN_DEFAULT);
}

const struct counts *worker_counts(const struct worker *worker) {
	return &worker->counts;
}

void worker_destroy(struct worker *worker) {
	for (uint32_t i = 0; i < worker->given.connections; i++) {
		connection_destroy(worker->slots[i].connection);
	}
	free(worker->slots);
	connection_pool_destroy(worker->pool);
	agenda_finish(&worker->agenda);
	int error = uv_loop_close(&worker->loop);
	assert(error == 0);
	free(worker);
}
