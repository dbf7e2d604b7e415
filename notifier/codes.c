#include "notifier/codes.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/bus.h"
#include "common/clock.h"
#include "common/crypto.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/pure/bytes.h"
#include "common/pure/messages.h"
#include "common/pure/subjects.h"
#include "common/pure/text.h"
#include "common/stream.h"
#include "common/wakeup.h"
#include "notifier/measures.h"
#include "notifier/sender.h"
#include "notifier/settings.h"

#define SUBJECT_NEXT "$JS.API.CONSUMER.MSG.NEXT." STREAM_CODES "." CONSUMER_CODES
#define SUBJECT_DEADLETTER SUBJECT_DEADLETTER_PREFIX "codes"
/* The broker ends a pull after so long; when it did not say so a little later, the pull is lost. */
#define PULL_SECONDS 20
#define PULL_LOST_MS ((PULL_SECONDS + 5) * 1000)
/* Before the next pull, after the broker could not take one. */
#define TROUBLE_PAUSE_MS 1000
#define ACK_SUBJECT_BYTES 256u
/* How long a code rests that could not be sent. It rests as long as it is old, so there are few
 * tries. */
#define REST_MS_MIN 500
#define REST_MS_MAX 30000
/* The broker sends a code again that was not acknowledged in time (ack_wait of its consumer, at
 * least 30 seconds). A code that has waited here may not have that long any more for the longest
 * transfer, so it asks for more; one that has waited too long rests in the stream instead. */
#define WAITING_US_ASK_MORE INT64_C(3000000)
#define WAITING_US_MAX INT64_C(10000000)
/* Somebody waits for a code: a provider that fails is soon asked again. */
#define PAUSE_MS_MAX 4000
#define DRAIN_MS_MAX 12000

/* The broker's words for the end of a pull without (all) messages. */
#define STATUS_NO_MESSAGES 404
#define STATUS_PULL_EXPIRED 408

static const enum channel channels[CHANNELS] = {CHANNEL_EMAIL, CHANNEL_SMS};

/* A code in hand. */
struct slot {
	struct slot *next; /* free, or waiting */
	struct codes *codes;
	struct code_message code;
	int64_t asked_at_ms; /* when the ingress put it into the stream */
	int64_t taken_us;    /* when it came here */
	char name[MESSAGE_NAME_BYTES];
	char ack[ACK_SUBJECT_BYTES];
};

struct slot_queue {
	struct slot *first;
	struct slot **end;
};

/* All of one channel. */
struct lane {
	struct codes *codes;
	struct sender *sender;
	struct slot_queue waiting;
	uint32_t slots; /* waiting and sending */
};

struct codes {
	struct bus *bus;
	struct slot slots[CODES_SLOTS];
	struct slot *free;
	uint32_t free_count;
	struct lane lanes[CHANNELS];
	uint64_t inbox;
	char inbox_subject[BUS_INBOX_BYTES];
	uint32_t pulling;     /* messages that the open pull may still bring; 0: there is none */
	bool troubled;        /* the queue does not answer; said once */
	struct wakeup *timer; /* an open pull is lost, or the pause after trouble is over */
	bool draining;
	bool drain_is_late;
	bool drained;
	struct wakeup *drain_deadline;
	void (*on_drained)(void *owner);
	void *owner;
};

static void pull(struct codes *codes);

/* ---- slots ----------------------------------------------------------------------------------- */

static void queue_init(struct slot_queue *queue) {
	queue->first = NULL;
	queue->end = &queue->first;
}

static void queue_push(struct slot_queue *queue, struct slot *slot) {
	slot->next = NULL;
	*queue->end = slot;
	queue->end = &slot->next;
}

static struct slot *queue_pop(struct slot_queue *queue) {
	struct slot *slot = queue->first;
	queue->first = slot->next;
	if (queue->first == NULL) {
		queue->end = &queue->first;
	}
	return slot;
}

static struct slot *slot_take(struct codes *codes) {
	struct slot *slot = codes->free;
	if (slot != NULL) {
		codes->free = slot->next;
		codes->free_count--;
	}
	return slot;
}

static void slot_free(struct codes *codes, struct slot *slot) {
	crypto_forget(&slot->code, sizeof slot->code);
	slot->next = codes->free;
	codes->free = slot;
	codes->free_count++;
}

