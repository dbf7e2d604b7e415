#include "cashier/cashier.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cashier/books.h"
#include "cashier/clerk.h"
#include "cashier/ending.h"
#include "cashier/lines.h"
#include "cashier/measures.h"
#include "cashier/settings.h"
#include "cashier/teller.h"
#include "cashier/tray.h"
#include "cashier/webhooks.h"
#include "common/clock.h"
#include "common/crypto.h"
#include "common/errand.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/pure/backoff.h"
#include "common/pure/subjects.h"
#include "common/transfers.h"
#include "common/wakeup.h"

/* How soon a standby takes over. */
#define STANDBY_MS 1000
#define BACKLOG_EVERY_US INT64_C(5000000)
#define DRAIN_MS_MAX 12000
#define NOTE_BYTES 600
#define DATABASE_RANGE ((struct backoff_range){.ms_min = 100, .ms_max = 5000})
/* What the line did not store is told again after it. */
#define UNTOLD_WAIT_MS 2000

struct cashier {
	struct service *service;
	struct news_names names;
	struct books *books;
	struct clerk *clerk;
	struct teller *teller;
	struct lines *lines;
	struct webhooks *webhooks;
	struct wakeup *timer; /* the next opening or round */
	struct wakeup *drain_deadline;
	struct errand *errand; /* NULL unless the books are being worked on */
	struct backoff backoff;
	bool active;
	bool available;       /* the database, by the last word */
	struct tray trays[2]; /* one collects, the other may be in a round */
	size_t collecting;
	int64_t begun_us;   /* the round under way */
	int64_t backlog_us; /* when it was counted last */
	int64_t looks_us;   /* when looks were allowed last */
	uint32_t looks_allowed;
	bool draining;
	bool drain_is_late;
	bool drained;
	char note[NOTE_BYTES];
	struct books_opening opening;
	struct books_round round; /* large: a round's jobs and tells */
};

static struct cashier *cashier;

static void schedule(struct cashier *self);

static struct tray *collecting(struct cashier *self) {
	return &self->trays[self->collecting];
}

/* ---- what comes in ----------------------------------------------------------------------------- */

static struct news *collect(void *owner) {
	return &collecting(owner)->news;
}

static void on_news(void *owner) {
	schedule(owner);
}

static void on_job_end(void *owner, const struct job *job, const struct job_result *result) {
	struct cashier *self = owner;
	struct ending_options options = {
		.provider = settings.provider,
		.key_id = settings.keys.id,
		.checkout_url = settings.checkout_url,
		.booking_key = &settings.booking_key,
		.retry_ms = (uint32_t)settings.retry_ms,
	};
	if (self->active) { /* else it is done again, by whoever is */
		ending_write(collecting(self), &options, job, result);
	}
	schedule(self);
}

static void on_told(void *owner, const char *payment_id, enum pay_state state, bool stored) {
	struct cashier *self = owner;
	if (self->active) {
		news_add_told(
			collect(self), payment_id, stored ? state : 0, stored ? 0 : UNTOLD_WAIT_MS);
	}
	schedule(self);
}

/* ---- readiness --------------------------------------------------------------------------------- */

/* What keeps the program from doing all of its work; NULL if nothing does. */
static const char *find_problem(struct cashier *self) {
	const struct line *stopped = lines_stopped(self->lines);
	if (!self->available) {
		snprintf(self->note, sizeof self->note,
			"the database cannot be used, see whether it is up, and run firstcome "
			"migrate: %s",
			books_error(self->books));
		return self->note;
	}
	if (stopped != NULL) {
		snprintf(self->note, sizeof self->note, "campaign %s is stopped: %s",
			line_campaign(stopped), line_reason(stopped));
		return self->note;
	}
	if (clerk_is_in_trouble(self->clerk)) {
		return "the payment provider does not answer as it should: see the log";
	}
	return lines_are_complete(self->lines) ? NULL : "reading the directory of campaigns";
}

static void note_state(struct cashier *self) {
	const char *problem = find_problem(self);
	cashier_measures.active = self->active;
	cashier_measures.database_available = self->available;
	if (!service_is_draining(self->service)) {
		service_set_ready(self->service, problem == NULL, problem);
	}
}

