#include "tests/fake/fake_broker.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "common/pure/timestamp.h"
#include "tests/fake/fake_clock.h"

#define STREAMS_MAX 4
#define CONSUMERS_MAX 8
#define LISTENERS_MAX 16
#define STATES_MAX 16
#define REPLY_BYTES 1024
#define HEARTBEAT_MS 1000

struct message {
	char *subject; /* NULL: lost */
	uint8_t *data;
	size_t size;
	int64_t time_ms;
};

struct stream {
	char name[64];
	char subjects
		[64]; /* what is published to a subject that begins so is stored; "": nothing */
	bool exists;
	struct message *messages;
	uint64_t count;
	uint64_t capacity;
};

/* The newest one of a reader is enough here: an inbox has one consumer. */
struct consumer {
	char deliver[BUS_INBOX_BYTES]; /* "": none */
	struct stream *stream;
	char name[64];
	uint64_t next;      /* to be delivered */
	uint64_t delivered; /* consumer sequence */
	int64_t quiet_since_ms;
};

struct request {
	struct request *next;
	uint64_t id;
	bus_reply_handler handler;
	void *context;
	bool owned;
	enum bus_outcome outcome;
	int64_t due_ms;
	struct bus_message message; /* points into the two below */
	char subject[64];
	char data[REPLY_BYTES];
};

struct listener {
	char subject[BUS_INBOX_BYTES];
	bus_handler handler;
	void *context;
	uint64_t inbox;
};

struct state {
	bus_state_handler handler;
	void *context;
};

/* What bus_header finds: two headers are enough. */
struct headers {
	const char *last_stream;
	const char *stalled;
};

struct bus {
	bool connected;
	struct fake_faults faults;
	struct stream streams[STREAMS_MAX];
	struct consumer consumers[CONSUMERS_MAX];
	struct request *requests;
	struct listener listeners[LISTENERS_MAX];
	struct state states[STATES_MAX];
	uint64_t ids;
	uint32_t asked;
	uint32_t published;
};

/* ---- streams ----------------------------------------------------------------------------------- */

static struct stream *find_stream(struct bus *bus, const char *name) {
	for (int i = 0; i < STREAMS_MAX; i++) {
		if (bus->streams[i].name[0] == '\0') {
			snprintf(bus->streams[i].name, sizeof(bus->streams[i].name), "%s", name);
		}
		if (strcmp(bus->streams[i].name, name) == 0) {
			return &bus->streams[i];
		}
	}
	assert(false); /* raise STREAMS_MAX */
	return NULL;
}

static void free_message(struct message *message) {
	free(message->subject);
	free(message->data);
	*message = (struct message){0};
}

uint64_t fake_stream_put(
	struct bus *bus, const char *name, const char *subject, const void *data, size_t size) {
	struct stream *stream = find_stream(bus, name);
	stream->exists = true;
	if (stream->count == stream->capacity) {
		stream->capacity = stream->capacity == 0 ? 64 : 2 * stream->capacity;
		stream->messages =
			realloc(stream->messages, stream->capacity * sizeof(struct message));
		assert(stream->messages != NULL);
	}
	stream->messages[stream->count++] = (struct message){
		.subject = memory_copy_string(subject),
		.data = memory_copy(data, size),
		.size = size,
		.time_ms = fake_clock_ms(),
	};
	return stream->count;
}

void fake_stream_append(struct bus *bus, const char *name, const char *subject, const char *data) {
	fake_stream_put(bus, name, subject, data, strlen(data));
}

void fake_stream_take(struct bus *bus, const char *name, const char *subjects) {
	struct stream *stream = find_stream(bus, name);
	stream->exists = true;
	snprintf(stream->subjects, sizeof(stream->subjects), "%s", subjects);
}

void fake_stream_lose(struct bus *bus, const char *name, uint64_t sequence) {
	free_message(&find_stream(bus, name)->messages[sequence - 1]);
}

void fake_stream_cut(struct bus *bus, const char *name, uint64_t count) {
	struct stream *stream = find_stream(bus, name);
	for (; count > 0; count--) {
		free_message(&stream->messages[--stream->count]);
	}
}

void fake_stream_delete(struct bus *bus, const char *name) {
	struct stream *stream = find_stream(bus, name);
	fake_stream_cut(bus, name, stream->count);
	stream->exists = false;
	for (int i = 0; i < CONSUMERS_MAX; i++) {
		if (bus->consumers[i].stream == stream) {
			bus->consumers[i] = (struct consumer){0};
		}
	}
}

