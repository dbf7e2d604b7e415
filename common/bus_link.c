#include "common/bus_link.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "common/bus_link_internal.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/pure/text.h"
#include "common/pure/timestamp.h"

/* Until the broker has said what it allows. */
#define PAYLOAD_BYTES_DEFAULT (1u << 20)
/* Bookkeeping of a queued message, so that many small ones are bounded too. */
#define QUEUED_OVERHEAD_BYTES 512u

void bus_link_free_outgoing(struct bus_link *link, struct outgoing *list) {
	while (list != NULL) {
		struct outgoing *next = list->next;
		atomic_fetch_sub(&link->outgoing_bytes, list->size);
		natsMsg_Destroy(list->message);
		free(list);
		list = next;
	}
}

static void free_link(struct bus_link *link) {
	bus_link_free_outgoing(link, link->outgoing);
	while (link->events != NULL) {
		struct bus_event *event = link->events;
		link->events = event->next;
		bus_link_free(link, event);
	}
	for (uint32_t i = 0; i < link->subscriptions_count; i++) {
		free(link->subscriptions[i]->subject);
		free(link->subscriptions[i]->queue);
		free(link->subscriptions[i]);
	}
	free(link->subscriptions);
	for (uint32_t i = 0; i < link->servers_count; i++) {
		free(link->servers[i]);
	}
	free(link->servers);
	natsOptions_Destroy(link->options);
	pthread_cond_destroy(&link->changed);
	pthread_mutex_destroy(&link->mutex);
	free(link);
}

void bus_link_retain(struct bus_link *link) {
	pthread_mutex_lock(&link->mutex);
	link->references++;
	pthread_mutex_unlock(&link->mutex);
}

void bus_link_release(struct bus_link *link) {
	pthread_mutex_lock(&link->mutex);
	assert(link->references > 0);
	bool last = --link->references == 0;
	pthread_mutex_unlock(&link->mutex);
	if (last) {
		free_link(link);
	}
}

bool bus_link_wait(struct bus_link *link, int64_t until_us) {
	struct timespec until = {
		.tv_sec = (time_t)(until_us / 1000000),
		.tv_nsec = (long)(until_us % 1000000 * 1000),
	};
	return pthread_cond_timedwait(&link->changed, &link->mutex, &until) != ETIMEDOUT;
}

void bus_link_post(struct bus_link *link, struct bus_event *event) {
	bool was_empty = link->events == NULL;
	event->next = NULL;
	*link->events_end = event;
	link->events_end = &event->next;
	if (was_empty && link->wake != NULL) {
		link->wake(link->wake_context);
	}
}

void bus_link_set_connected(struct bus_link *link, bool connected) {
	if (link->connected == connected) {
		return;
	}
	link->connected = connected;
	if (!link->ending) {
		struct bus_event *event = memory_new(sizeof(*event));
		event->kind = connected ? BUS_EVENT_CONNECTED : BUS_EVENT_DISCONNECTED;
		bus_link_post(link, event);
	}
	pthread_cond_broadcast(&link->changed);
}

static void read_headers(struct bus_message *message) {
	const char *status = bus_link_header(message->private, "Status");
	const char *sequence = bus_link_header(message->private, "Nats-Sequence");
	const char *time = bus_link_header(message->private, "Nats-Time-Stamp");
	uint64_t number;
	if (status != NULL && text_parse_u64(status, strlen(status), 999, &number)) {
		message->status = (int)number;
	}
	if (sequence != NULL && text_parse_u64(sequence, strlen(sequence), INT64_MAX, &number)) {
		message->sequence = number;
	}
	if (time != NULL && !timestamp_parse(time, strlen(time), &message->time_ms)) {
		message->time_ms = 0;
	}
}

static struct bus_event *message_event(const struct subscription *subscription, natsMsg *message) {
	struct bus_event *event = memory_new(sizeof(*event));
	event->kind = BUS_EVENT_MESSAGE;
	event->subscription = subscription->index;
	event->message = (struct bus_message){
		.subject = natsMsg_GetSubject(message),
		.reply = natsMsg_GetReply(message),
		.data = (const uint8_t *)natsMsg_GetData(message),
		.size = (size_t)natsMsg_GetDataLength(message),
		.private = message,
	};
	event->size = event->message.size + QUEUED_OVERHEAD_BYTES;
	read_headers(&event->message);
	return event;
}