/* ---- opening ----------------------------------------------------------------------------------- */

static void forget(struct cashier *self) {
	self->active = false;
	lines_forget(self->lines);
	webhooks_forget(self->webhooks);
	tray_clear(&self->trays[0]);
	tray_clear(&self->trays[1]);
}

static void on_database_failure(struct cashier *self, const char *what) {
	uint32_t pause_ms = backoff_next_ms(&self->backoff);
	self->available = false;
	cashier_measures.rounds_failed++;
	log_warn("books_unavailable",
		"what=%s pause_ms=%" PRIu32 " error=\"%s\" hint=\"is the database up, and "
		"migrated? everything is read again from the positions in it\"",
		what, pause_ms, books_error(self->books));
	forget(self);
	wakeup_after(self->timer, pause_ms);
}

static void begin_work(struct cashier *self) {
	const struct books_opening *opening = &self->opening;
	uint64_t webhooks_n = 0;
	for (size_t i = 0; i < opening->positions_count; i++) {
		if (opening->positions[i].campaign.ordinal == 0) {
			webhooks_n = opening->positions[i].n;
		}
	}
	log_info("active", "provider=%s campaigns=%zu webhooks_n=%" PRIu64, settings.provider->name,
		opening->positions_count, webhooks_n);
	self->active = true;
	lines_follow(self->lines, opening->positions, opening->positions_count);
	webhooks_follow(self->webhooks, webhooks_n);
}

static void run_opening(void *context) {
	struct cashier *self = context;
	books_open(self->books, &self->opening);
}

static bool end_drain_if_done(struct cashier *self);

static void on_opened(void *context) {
	struct cashier *self = context;
	struct books_opening *opening = &self->opening;
	self->errand = NULL;
	if (opening->outcome != DATABASE_OK) {
		free(opening->positions);
		on_database_failure(self, "opening");
	} else {
		self->available = true;
		backoff_reset(&self->backoff);
		if (opening->is_active && !self->draining) {
			begin_work(self);
		} else {
			free(opening->positions);
			wakeup_after(self->timer, STANDBY_MS);
		}
	}
	opening->positions = NULL;
	note_state(self);
	if (!end_drain_if_done(self) && self->active) {
		schedule(self);
	}
}

/* ---- rounds ------------------------------------------------------------------------------------ */

/* Silent orders, as many as the provider bears. */
static uint32_t looks_room(struct cashier *self, uint32_t most) {
	int64_t now_us = clock_monotonic_us();
	int64_t more = (now_us - self->looks_us) * settings.reconcile_per_second / 1000000;
	if (more > 0) {
		int64_t allowed = self->looks_allowed + more;
		self->looks_allowed = (uint32_t)(allowed < settings.reconcile_per_second
							 ? allowed
							 : settings.reconcile_per_second);
		self->looks_us = now_us;
	}
	return self->looks_allowed < most ? self->looks_allowed : most;
}

/* Orders have three quarters of the connections, because buyers wait for them. */
static struct books_room free_room(struct cashier *self) {
	struct books_room room = {0};
	if (self->draining) {
		return room;
	}
	uint32_t all = (uint32_t)settings.connections;
	uint32_t orders = clerk_under_way_of(self->clerk, JOB_ORDER);
	uint32_t others = clerk_under_way(self->clerk) - orders;
	uint32_t others_room = all / 4 > others ? all / 4 - others : 0;
	room.orders = all - all / 4 > orders ? all - all / 4 - orders : 0;
	room.looks = looks_room(self, others_room / 3);
	room.payments = others_room / 3;
	room.refunds = others_room - others_room / 3 * 2;
	room.tells = teller_has_room(self->teller) ? BOOKS_TELLS_MAX : 0;
	return room;
}

