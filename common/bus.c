#include "common/bus.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <uv.h>

#include "common/bus_link.h"
#include "common/bus_pulse.h"
#include "common/bus_table.h"
#include "common/clock.h"
#include "common/crypto.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/wakeup.h"

/* How many messages are handled before the loop turns to other things, such as HTTP. */
#define MESSAGES_A_TURN 256u
#define FLUSH_MS_MAX 2000
#define STOP_LOOK_MS 50
#define USER_BYTES_MAX 24
/* A closed inbox rests before it is used again, so that what was still on its way to the former user
 * is gone by then. */
#define INBOX_REST_US (60 * INT64_C(1000000))

/* Who gets the messages of a subscription; the index in the array is that of bus_link. */
struct listener {
	bus_handler handler; /* NULL: a closed inbox */
	void *context;
	uint64_t inbox; /* 0: not an inbox; else the id of its use */
	int64_t closed_at_us;
};

struct state_handler {
	bus_state_handler handler; /* NULL: taken off while handlers are called */
	void *context;
};

/* A request that could not be sent: its handler is called at the next turn. */
struct failure {
	struct failure *next;
	uint64_t token;
	struct bus_waiting waiting;
	enum bus_outcome outcome;
};

struct bus {
	uv_loop_t *loop;
	uv_async_t wake;
	struct wakeup *deadline;
	int64_t deadline_us; /* what the wakeup is set to; INT64_MAX: not set */
	struct bus_link *link;
	struct bus_pulse *pulse; /* NULL: there is no other broker to go to */
	struct bus_table *table;
	struct listener *listeners;
	uint32_t listeners_count;
	uint64_t inboxes; /* ids given out */
	struct state_handler *states;
	size_t states_count;
	bool calling_states;
	struct failure *failures;
	struct failure **failures_end;
	struct bus_event *ready; /* taken from the link, not yet handled */
	struct bus_event **ready_end;
	bool connected;
	char inbox_prefix[BUS_INBOX_BYTES - 24]; /* "_INBOX_<user>.<random>." */
};

/* ---- handing over what happened ---------------------------------------------------------------- */

static void end_request(struct bus *bus, const struct bus_waiting *waiting,
	enum bus_outcome outcome, const struct bus_message *message) {
	bool in_vain = outcome == BUS_TIMED_OUT || outcome == BUS_NO_RESPONDERS;
	if (bus->pulse != NULL && waiting->publishes && (in_vain || outcome == BUS_REPLIED)) {
		bus_pulse_note(bus->pulse, !in_vain);
	}
	waiting->handler(waiting->context, outcome, message);
	if (waiting->owned) {
		free(waiting->context);
	}
}

static void on_reply(void *context, const struct bus_message *message) {
	struct bus *bus = context;
	const char *dot = strrchr(message->subject, '.');
	uint64_t token = dot == NULL ? 0 : strtoull(dot + 1, NULL, 16);
	struct bus_waiting waiting;
	if (!bus_table_take(bus->table, token, &waiting)) {
		return; /* it came after its deadline, or nobody wants it any more */
	}
	if (message->status == 503) {
		end_request(bus, &waiting, BUS_NO_RESPONDERS, NULL);
	} else {
		end_request(bus, &waiting, BUS_REPLIED, message);
	}
}

static void fail_open_requests(struct bus *bus, enum bus_outcome outcome) {
	uint64_t newest = bus_table_newest(bus->table);
	uint32_t cursor = 0;
	uint64_t token;
	while ((token = bus_table_older(bus->table, newest, &cursor)) != 0) {
		struct bus_waiting waiting;
		bus_table_take(bus->table, token, &waiting);
		end_request(bus, &waiting, outcome, NULL);
	}
}

static void drop_removed_states(struct bus *bus) {
	size_t kept = 0;
	for (size_t i = 0; i < bus->states_count; i++) {
		if (bus->states[i].handler != NULL) {
			bus->states[kept++] = bus->states[i];
		}
	}
	bus->states_count = kept;
}