static void end_drain_if_done(struct codes *codes) {
	bool done = codes->drain_is_late || codes->free_count == CODES_SLOTS;
	if (codes->draining && done && !codes->drained) {
		codes->drained = true;
		wakeup_cancel(codes->drain_deadline);
		codes->on_drained(codes->owner);
	}
}

/* ---- what became of a code ------------------------------------------------------------------- */

/* reply: NULL, or where the broker answers. */
static bool publish(
	struct codes *codes, const char *subject, const char *reply, const struct part *data) {
	struct bus_publication publication = {
		.subject = subject,
		.reply = reply,
		.data = data->bytes,
		.size = data->size,
		.expected_last_sequence = -1,
		.expected_last_subject_sequence = -1,
	};
	return bus_publish(codes->bus, &publication);
}

/* If it cannot be queued the message comes again: a second mail, with the same Message-ID. */
static void answer(struct codes *codes, const char *ack, const char *words) {
	publish(codes, ack, NULL, &(struct part){words, strlen(words)});
}

static void answer_rest(struct codes *codes, const char *ack, int64_t rest_ms) {
	char words[64];
	snprintf(words, sizeof words, "-NAK {\"delay\": %" PRId64 "}", rest_ms * 1000000);
	answer(codes, ack, words);
}

static int64_t rest_ms(const struct slot *slot) {
	int64_t rest = clock_wall_ms() - slot->asked_at_ms;
	rest = rest < REST_MS_MIN ? REST_MS_MIN : rest > REST_MS_MAX ? REST_MS_MAX : rest;
	return rest / 2 + crypto_random_below((uint32_t)rest / 2 + 1);
}

static int64_t larger(int64_t a, int64_t b) {
	return a > b ? a : b;
}

static struct lane *lane_of(struct codes *codes, enum channel channel) {
	return &codes->lanes[channel_index(channel)];
}

/* The slot's life ends; whatever was to be said to the broker is said. */
static void finish(struct slot *slot) {
	struct codes *codes = slot->codes;
	lane_of(codes, slot->code.channel)->slots--;
	slot_free(codes, slot);
	end_drain_if_done(codes);
}

static void give_back(struct slot *slot, int64_t pause_ms) {
	answer_rest(slot->codes, slot->ack, pause_ms);
	finish(slot);
}

static void give_up(struct slot *slot, const char *error) {
	notifier_measures.failed[channel_index(slot->code.channel)][TEMPLATE_CODE]++;
	log_warn("code_failed", "channel=%d error=\"%s\"", (int)slot->code.channel, error);
	answer(slot->codes, slot->ack, "+TERM");
	finish(slot);
}

static void on_sent(void *context, const struct send_result *result) {
	struct slot *slot = context;
	switch (result->outcome) {
	case OUTCOME_OK:
		histogram_record(
			&notifier_measures.code_us, (clock_wall_ms() - slot->asked_at_ms) * 1000);
		answer(slot->codes, slot->ack, "+ACK");
		finish(slot);
		return;
	case OUTCOME_TEMPFAIL:
		log_info("code_rests", "channel=%d error=\"%s\"", (int)slot->code.channel,
			result->error);
		give_back(slot, larger(result->retry_after_ms, rest_ms(slot)));
		return;
	case OUTCOME_PERMFAIL:
	case OUTCOME_COUNT:
		give_up(slot, result->error);
		return;
	}
}

/* ---- sending --------------------------------------------------------------------------------- */

static void send_code(struct lane *lane, struct slot *slot) {
	int64_t now_ms = clock_wall_ms();
	int64_t left_ms = slot->code.expires_at_ms - now_ms;
	if (left_ms <= 0) {
		notifier_measures.codes_expired++;
		give_up(slot, "it expired before it could be sent");
		return;
	}
	if (clock_monotonic_us() - slot->taken_us > WAITING_US_ASK_MORE) {
		answer(slot->codes, slot->ack, "+WPI");
	}
	char minutes[24];
	snprintf(minutes, sizeof minutes, "%" PRId64, (left_ms + 59999) / 60000);
	struct message message = {
		.template = TEMPLATE_CODE,
		.language = texts_language(slot->code.locale),
		.contact = slot->code.contact,
		.name = slot->name,
		.date_ms = now_ms,
		.variables.values =
			{
				[VARIABLE_CODE] = slot->code.code,
				[VARIABLE_MINUTES] = minutes,
				[VARIABLE_DOMAIN] = settings.public_domain,
				[VARIABLE_URL] = settings.public_url,
			},
	};
	if (!sender_send(lane->sender, &message, on_sent, slot)) {
		give_up(slot, "its contact cannot be put into a message");
	}
}