bool fake_stream_message(
	struct bus *bus, const char *name, uint64_t sequence, struct bus_message *message) {
	struct stream *stream = find_stream(bus, name);
	if (sequence == 0 || sequence > stream->count ||
		stream->messages[sequence - 1].subject == NULL) {
		return false;
	}
	const struct message *stored = &stream->messages[sequence - 1];
	*message = (struct bus_message){
		.subject = stored->subject,
		.data = stored->data,
		.size = stored->size,
		.sequence = sequence,
		.time_ms = stored->time_ms,
	};
	return true;
}

static uint64_t number_after(const char *text, const char *key) {
	const char *found = strstr(text, key);
	return found == NULL ? 0 : strtoull(found + strlen(key), NULL, 10);
}

static void string_after(char *target, size_t size, const char *text, const char *key) {
	const char *found = strstr(text, key);
	assert(found != NULL);
	found += strlen(key);
	snprintf(target, size, "%.*s", (int)strcspn(found, "\""), found);
}

static void answer_get(
	struct bus *bus, struct request *request, const char *stream, const char *json) {
	uint64_t count = find_stream(bus, stream)->count;
	if (bus->faults.visible_max > 0 && count > bus->faults.visible_max) {
		count = bus->faults.visible_max;
	}
	uint64_t sequence =
		strstr(json, "last_by_subj") != NULL ? count : number_after(json, "\"seq\":");
	struct bus_message *message = &request->message;
	if (sequence > count || !fake_stream_message(bus, stream, sequence, message)) {
		*message = (struct bus_message){.subject = "_INBOX", .status = 404};
		return;
	}
	snprintf(request->subject, sizeof(request->subject), "%s", message->subject);
	assert(message->size <= sizeof(request->data));
	memcpy(request->data, message->data, message->size);
	message->subject = request->subject;
	message->data = (const uint8_t *)request->data;
}

static void answer_text(struct request *request) {
	request->message = (struct bus_message){.subject = "_INBOX",
		.data = (const uint8_t *)request->data,
		.size = strlen(request->data)};
}

static void append_base64(struct text *text, const uint8_t *data, size_t size) {
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < size; i += 3) {
		uint32_t group = (uint32_t)data[i] << 16;
		group |= i + 1 < size ? (uint32_t)data[i + 1] << 8 : 0;
		group |= i + 2 < size ? data[i + 2] : 0;
		char four[] = {alphabet[group >> 18], alphabet[group >> 12 & 63],
			i + 1 < size ? alphabet[group >> 6 & 63] : '=',
			i + 2 < size ? alphabet[group & 63] : '=', '\0'};
		text_append(text, four);
	}
}

static void answer_leader_get(
	struct bus *bus, struct request *request, const char *name, const char *json) {
	struct stream *stream = find_stream(bus, name);
	struct bus_message message;
	uint64_t sequence = strstr(json, "last_by_subj") != NULL ? stream->count
								 : number_after(json, "\"seq\":");
	if (fake_stream_message(bus, name, sequence, &message)) {
		struct text text = text_init(request->data, sizeof(request->data));
		text_append(&text, "{\"message\":{\"subject\":\"");
		text_append(&text, message.subject);
		text_append(&text, "\",\"seq\":");
		text_append_u64(&text, sequence);
		text_append(&text, ",\"time\":\"");
		timestamp_append(&text, message.time_ms, 0);
		text_append(&text, "\",\"data\":\"");
		/* Nobody here looks at what is larger. */
		append_base64(
			&text, message.data, message.size <= REPLY_BYTES / 2 ? message.size : 0);
		text_append(&text, "\"}}");
		assert(!text.failed);
	} else {
		snprintf(request->data, sizeof(request->data),
			"{\"error\":{\"code\":404,\"err_code\":%d}}",
			stream->exists ? 10037 : 10059);
	}
	answer_text(request);
}

static struct consumer *take_consumer(struct bus *bus, const char *deliver) {
	for (int i = 0; i < CONSUMERS_MAX; i++) {
		if (strcmp(bus->consumers[i].deliver, deliver) == 0) {
			return &bus->consumers[i];
		}
	}
	for (int i = 0; i < CONSUMERS_MAX; i++) {
		if (bus->consumers[i].deliver[0] == '\0') {
			return &bus->consumers[i];
		}
	}
	assert(false); /* raise CONSUMERS_MAX */
	return NULL;
}

