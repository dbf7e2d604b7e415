/*
 * bus_link_thread - the thread that owns the connection: connects, subscribes, publishes, begins anew.
 */
#include "common/bus_link_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/pure/backoff.h"
#include "common/pure/text.h"

#define URLS_MAX 16
#define CONNECT_MS_MAX 2000
/* A socket that takes nothing for so long belongs to a broker that hangs. */
#define WRITE_MS_MAX 2000
/* A half-open connection is found after (PINGS_LOST_MAX + 1) * PING_MS. */
#define PING_MS 3000
#define PINGS_LOST_MAX 2
#define ERROR_BYTES 256
#define SOCKET_BUFFER_BYTES (256 * 1024)
static const struct backoff_range connect_pause = {.ms_min = 100, .ms_max = 2000};

/* ---- cnats calls back, from its own threads ---------------------------------------------------- */

static void on_message(
	natsConnection *connection, natsSubscription *handle, natsMsg *message, void *closure) {
	(void)connection;
	(void)handle;
	bus_link_arrived(closure, message);
}

static void on_subscription_complete(void *closure) {
	bus_link_release(closure);
}

/* Also called for a connection that bus_link closed itself. */
static void on_closed(natsConnection *connection, void *closure) {
	struct bus_link *link = closure;
	pthread_mutex_lock(&link->mutex);
	if (connection == link->connection) {
		link->lost = true;
		bus_link_set_connected(link, false);
		pthread_cond_broadcast(&link->changed);
	}
	pthread_mutex_unlock(&link->mutex);
	bus_link_release(link);
}

/* The last error of a connection, fit to stand between double quotes. */
static void last_error(natsConnection *connection, char *target, size_t size) {
	const char *words = NULL;
	natsConnection_GetLastError(connection, &words);
	snprintf(target, size, "%s", words == NULL ? "" : words);
	for (char *c = target; *c != '\0'; c++) {
		if (*c == '"' || *c == '\\' || (unsigned char)*c < ' ') {
			*c = '\'';
		}
	}
}

static void on_error(
	natsConnection *connection, natsSubscription *handle, natsStatus status, void *closure) {
	(void)handle;
	(void)closure;
	char words[ERROR_BYTES];
	last_error(connection, words, sizeof(words));
	if (status == NATS_NOT_PERMITTED) {
		log_warn("broker_refused",
			"text=\"%s\" hint=\"give this user that permission in the broker's "
			"configuration, or "
			"find out why the program wants it\"",
			words);
	} else {
		log_warn("broker_error", "status=\"%s\" text=\"%s\"", natsStatus_GetText(status),
			words);
	}
}

static void on_lame_duck(natsConnection *connection, void *closure) {
	(void)connection;
	(void)closure;
	log_info("broker_stopping",
		"text=\"the broker is about to stop; connecting again when it closes\"");
}

/* ---- the link thread --------------------------------------------------------------------------- */

static bool is_ending(struct bus_link *link) {
	pthread_mutex_lock(&link->mutex);
	bool ending = link->ending;
	pthread_mutex_unlock(&link->mutex);
	return ending;
}

static void pause_before_connecting(struct bus_link *link, uint32_t ms) {
	int64_t until_us = clock_monotonic_us() + (int64_t)ms * 1000;
	pthread_mutex_lock(&link->mutex);
	while (!link->ending && bus_link_wait(link, until_us)) {
	}
	pthread_mutex_unlock(&link->mutex);
}

static natsStatus subscribe(natsConnection *connection, struct subscription *subscription) {
	natsStatus status = subscription->queue == NULL
				    ? natsConnection_Subscribe(&subscription->handle, connection,
					      subscription->subject, on_message, subscription)
				    : natsConnection_QueueSubscribe(&subscription->handle,
					      connection, subscription->subject,
					      subscription->queue, on_message, subscription);
	if (status != NATS_OK) {
		subscription->handle = NULL;
		return status;
	}
	bus_link_retain(subscription->link);
	status = natsSubscription_SetPendingLimits(subscription->handle, -1, -1);
	if (status == NATS_OK) {
		status = natsSubscription_SetOnCompleteCB(
			subscription->handle, on_subscription_complete, subscription->link);
	}
	/* Otherwise the connection broke meanwhile, and nobody says when the last callback has
	 * returned: the reference stays, and with it the memory. Rare and harmless. */
	return status;
}

/* False if the connection broke meanwhile. */
static bool subscribe_new(struct bus_link *link, natsConnection *connection) {
	for (;;) {
		pthread_mutex_lock(&link->mutex);
		struct subscription *subscription = link->subscribed < link->subscriptions_count
							    ? link->subscriptions[link->subscribed]
							    : NULL;
		pthread_mutex_unlock(&link->mutex);
		if (subscription == NULL) {
			return true;
		}
		natsStatus status = subscribe(connection, subscription);
		if (status != NATS_OK) {
			log_warn("broker_subscribe_failed", "subject=%s reason=\"%s\"",
				subscription->subject, natsStatus_GetText(status));
			return false;
		}
		pthread_mutex_lock(&link->mutex);
		link->subscribed++;
		pthread_mutex_unlock(&link->mutex);
	}
}

