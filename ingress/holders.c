/*
 * holders - reads decisions and requests in pairs, and keeps the identities of those who got
 * something.
 */
#include "ingress/holders.h"

#include <assert.h>
#include <stdlib.h>

#include "common/log.h"
#include "common/memory.h"
#include "common/pure/subjects.h"
#include "common/stream.h"
#include "ingress/bloom.h"

#define GET_TIMEOUT_MS 2000

/* One decision being read, then the request that it answers:
 *
 *	idle ──▶ decision ──somebody got something──▶ request ──▶ idle
 *	             └──────── nobody did ───────────────────────▶
 */
struct reading {
	struct holders *holders;
	uint64_t n;
	bool active;
	bool failed; /* to be begun again */
	uint16_t granted_count;
	uint16_t granted[BATCH_REQUESTS_MAX]; /* entries of the request */
};

struct holders {
	struct bus *bus;
	char decisions[SUBJECT_BYTES_MAX]; /* names of streams */
	char requests[SUBJECT_BYTES_MAX];
	uint64_t next_n; /* to begin with */
	uint64_t last_n; /* nothing was given after it */
	uint64_t identities;
	uint32_t active_count;
	bool complete;
	int64_t retry_at_us;
	struct bloom bloom;
	struct reading readings[HOLDERS_WINDOW];
};

/* Scratch, for one message at a time. */
static struct decision decision;
static struct request request;

static void advance(struct holders *holders);

bool holders_is_over(const struct campaign *campaign) {
	if (campaign->state == CAMPAIGN_CLOSED) {
		return true;
	}
	const struct counters *counters = &campaign->counters;
	return campaign->state == CAMPAIGN_OPEN && counters->available == 0 &&
	       counters->held == 0 && counters->waiting == 0 && !campaign->definition.cancellable &&
	       campaign->definition.waiting_list == 0;
}

/* ---- reading --------------------------------------------------------------------------------- */

static void finish_reading(struct reading *reading, bool failed) {
	reading->active = false;
	reading->failed = failed;
	reading->holders->active_count--;
	advance(reading->holders);
}

static void on_request(
	void *context, enum stream_outcome outcome, const struct bus_message *message) {
	struct reading *reading = context;
	struct holders *holders = reading->holders;
	bool read =
		outcome == STREAM_STORED && request_decode(&request, message->data, message->size);
	for (uint16_t i = 0; read && i < reading->granted_count; i++) {
		uint16_t entry = reading->granted[i];
		read = entry < request.count;
		const struct person *person = &request.book[entry].person;
		for (uint8_t j = 0; read && j < person->identities_count; j++) {
			bloom_add(&holders->bloom, &person->identities[j]);
			holders->identities++;
		}
	}
	finish_reading(reading, !read);
}

static bool is_granted(const struct answer *answer) {
	return !answer->repeated &&
	       (answer->verdict == VERDICT_BOOKED || answer->verdict == VERDICT_HELD ||
		       answer->verdict == VERDICT_WAITLISTED);
}

static void get(struct reading *reading, const char *stream, stream_get_handler handler) {
	const struct stream_get wanted = {.stream = stream, .sequence = reading->n};
	stream_get(reading->holders->bus, &wanted, GET_TIMEOUT_MS, handler, reading);
}

static void on_decision(
	void *context, enum stream_outcome outcome, const struct bus_message *message) {
	struct reading *reading = context;
	if (outcome != STREAM_STORED || !decision_decode(&decision, message->data, message->size)) {
		finish_reading(reading, true);
		return;
	}
	reading->granted_count = 0;
	for (uint16_t i = 0; i < decision.count; i++) {
		if (is_granted(&decision.answers[i])) {
			reading->granted[reading->granted_count++] = i;
		}
	}
	if (reading->granted_count > 0) {
		get(reading, reading->holders->requests, on_request);
	} else {
		finish_reading(reading, false);
	}
}

static void begin_reading(struct reading *reading, uint64_t n) {
	reading->n = n;
	reading->active = true;
	reading->failed = false;
	reading->holders->active_count++;
	get(reading, reading->holders->decisions, on_decision);
}

static bool has_failed(const struct holders *holders) {
	for (size_t i = 0; i < HOLDERS_WINDOW; i++) {
		if (holders->readings[i].failed) {
			return true;
		}
	}
	return false;
}

/* Fills the window. What has failed is begun again by holders_may_have, after a pause. */
static void advance(struct holders *holders) {
	for (size_t i = 0; i < HOLDERS_WINDOW && holders->next_n <= holders->last_n; i++) {
		struct reading *reading = &holders->readings[i];
		if (!reading->active && !reading->failed) {
			begin_reading(reading, holders->next_n++);
		}
	}
	if (!holders->complete && holders->active_count == 0 && !has_failed(holders)) {
		holders->complete = true;
		log_info("holders_known", "stream=%s decisions=%llu identities=%llu",
			holders->decisions, (unsigned long long)holders->last_n,
			(unsigned long long)holders->identities);
	}
}

static void retry(struct holders *holders, int64_t now_us) {
	if (now_us < holders->retry_at_us) {
		return;
	}
	holders->retry_at_us = now_us + HOLDERS_RETRY_US;
	for (size_t i = 0; i < HOLDERS_WINDOW; i++) {
		struct reading *reading = &holders->readings[i];
		if (reading->failed) {
			begin_reading(reading, reading->n);
		}
	}
}

/* ---- life ------------------------------------------------------------------------------------ */

static struct holders *begin(struct bus *bus, const struct campaign *campaign, int64_t now_us) {
	struct holders *holders = memory_new(sizeof *holders);
	holders->bus = bus;
	stream_decisions(holders->decisions, campaign->id);
	stream_requests(holders->requests, campaign->id);
	holders->next_n = 1;
	holders->last_n = campaign->newest_n;
	holders->retry_at_us = now_us + HOLDERS_RETRY_US;
	uint64_t bookings =
		(uint64_t)campaign->definition.units + campaign->definition.waiting_list;
	if (bookings > campaign->line_position) {
		bookings = campaign->line_position;
	}
	holders->bloom.bits = bloom_bits(bookings * IDENTITIES_MAX);
	holders->bloom.words = memory_new(holders->bloom.bits / 8);
	for (size_t i = 0; i < HOLDERS_WINDOW; i++) {
		holders->readings[i].holders = holders;
	}
	advance(holders);
	return holders;
}

bool holders_may_have(
	struct bus *bus, struct campaign *campaign, const struct person *person, int64_t now_us) {
	if (campaign->holders == NULL) {
		campaign->holders = begin(bus, campaign, now_us);
	}
	struct holders *holders = campaign->holders;
	if (!holders->complete) {
		retry(holders, now_us);
		return true;
	}
	for (uint8_t i = 0; i < person->identities_count; i++) {
		if (bloom_may_have(&holders->bloom, &person->identities[i])) {
			return true;
		}
	}
	return false;
}

void holders_destroy(struct holders *holders) {
	if (holders == NULL) {
		return;
	}
	free(holders->bloom.words);
	free(holders);
}
