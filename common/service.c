#include "common/service.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#include <uv.h>

#include "common/clock.h"
#include "common/crypto.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/pure/subjects.h"
#include "common/supervisor.h"
#include "common/wakeup.h"

#define NOTE_BYTES_MAX 256u
#define PING_BYTES_MAX 1024u
#define METRICS_BYTES_MAX (512u << 10)
/* After everything was closed the loop turns for so long at most, until the last handle is gone. */
#define CLOSE_MS_MAX INT64_C(1000)

enum { SIGNAL_TERMINATE, SIGNAL_INTERRUPT, SIGNAL_LOG_LEVEL, SIGNALS };

struct service {
	const struct service_spec *spec;
	uv_loop_t *loop;
	uv_signal_t signals[SIGNALS];
	struct bus *bus;
	struct wakeup *drain_deadline;
	struct wakeup *alive;
	enum log_level level;
	bool draining;
	bool ready;
	char note[NOTE_BYTES_MAX]; /* why it is not ready */
	char metrics[METRICS_BYTES_MAX];
};

/* ---- settings that every program has ----------------------------------------------------------- */

static struct {
	const char *nats_url;
	const char *nats_user;
	const char *nats_password_file;
	const char *instance;
	const char *log_level;
	const char *log_format;
} settings;

enum {
	ROW_NATS_URL,
	ROW_NATS_USER,
	ROW_PASSWORD,
	ROW_INSTANCE,
	ROW_LEVEL,
	ROW_FORMAT,
	ROW_END,
	ROWS
};

static void read_settings(const struct service_spec *spec, int argc, char **argv) {
	const struct parameter rows[ROWS] = {
		[ROW_NATS_URL] = {"FIRSTCOME_NATS_URL", PARAMETER_STRING, &settings.nats_url,
			"nats://127.0.0.1:4222", 0, 0, "broker, several separated by commas"},
		[ROW_NATS_USER] = {"FIRSTCOME_NATS_USER", PARAMETER_STRING, &settings.nats_user,
			spec->program, 0, 0, "user at the broker"},
		[ROW_PASSWORD] = {"FIRSTCOME_NATS_PASSWORD_FILE", PARAMETER_STRING,
			&settings.nats_password_file, "", 0, 0,
			"file with that user's password; empty: no password"},
		[ROW_INSTANCE] = {"FIRSTCOME_INSTANCE", PARAMETER_STRING, &settings.instance,
			spec->program, 0, 0, "name of this process in logs and status"},
		[ROW_LEVEL] = {"FIRSTCOME_LOG_LEVEL", PARAMETER_STRING, &settings.log_level, "info",
			0, 0, "debug, info or warn"},
		[ROW_FORMAT] = {"FIRSTCOME_LOG_FORMAT", PARAMETER_STRING, &settings.log_format,
			"text", 0, 0, "text or json"},
		[ROW_END] = {.type = PARAMETER_END},
	};
	const struct parameter *tables[] = {rows, spec->parameters};
	parameters_read(
		tables, spec->parameters == NULL ? 1 : 2, argc, argv, spec->program, spec->purpose);
}

static enum log_level begin_log(void) {
	enum log_level level = LOG_INFO;
	bool json = strcmp(settings.log_format, "json") == 0;
	log_init(settings.instance, LOG_INFO, json ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT);
	if (!json && strcmp(settings.log_format, "text") != 0) {
		log_fatal(EX_CONFIG, "log_format", "value=\"%s\" hint=\"use text or json\"",
			settings.log_format);
	}
	if (!log_level_parse(settings.log_level, &level)) {
		log_fatal(EX_CONFIG, "log_level", "value=\"%s\" hint=\"use debug, info or warn\"",
			settings.log_level);
	}
	log_set_level(level);
	return level;
}

/* ---- stopping ---------------------------------------------------------------------------------- */

/* Before the loop runs; afterwards on_signal. */
static volatile sig_atomic_t stop_wanted;

static void on_early_signal(int number) {
	(void)number;
	if (stop_wanted != 0) {
		_exit(EXIT_FAILURE);
	}
	stop_wanted = 1;
}

static void watch_early_signals(void) {
	struct sigaction action = {.sa_handler = on_early_signal};
	sigemptyset(&action.sa_mask);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
}

static void on_drain_deadline(void *context) {
	struct service *service = context;
	log_warn("drain_too_long",
		"limit_ms=%d hint=\"what was not finished is done again after the start\"",
		SERVICE_DRAIN_MS_MAX);
	uv_stop(service->loop);
}