/* A URL may hold a password, and a log must not. */
static const char *host_of(const char *url) {
	const char *at = strrchr(url, '@');
	const char *slashes = strstr(url, "://");
	return at != NULL ? at + 1 : slashes != NULL ? slashes + 3 : url;
}

static natsConnection *connect_once(struct bus_link *link) {
	natsConnection *connection = NULL;
	const char *server = link->servers[link->server];
	bus_link_retain(link); /* for on_closed */
	natsStatus status = natsOptions_SetServers(link->options, &server, 1);
	if (status == NATS_OK) {
		status = natsConnection_Connect(&connection, link->options);
	}
	if (status != NATS_OK) {
		log_warn("broker_connect_failed",
			"server=%s reason=\"%s\" hint=\"is nats-server up, are FIRSTCOME_NATS_URL, "
			"_USER and "
			"_PASSWORD_FILE right? trying again\"",
			host_of(server), natsStatus_GetText(status));
		bus_link_release(link);
		return NULL;
	}
	log_info("broker_connected", "server=%s", host_of(server));
	atomic_store(&link->payload_bytes_max, (size_t)natsConnection_GetMaxPayload(connection));
	atomic_fetch_add(&link->connections, 1);
	return connection;
}

/* Publishes what was queued, in order. False if the connection broke; the rest is dropped then. */
static bool publish_all(struct bus_link *link, natsConnection *connection, struct outgoing *list) {
	natsStatus status = NATS_OK;
	while (list != NULL && status == NATS_OK) {
		struct outgoing *next = list->next;
		list->next = NULL;
		if (list->deadline_us > clock_monotonic_us()) {
			status = natsConnection_PublishMsg(connection, list->message);
		}
		bus_link_free_outgoing(link, list);
		list = next;
	}
	bus_link_free_outgoing(link, list);
	if (status != NATS_OK) {
		log_warn("broker_publish_failed", "reason=\"%s\"", natsStatus_GetText(status));
	}
	return status == NATS_OK;
}

/* Works for one connection until it is lost or the link ends. */
static void serve(struct bus_link *link, natsConnection *connection) {
	bool well = subscribe_new(link, connection);
	pthread_mutex_lock(&link->mutex);
	link->connection = connection;
	link->lost = natsConnection_IsClosed(connection);
	bus_link_set_connected(link, well && !link->lost);
	for (;;) {
		while (!link->lost && !link->ending && link->outgoing == NULL &&
			link->subscribed == link->subscriptions_count) {
			pthread_cond_wait(&link->changed, &link->mutex);
		}
		bool flushed = link->ending && link->outgoing == NULL;
		bool too_late = link->ending && clock_monotonic_us() > link->flush_until_us;
		if (!well || link->lost || flushed || too_late) {
			break;
		}
		struct outgoing *list = link->outgoing;
		link->outgoing = NULL;
		link->outgoing_end = &link->outgoing;
		pthread_mutex_unlock(&link->mutex);
		well = subscribe_new(link, connection) && publish_all(link, connection, list);
		pthread_mutex_lock(&link->mutex);
	}
	bool flush = well && link->ending && !link->lost;
	int64_t left_ms = (link->flush_until_us - clock_monotonic_us()) / 1000;
	pthread_mutex_unlock(&link->mutex);
	if (flush && left_ms > 0) {
		natsConnection_FlushTimeout(connection, left_ms);
	}
}

/* One by one, without the mutex: the loop may add subscriptions meanwhile, and cnats may call back. */
static void forget_subscriptions(struct bus_link *link) {
	for (uint32_t i = 0;; i++) {
		pthread_mutex_lock(&link->mutex);
		struct subscription *subscription =
			i < link->subscriptions_count ? link->subscriptions[i] : NULL;
		pthread_mutex_unlock(&link->mutex);
		if (subscription == NULL) {
			return;
		}
		natsSubscription_Destroy(subscription->handle);
		subscription->handle = NULL;
	}
}

static void disconnect(struct bus_link *link, natsConnection *connection) {
	char reason[ERROR_BYTES];
	last_error(connection, reason, sizeof(reason));
	natsConnection_Close(connection);
	forget_subscriptions(link);
	pthread_mutex_lock(&link->mutex);
	bool wanted = link->ending;
	link->connection = NULL;
	link->subscribed = 0;
	bus_link_set_connected(link, false);
	struct outgoing *unsent = link->outgoing;
	link->outgoing = NULL;
	link->outgoing_end = &link->outgoing;
	pthread_mutex_unlock(&link->mutex);
	bus_link_free_outgoing(link, unsent);
	natsConnection_Destroy(connection);
	if (!wanted) {
		log_warn("broker_disconnected", "reason=\"%s\" hint=\"nothing: connecting again\"",
			reason);
	}
}

