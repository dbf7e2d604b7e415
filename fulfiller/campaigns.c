#include "fulfiller/campaigns.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "common/clock.h"
#include "common/directory.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/pure/subjects.h"
#include "fulfiller/drain.h"
#include "fulfiller/measures.h"

#define NOTE_BYTES 800
/* How long nothing was booked before rows are brought together, and how often it is looked whether
 * there are any. */
#define CAMPAIGNS_QUIET_MS INT64_C(10000)
/* For the last writes of all campaigns; one of them may begin just before. */
#define CAMPAIGNS_END_MS INT64_C(5000)

struct campaigns {
	struct campaigns_options options;
	struct directory *directory;
	uv_timer_t timer;
	bool ended;
	uint64_t bookings_seen; /* by the measures */
	int64_t fold_us;        /* not before that time */
	/* By campaign id, so that a message finds its drain by bisection. */
	struct drain **drains;
	size_t count;
	size_t capacity;
	char note[NOTE_BYTES];
};

/* The place of the campaign in the array, or where it belongs. */
static size_t place_of(const struct campaigns *campaigns, const char *id) {
	size_t low = 0;
	size_t high = campaigns->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (strcmp(drain_campaign(campaigns->drains[middle]), id) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

static struct drain *find(const struct campaigns *campaigns, const char *id) {
	size_t place = place_of(campaigns, id);
	if (place == campaigns->count ||
		strcmp(drain_campaign(campaigns->drains[place]), id) != 0) {
		return NULL;
	}
	return campaigns->drains[place];
}

static void on_campaign(void *context, const char *id, uint32_t ordinal) {
	struct campaigns *campaigns = context;
	if (campaigns->ended) {
		return;
	}
	if (find(campaigns, id) != NULL) {
		log_warn("campaign_twice", "campaign=%s ordinal=%" PRIu32 " taken=first", id,
			ordinal);
		return;
	}
	if (campaigns->count == campaigns->capacity) {
		campaigns->capacity = campaigns->capacity == 0 ? 16 : campaigns->capacity * 2;
		campaigns->drains =
			realloc(campaigns->drains, campaigns->capacity * sizeof(struct drain *));
		assert(campaigns->drains != NULL);
	}
	size_t place = place_of(campaigns, id);
	memmove(&campaigns->drains[place + 1], &campaigns->drains[place],
		(campaigns->count - place) * sizeof(struct drain *));
	campaigns->drains[place] = drain_create(&(struct drain_options){
		.loop = service_loop(campaigns->options.service),
		.bus = service_bus(campaigns->options.service),
		.store = campaigns->options.store,
		.campaign = id,
		.ordinal = ordinal,
	});
	campaigns->count++;
}

static void on_decided(void *context, const struct bus_message *message) {
	struct campaigns *campaigns = context;
	const char *id = subject_campaign_id(message->subject, SUBJECT_DECIDED_PREFIX);
	struct drain *drain = id == NULL ? NULL : find(campaigns, id);
	if (drain != NULL) { /* else the directory will tell of it */
		drain_offer(drain, message);
	}
}

/* ---- readiness --------------------------------------------------------------------------------- */

static const struct drain *find_stopped(const struct campaigns *campaigns) {
	for (size_t i = 0; i < campaigns->count; i++) {
		if (drain_state(campaigns->drains[i]) == DRAIN_STOPPED) {
			return campaigns->drains[i];
		}
	}
	return NULL;
}

/* What keeps the program from doing all of its work; NULL if nothing does. */
static const char *find_problem(struct campaigns *campaigns) {
	const struct drain *stopped = find_stopped(campaigns);
	if (stopped != NULL) {
		snprintf(campaigns->note, sizeof campaigns->note, "campaign %s is stopped: %s",
			drain_campaign(stopped), drain_reason(stopped));
		return campaigns->note;
	}
	const char *reason = contacts_reason(campaigns->options.contacts);
	if (reason[0] != '\0') {
		snprintf(campaigns->note, sizeof campaigns->note, "contacts are stopped: %s",
			reason);
		return campaigns->note;
	}
	if (!directory_is_complete(campaigns->directory)) {
		return "reading the directory of campaigns";
	}
	if (!store_is_available(campaigns->options.store)) {
		return "the database is not available";
	}
	return NULL;
}

/* One step at a time, so that a booking that comes waits no longer than that. */
static void fold_if_quiet(struct campaigns *campaigns) {
	int64_t now_us = clock_monotonic_us();
	bool quiet = campaigns->bookings_seen == fulfiller_measures.bookings;
	bool folded = false;
	campaigns->bookings_seen = fulfiller_measures.bookings;
	if (quiet && now_us >= campaigns->fold_us) {
		store_fold(campaigns->options.store, &folded);
	}
	if (!quiet || (!folded && now_us >= campaigns->fold_us)) {
		campaigns->fold_us = now_us + CAMPAIGNS_QUIET_MS * 1000;
	}
}

static void on_watch(uv_timer_t *timer) {
	struct campaigns *campaigns = timer->data;
	struct store *store = campaigns->options.store;
	fold_if_quiet(campaigns);
	store_keep_alive(store);
	fulfiller_measures.database_available = store_is_available(store);
	const char *problem = find_problem(campaigns);
	service_set_ready(campaigns->options.service, problem == NULL, problem);
}

/* ---- life -------------------------------------------------------------------------------------- */

struct campaigns *campaigns_create(const struct campaigns_options *options) {
	struct campaigns *campaigns = memory_new(sizeof *campaigns);
	campaigns->options = *options;
	struct bus *bus = service_bus(options->service);
	bus_subscribe(bus, SUBJECT_DECIDED_ALL, NULL, on_decided, campaigns);
	campaigns->directory = directory_create(bus, on_campaign, campaigns);
	uv_timer_init(service_loop(options->service), &campaigns->timer);
	campaigns->timer.data = campaigns;
	uv_timer_start(&campaigns->timer, on_watch, 0, CAMPAIGNS_WATCH_MS);
	return campaigns;
}

void campaigns_end(struct campaigns *campaigns) {
	campaigns->ended = true;
	uv_timer_stop(&campaigns->timer);
	/* What is not written in time is still in the log. */
	int64_t give_up_us = clock_monotonic_us() + CAMPAIGNS_END_MS * 1000;
	for (size_t i = 0; i < campaigns->count && clock_monotonic_us() < give_up_us; i++) {
		drain_end(campaigns->drains[i]);
	}
}

static void on_closed(uv_handle_t *timer) {
	struct campaigns *campaigns = timer->data;
	free(campaigns->drains);
	free(campaigns);
}

void campaigns_destroy(struct campaigns *campaigns) {
	if (campaigns == NULL) {
		return;
	}
	directory_destroy(campaigns->directory);
	for (size_t i = 0; i < campaigns->count; i++) {
		drain_destroy(campaigns->drains[i]);
	}
	uv_close((uv_handle_t *)&campaigns->timer, on_closed);
}