static void answer_create(
	struct bus *bus, struct request *request, const char *name, const char *json) {
	struct stream *stream = find_stream(bus, name);
	if (!stream->exists) {
		snprintf(request->data, sizeof(request->data),
			"{\"error\":{\"code\":404,\"err_code\":10059,\"description\":\"stream not "
			"found\"}}");
		answer_text(request);
		return;
	}
	char deliver[BUS_INBOX_BYTES];
	string_after(deliver, sizeof(deliver), json, "\"deliver_subject\":\"");
	struct consumer *consumer = take_consumer(bus, deliver);
	*consumer = (struct consumer){
		.stream = stream,
		.next = number_after(json, "\"opt_start_seq\":"),
		.quiet_since_ms = fake_clock_ms(),
	};
	snprintf(consumer->deliver, sizeof(consumer->deliver), "%s", deliver);
	string_after(consumer->name, sizeof(consumer->name), json, "\"name\":\"");
	snprintf(request->data, sizeof(request->data), "{\"name\":\"x\"}");
	answer_text(request);
}

/* As JetStream's fence: stored only behind the message that the publisher has seen last. */
static void answer_publish(struct request *request, struct bus *bus, struct stream *stream,
	const struct bus_publication *publication) {
	if (publication->expected_last_sequence >= 0 &&
		(uint64_t)publication->expected_last_sequence != stream->count) {
		snprintf(request->data, sizeof(request->data),
			"{\"error\":{\"code\":400,\"err_code\":10071}}");
	} else {
		uint64_t sequence = fake_stream_put(bus, stream->name, publication->subject,
			publication->data, publication->size);
		snprintf(request->data, sizeof(request->data), "{\"seq\":%" PRIu64 "}", sequence);
	}
	answer_text(request);
}

static struct stream *find_taker(struct bus *bus, const char *subject) {
	for (int i = 0; i < STREAMS_MAX; i++) {
		const char *subjects = bus->streams[i].subjects;
		if (subjects[0] != '\0' && strncmp(subject, subjects, strlen(subjects)) == 0) {
			return &bus->streams[i];
		}
	}
	return NULL;
}

static void answer(
	struct bus *bus, struct request *request, const struct bus_publication *publication) {
	char json[REPLY_BYTES] = "";
	char stream[64] = "";
	const char *subject = publication->subject;
	snprintf(json, sizeof(json), "%.*s", (int)publication->size,
		publication->data == NULL ? "" : (const char *)publication->data);
	if (sscanf(subject, "$JS.API.DIRECT.GET.%63s", stream) == 1) {
		answer_get(bus, request, stream, json);
	} else if (sscanf(subject, "$JS.API.STREAM.MSG.GET.%63s", stream) == 1) {
		answer_leader_get(bus, request, stream, json);
	} else if (sscanf(subject, "$JS.API.CONSUMER.CREATE.%63[^.]", stream) == 1) {
		answer_create(bus, request, stream, json);
	} else if (find_taker(bus, subject) != NULL) {
		answer_publish(request, bus, find_taker(bus, subject), publication);
	} else {
		snprintf(request->data, sizeof(request->data), "{}");
		answer_text(request);
	}
}

/* ---- consumers --------------------------------------------------------------------------------- */

static void deliver(struct bus *bus, const char *subject, const struct bus_message *message) {
	for (int i = 0; i < LISTENERS_MAX; i++) {
		if (bus->listeners[i].handler != NULL &&
			strcmp(bus->listeners[i].subject, subject) == 0) {
			bus->listeners[i].handler(bus->listeners[i].context, message);
			return;
		}
	}
}

static void deliver_next(struct bus *bus, struct consumer *consumer) {
	struct bus_message message;
	char reply[200];
	const char *name = consumer->stream->name;
	uint64_t sequence = consumer->next++;
	if (!fake_stream_message(bus, name, sequence, &message)) {
		return;
	}
	consumer->delivered++;
	consumer->quiet_since_ms = fake_clock_ms();
	if (bus->faults.lose_deliveries > 0) {
		bus->faults.lose_deliveries--;
		return;
	}
	snprintf(reply, sizeof(reply),
		"$JS.ACK.%s.%s.1.%" PRIu64 ".%" PRIu64 ".%" PRId64 ".%" PRIu64, name,
		consumer->name, sequence, consumer->delivered, message.time_ms * 1000000,
		consumer->stream->count - sequence);
	message.reply = reply;
	message.sequence = 0;
	deliver(bus, consumer->deliver, &message);
}

static void send_heartbeat(struct bus *bus, struct consumer *consumer) {
	char last[24];
	snprintf(last, sizeof(last), "%" PRIu64, consumer->next - 1);
	struct headers headers = {.last_stream = last};
	struct bus_message message = {
		.subject = consumer->deliver, .status = 100, .private = &headers};
	consumer->quiet_since_ms = fake_clock_ms();
	deliver(bus, consumer->deliver, &message);
}