static void set_connected(struct bus *bus, bool connected) {
	if (bus->connected == connected) {
		return; /* the first event tells what bus_create waited for */
	}
	bus->connected = connected;
	if (!connected) {
		fail_open_requests(bus, BUS_DISCONNECTED);
	}
	bus->calling_states = true;
	size_t count = bus->states_count; /* not those that are added meanwhile */
	for (size_t i = 0; i < count; i++) {
		if (bus->states[i].handler != NULL) {
			bus->states[i].handler(bus->states[i].context, connected);
		}
	}
	bus->calling_states = false;
	drop_removed_states(bus);
}

static void handle_event(struct bus *bus, const struct bus_event *event) {
	switch (event->kind) {
	case BUS_EVENT_CONNECTED:
		set_connected(bus, true);
		break;
	case BUS_EVENT_DISCONNECTED:
		set_connected(bus, false);
		break;
	case BUS_EVENT_MESSAGE: {
		struct listener *listener = &bus->listeners[event->subscription];
		if (listener->handler != NULL) {
			listener->handler(listener->context, &event->message);
		}
		break;
	}
	}
}

static void deliver_failures(struct bus *bus) {
	/* Those that these handlers cause wait for the next turn, or the loop might never get away. */
	uint64_t newest = bus_table_newest(bus->table);
	while (bus->failures != NULL && bus->failures->token <= newest) {
		struct failure *failure = bus->failures;
		bus->failures = failure->next;
		if (bus->failures == NULL) {
			bus->failures_end = &bus->failures;
		}
		if (failure->waiting.handler != NULL) {
			end_request(bus, &failure->waiting, failure->outcome, NULL);
		}
		free(failure);
	}
}

static void take_events(struct bus *bus) {
	*bus->ready_end = bus_link_take(bus->link);
	while (*bus->ready_end != NULL) {
		bus->ready_end = &(*bus->ready_end)->next;
	}
}

static void handle_ready(struct bus *bus, size_t max) {
	for (size_t i = 0; i < max && bus->ready != NULL; i++) {
		struct bus_event *event = bus->ready;
		bus->ready = event->next;
		if (bus->ready == NULL) {
			bus->ready_end = &bus->ready;
		}
		handle_event(bus, event);
		bus_link_free(bus->link, event);
	}
}

static void on_wake(uv_async_t *wake) {
	struct bus *bus = wake->data;
	take_events(bus);
	deliver_failures(bus);
	handle_ready(bus, MESSAGES_A_TURN);
	if (bus->ready != NULL) {
		uv_async_send(&bus->wake);
	}
}

void bus_look(struct bus *bus) {
	on_wake(&bus->wake);
}

static void wake_loop(void *context) {
	uv_async_send(context);
}

/* ---- deadlines --------------------------------------------------------------------------------- */

static void set_deadline(struct bus *bus) {
	int64_t earliest_us = bus_table_deadline_us(bus->table);
	/* Most requests end long before their deadline: so the wakeup is only ever made earlier here,
	 * and one that comes too early sets itself anew. */
	if (earliest_us < bus->deadline_us) {
		int64_t left_us = earliest_us - clock_monotonic_us();
		bus->deadline_us = earliest_us;
		wakeup_after(bus->deadline, left_us <= 0 ? 0 : (uint64_t)left_us / 1000 + 1);
	}
}

static void on_deadline(void *context) {
	struct bus *bus = context;
	int64_t now_us = clock_monotonic_us();
	if (bus_table_due(bus->table, now_us) != 0) {
		/* A loop that was blocked for long comes here before it has looked at what arrived
		 * meanwhile: a reply that is already here is not late. */
		take_events(bus);
		handle_ready(bus, SIZE_MAX);
	}
	uint64_t newest = bus_table_newest(bus->table);
	uint64_t token;
	while ((token = bus_table_due(bus->table, now_us)) != 0 && token <= newest) {
		struct bus_waiting waiting;
		bus_table_take(bus->table, token, &waiting);
		end_request(bus, &waiting, BUS_TIMED_OUT, NULL);
	}
	bus->deadline_us = INT64_MAX;
	set_deadline(bus);
}

