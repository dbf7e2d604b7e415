#include "common/reader.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/crypto.h"
#include "common/json.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/pure/backoff.h"
#include "common/pure/text.h"
#include "common/reader_held.h"
#include "common/stream.h"
#include "common/stream_reply.h"
#include "common/wakeup.h"

#define REQUEST_MS_MAX 2000
/* The broker sends a heartbeat each tick when it has nothing else. */
#define TICK_MS 1000
/* So many ticks without a word, and the consumer is taken for dead. Ticks of our own are counted, not
 * time: a loop that was blocked has not looked, so it has not heard either. */
#define SILENT_TICKS_MAX 3
/* The broker forgets a consumer that nobody listens to. */
#define INACTIVE_SECONDS 10
/* With the pauses in between, about five seconds. */
#define MISSING_ANSWERS_MAX 8
#define CONSUMER_BYTES_MAX 64u
#define TIME_UNKNOWN INT64_MIN
#define REASON_BYTES_MAX 256u
static const struct backoff_range pause_range = {.ms_min = 50, .ms_max = 2000};

enum state {
	WAITING,  /* for the connection, or for the end of a pause */
	ASKING,   /* for the last message that was read: is it still there, and the same? */
	CREATING, /* the consumer; its first messages may come before the answer */
	READING,
	BROKEN,
};

struct reader {
	struct bus *bus;
	char stream[SUBJECT_BYTES_MAX];
	uint64_t position;
	reader_handler handler;
	reader_broken_handler broken;
	void *context;
	enum state state;
	struct wakeup *wakeup; /* the end of a pause, or the next tick */
	struct backoff backoff;
	uint64_t request;
	uint64_t inbox_id;
	char inbox[BUS_INBOX_BYTES];
	uint64_t consumers;                /* made so far */
	char consumer[CONSUMER_BYTES_MAX]; /* the newest */
	bool paused;
	struct reader_held held;               /* arrived while paused, from position on */
	char flow_reply[BUS_HEADER_BYTES_MAX]; /* to be answered when nothing is held; "": none */
	int silent_ticks;
	int missing_answers;  /* in a row */
	int64_t last_time_ms; /* when message position - 1 was stored */
};

/* ---- leaving a consumer ------------------------------------------------------------------------ */

static void ignore_reply(
	void *context, enum bus_outcome outcome, const struct bus_message *message) {
	(void)context;
	(void)outcome;
	(void)message;
}

static void call_api(struct reader *reader, const char *verb, const char *consumer,
	const struct text *json, bus_reply_handler handler) {
	char subject[2 * SUBJECT_BYTES_MAX + CONSUMER_BYTES_MAX];
	snprintf(subject, sizeof(subject), "$JS.API.%s.%s%s%s", verb, reader->stream,
		consumer[0] == '\0' ? "" : ".", consumer);
	struct bus_publication publication = {
		.subject = subject,
		.data = json == NULL ? NULL : json->start,
		.size = json == NULL ? 0 : json->used,
		.expected_last_sequence = -1,
		.expected_last_subject_sequence = -1,
	};
	uint64_t request = bus_request(reader->bus, &publication, REQUEST_MS_MAX, handler, reader);
	if (handler != ignore_reply) {
		reader->request = request;
	}
}

/* What it sent is worth nothing any more either: the next consumer begins at the position. */
static void forget_consumer(struct reader *reader) {
	reader->consumer[0] = '\0';
	reader->flow_reply[0] = '\0';
	reader_held_finish(&reader->held);
}

/* The broker would forget it by itself, but would send to us until then. */
static void delete_consumer(struct reader *reader) {
	if (reader->consumer[0] != '\0' && bus_is_connected(reader->bus)) {
		call_api(reader, "CONSUMER.DELETE", reader->consumer, NULL, ignore_reply);
	}
	forget_consumer(reader);
}

static void stop_waiting(struct reader *reader) {
	bus_cancel(reader->bus, reader->request);
	reader->request = 0;
	wakeup_cancel(reader->wakeup);
}