static void begin_drain(struct service *service) {
	log_info("draining", "limit_ms=%d", SERVICE_DRAIN_MS_MAX);
	service->draining = true;
	supervisor_stopping();
	service_set_ready(service, false, "draining");
	wakeup_after(service->drain_deadline, SERVICE_DRAIN_MS_MAX);
	if (service->spec->drain == NULL) {
		service_drained(service);
	} else {
		service->spec->drain(service);
	}
}

static void on_stop_signal(uv_signal_t *handle, int number) {
	struct service *service = handle->data;
	if (service->draining) {
		log_warn("stopped_at_once", "signal=%d", number);
		_exit(EXIT_FAILURE);
	}
	begin_drain(service);
}

static void on_level_signal(uv_signal_t *handle, int number) {
	(void)number;
	struct service *service = handle->data;
	service->level = service->level == LOG_DEBUG ? LOG_INFO : LOG_DEBUG;
	log_set_level(service->level);
	log_info("log_level", "level=%s", service->level == LOG_DEBUG ? "debug" : "info");
}

static void watch_signals(struct service *service) {
	static const struct {
		int number;
		uv_signal_cb handler;
	} table[SIGNALS] = {
		[SIGNAL_TERMINATE] = {SIGTERM, on_stop_signal},
		[SIGNAL_INTERRUPT] = {SIGINT, on_stop_signal},
		[SIGNAL_LOG_LEVEL] = {SIGUSR1, on_level_signal},
	};
	for (int i = 0; i < SIGNALS; i++) {
		uv_signal_init(service->loop, &service->signals[i]);
		service->signals[i].data = service;
		int error =
			uv_signal_start(&service->signals[i], table[i].handler, table[i].number);
		if (error != 0) {
			log_fatal(EX_OSERR, "signals",
				"reason=\"%s\" hint=\"raise the limit of open files\"",
				uv_strerror(error));
		}
	}
}

/* ---- status ------------------------------------------------------------------------------------ */

static void reply_text(
	struct service *service, const struct bus_message *message, const struct text *text) {
	if (message->reply == NULL) {
		return;
	}
	bus_publish(service->bus, &(struct bus_publication){
					  .subject = message->reply,
					  .data = text->start,
					  .size = text->used,
					  .expected_last_sequence = -1,
					  .expected_last_subject_sequence = -1,
				  });
}

static void append_member(struct text *text, const char *name, const char *value) {
	text_append(text, "\"");
	text_append(text, name);
	text_append(text, "\":");
	text_append_json(text, value, strlen(value));
	text_append(text, ",");
}

static void on_ping(void *context, const struct bus_message *message) {
	struct service *service = context;
	char bytes[PING_BYTES_MAX];
	struct text text = text_init(bytes, sizeof(bytes));
	text_append(&text, "{");
	append_member(&text, "program", service->spec->program);
	append_member(&text, "instance", settings.instance);
	append_member(&text, "version", FIRSTCOME_VERSION);
	text_append(&text,
		service->ready ? "\"ready\":true,\"note\":null}" : "\"ready\":false,\"note\":");
	if (!service->ready) {
		text_append_json(&text, service->note, strlen(service->note));
		text_append(&text, "}");
	}
	reply_text(service, message, &text);
}

static void on_metrics(void *context, const struct bus_message *message) {
	struct service *service = context;
	struct text text = text_init(service->metrics, sizeof(service->metrics));
	service_print_metrics(service, &text);
	reply_text(service, message, &text);
}

static void print_own_metrics(const struct service *service, struct text *text) {
	struct bus_counters counters = bus_counters(service->bus);
	uint64_t ready = service->ready;
	uint64_t connected = bus_is_connected(service->bus);
	const struct metric metrics[] = {
		{"firstcome_ready", "", "1 if the program can do its work.", METRIC_GAUGE, &ready,
			NULL},
		{"firstcome_broker_connected", "", "1 if connected to the broker.", METRIC_GAUGE,
			&connected, NULL},
		{"firstcome_broker_connections_total", "", "Connections made to the broker.",
			METRIC_COUNTER, &counters.connections, NULL},
		{"firstcome_bus_dropped_total", "",
			"Messages dropped because the loop was too slow.", METRIC_COUNTER,
			&counters.dropped, NULL},
		{"firstcome_bus_incoming_bytes", "", "Bytes waiting for the loop.", METRIC_GAUGE,
			&counters.incoming_bytes, NULL},
		{"firstcome_bus_outgoing_bytes", "", "Bytes waiting for the broker.", METRIC_GAUGE,
			&counters.outgoing_bytes, NULL},
		{"firstcome_bus_requests", "", "Requests waiting for a reply.", METRIC_GAUGE,
			&counters.requests, NULL},
	};
	metrics_print(text, metrics, sizeof(metrics) / sizeof(metrics[0]));
}

