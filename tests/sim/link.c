#include "tests/sim/link.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/bus_link.h"
#include "common/clock.h"
#include "common/memory.h"
#include "tests/sim/broker.h"
#include "tests/sim/node.h"
#include "tests/sim/trouble.h"
#include "tests/sim/world.h"

/* Inside one data centre; slow ones are LINK_STALL's. */
#define LATENCY_US_MIN 30
#define LATENCY_US_MAX 900
/* From the queue to the socket, by the link thread. */
#define DEPART_US_MAX 60
#define RECONNECT_US_MIN 5000
#define RECONNECT_US_MAX 1200000
/* A connection whose other end is gone without a word is noticed by a ping, or never. */
#define NOTICE_US_MIN 100
#define NOTICE_US_MAX 1500000

/* One direction of a connection. */
struct direction {
	int64_t last_arrival_us; /* later ones arrive later */
	uint64_t sent;
	uint64_t arrived;
	uint64_t end; /* what was sent after it never arrives */
};

/* Lives as long as something is on its way on it. */
struct connection {
	struct connection *next; /* of the live ones */
	struct bus_link *link;   /* NULL: its node is gone, or has left it */
	uint32_t references;
	bool live;
	int64_t stalled_until_us;
	struct direction up;
	struct direction down;
	uint32_t subscribed; /* subscriptions that the broker knows */
};

enum packet_kind { PACKET_UP, PACKET_SUBSCRIBE, PACKET_DOWN };

struct packet {
	struct packet *next;     /* in a queue, or of all that travel */
	struct packet *previous; /* of all that travel */
	enum packet_kind kind;
	struct connection *connection;
	uint64_t number;       /* in its direction */
	uint32_t subscription; /* subscribe: how many there are now; down: for whom it is */
	struct wire wire;
	uint8_t data[];
};

struct incoming {
	struct bus_event event; /* first, so that the one is the other */
	struct packet *packet;
};

struct bus_link {
	struct node *node;
	struct connection *connection; /* NULL: none, and the node knows */
	bool connected;                /* as the node sees it */
	struct packet *queue;
	struct packet **queue_end;
	struct world_event *departure;
	struct world_event *reconnection;
	struct bus_event *events;
	struct bus_event **events_end;
	void (*wake)(void *context);
	void *wake_context;
	char (*subscriptions)[WIRE_SUBJECT_BYTES];
	uint32_t subscriptions_count;
	uint64_t connections;
	uint64_t incoming;
};

static struct connection *live;
static struct packet *travelling;
static struct chance chance;

void links_begin(void) {
	chance = chance_for("links");
	assert(live == NULL);
}

bool link_can_be_made(void) {
	return broker_is_up();
}

/* ---- on the way -------------------------------------------------------------------------------- */

static void release(struct connection *connection) {
	if (--connection->references == 0) {
		free(connection);
	}
}

static void free_packet(struct packet *packet) {
	if (packet->connection != NULL) {
		release(packet->connection);
	}
	free(packet);
}

static struct packet *make_packet(
	enum packet_kind kind, struct connection *connection, const struct wire *wire) {
	struct packet *packet = memory_new(sizeof *packet + wire->size);
	packet->kind = kind;
	packet->connection = connection;
	connection->references++;
	packet->wire = *wire;
	if (wire->size > 0) {
		memcpy(packet->data, wire->data, wire->size);
	}
	packet->wire.data = packet->data;
	return packet;
}

static void arrive_at_node(struct packet *packet);

static void list_packet(struct packet *packet) {
	packet->next = travelling;
	packet->previous = NULL;
	if (travelling != NULL) {
		travelling->previous = packet;
	}
	travelling = packet;
}

static void unlist_packet(struct packet *packet) {
	if (packet->next != NULL) {
		packet->next->previous = packet->previous;
	}
	if (packet->previous != NULL) {
		packet->previous->next = packet->next;
	} else {
		travelling = packet->next;
	}
	packet->next = NULL;
}

void links_end(void) {
	assert(live == NULL);
	while (travelling != NULL) {
		struct packet *packet = travelling;
		unlist_packet(packet);
		free_packet(packet);
	}
}

