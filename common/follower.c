#include "common/follower.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/crypto.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/pure/backoff.h"
#include "common/pure/subjects.h"
#include "common/stream.h"
#include "common/wakeup.h"

#define GET_MS_MAX 2000
/* An idle campaign is looked at ever more rarely, up to this. */
#define SILENCE_MS_MAX 8000
/* A replica may lag behind, and a broker prefers its own: one that was down answers once it has nine
 * tenths of the stream. So the leader is asked for the end of the stream, and for what a replica does not
 * have. A leader that was cut off does not know it for up to 20 seconds: so it takes so many answers in
 * a row, each a pause apart, before a stream counts as shorter than the position, or a message as
 * missing. */
#define LAGGING_ANSWERS_MAX 45
#define REASON_BYTES_MAX 160u
static const struct backoff_range pause_range = {.ms_min = 50, .ms_max = 1000};

/* A sequence s has the slot s % FOLLOWER_WINDOW while position <= s < position + FOLLOWER_WINDOW. */
enum slot_state { SLOT_EMPTY, SLOT_GETTING, SLOT_HERE };

struct slot {
	struct follower *follower;
	enum slot_state state;
	uint64_t sequence; /* unless empty */
	uint64_t request;  /* while getting */
	uint8_t *data;     /* while here */
	size_t size;
};

struct follower {
	struct bus *bus;
	char stream[SUBJECT_BYTES_MAX];
	char subject[SUBJECT_BYTES_MAX];
	follower_handler handler;
	follower_broken_handler broken_handler;
	void *context;
	uint64_t position;     /* the next to be delivered */
	uint64_t newest;       /* the highest sequence that is known to be there */
	uint64_t tail_request; /* asks for the newest message */
	struct slot slots[FOLLOWER_WINDOW];
	struct wakeup *wakeup; /* the next look */
	struct backoff backoff;
	uint64_t silence_ms;
	int lagging_answers;
	bool heard;  /* since the last look */
	bool failed; /* a get failed since the last look */
	bool paused;
	bool broken;
};

static void fill_window(struct follower *follower);
static void ask_for_tail(struct follower *follower);

/* ---- slots ------------------------------------------------------------------------------------- */

static struct slot *slot_of(struct follower *follower, uint64_t sequence) {
	return &follower->slots[sequence % FOLLOWER_WINDOW];
}

static bool is_in_window(const struct follower *follower, uint64_t sequence) {
	return sequence >= follower->position && sequence - follower->position < FOLLOWER_WINDOW;
}

static void empty_slot(struct slot *slot) {
	if (slot->state == SLOT_GETTING) {
		bus_cancel(slot->follower->bus, slot->request);
	}
	free(slot->data);
	slot->data = NULL;
	slot->state = SLOT_EMPTY;
}

static void fill_slot(struct slot *slot, const struct bus_message *message) {
	empty_slot(slot);
	slot->state = SLOT_HERE;
	slot->sequence = message->sequence;
	slot->size = message->size;
	slot->data = memory_copy(
		message->data == NULL ? (const uint8_t *)"" : message->data, message->size);
}

static void stop_everything(struct follower *follower) {
	for (size_t i = 0; i < FOLLOWER_WINDOW; i++) {
		empty_slot(&follower->slots[i]);
	}
	bus_cancel(follower->bus, follower->tail_request);
	follower->tail_request = 0;
	wakeup_cancel(follower->wakeup);
}

static void break_off(struct follower *follower, const char *reason) {
	log_warn("follower_broken", "stream=%s position=%" PRIu64 " reason=\"%s\"",
		follower->stream, follower->position, reason);
	stop_everything(follower);
	follower->broken = true;
	follower->broken_handler(follower->context, reason);
}

/* ---- looking ----------------------------------------------------------------------------------- */

static void retry_later(struct follower *follower) {
	if (!follower->failed) {
		follower->failed = true;
		wakeup_after(follower->wakeup, backoff_next_ms(&follower->backoff));
	}
}

