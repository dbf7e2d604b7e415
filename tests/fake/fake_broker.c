#include "tests/fake/fake_broker.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "common/wakeup.h"

#define STREAMS_MAX 4
#define LISTENERS_MAX 16
#define STATES_MAX 16
#define REPLY_BYTES 1024
#define HEARTBEAT_MS 1000

struct message {
	char *subject; /* NULL: lost */
	char *data;
};

struct stream {
	char name[64];
	int made; /* how often */
	bool exists;
	struct message *messages;
	uint64_t count;
	uint64_t capacity;
	bool consumed; /* has a consumer; the newest is enough here */
	char consumer[64];
	char deliver[BUS_INBOX_BYTES];
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

struct wakeup {
	struct wakeup *next;
	wakeup_handler handler;
	void *context;
	int64_t due_ms; /* -1: not set */
};

/* What bus_header finds: two headers are enough. */
struct headers {
	const char *last_stream;
	const char *stalled;
};

struct bus {
	int64_t now_ms;
	bool connected;
	struct fake_faults faults;
	struct stream streams[STREAMS_MAX];
	struct request *requests;
	struct listener listeners[LISTENERS_MAX];
	struct state states[STATES_MAX];
	uint64_t ids;
	uint32_t asked;
	uint32_t published;
};

/* Wakeups know no bus, only the loop, which is not there: so all belong to the one clock. */
static struct wakeup *wakeups;
static int64_t wakeups_now_ms;

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

void fake_stream_append(struct bus *bus, const char *name, const char *subject, const char *data) {
	struct stream *stream = find_stream(bus, name);
	if (!stream->exists) {
		stream->exists = true;
		stream->made++;
	}
	if (stream->count == stream->capacity) {
		stream->capacity = stream->capacity == 0 ? 64 : 2 * stream->capacity;
		stream->messages =
			realloc(stream->messages, stream->capacity * sizeof(struct message));
		assert(stream->messages != NULL);
	}
	stream->messages[stream->count++] =
		(struct message){memory_copy_string(subject), memory_copy_string(data)};
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
	stream->consumed = false;
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
		.data = (const uint8_t *)stored->data,
		.size = strlen(stored->data),
		.sequence = sequence,
		.time_ms = INT64_C(1000) * stream->made,
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
	snprintf(request->data, sizeof(request->data), "%s", (const char *)message->data);
	message->subject = request->subject;
	message->data = (const uint8_t *)request->data;
}

static void answer_text(struct request *request) {
	request->message = (struct bus_message){.subject = "_INBOX",
		.data = (const uint8_t *)request->data,
		.size = strlen(request->data)};
}

/* Without the data: nobody here looks at it. */
static void answer_leader_get(
	struct bus *bus, struct request *request, const char *name, const char *json) {
	struct stream *stream = find_stream(bus, name);
	struct bus_message message;
	uint64_t sequence = number_after(json, "\"seq\":");
	if (fake_stream_message(bus, name, sequence, &message)) {
		snprintf(request->data, sizeof(request->data),
			"{\"message\":{\"subject\":\"%s\",\"seq\":%" PRIu64
			",\"time\":\"1970-01-01T00:00:%02dZ\"}}",
			message.subject, sequence, stream->made);
	} else {
		snprintf(request->data, sizeof(request->data),
			"{\"error\":{\"code\":404,\"err_code\":%d}}",
			stream->exists ? 10037 : 10059);
	}
	answer_text(request);
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
	stream->consumed = true;
	stream->next = number_after(json, "\"opt_start_seq\":");
	stream->delivered = 0;
	stream->quiet_since_ms = bus->now_ms;
	string_after(stream->consumer, sizeof(stream->consumer), json, "\"name\":\"");
	string_after(stream->deliver, sizeof(stream->deliver), json, "\"deliver_subject\":\"");
	snprintf(request->data, sizeof(request->data), "{\"name\":\"x\"}");
	answer_text(request);
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

static void deliver_next(struct bus *bus, struct stream *stream) {
	struct bus_message message;
	char reply[200];
	uint64_t sequence = stream->next++;
	if (!fake_stream_message(bus, stream->name, sequence, &message)) {
		return;
	}
	stream->delivered++;
	stream->quiet_since_ms = bus->now_ms;
	if (bus->faults.lose_deliveries > 0) {
		bus->faults.lose_deliveries--;
		return;
	}
	snprintf(reply, sizeof(reply), "$JS.ACK.%s.%s.1.%" PRIu64 ".%" PRIu64 ".%d000000000.0",
		stream->name, stream->consumer, sequence, stream->delivered, stream->made);
	message.reply = reply;
	message.sequence = 0;
	deliver(bus, stream->deliver, &message);
}

static void send_heartbeat(struct bus *bus, struct stream *stream) {
	char last[24];
	snprintf(last, sizeof(last), "%" PRIu64, stream->next - 1);
	struct headers headers = {.last_stream = last};
	struct bus_message message = {
		.subject = stream->deliver, .status = 100, .private = &headers};
	stream->quiet_since_ms = bus->now_ms;
	deliver(bus, stream->deliver, &message);
}

static void run_consumers(struct bus *bus) {
	for (int i = 0; i < STREAMS_MAX; i++) {
		struct stream *stream = &bus->streams[i];
		if (!stream->consumed || bus->faults.mute || !bus->connected) {
			continue;
		}
		if (stream->next <= stream->count) {
			deliver_next(bus, stream);
		} else if (bus->now_ms - stream->quiet_since_ms >= HEARTBEAT_MS) {
			send_heartbeat(bus, stream);
		}
	}
}

void fake_broker_ask_flow_control(struct bus *bus) {
	for (int i = 0; i < STREAMS_MAX; i++) {
		struct headers headers = {.stalled = "$JS.FC.stalled"};
		struct bus_message message = {.subject = bus->streams[i].deliver,
			.reply = "$JS.FC.request",
			.status = 100,
			.private = &headers};
		if (bus->streams[i].consumed) {
			deliver(bus, bus->streams[i].deliver, &message);
		}
	}
}

/* ---- the clock --------------------------------------------------------------------------------- */

static void end_requests(struct bus *bus) {
	for (struct request **link = &bus->requests; *link != NULL;) {
		struct request *request = *link;
		if (request->due_ms > bus->now_ms) {
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

static void run_wakeups(void) {
	for (struct wakeup *wakeup = wakeups; wakeup != NULL;) {
		if (wakeup->due_ms >= 0 && wakeup->due_ms <= wakeups_now_ms) {
			wakeup->due_ms = -1;
			wakeup->handler(wakeup->context);
			wakeup = wakeups; /* the handler may have changed the list */
		} else {
			wakeup = wakeup->next;
		}
	}
}

void fake_broker_run(struct bus *bus, int64_t ms) {
	for (; ms > 0; ms--) {
		bus->now_ms++;
		wakeups_now_ms = bus->now_ms;
		end_requests(bus);
		run_consumers(bus);
		run_wakeups();
	}
}

void fake_broker_set_connected(struct bus *bus, bool connected) {
	bus->connected = connected;
	for (int i = 0; i < STREAMS_MAX && !connected; i++) {
		bus->streams[i].consumed = false;
	}
	for (struct request *request = bus->requests; request != NULL && !connected;
		request = request->next) {
		request->outcome = BUS_DISCONNECTED;
		request->due_ms = bus->now_ms;
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
	assert(wakeups == NULL);
	wakeups_now_ms = 0;
	return bus;
}

void fake_broker_destroy(struct bus *bus) {
	assert(wakeups == NULL);
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

void bus_inbox_close(struct bus *bus, uint64_t id) {
	for (int i = 0; i < LISTENERS_MAX; i++) {
		if (bus->listeners[i].inbox == id) {
			bus->listeners[i] = (struct listener){0};
		}
	}
}

/* Reaches whoever subscribed to the very pattern: campaigns.x is for campaigns.*. */
bool bus_publish(struct bus *bus, const struct bus_publication *publication) {
	char pattern[BUS_INBOX_BYTES];
	struct bus_message message = {.subject = publication->subject,
		.data = publication->data,
		.size = publication->size};
	bus->published++;
	snprintf(pattern, sizeof(pattern), "%.*s.*", (int)strcspn(publication->subject, "."),
		publication->subject);
	deliver(bus, pattern, &message);
	return bus->connected;
}

static uint64_t add_request(struct bus *bus, const struct bus_publication *publication,
	int timeout_ms, const struct request *template) {
	struct request *request = memory_copy(template, sizeof(*request));
	request->id = ++bus->ids;
	request->outcome = BUS_REPLIED;
	request->due_ms = bus->now_ms + FAKE_LATENCY_MS;
	bus->asked++;
	if (!bus->connected) {
		request->outcome = BUS_DISCONNECTED;
	} else if (bus->faults.lose_replies > 0) {
		bus->faults.lose_replies--;
		request->outcome = BUS_TIMED_OUT;
		request->due_ms = bus->now_ms + timeout_ms;
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

/* ---- wakeup.h ---------------------------------------------------------------------------------- */

struct wakeup *wakeup_create(struct uv_loop_s *loop, wakeup_handler handler, void *context) {
	(void)loop;
	struct wakeup *wakeup = memory_new(sizeof(*wakeup));
	*wakeup = (struct wakeup){wakeups, handler, context, -1};
	wakeups = wakeup;
	return wakeup;
}

void wakeup_destroy(struct wakeup *wakeup) {
	for (struct wakeup **link = &wakeups; *link != NULL; link = &(*link)->next) {
		if (*link == wakeup) {
			*link = wakeup->next;
			free(wakeup);
			return;
		}
	}
}

void wakeup_after(struct wakeup *wakeup, uint64_t ms) {
	wakeup->due_ms = wakeups_now_ms + (int64_t)ms;
}

void wakeup_cancel(struct wakeup *wakeup) {
	wakeup->due_ms = -1;
}

bool wakeup_is_set(const struct wakeup *wakeup) {
	return wakeup->due_ms >= 0;
}
