/*
 * application - starts the parts in the order in which they need each other, and stops them in the
 * other.
 */
#include "ingress/application.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/processors.h"
#include "ingress/admin.h"
#include "ingress/api.h"
#include "ingress/campaigns.h"
#include "ingress/decisions.h"
#include "ingress/news.h"
#include "ingress/files.h"
#include "ingress/holders.h"
#include "ingress/line.h"
#include "ingress/linger.h"
#include "ingress/lookup.h"
#include "ingress/measures.h"
#include "ingress/server.h"
#include "ingress/turns.h"

#define CONNECTIONS_MAX 100000u
#define HEAD_TIMEOUT_MS 10000
#define IDLE_TIMEOUT_MS 75000 /* longer than proxies keep idle connections */
#define WRITE_TIMEOUT_MS 15000
#define TICK_MS (WAITERS_TICK_US / 1000)

struct settings settings;

static struct application application;
static struct turns *turns;
static struct {
	int64_t us;
	int64_t looked_at_us;
	struct processors processors;
} lingering;

void application_prepare(struct service *service) {
	application.service = service;
	struct secrets *secrets = &application.secrets;
	keys_load(&secrets->identity, settings.keys_dir, "identity.key");
	keys_load(&secrets->booking, settings.keys_dir, "booking.key");
	keys_load(&secrets->code, settings.keys_dir, "code.key");
	keys_load(&secrets->ticket, settings.keys_dir, "ticket.key");
	keys_load_tokens(&secrets->tokens, settings.keys_dir);
	crypto_random(&secrets->admission, sizeof secrets->admission);
	application.files = files_load(settings.web_dir);
	application.admission.slots = memory_new(ADMISSION_SLOTS * sizeof(struct admission_slot));
	congestion_init(&application.congestion, clock_monotonic_us());
}

/* ---- news of the line ------------------------------------------------------------------------ */

static void on_decision(void *context, struct campaign *campaign, const struct decision *head,
	const uint8_t *bytes, size_t size) {
	(void)context;
	lines_decided(application.lines, campaign, head, bytes, size);
}

static void on_asked(void *context, const uint8_t *bytes, size_t size) {
	struct campaign *campaign = context;
	if (bytes != NULL) {
		news_offer(application.news, campaign, bytes, size);
	}
}

/* A batch waits for a decision that did not come by itself. */
static void ask_for_decision(void *context, struct campaign *campaign, uint64_t n) {
	(void)context;
	const struct decision_name name = {.campaign_ordinal = campaign->ordinal, .n = n};
	decisions_fetch(application.decisions, &name, campaign->id, on_asked, campaign);
}

/* ---- the turns of the loop ------------------------------------------------------------------- */

/* Decisions first: they let the next batch go. */
static bool after_sockets(void *context) {
	(void)context;
	bus_look(service_bus(application.service));
	return lines_flush(application.lines);
}

static void on_waited(void *context, int64_t waited_us, int64_t now_us) {
	(void)context;
	congestion_measured(&application.congestion, waited_us, now_us);
	ingress_measures.socket_wait_us = (uint64_t)waited_us;
}

static void on_request(void *context, struct exchange *exchange) {
	turns_mind(turns, clock_monotonic_us());
	api_dispatch(context, exchange);
}

static void adjust_linger(int64_t now_us) {
	if (now_us - lingering.looked_at_us < LINGER_LOOK_US) {
		return;
	}
	lingering.looked_at_us = now_us;
	lingering.us = linger_next_us(lingering.us, processors_look(&lingering.processors));
	lines_set_linger(application.lines, lingering.us);
	ingress_measures.linger_us = (uint64_t)lingering.us;
}

static void copy_server_counts(void) {
	if (application.server == NULL) {
		return;
	}
	const struct server_counts *counts = server_counts(application.server);
	ingress_measures.connections = counts->connections;
	ingress_measures.connections_accepted = counts->accepted;
	ingress_measures.connections_refused = counts->refused;
	ingress_measures.requests_bad = counts->bad_requests;
	ingress_measures.requests_timed_out = counts->timeouts;
}

/* Not before everything is known: the kernel would give this process its share of all connections
 * to the port, and it could only say that it is starting. */
static void listen_once_complete(void) {
	if (application.server != NULL || !news_is_complete(application.news)) {
		return;
	}
	application.server = server_create(
		service_loop(application.service), &(struct server_options){
							   .listen = settings.http_listen,
							   .reuse_port = true,
							   .connections_max = CONNECTIONS_MAX,
							   .head_timeout_ms = HEAD_TIMEOUT_MS,
							   .idle_timeout_ms = IDLE_TIMEOUT_MS,
							   .write_timeout_ms = WRITE_TIMEOUT_MS,
							   .handler = on_request,
							   .context = &application,
						   });
	log_info("listening", "http=%s admin=%s", settings.http_listen, settings.admin_listen);
}

static void update_readiness(void) {
	if (!bus_is_connected(service_bus(application.service))) {
		service_set_ready(application.service, false, "not connected to the broker");
	} else if (!news_is_complete(application.news)) {
		service_set_ready(application.service, false, "reading the campaigns");
	} else {
		service_set_ready(application.service, true, NULL);
	}
}

static void tick(void *context) {
	(void)context;
	int64_t now_us = clock_monotonic_us();
	news_tick(application.news, now_us);
	adjust_linger(now_us);
	lines_tick(application.lines, now_us);
	lookup_tick(application.lookup, now_us);
	if (!service_is_draining(application.service)) {
		listen_once_complete();
		update_readiness();
	}
	copy_server_counts();
}

/* ---- life ------------------------------------------------------------------------------------ */

void application_start(struct service *service) {
	struct uv_loop_s *loop = service_loop(service);
	struct bus *bus = service_bus(service);
	application.campaigns = campaigns_create();
	application.decisions = decisions_create(bus);
	application.lines = lines_create(bus);
	lines_set_asker(application.lines, ask_for_decision, NULL);
	application.news = news_create(&(struct news_options){
		.bus = bus,
		.campaigns = application.campaigns,
		.decisions = application.decisions,
		.handler = on_decision,
	});
	application.codebook = (struct codebook){.bus = bus, .key = &application.secrets.code};
	application.lookup = lookup_create(loop, settings.database_url, service_instance(service));
	application.admin = admin_create(service, settings.admin_listen);
	turns = turns_create(loop, &(struct turns_options){
					   .tick_ms = TICK_MS,
					   .after_sockets = after_sockets,
					   .tick = tick,
					   .waited = on_waited,
				   });
}

static void on_admin_drained(void *context) {
	service_drained(context);
}

/* Everybody has an answer, so no batch has anybody waiting; the operators' port goes last. */
static void on_server_drained(void *context) {
	admin_drain(application.admin, on_admin_drained, context);
}

void application_drain(struct service *service) {
	if (application.server == NULL) {
		on_server_drained(service);
		return;
	}
	server_drain(application.server, on_server_drained, service);
}

static void destroy_holders(void) {
	for (size_t i = 0; i < campaigns_count(application.campaigns); i++) {
		holders_destroy(campaigns_get(application.campaigns, i)->holders);
	}
}

void application_stop(struct service *service) {
	(void)service;
	turns_destroy(turns);
	server_destroy(application.server);
	admin_destroy(application.admin);
	lookup_destroy(application.lookup);
	news_destroy(application.news);
	lines_destroy(application.lines);
	decisions_destroy(application.decisions);
	destroy_holders();
	campaigns_destroy(application.campaigns);
	files_free(application.files);
	free(application.admission.slots);
	crypto_forget(&application.secrets, sizeof application.secrets);
}