/* Whether a waiting code should rest in the stream, not here: its provider fails and is asked with
 * one code at a time, or is so slow that the broker would soon send the code again. */
static bool should_rest(const struct lane *lane, const struct slot *slot) {
	return lane->codes->draining || sender_is_slow(lane->sender) ||
	       clock_monotonic_us() - slot->taken_us > WAITING_US_MAX;
}

static void pump(struct lane *lane) {
	while (lane->waiting.first != NULL && !lane->codes->draining &&
		sender_may_send(lane->sender)) {
		send_code(lane, queue_pop(&lane->waiting));
	}
	while (lane->waiting.first != NULL && should_rest(lane, lane->waiting.first)) {
		struct slot *slot = queue_pop(&lane->waiting);
		give_back(slot, rest_ms(slot));
	}
}

static void on_ready(void *owner) {
	struct lane *lane = owner;
	pump(lane);
	pull(lane->codes);
}

/* ---- messages from the queue ----------------------------------------------------------------- */

/* "code-" and a hash of the place in the stream: the same whenever and wherever the message comes
 * again, and telling nothing about how many codes there were. */
static void write_name(char name[MESSAGE_NAME_BYTES], const struct stream_delivery *delivery) {
	uint8_t place[16];
	uint8_t hash[16];
	struct bytes_writer writer = bytes_writer_init(place, sizeof place);
	bytes_write_u64(&writer, delivery->stream_sequence);
	bytes_write_u64(&writer, (uint64_t)delivery->time_ms);
	crypto_mac(hash, sizeof hash, &settings.booking_key, "code name",
		&(struct part){place, sizeof place}, 1);
	struct text text = text_init(name, MESSAGE_NAME_BYTES);
	text_append(&text, "code-");
	text_append_hex(&text, hash, sizeof hash);
}

static void bury(struct codes *codes, const struct bus_message *message) {
	notifier_measures.codes_unreadable++;
	log_warn("code_unreadable",
		"size=%zu hint=\"see " SUBJECT_DEADLETTER " in stream " STREAM_DEADLETTER
		" and the versions of ingress and notifier\"",
		message->size);
	publish(codes, SUBJECT_DEADLETTER, NULL, &(struct part){message->data, message->size});
	answer(codes, message->reply, "+TERM");
}

static void take(struct codes *codes, struct slot *slot, const struct bus_message *message) {
	struct stream_delivery delivery;
	bool understood = code_message_decode(&slot->code, message->data, message->size) &&
			  strlen(message->reply) < sizeof slot->ack &&
			  stream_delivery_parse(&delivery, message->reply);
	if (!understood) {
		bury(codes, message);
		slot_free(codes, slot);
		return;
	}
	snprintf(slot->ack, sizeof slot->ack, "%s", message->reply);
	slot->asked_at_ms = delivery.time_ms;
	slot->taken_us = clock_monotonic_us();
	write_name(slot->name, &delivery);
	struct lane *lane = lane_of(codes, slot->code.channel);
	lane->slots++;
	if (lane->slots > CODES_CHANNEL_SLOTS_MAX || codes->draining) {
		give_back(slot, rest_ms(slot));
		return;
	}
	queue_push(&lane->waiting, slot);
	pump(lane);
}

static void pause_pulling(struct codes *codes, int status) {
	codes->pulling = 0;
	wakeup_after(codes->timer, TROUBLE_PAUSE_MS);
	if (!codes->troubled && bus_is_connected(codes->bus)) {
		codes->troubled = true;
		log_warn("codes_unavailable",
			"status=%d hint=\"nothing while the brokers choose a leader; else: is "
			"there a stream " STREAM_CODES " with a consumer " CONSUMER_CODES
			"? firstcome migrate makes both\"",
			status);
	}
}