static void note_lag(struct follower *follower, const char *reason) {
	follower->lagging_answers++;
	if (follower->lagging_answers >= LAGGING_ANSWERS_MAX) {
		break_off(follower, reason);
	} else {
		retry_later(follower);
	}
}

static void note_news(struct follower *follower, uint64_t sequence) {
	if (sequence > follower->newest) {
		follower->newest = sequence;
	}
	follower->heard = true;
	if (follower->silence_ms > FOLLOWER_SILENCE_MS && !follower->failed) {
		wakeup_after(follower->wakeup, FOLLOWER_SILENCE_MS);
	}
	follower->silence_ms = FOLLOWER_SILENCE_MS;
}

/* ---- delivering -------------------------------------------------------------------------------- */

/* True if the handler took it. */
static bool deliver(struct follower *follower, const uint8_t *data, size_t size) {
	if (!follower->handler(follower->context, follower->position, data, size)) {
		follower->paused = true;
		return false;
	}
	follower->position++;
	follower->lagging_answers = 0;
	backoff_reset(&follower->backoff);
	return true;
}

static void deliver_window(struct follower *follower) {
	while (!follower->paused) {
		struct slot *slot = slot_of(follower, follower->position);
		if (slot->state != SLOT_HERE || !deliver(follower, slot->data, slot->size)) {
			return;
		}
		empty_slot(slot);
	}
}

/* A message from anywhere. The next in line is delivered without a copy; later ones wait in the
 * window, or are got again when the window has come to them. */
static void accept(struct follower *follower, const struct bus_message *message) {
	note_news(follower, message->sequence);
	struct slot *slot = slot_of(follower, message->sequence);
	if (message->sequence == follower->position && !follower->paused) {
		if (deliver(follower, message->data, message->size)) {
			empty_slot(slot);
		}
	} else if (is_in_window(follower, message->sequence) && slot->state != SLOT_HERE) {
		fill_slot(slot, message);
	}
	deliver_window(follower);
	fill_window(follower);
}

static void on_got(void *context, enum stream_outcome outcome, const struct bus_message *message) {
	struct slot *slot = context;
	struct follower *follower = slot->follower;
	uint64_t sequence = slot->sequence;
	slot->state = SLOT_EMPTY;
	if (outcome == STREAM_STORED && message->sequence == sequence) {
		bool was_probe = sequence > follower->newest;
		accept(follower, message);
		if (was_probe) {
			ask_for_tail(follower); /* it was missed: more may have been */
		}
	} else if (outcome != STREAM_MISSING ||
		   (sequence <= follower->newest && sequence > follower->position)) {
		retry_later(follower);
	} else if (sequence <= follower->newest) {
		char reason[REASON_BYTES_MAX];
		snprintf(reason, sizeof(reason),
			"message %" PRIu64 " is missing, but the stream goes on to %" PRIu64,
			sequence, follower->newest);
		note_lag(follower, reason);
	}
}

static void get(struct follower *follower, uint64_t sequence) {
	struct slot *slot = slot_of(follower, sequence);
	struct stream_get get = {
		.stream = follower->stream,
		.sequence = sequence,
		.from_leader = follower->lagging_answers > 0,
	};
	slot->state = SLOT_GETTING;
	slot->sequence = sequence;
	slot->request = stream_get(follower->bus, &get, GET_MS_MAX, on_got, slot);
}

static void fill_window(struct follower *follower) {
	if (follower->paused || follower->failed || follower->broken) {
		return;
	}
	for (uint64_t sequence = follower->position;
		sequence <= follower->newest && is_in_window(follower, sequence); sequence++) {
		if (slot_of(follower, sequence)->state == SLOT_EMPTY) {
			get(follower, sequence);
		}
	}
}

/* ---- the end of the stream --------------------------------------------------------------------- */