static void on_arrival(void *context) {
	struct packet *packet = context;
	unlist_packet(packet);
	struct connection *connection = packet->connection;
	bool goes_up = packet->kind != PACKET_DOWN;
	struct direction *direction = goes_up ? &connection->up : &connection->down;
	direction->arrived = packet->number;
	if (packet->number > direction->end) {
		free_packet(packet);
	} else if (packet->kind == PACKET_UP) {
		broker_receive(&packet->wire);
		free_packet(packet);
	} else if (packet->kind == PACKET_SUBSCRIBE) {
		connection->subscribed = packet->subscription;
		free_packet(packet);
	} else {
		arrive_at_node(packet);
	}
}

static void travel(struct packet *packet) {
	struct connection *connection = packet->connection;
	struct direction *direction =
		packet->kind == PACKET_DOWN ? &connection->down : &connection->up;
	int64_t now_us = world_now_us();
	int64_t at_us = now_us + chance_between(&chance, LATENCY_US_MIN, LATENCY_US_MAX);
	if (at_us < connection->stalled_until_us) {
		at_us = connection->stalled_until_us;
	}
	if (at_us < direction->last_arrival_us) {
		at_us = direction->last_arrival_us;
	}
	direction->last_arrival_us = at_us;
	packet->number = ++direction->sent;
	list_packet(packet);
	world_after(NULL, at_us - now_us, on_arrival, packet);
}

/* ---- what the node gets ------------------------------------------------------------------------ */

static void wake_node(void *context) {
	struct bus_link *link = context;
	if (link->wake != NULL) {
		link->wake(link->wake_context);
	}
}

static void append_event(struct bus_link *link, struct bus_event *event) {
	bool was_empty = link->events == NULL;
	*link->events_end = event;
	link->events_end = &event->next;
	if (was_empty) {
		wake_node(link);
	}
}

static void arrive_at_node(struct packet *packet) {
	struct bus_link *link = packet->connection->link;
	if (link == NULL) {
		free_packet(packet);
		return;
	}
	struct incoming *incoming = memory_new(sizeof *incoming);
	const struct wire *wire = &packet->wire;
	incoming->packet = packet;
	incoming->event = (struct bus_event){
		.kind = BUS_EVENT_MESSAGE,
		.subscription = packet->subscription,
		.size = wire->size,
		.message =
			{
				.subject = wire->subject,
				.reply = wire->reply[0] == '\0' ? NULL : wire->reply,
				.data = wire->data,
				.size = wire->size,
				.status = wire->status,
				.sequence = wire->sequence,
				.time_ms = wire->time_ms,
				.private = packet,
			},
	};
	link->incoming += wire->size;
	append_event(link, &incoming->event);
}

static void tell_state(struct bus_link *link, bool connected) {
	struct incoming *incoming = memory_new(sizeof *incoming);
	incoming->event.kind = connected ? BUS_EVENT_CONNECTED : BUS_EVENT_DISCONNECTED;
	link->connected = connected;
	append_event(link, &incoming->event);
}

/* ---- connecting and breaking ------------------------------------------------------------------- */

static void drop_queue(struct bus_link *link) {
	while (link->queue != NULL) {
		struct packet *packet = link->queue;
		link->queue = packet->next;
		free_packet(packet);
	}
	link->queue_end = &link->queue;
	world_cancel(link->departure);
	link->departure = NULL;
}

/* The broker learns of all subscriptions before anything else comes this way. */
static void send_subscriptions(struct bus_link *link) {
	const struct wire nothing = {.size = 0};
	struct packet *packet = make_packet(PACKET_SUBSCRIBE, link->connection, &nothing);
	packet->subscription = link->subscriptions_count;
	travel(packet);
}

static void connect_now(struct bus_link *link) {
	struct connection *connection = memory_new(sizeof *connection);
	connection->link = link;
	connection->references = 1;
	connection->live = true;
	connection->up.end = UINT64_MAX;
	connection->down.end = UINT64_MAX;
	connection->next = live;
	live = connection;
	link->connection = connection;
	link->connections++;
	connection->subscribed = link->subscriptions_count;
	tell_state(link, true);
}

static void try_to_reconnect(void *context) {
	struct bus_link *link = context;
	link->reconnection = NULL;
	if (link_can_be_made()) {
		connect_now(link);
		return;
	}
	link->reconnection = world_after(link->node,
		chance_duration_us(&chance, RECONNECT_US_MIN, RECONNECT_US_MAX), try_to_reconnect,
		link);
}

