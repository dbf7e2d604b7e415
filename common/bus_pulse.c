#include "common/bus_pulse.h"

#include <stdlib.h>

#include "common/json.h"
#include "common/memory.h"
#include "common/stream_reply.h"
#include "common/wakeup.h"

struct bus_pulse {
	struct bus *bus;
	void (*leave)(struct bus *bus);
	struct wakeup *wakeup; /* the next question */
	uint64_t request;
	bool was_answered; /* ever, in any words */
	/* All of this connection. */
	uint32_t misses; /* in a row */
	bool unstored;   /* since the last question, and nothing was stored after it */
	uint32_t unstored_periods;
};

static void forget(struct bus_pulse *pulse) {
	pulse->misses = 0;
	pulse->unstored = false;
	pulse->unstored_periods = 0;
}

static void give_up(struct bus_pulse *pulse) {
	if (bus_is_connected(pulse->bus)) {
		forget(pulse);
		pulse->leave(pulse->bus);
	}
}

static bool is_well(enum bus_outcome outcome, const struct bus_message *message) {
	struct stream_reply reply = {.outcome = STREAM_UNKNOWN};
	if (outcome == BUS_REPLIED) {
		struct json_object json;
		json_init(&json, (const char *)message->data, message->size);
		stream_reply_read(&reply, &json);
		json_finish(&json);
	}
	return reply.outcome == STREAM_STORED;
}

static void on_answer(void *context, enum bus_outcome outcome, const struct bus_message *message) {
	struct bus_pulse *pulse = context;
	pulse->request = 0;
	pulse->was_answered = pulse->was_answered || outcome == BUS_REPLIED;
	if (is_well(outcome, message)) {
		pulse->misses = 0;
	} else {
		pulse->misses++;
	}
	if (pulse->was_answered && pulse->misses >= BUS_PULSE_MISSES_MAX) {
		give_up(pulse);
	}
}

void bus_pulse_note(struct bus_pulse *pulse, bool answered) {
	pulse->unstored = !answered;
	if (answered) {
		pulse->unstored_periods = 0;
	}
}

/* A refusal comes at once, silence ends just before the next question. */
static void ask(void *context) {
	struct bus_pulse *pulse = context;
	wakeup_after(pulse->wakeup, BUS_PULSE_MS);
	pulse->unstored_periods += pulse->unstored;
	pulse->unstored = false;
	if (pulse->unstored_periods >= BUS_PULSE_UNSTORED_MAX) {
		give_up(pulse);
	}
	if (!bus_is_connected(pulse->bus) || pulse->request != 0) {
		return;
	}
	pulse->request = bus_request(pulse->bus,
		&(struct bus_publication){
			.subject = "$JS.API.INFO",
			.expected_last_sequence = -1,
			.expected_last_subject_sequence = -1,
		},
		BUS_PULSE_MS - BUS_PULSE_MS / 10, on_answer, pulse);
}

static void on_state(void *context, bool connected) {
	(void)connected;
	forget(context);
}

struct bus_pulse *bus_pulse_create(struct bus *bus, void (*leave)(struct bus *bus)) {
	struct bus_pulse *pulse = memory_new(sizeof *pulse);
	pulse->bus = bus;
	pulse->leave = leave;
	pulse->wakeup = wakeup_create(bus_loop(bus), ask, pulse);
	wakeup_after(pulse->wakeup, BUS_PULSE_MS);
	bus_on_state(bus, on_state, pulse);
	return pulse;
}

void bus_pulse_destroy(struct bus_pulse *pulse) {
	if (pulse == NULL) {
		return;
	}
	bus_cancel(pulse->bus, pulse->request);
	bus_off_state(pulse->bus, on_state, pulse);
	wakeup_destroy(pulse->wakeup);
	free(pulse);
}