void service_print_metrics(const struct service *service, struct text *text) {
	print_own_metrics(service, text);
	metrics_print(text, service->spec->metrics, service->spec->metrics_count);
}

static void on_alive(void *context) {
	struct service *service = context;
	supervisor_alive();
	wakeup_after(service->alive, supervisor_alive_ms());
}

void service_set_ready(struct service *service, bool ready, const char *note) {
	const char *words = ready ? "" : note == NULL ? "not ready" : note;
	if (service->ready == ready && strcmp(service->note, words) == 0) {
		return;
	}
	service->ready = ready;
	snprintf(service->note, sizeof(service->note), "%s", words);
	if (ready) {
		log_info("ready", "version=%s", FIRSTCOME_VERSION);
	} else {
		log_info("not_ready", "note=\"%s\"", service->note);
	}
	supervisor_status(ready ? "ready" : service->note);
}

bool service_is_ready(const struct service *service, const char **note) {
	if (note != NULL) {
		*note = service->ready ? NULL : service->note;
	}
	return service->ready;
}

/* ---- life -------------------------------------------------------------------------------------- */

static bool connect_to_broker(struct service *service) {
	char *password = NULL;
	if (settings.nats_password_file[0] != '\0') {
		password = parameters_read_secret_file(settings.nats_password_file);
	}
	struct bus_options options = {
		.url = settings.nats_url,
		.user = settings.nats_user,
		.password = password,
		.name = settings.instance,
	};
	service->bus = bus_create(service->loop, &options, &stop_wanted);
	if (password != NULL) {
		crypto_forget(password, strlen(password));
		free(password);
	}
	return service->bus != NULL;
}

static void run_until_stopped(struct service *service) {
	service->drain_deadline = wakeup_create(service->loop, on_drain_deadline, service);
	service->alive = wakeup_create(service->loop, on_alive, service);
	bus_subscribe(service->bus, SUBJECT_STATUS_PING, NULL, on_ping, service);
	bus_subscribe(service->bus, SUBJECT_STATUS_METRICS, NULL, on_metrics, service);
	watch_signals(service);
	if (service->spec->start != NULL) {
		service->spec->start(service);
	}
	supervisor_ready();
	if (supervisor_alive_ms() > 0) {
		on_alive(service);
	}
	if (stop_wanted != 0) {
		begin_drain(service); /* the signal came before the loop watched for it */
	}
	uv_run(service->loop, UV_RUN_DEFAULT);
	if (service->spec->stop != NULL) {
		service->spec->stop(service);
	}
	bus_destroy(service->bus);
	wakeup_destroy(service->drain_deadline);
	wakeup_destroy(service->alive);
	for (int i = 0; i < SIGNALS; i++) {
		uv_close((uv_handle_t *)&service->signals[i], NULL);
	}
}

static void close_loop(struct service *service) {
	int64_t until_us = clock_monotonic_us() + CLOSE_MS_MAX * 1000;
	while (uv_run(service->loop, UV_RUN_NOWAIT) != 0 && clock_monotonic_us() < until_us) {
		usleep(1000);
	}
	if (uv_loop_close(service->loop) != 0) {
		log_warn("handles_left",
			"hint=\"a stop hook of this program forgot to close something\"");
	}
}

int service_run(const struct service_spec *spec, int argc, char **argv) {
	read_settings(spec, argc, argv);
	enum log_level level = begin_log();
	watch_early_signals();
	crypto_init();
	struct service *service = memory_new(sizeof(*service));
	service->spec = spec;
	service->level = level;
	snprintf(service->note, sizeof(service->note), "starting");
	service->loop = memory_new(sizeof(*service->loop));
	uv_loop_init(service->loop);
	log_info("starting", "program=%s version=%s", spec->program, FIRSTCOME_VERSION);
	if (spec->prepare != NULL) {
		spec->prepare(service);
	}
	if (connect_to_broker(service)) {
		run_until_stopped(service);
	}
	close_loop(service);
	free(service->loop);
	free(service);
	log_info("stopped", "program=%s", spec->program);
	return EXIT_SUCCESS;
}

struct uv_loop_s *service_loop(const struct service *service) {
	return service->loop;
}

struct bus *service_bus(const struct service *service) {
	return service->bus;
}

const char *service_instance(const struct service *service) {
	(void)service;
	return settings.instance;
}

bool service_is_draining(const struct service *service) {
	return service->draining;
}

void service_drained(struct service *service) {
	uv_stop(service->loop);
}