static void publish_payables(struct cashier *self, const struct tray *tray) {
	for (size_t i = 0; i < tray->payables_count; i++) {
		const struct tray_payable *payable = &tray->payables[i];
		uint8_t bytes[PAYABLE_BYTES_MAX];
		char subject[SUBJECT_BYTES_MAX];
		struct payable message = {payable->number, payable->json, payable->json_size};
		snprintf(subject, sizeof subject, SUBJECT_PAYABLE_PREFIX "%" PRIu32,
			payable->campaign);
		size_t size = payable_encode(&message, bytes, sizeof bytes);
		assert(size > 0);
		/* Who does not hear it finds it in the books. */
		bus_publish(
			service_bus(self->service), &(struct bus_publication){
							    .subject = subject,
							    .data = bytes,
							    .size = size,
							    .expected_last_sequence = -1,
							    .expected_last_subject_sequence = -1,
						    });
		histogram_record(
			&cashier_measures.payable_us, clock_monotonic_us() - payable->held_us);
	}
}

static void note_round(struct cashier *self) {
	const struct books_round *round = &self->round;
	cashier_measures.rounds++;
	cashier_measures.payments_moved += round->payments_moved;
	cashier_measures.payments_by_asking += round->payments_by_asking;
	cashier_measures.payments_problems += round->payments_problems;
	cashier_measures.refunds_gone_wrong += round->refunds_failed;
	histogram_record(&cashier_measures.round_us, clock_monotonic_us() - self->begun_us);
	if (round->payments_by_asking > 0) {
		log_warn("differences_found",
			"payments=%" PRIu64
			" hint=\"no webhook had told of them: does the provider "
			"reach /v1/payments/%s/webhook? look at its dashboard\"",
			round->payments_by_asking, settings.provider->name);
	}
	if (round->payments_problems > 0) {
		log_warn("payments_mismatch",
			"payments=%" PRIu64 " hint=\"another amount, currency or order than ours: "
			"see payments.problem; what is ours goes back\"",
			round->payments_problems);
	}
	if (round->backlog_wanted) {
		self->backlog_us = self->begun_us;
		cashier_measures.orders_wanted = round->backlog.orders_wanted;
		cashier_measures.orders_open = round->backlog.orders_open;
		cashier_measures.payments_untold = round->backlog.payments_untold;
		cashier_measures.refunds_due = round->backlog.refunds_due;
		cashier_measures.refunds_failed = round->backlog.refunds_failed;
	}
}

/* What was claimed while the program was told to end is left: it falls due with the next opening. */
static void do_claimed(struct cashier *self) {
	const struct books_round *round = &self->round;
	for (uint32_t i = 0; i < round->jobs_count && !self->draining; i++) {
		self->looks_allowed -= round->jobs[i].kind == JOB_LOOK && self->looks_allowed > 0;
		clerk_do(self->clerk, &round->jobs[i]);
	}
	if (!self->draining) {
		teller_tell(self->teller, round->tells, round->tells_count);
	}
}

static void run_round(void *context) {
	struct cashier *self = context;
	books_round(self->books, &self->round);
}

static void on_round_end(void *context) {
	struct cashier *self = context;
	struct tray *written = &self->trays[1 - self->collecting];
	self->errand = NULL;
	if (self->round.outcome != DATABASE_OK) {
		on_database_failure(self, "round");
	} else {
		self->available = true;
		backoff_reset(&self->backoff);
		lines_noted(self->lines);
		webhooks_noted(self->webhooks);
		publish_payables(self, written);
		tray_clear(written);
		note_round(self);
		do_claimed(self);
		lines_resume(self->lines);
		webhooks_resume(self->webhooks);
	}
	note_state(self);
	if (!end_drain_if_done(self) && self->active) {
		schedule(self);
	}
}

static void begin_round(struct cashier *self) {
	struct tray *tray = collecting(self);
	lines_note(self->lines, &tray->news);
	webhooks_note(self->webhooks, &tray->news);
	self->collecting = 1 - self->collecting;
	self->begun_us = clock_monotonic_us();
	self->round.news = &tray->news;
	self->round.room = free_room(self);
	self->round.backlog_wanted = self->begun_us - self->backlog_us > BACKLOG_EVERY_US;
	self->errand = errand_begin(service_loop(self->service), run_round, on_round_end, self);
}

static void on_timer(void *context) {
	struct cashier *self = context;
	assert(self->errand == NULL);
	if (self->active) {
		begin_round(self);
	} else {
		self->errand =
			errand_begin(service_loop(self->service), run_opening, on_opened, self);
	}
}