static void on_message(void *context, const struct bus_message *message) {
	struct codes *codes = context;
	if (message->status == STATUS_NO_MESSAGES || message->status == STATUS_PULL_EXPIRED) {
		codes->pulling = 0;
		codes->troubled = false;
	} else if (message->status != 0) {
		pause_pulling(codes, message->status);
		return;
	} else if (message->reply != NULL) {
		codes->troubled = false;
		codes->pulling -= codes->pulling > 0;
		struct slot *slot = slot_take(codes);
		if (slot == NULL) {
			/* Of a pull that we took for lost. */
			answer_rest(codes, message->reply, REST_MS_MIN);
		} else {
			take(codes, slot, message);
		}
	}
	pull(codes);
}

/* One pull at a time, for as many codes as there are free slots. */
static void pull(struct codes *codes) {
	if (codes->pulling > 0 || codes->draining || codes->free_count == 0 ||
		!bus_is_connected(codes->bus)) {
		return;
	}
	char words[64];
	snprintf(words, sizeof words, "{\"batch\":%" PRIu32 ",\"expires\":%d000000000}",
		codes->free_count, PULL_SECONDS);
	bool queued = publish(
		codes, SUBJECT_NEXT, codes->inbox_subject, &(struct part){words, strlen(words)});
	codes->pulling = queued ? codes->free_count : 0;
	wakeup_after(codes->timer, queued ? PULL_LOST_MS : TROUBLE_PAUSE_MS);
}

static void on_timer(void *context) {
	struct codes *codes = context;
	codes->pulling = 0;
	pull(codes);
}

static void on_bus_state(void *context, bool connected) {
	struct codes *codes = context;
	codes->pulling = 0; /* the broker has forgotten it */
	if (connected) {
		pull(codes);
	}
}

/* ---- life ------------------------------------------------------------------------------------ */

static void on_drain_deadline(void *context) {
	struct codes *codes = context;
	log_warn("codes_left", "count=%" PRIu32 " hint=\"they are sent again by another notifier\"",
		CODES_SLOTS - codes->free_count);
	codes->drain_is_late = true;
	end_drain_if_done(codes);
}

struct codes *codes_create(struct uv_loop_s *loop, struct bus *bus) {
	const struct pace_limits limits = {
		.connections = (uint32_t)settings.code_connections,
		.pause_ms_max = PAUSE_MS_MAX,
	};
	struct codes *codes = memory_new(sizeof *codes);
	codes->bus = bus;
	for (size_t i = 0; i < CODES_SLOTS; i++) {
		codes->slots[i].codes = codes;
		slot_free(codes, &codes->slots[i]);
	}
	for (size_t i = 0; i < CHANNELS; i++) {
		struct lane *lane = &codes->lanes[i];
		struct sender_options options = {
			.name = "codes",
			.channel = channels[i],
			.limits = limits,
			.slow = &notifier_measures.slow_codes[i],
			.on_ready = on_ready,
			.owner = lane,
		};
		lane->codes = codes;
		queue_init(&lane->waiting);
		lane->sender = sender_create(loop, &options);
	}
	codes->timer = wakeup_create(loop, on_timer, codes);
	codes->drain_deadline = wakeup_create(loop, on_drain_deadline, codes);
	codes->inbox = bus_inbox_open(bus, codes->inbox_subject, on_message, codes);
	bus_on_state(bus, on_bus_state, codes);
	wakeup_after(codes->timer, 0);
	return codes;
}

void codes_drain(struct codes *codes, void (*on_drained)(void *owner), void *owner) {
	codes->draining = true;
	codes->on_drained = on_drained;
	codes->owner = owner;
	wakeup_after(codes->drain_deadline, DRAIN_MS_MAX);
	for (size_t i = 0; i < CHANNELS; i++) {
		pump(&codes->lanes[i]);
	}
	end_drain_if_done(codes);
}

void codes_destroy(struct codes *codes) {
	if (codes == NULL) {
		return;
	}
	bus_off_state(codes->bus, on_bus_state, codes);
	bus_inbox_close(codes->bus, codes->inbox);
	for (size_t i = 0; i < CHANNELS; i++) {
		sender_destroy(codes->lanes[i].sender);
	}
	wakeup_destroy(codes->timer);
	wakeup_destroy(codes->drain_deadline);
	free(codes);
}