/* ---- life -------------------------------------------------------------------------------------- */

static uint32_t listen_to(
	struct bus *bus, const char *subject, const char *queue, const struct listener *listener) {
	bool bounded = listener->inbox == 0 && listener->handler != on_reply;
	uint32_t index = bus_link_subscribe(bus->link, subject, queue, bounded);
	assert(index == bus->listeners_count);
	struct listener *grown = realloc(bus->listeners, (index + 1) * sizeof(*grown));
	if (grown == NULL) {
		log_fatal(EX_OSERR, "out_of_memory", "hint=\"give the machine more memory\"");
	}
	grown[index] = *listener;
	bus->listeners = grown;
	bus->listeners_count = index + 1;
	return index;
}

/* Random, so that a reply to a former process of the same name finds nobody. */
static void make_inbox_prefix(struct bus *bus, const char *user) {
	uint64_t random;
	crypto_random(&random, sizeof(random));
	snprintf(bus->inbox_prefix, sizeof(bus->inbox_prefix), "_INBOX_%s.%016" PRIx64 ".", user,
		random);
}

static void leave_broker(struct bus *bus) {
	log_warn("broker_cut_off", "hint=\"JetStream does not answer through this broker: trying "
				   "the next one. Look at "
				   "the brokers' /healthz\"");
	bus_link_leave(bus->link);
}

struct bus *bus_create(
	struct uv_loop_s *loop, const struct bus_options *options, const volatile int *stop) {
	if (strlen(options->user) > USER_BYTES_MAX || strpbrk(options->user, ". *>\t") != NULL) {
		log_fatal(EX_CONFIG, "broker_user",
			"user=\"%s\" hint=\"FIRSTCOME_NATS_USER must be a plain word of at most %d "
			"letters\"",
			options->user, USER_BYTES_MAX);
	}
	struct bus_link *link = bus_link_create(options);
	while (!bus_link_wait_connected(link, STOP_LOOK_MS)) {
		if (*stop != 0) {
			bus_link_destroy(link, 0);
			return NULL;
		}
	}
	struct bus *bus = memory_new(sizeof(*bus));
	bus->loop = loop;
	bus->link = link;
	bus->table = bus_table_create();
	bus->deadline = wakeup_create(loop, on_deadline, bus);
	bus->deadline_us = INT64_MAX;
	bus->failures_end = &bus->failures;
	bus->ready_end = &bus->ready;
	bus->connected = true;
	make_inbox_prefix(bus, options->user);
	char replies[BUS_INBOX_BYTES];
	snprintf(replies, sizeof(replies), "%sr.*", bus->inbox_prefix);
	listen_to(bus, replies, NULL, &(struct listener){.handler = on_reply, .context = bus});
	uv_async_init(loop, &bus->wake, on_wake);
	bus->wake.data = bus;
	bus_link_on_event(link, wake_loop, &bus->wake);
	if (bus_link_has_choice(link)) {
		bus->pulse = bus_pulse_create(bus, leave_broker);
	}
	return bus;
}

static void free_failures(struct bus *bus) {
	while (bus->failures != NULL) {
		struct failure *failure = bus->failures;
		bus->failures = failure->next;
		if (failure->waiting.owned) {
			free(failure->waiting.context);
		}
		free(failure);
	}
}

static void on_wake_closed(uv_handle_t *handle) {
	free(handle->data);
}