static bool is_mute(const struct bus *bus, const struct consumer *consumer) {
	const char *stream = bus->faults.mute_stream;
	return bus->faults.mute || (stream != NULL && strcmp(stream, consumer->stream->name) == 0);
}

static void run_consumers(struct bus *bus) {
	for (int i = 0; i < CONSUMERS_MAX; i++) {
		struct consumer *consumer = &bus->consumers[i];
		if (consumer->stream == NULL || !bus->connected || is_mute(bus, consumer)) {
			continue;
		}
		if (consumer->next <= consumer->stream->count) {
			deliver_next(bus, consumer);
		} else if (fake_clock_ms() - consumer->quiet_since_ms >= HEARTBEAT_MS) {
			send_heartbeat(bus, consumer);
		}
	}
}

void fake_broker_ask_flow_control(struct bus *bus) {
	for (int i = 0; i < CONSUMERS_MAX; i++) {
		const char *inbox = bus->consumers[i].deliver;
		struct headers headers = {.stalled = "$JS.FC.stalled"};
		struct bus_message message = {.subject = inbox,
			.reply = "$JS.FC.request",
			.status = 100,
			.private = &headers};
		if (inbox[0] != '\0') {
			deliver(bus, inbox, &message);
		}
	}
}

/* ---- the clock --------------------------------------------------------------------------------- */

static void end_requests(struct bus *bus) {
	for (struct request **link = &bus->requests; *link != NULL;) {
		struct request *request = *link;
		if (request->due_ms > fake_clock_ms()) {
			link = &request->next;
			continue;
		}
		*link = request->next;
		request->handler(request->context, request->outcome,
			request->outcome == BUS_REPLIED ? &request->message : NULL);
		if (request->owned) {
			free(request->context);
		}
		free(request);
		link = &bus->requests; /* the handler may have changed the list */
	}
}

void fake_broker_run(struct bus *bus, int64_t ms) {
	for (; ms > 0; ms--) {
		fake_clock_tick();
		end_requests(bus);
		run_consumers(bus);
		fake_clock_wake();
	}
}

void fake_broker_set_connected(struct bus *bus, bool connected) {
	bus->connected = connected;
	if (!connected) {
		memset(bus->consumers, 0, sizeof(bus->consumers));
	}
	for (struct request *request = bus->requests; request != NULL && !connected;
		request = request->next) {
		request->outcome = BUS_DISCONNECTED;
		request->due_ms = fake_clock_ms();
	}
	end_requests(bus);
	for (int i = 0; i < STATES_MAX; i++) {
		if (bus->states[i].handler != NULL) {
			bus->states[i].handler(bus->states[i].context, connected);
		}
	}
}

struct bus *fake_broker_create(void) {
	struct bus *bus = memory_new(sizeof(*bus));
	bus->connected = true;
	fake_clock_reset();
	return bus;
}

void fake_broker_destroy(struct bus *bus) {
	for (int i = 0; i < STREAMS_MAX; i++) {
		fake_stream_cut(bus, bus->streams[i].name, bus->streams[i].count);
		free(bus->streams[i].messages);
	}
	while (bus->requests != NULL) {
		bus_cancel(bus, bus->requests->id);
	}
	free(bus);
}

struct fake_faults *fake_faults(struct bus *bus) {
	return &bus->faults;
}

uint32_t fake_broker_requests(const struct bus *bus) {
	return bus->asked;
}

uint32_t fake_broker_publications(const struct bus *bus) {
	return bus->published;
}

/* ---- bus.h ------------------------------------------------------------------------------------- */

struct uv_loop_s *bus_loop(const struct bus *bus) {
	(void)bus;
	return NULL;
}

bool bus_is_connected(const struct bus *bus) {
	return bus->connected;
}

void bus_on_state(struct bus *bus, bus_state_handler handler, void *context) {
	for (int i = 0; i < STATES_MAX; i++) {
		if (bus->states[i].handler == NULL) {
			bus->states[i] = (struct state){handler, context};
			return;
		}
	}
	assert(false); /* raise STATES_MAX */
}

void bus_off_state(struct bus *bus, bus_state_handler handler, void *context) {
	for (int i = 0; i < STATES_MAX; i++) {
		if (bus->states[i].handler == handler && bus->states[i].context == context) {
			bus->states[i].handler = NULL;
			return;
		}
	}
}

static struct listener *add_listener(
	struct bus *bus, const char *subject, bus_handler handler, void *context) {
	for (int i = 0; i < LISTENERS_MAX; i++) {
		struct listener *listener = &bus->listeners[i];
		if (listener->handler == NULL) {
			listener->handler = handler;
			listener->context = context;
			snprintf(listener->subject, sizeof(listener->subject), "%s", subject);
			return listener;
		}
	}
	assert(false); /* raise LISTENERS_MAX */
	return NULL;
}