static void restart(struct reader *reader, const char *reason) {
	uint32_t pause_ms = backoff_next_ms(&reader->backoff);
	log_info("reader_restarts",
		"stream=%s position=%" PRIu64 " reason=\"%s\" pause_ms=%" PRIu32, reader->stream,
		reader->position, reason, pause_ms);
	stop_waiting(reader);
	delete_consumer(reader);
	reader->state = WAITING;
	wakeup_after(reader->wakeup, pause_ms);
}

static void break_off(struct reader *reader, const char *reason) {
	log_warn("reader_broken", "stream=%s position=%" PRIu64 " reason=\"%s\"", reader->stream,
		reader->position, reason);
	stop_waiting(reader);
	delete_consumer(reader);
	reader->state = BROKEN;
	reader->broken(reader->context, reason);
}

/* ---- reading ----------------------------------------------------------------------------------- */

static void answer_flow_control(struct reader *reader) {
	if (reader->flow_reply[0] != '\0') {
		bus_publish(reader->bus, &(struct bus_publication){
						 .subject = reader->flow_reply,
						 .expected_last_sequence = -1,
						 .expected_last_subject_sequence = -1,
					 });
		reader->flow_reply[0] = '\0';
	}
}

/* Flow control asks to be answered once everything before it was handled: now, unless something is
 * held. A heartbeat repeats the question, and says what the last message was: if that is news, it was
 * lost on the way. */
static void handle_control(struct reader *reader, const struct bus_message *message) {
	char value[BUS_HEADER_BYTES_MAX];
	uint64_t last;
	if (bus_header(message, "Nats-Consumer-Stalled", value) && value[0] != '\0') {
		snprintf(reader->flow_reply, sizeof(reader->flow_reply), "%s", value);
	} else if (message->reply != NULL) {
		snprintf(reader->flow_reply, sizeof(reader->flow_reply), "%s", message->reply);
	}
	if (!reader->paused) {
		answer_flow_control(reader);
	}
	if (reader->state == READING && bus_header(message, "Nats-Last-Stream", value) &&
		text_parse_u64(value, strlen(value), INT64_MAX, &last) &&
		last >= reader->position + reader->held.count) {
		restart(reader, "a message was lost on the way");
	}
}

static void deliver(struct reader *reader, const struct reader_message *message) {
	assert(reader->state == CREATING || reader->state == READING);
	assert(message->sequence == reader->position);
	reader->position++;
	reader->last_time_ms = message->time_ms;
	backoff_reset(&reader->backoff);
	reader->handler(reader->context, message);
}

static void hold(struct reader *reader, const struct reader_message *message) {
	if (!reader_held_push(&reader->held, message)) {
		stop_waiting(reader);
		delete_consumer(reader); /* what was held is read again after reader_resume */
		reader->state = WAITING;
	}
}

static bool is_of_consumer(const struct reader *reader, const struct stream_delivery *delivery) {
	return delivery->consumer_size == strlen(reader->consumer) &&
	       memcmp(delivery->consumer, reader->consumer, delivery->consumer_size) == 0;
}

static void handle_message(struct reader *reader, const struct bus_message *message) {
	struct stream_delivery delivery;
	if (!stream_delivery_parse(&delivery, message->reply) ||
		!is_of_consumer(reader, &delivery)) {
		return; /* of a consumer that was left */
	}
	reader->silent_ticks = 0;
	struct reader_message stored = {
		.sequence = delivery.stream_sequence,
		.time_ms = delivery.time_ms,
		.subject = message->subject,
		.data = message->data,
		.size = message->size,
		.pending = delivery.pending,
	};
	uint64_t expected = reader->position + reader->held.count;
	if (stored.sequence == expected && reader->paused) {
		hold(reader, &stored);
	} else if (stored.sequence == expected) {
		deliver(reader, &stored);
	} else if (delivery.consumer_sequence == 1 && stored.sequence > expected) {
		char reason[REASON_BYTES_MAX];
		snprintf(reason, sizeof(reason),
			"message %" PRIu64 " is missing in the stream: the next one is %" PRIu64,
			expected, stored.sequence);
		break_off(reader, reason);
	} else {
		restart(reader, "messages were skipped on the way");
	}
}