static void notice(void *context) {
	struct bus_link *link = context;
	struct connection *connection = link->connection;
	drop_queue(link);
	link->connection = NULL;
	connection->link = NULL;
	release(connection);
	tell_state(link, false);
	link->reconnection = world_after(link->node,
		chance_duration_us(&chance, RECONNECT_US_MIN, RECONNECT_US_MAX), try_to_reconnect,
		link);
}

/* The connection carries nothing new; some of what is on its way still arrives. */
static void end_connection(struct connection *connection) {
	struct direction *both[] = {&connection->up, &connection->down};
	for (size_t i = 0; i < 2; i++) {
		uint64_t under_way = both[i]->sent - both[i]->arrived;
		both[i]->end = both[i]->arrived + chance_below(&chance, under_way + 1);
	}
	connection->live = false;
	struct connection **link = &live;
	while (*link != connection) {
		link = &(*link)->next;
	}
	*link = connection->next;
}

static void cut(struct connection *connection) {
	struct bus_link *link = connection->link;
	end_connection(connection);
	/* As the node's own event: who is frozen notices nothing. */
	link->reconnection = world_after(link->node,
		chance_duration_us(&chance, NOTICE_US_MIN, NOTICE_US_MAX), notice, link);
}

static struct connection *connection_of(const struct node *node) {
	struct connection *connection = live;
	while (connection != NULL && connection->link->node != node) {
		connection = connection->next;
	}
	return connection;
}

bool link_cut(struct node *node) {
	struct connection *connection = connection_of(node);
	if (connection == NULL) {
		return false;
	}
	trace("the connection of %s breaks", node->name);
	cut(connection);
	return true;
}

void links_cut_all(void) {
	while (live != NULL) {
		cut(live);
	}
}

bool link_stall(struct node *node, int64_t delay_us) {
	struct connection *connection = connection_of(node);
	if (connection == NULL) {
		return false;
	}
	trace("the connection of %s stalls for %" PRId64 " ms", node->name, delay_us / 1000);
	connection->stalled_until_us = world_now_us() + delay_us;
	return true;
}

/* ---- bus_link.h -------------------------------------------------------------------------------- */

struct bus_link *bus_link_create(const struct bus_options *options) {
	(void)options;
	struct bus_link *link = memory_new(sizeof *link);
	link->node = world_current();
	link->queue_end = &link->queue;
	link->events_end = &link->events;
	connect_now(link);
	return link;
}

/* One broker; that of several is left is tested with real ones. */
bool bus_link_has_choice(const struct bus_link *link) {
	(void)link;
	return false;
}

void bus_link_leave(struct bus_link *link) {
	link_cut(link->node);
}

bool bus_link_wait_connected(struct bus_link *link, int ms) {
	(void)ms;
	return link->connected; /* node.c waits for the broker before it makes the bus */
}

void bus_link_on_event(struct bus_link *link, void (*wake)(void *context), void *context) {
	link->wake = wake;
	link->wake_context = context;
	if (link->events != NULL) {
		wake(context);
	}
}

struct bus_event *bus_link_take(struct bus_link *link) {
	struct bus_event *events = link->events;
	link->events = NULL;
	link->events_end = &link->events;
	return events;
}

void bus_link_free(struct bus_link *link, struct bus_event *event) {
	struct incoming *incoming = (struct incoming *)event;
	if (incoming->packet != NULL) {
		link->incoming -= event->size;
		free_packet(incoming->packet);
	}
	free(incoming);
}

/* The process is gone, but what has departed may arrive. */
void bus_link_destroy(struct bus_link *link, int flush_ms) {
	(void)flush_ms;
	assert(node_is_crashing(link->node));
	drop_queue(link);
	world_cancel(link->reconnection);
	if (link->connection != NULL) {
		if (link->connection->live) {
			end_connection(link->connection);
		}
		link->connection->link = NULL;
		release(link->connection);
	}
	for (struct bus_event *next, *event = bus_link_take(link); event != NULL; event = next) {
		next = event->next;
		bus_link_free(link, event);
	}
	free(link->subscriptions);
	free(link);
}