void bus_subscribe(struct bus *bus, const char *subject, const char *queue, bus_handler handler,
	void *context) {
	(void)queue;
	add_listener(bus, subject, handler, context);
}

uint64_t bus_inbox_open(
	struct bus *bus, char inbox[BUS_INBOX_BYTES], bus_handler handler, void *context) {
	uint64_t id = ++bus->ids;
	snprintf(inbox, BUS_INBOX_BYTES, "_INBOX_fake.1.i%" PRIu64, id);
	add_listener(bus, inbox, handler, context)->inbox = id;
	return id;
}

/* Nobody listens to it any more. */
static void forget_consumer(struct bus *bus, const char *inbox) {
	for (int i = 0; i < CONSUMERS_MAX; i++) {
		if (strcmp(bus->consumers[i].deliver, inbox) == 0) {
			bus->consumers[i] = (struct consumer){0};
		}
	}
}

void bus_inbox_close(struct bus *bus, uint64_t id) {
	for (int i = 0; i < LISTENERS_MAX; i++) {
		if (bus->listeners[i].inbox == id) {
			forget_consumer(bus, bus->listeners[i].subject);
			bus->listeners[i] = (struct listener){0};
		}
	}
}

/* Reaches whoever subscribed to the very pattern: campaigns.x is for campaigns.*; and the stream. */
bool bus_publish(struct bus *bus, const struct bus_publication *publication) {
	char pattern[BUS_INBOX_BYTES];
	struct stream *taker = find_taker(bus, publication->subject);
	struct bus_message message = {.subject = publication->subject,
		.data = publication->data,
		.size = publication->size};
	bus->published++;
	snprintf(pattern, sizeof(pattern), "%.*s.*", (int)strcspn(publication->subject, "."),
		publication->subject);
	if (taker != NULL && bus->connected) {
		fake_stream_put(bus, taker->name, publication->subject, publication->data,
			publication->size);
	}
	deliver(bus, pattern, &message);
	return bus->connected;
}

static uint64_t add_request(struct bus *bus, const struct bus_publication *publication,
	int timeout_ms, const struct request *template) {
	struct request *request = memory_copy(template, sizeof(*request));
	request->id = ++bus->ids;
	request->outcome = BUS_REPLIED;
	request->due_ms = fake_clock_ms() + FAKE_LATENCY_MS;
	bus->asked++;
	if (!bus->connected) {
		request->outcome = BUS_DISCONNECTED;
	} else if (bus->faults.lose_replies > 0) {
		bus->faults.lose_replies--;
		request->outcome = BUS_TIMED_OUT;
		request->due_ms = fake_clock_ms() + timeout_ms;
	} else {
		answer(bus, request, publication);
	}
	struct request **end = &bus->requests;
	while (*end != NULL) {
		end = &(*end)->next;
	}
	*end = request;
	return request->id;
}

uint64_t bus_request(struct bus *bus, const struct bus_publication *publication, int timeout_ms,
	bus_reply_handler handler, void *context) {
	struct request template = {.handler = handler, .context = context};
	return add_request(bus, publication, timeout_ms, &template);
}

uint64_t bus_request_owned(struct bus *bus, const struct bus_publication *publication,
	int timeout_ms, bus_reply_handler handler, void *context) {
	struct request template = {.handler = handler, .context = context, .owned = true};
	return add_request(bus, publication, timeout_ms, &template);
}

void bus_cancel(struct bus *bus, uint64_t id) {
	for (struct request **link = &bus->requests; *link != NULL; link = &(*link)->next) {
		struct request *request = *link;
		if (request->id == id) {
			*link = request->next;
			if (request->owned) {
				free(request->context);
			}
			free(request);
			return;
		}
	}
}

bool bus_header(
	const struct bus_message *message, const char *name, char value[BUS_HEADER_BYTES_MAX]) {
	const struct headers *headers = message->private;
	const char *found = NULL;
	if (headers == NULL) {
		found = strcmp(name, "Nats-Subject") == 0 ? message->subject : NULL;
	} else if (strcmp(name, "Nats-Last-Stream") == 0) {
		found = headers->last_stream;
	} else if (strcmp(name, "Nats-Consumer-Stalled") == 0) {
		found = headers->stalled;
	}
	snprintf(value, BUS_HEADER_BYTES_MAX, "%s", found == NULL ? "" : found);
	return found != NULL;
}