void *bus_link_run(void *argument) {
	struct bus_link *link = argument;
	struct backoff backoff =
		backoff_init(connect_pause, (uint64_t)clock_monotonic_us() ^ (uintptr_t)link);
	uint32_t tries_left = link->servers_count; /* before the next pause */
	while (!is_ending(link)) {
		natsConnection *connection = connect_once(link);
		if (connection != NULL) {
			int64_t since_us = clock_monotonic_us();
			serve(link, connection);
			disconnect(link, connection);
			if (clock_monotonic_us() - since_us >
				1000 * (int64_t)connect_pause.ms_max) {
				backoff_reset(&backoff);
			}
			tries_left = 1;
			/* The first one is preferred, but not if it was just lost. */
			link->server = link->server == 0 ? 0 : link->servers_count - 1;
		}
		link->server = (link->server + 1) % link->servers_count;
		if (--tries_left == 0 && !is_ending(link)) {
			pause_before_connecting(link, backoff_next_ms(&backoff));
			tries_left = link->servers_count;
		}
	}
	return NULL;
}

/* ---- options ----------------------------------------------------------------------------------- */

/* cnats would take any number for a port, modulo 65536. */
static bool is_url(const char *url) {
	const char *host = host_of(url);
	const char *colon = strrchr(host, ':');
	uint64_t port;
	if (strncmp(url, "nats://", strlen("nats://")) != 0 || *host == '\0' || *host == ':') {
		return false;
	}
	return colon == NULL || host[strlen(host) - 1] == ']' ||
	       (text_parse_u64(colon + 1, strlen(colon + 1), UINT16_MAX, &port) && port > 0);
}

static natsStatus read_servers(struct bus_link *link, const char *url) {
	char *urls = memory_copy_string(url);
	link->servers = memory_new(URLS_MAX * sizeof(*link->servers));
	bool good = true;
	char *rest = NULL;
	for (char *one = strtok_r(urls, ", ", &rest); one != NULL && good;
		one = strtok_r(NULL, ", ", &rest)) {
		good = link->servers_count < URLS_MAX && is_url(one);
		if (good) {
			link->servers[link->servers_count++] = memory_copy_string(one);
		}
	}
	free(urls);
	return good && link->servers_count > 0 ? NATS_OK : NATS_ADDRESS_MISSING;
}

static natsStatus set_limits(natsOptions *options) {
	natsStatus status = natsOptions_SetAllowReconnect(options, false);
	if (status == NATS_OK) {
		status = natsOptions_SetTimeout(options, CONNECT_MS_MAX);
	}
	if (status == NATS_OK) {
		status = natsOptions_SetWriteDeadline(options, WRITE_MS_MAX);
	}
	if (status == NATS_OK) {
		status = natsOptions_SetPingInterval(options, PING_MS);
	}
	if (status == NATS_OK) {
		status = natsOptions_SetMaxPingsOut(options, PINGS_LOST_MAX);
	}
	if (status == NATS_OK) {
		status = natsOptions_SetIOBufSize(options, SOCKET_BUFFER_BYTES);
	}
	if (status == NATS_OK) {
		/* Else cnats waits a millisecond for more before it sends; batches are ours to make. */
		status = natsOptions_SetSendAsap(options, true);
	}
	if (status == NATS_OK) {
		/* One delivery thread for all subscriptions: the handler only fills a queue. */
		status = natsOptions_UseGlobalMessageDelivery(options, true);
	}
	return status;
}

static natsStatus set_callbacks(natsOptions *options, struct bus_link *link) {
	natsStatus status = natsOptions_SetClosedCB(options, on_closed, link);
	if (status == NATS_OK) {
		status = natsOptions_SetErrorHandler(options, on_error, NULL);
	}
	if (status == NATS_OK) {
		status = natsOptions_SetLameDuckModeCB(options, on_lame_duck, NULL);
	}
	return status;
}

static natsStatus make_options(struct bus_link *link, const struct bus_options *options) {
	natsStatus status = natsOptions_Create(&link->options);
	if (status == NATS_OK) {
		status = read_servers(link, options->url);
	}
	if (status == NATS_OK && options->user != NULL) {
		status = natsOptions_SetUserInfo(link->options, options->user, options->password);
	}
	if (status == NATS_OK) {
		status = natsOptions_SetName(link->options, options->name);
	}
	if (status == NATS_OK) {
		status = set_limits(link->options);
	}
	if (status == NATS_OK) {
		status = set_callbacks(link->options, link);
	}
	return status;
}

void bus_link_set_options(struct bus_link *link, const struct bus_options *options) {
	natsStatus status = make_options(link, options);
	if (status != NATS_OK) {
		log_fatal(EX_CONFIG, "broker_options",
			"reason=\"%s\" hint=\"give FIRSTCOME_NATS_URL as nats://host:port, several "
			"separated by commas\"",
			natsStatus_GetText(status));
	}
}