/* The next round: at once if there is something to write. */
static void schedule(struct cashier *self) {
	if (!self->active || self->errand != NULL || self->drained) {
		return; /* on_opened or on_round_end come here again */
	}
	if (!news_is_empty(collect(self))) {
		wakeup_after(self->timer, 0);
	} else if (!wakeup_is_set(self->timer)) {
		wakeup_after(self->timer, (uint64_t)settings.poll_ms);
	}
}

/* ---- draining ---------------------------------------------------------------------------------- */

/* True if there is nothing left to do. */
static bool end_drain_if_done(struct cashier *self) {
	bool under_way = self->active &&
			 (clerk_under_way(self->clerk) > 0 || teller_under_way(self->teller) > 0 ||
				 !news_is_empty(collect(self)));
	bool done = self->draining && self->errand == NULL && (!under_way || self->drain_is_late);
	if (done && !self->drained) {
		self->drained = true;
		wakeup_cancel(self->timer);
		wakeup_cancel(self->drain_deadline);
		service_drained(self->service);
	}
	return done;
}

static void on_drain_deadline(void *context) {
	struct cashier *self = context;
	self->drain_is_late = true;
	end_drain_if_done(self);
}

void cashier_drain(struct service *service) {
	struct cashier *self = cashier;
	(void)service;
	self->draining = true;
	wakeup_after(self->drain_deadline, DRAIN_MS_MAX);
	if (!end_drain_if_done(self)) {
		schedule(self);
	}
}

/* ---- life -------------------------------------------------------------------------------------- */

void cashier_prepare(struct service *service) {
	(void)service;
	settings_prepare();
	transfers_init();
}

static void create_readers(struct cashier *self) {
	struct line_options line = {
		.bus = service_bus(self->service),
		.names = &self->names,
		.collect = collect,
		.on_news = on_news,
		.owner = self,
	};
	struct webhooks_options webhooks = {
		.bus = service_bus(self->service),
		.names = &self->names,
		.collect = collect,
		.on_news = on_news,
		.owner = self,
	};
	self->lines = lines_create(&line);
	self->webhooks = webhooks_create(&webhooks);
}

void cashier_start(struct service *service) {
	struct cashier *self = memory_new(sizeof *self);
	struct books_options books = {
		.database_url = settings.database_url,
		.name = service_instance(service),
		.provider = settings.provider->name,
		.claim_seconds = (uint32_t)settings.claim_seconds,
		.capture_after_ms = (uint32_t)settings.capture_after_ms,
		.reconcile_seconds = (uint32_t)settings.reconcile_seconds,
	};
	struct clerk_options clerk = {
		.provider = settings.provider,
		.keys = &settings.keys,
		.url = settings.payment_url,
		.connections = (uint32_t)settings.connections,
		.handler = on_job_end,
		.owner = self,
	};
	cashier = self;
	self->service = service;
	self->available = true;
	self->names = (struct news_names){settings.provider->name, &settings.booking_key};
	self->backoff = backoff_init(DATABASE_RANGE, crypto_random_below(UINT32_MAX));
	self->books = books_create(&books);
	self->clerk = clerk_create(service_loop(service), &clerk);
	self->teller = teller_create(service_bus(service), on_told, self);
	create_readers(self);
	self->timer = wakeup_create(service_loop(service), on_timer, self);
	self->drain_deadline = wakeup_create(service_loop(service), on_drain_deadline, self);
	wakeup_after(self->timer, 0);
}

void cashier_stop(struct service *service) {
	struct cashier *self = cashier;
	(void)service;
	if (self == NULL) {
		return;
	}
	errand_abandon(self->errand);
	wakeup_destroy(self->timer);
	wakeup_destroy(self->drain_deadline);
	webhooks_destroy(self->webhooks);
	lines_destroy(self->lines);
	teller_destroy(self->teller);
	clerk_destroy(self->clerk);
	books_destroy(self->books);
	tray_finish(&self->trays[0]);
	tray_finish(&self->trays[1]);
	free(self);
	cashier = NULL;
}