void bus_destroy(struct bus *bus) {
	if (bus == NULL) {
		return;
	}
	while (bus->ready != NULL) {
		struct bus_event *event = bus->ready;
		bus->ready = event->next;
		bus_link_free(bus->link, event);
	}
	bus_pulse_destroy(bus->pulse);
	bus_link_destroy(bus->link, FLUSH_MS_MAX);
	bus_table_destroy(bus->table);
	free_failures(bus);
	wakeup_destroy(bus->deadline);
	free(bus->listeners);
	free(bus->states);
	uv_close((uv_handle_t *)&bus->wake, on_wake_closed);
}

struct uv_loop_s *bus_loop(const struct bus *bus) {
	return bus->loop;
}

bool bus_is_connected(const struct bus *bus) {
	return bus->connected;
}

struct bus_counters bus_counters(const struct bus *bus) {
	struct bus_counters counters = {.requests = bus_table_count(bus->table)};
	bus_link_count(bus->link, &counters);
	return counters;
}

/* ---- subscriptions ----------------------------------------------------------------------------- */

void bus_subscribe(struct bus *bus, const char *subject, const char *queue, bus_handler handler,
	void *context) {
	assert(handler != NULL);
	listen_to(bus, subject, queue, &(struct listener){.handler = handler, .context = context});
}

void bus_on_state(struct bus *bus, bus_state_handler handler, void *context) {
	assert(handler != NULL);
	struct state_handler *grown =
		realloc(bus->states, (bus->states_count + 1) * sizeof(*grown));
	if (grown == NULL) {
		log_fatal(EX_OSERR, "out_of_memory", "hint=\"give the machine more memory\"");
	}
	bus->states = grown;
	bus->states[bus->states_count++] = (struct state_handler){handler, context};
}

void bus_off_state(struct bus *bus, bus_state_handler handler, void *context) {
	for (size_t i = 0; i < bus->states_count; i++) {
		if (bus->states[i].handler == handler && bus->states[i].context == context) {
			bus->states[i].handler = NULL;
			break;
		}
	}
	if (!bus->calling_states) {
		drop_removed_states(bus);
	}
}

static void inbox_subject(const struct bus *bus, char inbox[BUS_INBOX_BYTES], uint32_t index) {
	snprintf(inbox, BUS_INBOX_BYTES, "%si%" PRIx32, bus->inbox_prefix, index);
}

uint64_t bus_inbox_open(
	struct bus *bus, char inbox[BUS_INBOX_BYTES], bus_handler handler, void *context) {
	assert(handler != NULL);
	uint64_t id = ++bus->inboxes;
	struct listener listener = {.handler = handler, .context = context, .inbox = id};
	int64_t rested_us = clock_monotonic_us() - INBOX_REST_US;
	for (uint32_t i = 0; i < bus->listeners_count; i++) {
		struct listener *old = &bus->listeners[i];
		if (old->inbox != 0 && old->handler == NULL && old->closed_at_us < rested_us) {
			*old = listener;
			inbox_subject(bus, inbox, i);
			return id;
		}
	}
	inbox_subject(bus, inbox, bus->listeners_count);
	listen_to(bus, inbox, NULL, &listener);
	return id;
}

void bus_inbox_close(struct bus *bus, uint64_t id) {
	for (uint32_t i = 0; i < bus->listeners_count && id != 0; i++) {
		struct listener *listener = &bus->listeners[i];
		if (listener->inbox == id && listener->handler != NULL) {
			listener->handler = NULL;
			listener->closed_at_us = clock_monotonic_us();
			return;
		}
	}
}

/* ---- sending ----------------------------------------------------------------------------------- */

/* Anything else would break the protocol's line, and could say something else to the broker. */
static bool is_plain(const char *text) {
	if (*text == '\0') {
		return false;
	}
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text <= ' ' || *text == 0x7f) {
			return false;
		}
	}
	return true;
}