static void on_inbox(void *context, const struct bus_message *message) {
	struct reader *reader = context;
	if (message->status == 100) {
		reader->silent_ticks = 0;
		handle_control(reader, message);
	} else if (reader->state != CREATING && reader->state != READING) {
		return; /* of a consumer that was left */
	} else if (message->status == 0) {
		handle_message(reader, message);
	} else {
		restart(reader, "the broker ended the consumer");
	}
}

static void tick(struct reader *reader) {
	reader->silent_ticks++;
	if (reader->silent_ticks > SILENT_TICKS_MAX) {
		restart(reader, "the broker has fallen silent");
	} else {
		wakeup_after(reader->wakeup, TICK_MS);
	}
}

/* ---- making a consumer ------------------------------------------------------------------------- */

static void on_consumer(
	void *context, enum bus_outcome outcome, const struct bus_message *message) {
	struct reader *reader = context;
	struct stream_reply reply = {.outcome = STREAM_UNKNOWN, .error = "no answer"};
	reader->request = 0;
	if (outcome == BUS_REPLIED) {
		struct json_object json;
		json_init(&json, (const char *)message->data, message->size);
		stream_reply_read(&reply, &json);
		json_finish(&json);
	}
	if (reply.outcome != STREAM_STORED) {
		restart(reader, reply.error);
		return;
	}
	reader->state = READING;
	reader->silent_ticks = 0;
	wakeup_after(reader->wakeup, TICK_MS);
}

/* Named by us, because messages may come before the answer that would tell a name; in memory and
 * without acknowledgements, because the position is ours. */
static void create_consumer(struct reader *reader) {
	char bytes[1024];
	struct text json = text_init(bytes, sizeof(bytes));
	/* The inbox is "_INBOX_<user>.<random>.i<number>": unique, and so is what follows its first dot. */
	snprintf(reader->consumer, sizeof(reader->consumer), "reader-%s-%" PRIu64,
		strchr(reader->inbox, '.') + 1, ++reader->consumers);
	for (char *c = reader->consumer; *c != '\0'; c++) {
		if (*c == '.') {
			*c = '-';
		}
	}
	text_append(&json, "{\"stream_name\":\"");
	text_append(&json, reader->stream);
	text_append(&json, "\",\"config\":{\"name\":\"");
	text_append(&json, reader->consumer);
	text_append(&json, "\",\"deliver_subject\":\"");
	text_append(&json, reader->inbox);
	text_append(&json, "\",\"deliver_policy\":\"by_start_sequence\",\"opt_start_seq\":");
	text_append_u64(&json, reader->position);
	text_append(&json,
		",\"ack_policy\":\"none\",\"max_deliver\":1,\"replay_policy\":\"instant\","
		"\"flow_control\":true,\"mem_storage\":true,\"num_replicas\":1,"
		"\"idle_heartbeat\":");
	text_append_i64(&json, TICK_MS * INT64_C(1000000));
	text_append(&json, ",\"inactive_threshold\":");
	text_append_i64(&json, INACTIVE_SECONDS * INT64_C(1000000000));
	text_append(&json, "}}");
	assert(!json.failed);
	reader->state = CREATING;
	call_api(reader, "CONSUMER.CREATE", reader->consumer, &json, on_consumer);
}

/* ---- is it still the same stream? -------------------------------------------------------------- */

/* The leader of a cluster that was just elected, or a broker that has just started, may not know all of
 * a stream at first: what is missing counts only after it was missing for a while. */
static void handle_missing(struct reader *reader) {
	char reason[REASON_BYTES_MAX];
	snprintf(reason, sizeof(reason),
		"message %" PRIu64 " was there, but is not in the stream any more",
		reader->position - 1);
	reader->missing_answers++;
	if (reader->missing_answers >= MISSING_ANSWERS_MAX) {
		break_off(reader, reason);
	} else {
		restart(reader, reason);
	}
}