static void on_tail(void *context, enum stream_outcome outcome, const struct bus_message *message) {
	struct follower *follower = context;
	follower->tail_request = 0;
	if (outcome != STREAM_STORED && outcome != STREAM_MISSING) {
		retry_later(follower);
		return;
	}
	uint64_t newest = outcome == STREAM_STORED ? message->sequence : 0;
	if (newest + 1 < follower->position) {
		char reason[REASON_BYTES_MAX];
		snprintf(reason, sizeof(reason),
			"the stream ends at %" PRIu64 ", but was read up to %" PRIu64 " before",
			newest, follower->position - 1);
		follower->newest = 0;
		note_lag(follower, reason);
		return;
	}
	follower->lagging_answers = 0;
	if (newest >= follower->position) {
		accept(follower, message);
	} else if (newest > follower->newest) {
		follower->newest = newest;
	}
}

static void ask_for_tail(struct follower *follower) {
	if (follower->tail_request == 0 && !follower->broken) {
		struct stream_get get = {
			.stream = follower->stream,
			.last_by_subject = follower->subject,
			.from_leader = true,
		};
		follower->tail_request =
			stream_get(follower->bus, &get, GET_MS_MAX, on_tail, follower);
	}
}

static void look_again(struct follower *follower) {
	if (follower->newest == 0) {
		ask_for_tail(
			follower); /* nothing is known yet, or what was known is not so any more */
	} else if (follower->newest >= follower->position) {
		fill_window(follower);
	} else if (!follower->heard && slot_of(follower, follower->position)->state == SLOT_EMPTY) {
		get(follower, follower->position);
	}
}

static void on_wakeup(void *context) {
	struct follower *follower = context;
	bool quiet = !follower->heard && !follower->failed;
	if (quiet && follower->silence_ms < SILENCE_MS_MAX) {
		follower->silence_ms *= 2;
	}
	follower->failed = false;
	if (!follower->paused) {
		look_again(follower);
	}
	follower->heard = false;
	if (!follower->broken && !follower->failed) {
		wakeup_after(follower->wakeup, follower->silence_ms);
	}
}

static void on_state(void *context, bool connected) {
	struct follower *follower = context;
	if (connected && !follower->broken) {
		follower->failed = false;
		follower->silence_ms = FOLLOWER_SILENCE_MS;
		wakeup_after(follower->wakeup, FOLLOWER_SILENCE_MS);
		ask_for_tail(follower);
		fill_window(follower);
	}
}

/* ---- life -------------------------------------------------------------------------------------- */

struct follower *follower_create(struct bus *bus, const struct follower_options *options) {
	assert(options->from >= 1);
	struct follower *follower = memory_new(sizeof(*follower));
	follower->bus = bus;
	stream_decisions(follower->stream, options->campaign);
	subject_decision(follower->subject, options->campaign);
	follower->handler = options->handler;
	follower->broken_handler = options->broken;
	follower->context = options->context;
	follower->position = options->from;
	follower->silence_ms = FOLLOWER_SILENCE_MS;
	follower->backoff = backoff_init(pause_range, crypto_random_below(UINT32_MAX));
	for (size_t i = 0; i < FOLLOWER_WINDOW; i++) {
		follower->slots[i].follower = follower;
	}
	follower->wakeup = wakeup_create(bus_loop(bus), on_wakeup, follower);
	wakeup_after(follower->wakeup, follower->silence_ms);
	bus_on_state(bus, on_state, follower);
	ask_for_tail(follower);
	return follower;
}

void follower_destroy(struct follower *follower) {
	if (follower == NULL) {
		return;
	}
	stop_everything(follower);
	bus_off_state(follower->bus, on_state, follower);
	wakeup_destroy(follower->wakeup);
	free(follower);
}

void follower_offer(struct follower *follower, const struct bus_message *message) {
	if (follower->broken || message->sequence == 0) {
		return;
	}
	if (message->sequence >= follower->position) {
		accept(follower, message);
	} else if (follower->position - message->sequence > FOLLOWER_WINDOW && !follower->failed) {
		ask_for_tail(follower); /* republished very late, or the stream was made anew */
	}
}

void follower_resume(struct follower *follower) {
	if (!follower->paused || follower->broken) {
		return;
	}
	follower->paused = false;
	deliver_window(follower);
	fill_window(follower);
}

uint64_t follower_position(const struct follower *follower) {
	return follower->position;
}