void bus_link_arrived(const struct subscription *subscription, natsMsg *message) {
	struct bus_link *link = subscription->link;
	struct bus_event *event = message_event(subscription, message);
	size_t waiting = atomic_fetch_add(&link->incoming_bytes, event->size);
	bool full = subscription->bounded && waiting > BUS_INCOMING_BYTES_MAX;
	pthread_mutex_lock(&link->mutex);
	bool wanted = !full && !link->ending;
	if (wanted) {
		bus_link_post(link, event);
	}
	pthread_mutex_unlock(&link->mutex);
	if (full) {
		atomic_fetch_add(&link->dropped, 1);
		log_warn("bus_message_dropped",
			"subject=%s waiting_bytes=%zu hint=\"find out what blocks this program's "
			"loop\"",
			subscription->subject, waiting);
	}
	if (!wanted) {
		bus_link_free(link, event);
	}
}

struct bus_link *bus_link_create(const struct bus_options *options) {
	struct bus_link *link = memory_new(sizeof(*link));
	link->references = 1;
	link->outgoing_end = &link->outgoing;
	link->events_end = &link->events;
	link->payload_bytes_max = PAYLOAD_BYTES_DEFAULT;
	pthread_mutex_init(&link->mutex, NULL);
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&link->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	bus_link_set_options(link, options);
	int error = pthread_create(&link->thread, NULL, bus_link_run, link);
	if (error != 0) {
		log_fatal(EX_OSERR, "thread", "reason=\"%s\" hint=\"raise the limit of tasks\"",
			strerror(error));
	}
	return link;
}

void bus_link_destroy(struct bus_link *link, int flush_ms) {
	pthread_mutex_lock(&link->mutex);
	link->ending = true;
	link->wake = NULL;
	link->flush_until_us = clock_monotonic_us() + (int64_t)flush_ms * 1000;
	pthread_cond_broadcast(&link->changed);
	pthread_mutex_unlock(&link->mutex);
	pthread_join(link->thread, NULL);
	bus_link_release(link);
}

bool bus_link_has_choice(const struct bus_link *link) {
	return link->servers_count > 1;
}

void bus_link_leave(struct bus_link *link) {
	pthread_mutex_lock(&link->mutex);
	if (link->connection != NULL) {
		link->lost = true;
		bus_link_set_connected(link, false);
		pthread_cond_broadcast(&link->changed);
	}
	pthread_mutex_unlock(&link->mutex);
}

bool bus_link_wait_connected(struct bus_link *link, int ms) {
	int64_t until_us = clock_monotonic_us() + (int64_t)ms * 1000;
	pthread_mutex_lock(&link->mutex);
	while (!link->connected && bus_link_wait(link, until_us)) {
	}
	bool connected = link->connected;
	pthread_mutex_unlock(&link->mutex);
	return connected;
}

void bus_link_on_event(struct bus_link *link, void (*wake)(void *context), void *context) {
	pthread_mutex_lock(&link->mutex);
	link->wake = wake;
	link->wake_context = context;
	if (link->events != NULL) {
		wake(context);
	}
	pthread_mutex_unlock(&link->mutex);
}

struct bus_event *bus_link_take(struct bus_link *link) {
	pthread_mutex_lock(&link->mutex);
	struct bus_event *events = link->events;
	link->events = NULL;
	link->events_end = &link->events;
	pthread_mutex_unlock(&link->mutex);
	return events;
}

void bus_link_free(struct bus_link *link, struct bus_event *event) {
	if (event->kind == BUS_EVENT_MESSAGE) {
		atomic_fetch_sub(&link->incoming_bytes, event->size);
		natsMsg_Destroy(event->message.private);
	}
	free(event);
}