uint32_t bus_link_subscribe(
	struct bus_link *link, const char *subject, const char *queue, bool bounded) {
	(void)bounded;
	assert(queue == NULL); /* no module that runs here shares a subject with others */
	uint32_t index = link->subscriptions_count++;
	link->subscriptions = realloc(
		link->subscriptions, link->subscriptions_count * sizeof *link->subscriptions);
	assert(link->subscriptions != NULL);
	snprintf(link->subscriptions[index], WIRE_SUBJECT_BYTES, "%s", subject);
	if (link->connection != NULL) {
		send_subscriptions(link);
	}
	return index;
}

static void depart(void *context) {
	struct bus_link *link = context;
	link->departure = NULL;
	while (link->queue != NULL) {
		struct packet *packet = link->queue;
		link->queue = packet->next;
		packet->next = NULL;
		if (packet->wire.deadline_us > clock_monotonic_us()) {
			travel(packet);
		} else {
			free_packet(packet);
		}
	}
	link->queue_end = &link->queue;
}

enum bus_link_result bus_link_send(struct bus_link *link, const struct bus_publication *publication,
	const char *reply, int64_t deadline_us) {
	if (!link->connected) {
		return BUS_LINK_DISCONNECTED;
	}
	if (trouble_strikes(TROUBLE_LINK_FULL)) {
		return BUS_LINK_FULL;
	}
	struct wire wire = {
		.expected_last_sequence = publication->expected_last_sequence,
		.deadline_us = deadline_us,
		.data = publication->data,
		.size = publication->size,
	};
	assert(publication->expected_last_subject_sequence == -1); /* only the codebook's */
	snprintf(wire.subject, sizeof wire.subject, "%s", publication->subject);
	snprintf(wire.reply, sizeof wire.reply, "%s", reply == NULL ? "" : reply);
	snprintf(wire.message_id, sizeof wire.message_id, "%s",
		publication->message_id == NULL ? "" : publication->message_id);
	struct packet *packet = make_packet(PACKET_UP, link->connection, &wire);
	*link->queue_end = packet;
	link->queue_end = &packet->next;
	trouble_step();
	if (link->departure == NULL) {
		link->departure = world_after(
			link->node, chance_between(&chance, 0, DEPART_US_MAX), depart, link);
	}
	return BUS_LINK_QUEUED;
}

const char *bus_link_header(void *private, const char *name) {
	const struct packet *packet = private;
	const char *value = "";
	if (packet == NULL) {
		return NULL;
	}
	if (strcmp(name, "Nats-Subject") == 0) {
		value = packet->wire.stored_subject;
	} else if (strcmp(name, "Nats-Consumer-Stalled") == 0) {
		value = packet->wire.stalled;
	} else if (strcmp(name, "Nats-Last-Stream") == 0) {
		value = packet->wire.last_stream;
	}
	return value[0] == '\0' ? NULL : value;
}

void bus_link_count(const struct bus_link *link, struct bus_counters *counters) {
	counters->connections = link->connections;
	counters->incoming_bytes = link->incoming;
}

/* ---- routing ----------------------------------------------------------------------------------- */

/* "a.*" matches "a.b"; nobody here subscribes with '*' anywhere else. */
static bool matches(const char *pattern, const char *subject) {
	size_t size = strlen(pattern);
	if (size == 0 || pattern[size - 1] != '*') {
		return strcmp(pattern, subject) == 0;
	}
	return strncmp(pattern, subject, size - 1) == 0 && subject[size - 1] != '\0' &&
	       strchr(subject + size - 1, '.') == NULL;
}

/* The first subscription of the connection that matches, UINT32_MAX if none does. */
static uint32_t find_listener(const struct connection *connection, const char *subject) {
	for (uint32_t i = 0; i < connection->subscribed; i++) {
		if (matches(connection->link->subscriptions[i], subject)) {
			return i;
		}
	}
	return UINT32_MAX;
}

bool link_has_listener(const char *subject) {
	for (const struct connection *connection = live; connection != NULL;
		connection = connection->next) {
		if (find_listener(connection, subject) != UINT32_MAX) {
			return true;
		}
	}
	return false;
}

bool link_route(const struct wire *wire, const char *deliver_to) {
	bool found = false;
	for (struct connection *connection = live; connection != NULL;
		connection = connection->next) {
		uint32_t listener =
			find_listener(connection, deliver_to == NULL ? wire->subject : deliver_to);
		if (listener != UINT32_MAX) {
			struct packet *packet = make_packet(PACKET_DOWN, connection, wire);
			packet->subscription = listener;
			travel(packet);
			found = true;
		}
	}
	return found;
}