/* The stream's birthday would tell too, but in a cluster of 2.9 each node has its own. */
static void on_last_read(
	void *context, enum stream_outcome outcome, const struct bus_message *message) {
	struct reader *reader = context;
	reader->request = 0;
	if (outcome == STREAM_MISSING) {
		handle_missing(reader);
	} else if (outcome != STREAM_STORED) {
		restart(reader, "the broker does not answer about the stream");
	} else if (reader->last_time_ms != TIME_UNKNOWN &&
		   reader->last_time_ms != message->time_ms) {
		break_off(reader, "the stream was deleted and made anew: the last message that was "
				  "read is another one now");
	} else {
		reader->last_time_ms = message->time_ms;
		reader->missing_answers = 0;
		create_consumer(reader);
	}
}

static void begin(struct reader *reader) {
	struct stream_get get = {
		.stream = reader->stream,
		.sequence = reader->position - 1,
		.from_leader = true,
	};
	if (get.sequence == 0) {
		create_consumer(reader);
	} else {
		reader->state = ASKING;
		reader->request =
			stream_get(reader->bus, &get, REQUEST_MS_MAX, on_last_read, reader);
	}
}

/* ---- life -------------------------------------------------------------------------------------- */

static void begin_if_wanted(struct reader *reader) {
	if (reader->state == WAITING && !reader->paused && bus_is_connected(reader->bus) &&
		!wakeup_is_set(reader->wakeup)) {
		begin(reader);
	}
}

static void on_wakeup(void *context) {
	struct reader *reader = context;
	if (reader->state == READING) {
		tick(reader);
	} else {
		begin_if_wanted(reader);
	}
}

static void on_state(void *context, bool connected) {
	struct reader *reader = context;
	if (reader->state == BROKEN) {
		return;
	}
	stop_waiting(reader);
	reader->state = WAITING;
	forget_consumer(reader); /* and what it sent: read it again from the position */
	if (connected) {
		begin(reader);
	}
}

struct reader *reader_create(struct bus *bus, const struct reader_options *options) {
	assert(options->from >= 1);
	assert(strlen(options->stream) < SUBJECT_BYTES_MAX);
	struct reader *reader = memory_new(sizeof(*reader));
	reader->bus = bus;
	reader->position = options->from;
	reader->last_time_ms = TIME_UNKNOWN;
	reader->handler = options->handler;
	reader->broken = options->broken;
	reader->context = options->context;
	snprintf(reader->stream, sizeof(reader->stream), "%s", options->stream);
	reader->backoff = backoff_init(pause_range, crypto_random_below(UINT32_MAX));
	reader_held_init(&reader->held);
	reader->wakeup = wakeup_create(bus_loop(bus), on_wakeup, reader);
	reader->inbox_id = bus_inbox_open(bus, reader->inbox, on_inbox, reader);
	bus_on_state(bus, on_state, reader);
	begin_if_wanted(reader);
	return reader;
}

void reader_destroy(struct reader *reader) {
	if (reader == NULL) {
		return;
	}
	stop_waiting(reader);
	delete_consumer(reader);
	bus_off_state(reader->bus, on_state, reader);
	bus_inbox_close(reader->bus, reader->inbox_id);
	wakeup_destroy(reader->wakeup);
	free(reader);
}

uint64_t reader_position(const struct reader *reader) {
	return reader->position;
}

void reader_pause(struct reader *reader) {
	reader->paused = true;
}

void reader_resume(struct reader *reader) {
	struct reader_message message;
	reader->paused = false;
	while (!reader->paused && reader_held_peek(&reader->held, &message)) {
		deliver(reader, &message);
		reader_held_drop(&reader->held);
	}
	if (!reader->paused) {
		answer_flow_control(reader);
		begin_if_wanted(reader);
	}
}