uint32_t bus_link_subscribe(
	struct bus_link *link, const char *subject, const char *queue, bool bounded) {
	struct subscription *subscription = memory_new(sizeof(*subscription));
	subscription->link = link;
	subscription->subject = memory_copy_string(subject);
	subscription->queue = memory_copy_string(queue);
	subscription->bounded = bounded;
	pthread_mutex_lock(&link->mutex);
	uint32_t index = link->subscriptions_count;
	struct subscription **grown =
		realloc(link->subscriptions, (index + 1) * sizeof(struct subscription *));
	if (grown == NULL) {
		log_fatal(EX_OSERR, "out_of_memory", "hint=\"give the machine more memory\"");
	}
	subscription->index = index;
	grown[index] = subscription;
	link->subscriptions = grown;
	link->subscriptions_count = index + 1;
	pthread_cond_broadcast(&link->changed);
	pthread_mutex_unlock(&link->mutex);
	return index;
}

static natsStatus set_number(natsMsg *message, const char *name, int64_t number) {
	char value[24];
	if (number < 0) {
		return NATS_OK;
	}
	snprintf(value, sizeof(value), "%" PRId64, number);
	return natsMsgHeader_Set(message, name, value);
}

static natsMsg *make_message(const struct bus_publication *publication, const char *reply) {
	natsMsg *message = NULL;
	natsStatus status = natsMsg_Create(
		&message, publication->subject, reply, publication->data, (int)publication->size);
	if (status == NATS_OK && publication->message_id != NULL) {
		status = natsMsgHeader_Set(message, "Nats-Msg-Id", publication->message_id);
	}
	if (status == NATS_OK) {
		status = set_number(message, "Nats-Expected-Last-Sequence",
			publication->expected_last_sequence);
	}
	if (status == NATS_OK) {
		status = set_number(message, "Nats-Expected-Last-Subject-Sequence",
			publication->expected_last_subject_sequence);
	}
	if (status != NATS_OK) {
		log_fatal(EX_SOFTWARE, "bus_message",
			"subject=%s reason=\"%s\" hint=\"report this as a bug\"",
			publication->subject, natsStatus_GetText(status));
	}
	return message;
}

enum bus_link_result bus_link_send(struct bus_link *link, const struct bus_publication *publication,
	const char *reply, int64_t deadline_us) {
	/* max_payload counts headers too. */
	size_t headers = (size_t)4 * BUS_HEADER_BYTES_MAX;
	if (publication->size + headers > atomic_load(&link->payload_bytes_max)) {
		return BUS_LINK_TOO_LARGE;
	}
	size_t size = publication->size + QUEUED_OVERHEAD_BYTES;
	if (atomic_load(&link->outgoing_bytes) + size > BUS_OUTGOING_BYTES_MAX) {
		return BUS_LINK_FULL;
	}
	struct outgoing *outgoing = memory_new(sizeof(*outgoing));
	outgoing->message = make_message(publication, reply);
	outgoing->size = size;
	outgoing->deadline_us = deadline_us;
	atomic_fetch_add(&link->outgoing_bytes, size);
	pthread_mutex_lock(&link->mutex);
	bool connected = link->connected;
	if (connected) {
		bool was_empty = link->outgoing == NULL;
		*link->outgoing_end = outgoing;
		link->outgoing_end = &outgoing->next;
		if (was_empty) {
			pthread_cond_broadcast(&link->changed);
		}
	}
	pthread_mutex_unlock(&link->mutex);
	if (!connected) {
		bus_link_free_outgoing(link, outgoing);
		return BUS_LINK_DISCONNECTED;
	}
	return BUS_LINK_QUEUED;
}

const char *bus_link_header(void *private, const char *name) {
	const char *value = NULL;
	if (private == NULL || natsMsgHeader_Get(private, name, &value) != NATS_OK) {
		return NULL;
	}
	return value;
}

void bus_link_count(const struct bus_link *link, struct bus_counters *counters) {
	counters->connections = atomic_load(&link->connections);
	counters->dropped = atomic_load(&link->dropped);
	counters->incoming_bytes = atomic_load(&link->incoming_bytes);
	counters->outgoing_bytes = atomic_load(&link->outgoing_bytes);
}