static enum bus_link_result send_checked(struct bus *bus, const struct bus_publication *publication,
	const char *reply, int64_t deadline_us) {
	assert(is_plain(publication->subject));
	assert(reply == NULL || is_plain(reply));
	assert(publication->message_id == NULL || is_plain(publication->message_id));
	enum bus_link_result result = bus_link_send(bus->link, publication, reply, deadline_us);
	if (result == BUS_LINK_TOO_LARGE) {
		log_warn("bus_message_too_large",
			"subject=%s bytes=%zu hint=\"raise max_payload in the broker's "
			"configuration to 1MB\"",
			publication->subject, publication->size);
	} else if (result == BUS_LINK_FULL) {
		log_warn("bus_overloaded",
			"subject=%s hint=\"the broker takes too little: look at its load\"",
			publication->subject);
	}
	return result;
}

bool bus_publish(struct bus *bus, const struct bus_publication *publication) {
	return send_checked(bus, publication, publication->reply, INT64_MAX) == BUS_LINK_QUEUED;
}

/* Keeps the promise to call the handler later, never from inside the request. */
static uint64_t fail_later(
	struct bus *bus, const struct bus_waiting *waiting, enum bus_outcome outcome) {
	struct failure *failure = memory_new(sizeof(*failure));
	failure->token = bus_table_reserve(bus->table);
	failure->waiting = *waiting;
	failure->outcome = outcome;
	*bus->failures_end = failure;
	bus->failures_end = &failure->next;
	uv_async_send(&bus->wake);
	return failure->token;
}

static uint64_t request(struct bus *bus, const struct bus_publication *publication, int timeout_ms,
	struct bus_waiting *waiting) {
	assert(waiting->handler != NULL);
	assert(publication->reply == NULL);
	waiting->publishes = publication->subject[0] != '$'; /* else it asks the broker's API */
	int64_t deadline_us = clock_monotonic_us() + (int64_t)timeout_ms * 1000;
	uint64_t token = bus_table_add(bus->table, waiting, deadline_us);
	if (token == 0) {
		return fail_later(bus, waiting, BUS_OVERLOADED);
	}
	char reply[BUS_INBOX_BYTES];
	snprintf(reply, sizeof(reply), "%sr.%" PRIx64, bus->inbox_prefix, token);
	enum bus_link_result result = send_checked(bus, publication, reply, deadline_us);
	if (result != BUS_LINK_QUEUED) {
		struct bus_waiting unsent;
		bus_table_take(bus->table, token, &unsent);
		return fail_later(bus, &unsent,
			result == BUS_LINK_DISCONNECTED ? BUS_DISCONNECTED : BUS_OVERLOADED);
	}
	set_deadline(bus);
	return token;
}

uint64_t bus_request(struct bus *bus, const struct bus_publication *publication, int timeout_ms,
	bus_reply_handler handler, void *context) {
	return request(bus, publication, timeout_ms,
		&(struct bus_waiting){.handler = handler, .context = context});
}

uint64_t bus_request_owned(struct bus *bus, const struct bus_publication *publication,
	int timeout_ms, bus_reply_handler handler, void *context) {
	return request(bus, publication, timeout_ms,
		&(struct bus_waiting){.handler = handler, .context = context, .owned = true});
}

void bus_cancel(struct bus *bus, uint64_t id) {
	struct bus_waiting waiting;
	if (bus_table_take(bus->table, id, &waiting)) {
		if (waiting.owned) {
			free(waiting.context);
		}
		return;
	}
	for (struct failure *failure = bus->failures; failure != NULL; failure = failure->next) {
		if (failure->token == id && failure->waiting.handler != NULL) {
			if (failure->waiting.owned) {
				free(failure->waiting.context);
			}
			failure->waiting = (struct bus_waiting){0};
			return;
		}
	}
}

bool bus_header(
	const struct bus_message *message, const char *name, char value[BUS_HEADER_BYTES_MAX]) {
	const char *found = bus_link_header(message->private, name);
	if (found == NULL || strlen(found) >= BUS_HEADER_BYTES_MAX) {
		value[0] = '\0';
		return false;
	}
	snprintf(value, BUS_HEADER_BYTES_MAX, "%s", found);
	return true;
}
