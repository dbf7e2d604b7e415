#include "sequencer/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "common/clock.h"
#include "common/crypto.h"
#include "common/definition_json.h"
#include "common/json.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/pure/subjects.h"
#include "common/service.h"
#include "common/stream.h"
#include "sequencer/desk_reply.h"

#define ERRAND_POLL_MS 10
#define BROKER_TIMEOUT_MS 2000
#define REPLY_SUBJECT_BYTES 128u
/* A list of FEEDS_MAX campaigns fits, and so does the longest definition. */
#define REPLY_BYTES_MAX (900u << 10)
/* What a stream may take: enough for every unit to be asked for about ten times. */
#define STREAM_BYTES_BASE (INT64_C(128) << 20)
#define STREAM_BYTES_A_UNIT 1024

/*
 *	publish:  make requests ─▶ make decisions ─▶ enter ─┬─▶ append ─▶ decided ─▶ done
 *	                                                    └─▶ look up ─┘ (was there already)
 *	control:  append ─▶ decided ─▶ done
 *
 * A step that the broker did not answer is done again by the next poll until the errand times out;
 * every step may be done twice.
 */
enum step {
	STEP_FREE,
	STEP_MAKE_REQUESTS,
	STEP_MAKE_DECISIONS,
	STEP_ENTER,
	STEP_LOOK_UP,
	STEP_APPEND,
	STEP_DECIDED,
};

struct errand {
	struct desk *desk;
	enum step step;
	bool busy; /* a request to the broker is under way */
	int64_t give_up_us;
	char reply[REPLY_SUBJECT_BYTES];
	char id[CAMPAIGN_ID_BYTES_MAX + 1];
	enum message_kind kind; /* MESSAGE_DEFINE or MESSAGE_CONTROL */
	enum control_command command;
	int64_t stream_bytes;
	uint32_t ordinal;
	uint64_t n;          /* where the line has it */
	char message_id[33]; /* so that an append is done once */
	char *definition;    /* owned */
};

struct desk {
	struct service *service;
	struct feeds *feeds;
	int replicas;
	int64_t stream_bytes_max;
	bool draining;
	uv_timer_t poll;
	struct errand errands[DESK_ERRANDS_MAX];
	char reply[REPLY_BYTES_MAX];
};

static const struct {
	const char *verb;
	enum control_command command;
	const char *impossible;
} commands[] = {
	{"start", CONTROL_START,
		"it has opened already, or its definition says by itself when it opens"},
	{"pause", CONTROL_PAUSE, "only an open campaign can be paused"},
	{"resume", CONTROL_RESUME, "only a paused campaign can be resumed"},
	{"close", CONTROL_CLOSE, "it is closed already"},
};

/* ---- answers ------------------------------------------------------------------------------------ */

static struct text begin_reply(struct desk *desk) {
	return text_init(desk->reply, sizeof desk->reply);
}

static void send_reply(struct desk *desk, const char *subject, const struct text *text) {
	if (subject == NULL || subject[0] == '\0') {
		return;
	}
	bus_publish(service_bus(desk->service), &(struct bus_publication){
							.subject = subject,
							.data = text->start,
							.size = text->used,
							.expected_last_sequence = -1,
							.expected_last_subject_sequence = -1,
						});
}

static void refuse(struct desk *desk, const char *subject, const char *code, const char *message) {
	struct text text = begin_reply(desk);
	desk_reply_failed(&text, code, message);
	send_reply(desk, subject, &text);
}

static void end(struct errand *errand) {
	free(errand->definition);
	*errand = (struct errand){0};
}

static void fail(struct errand *errand, const char *code, const char *message) {
	log_info("control_failed", "campaign=%s code=%s", errand->id, code);
	refuse(errand->desk, errand->reply, code, message);
	end(errand);
}

static void succeed(struct errand *errand) {
	struct desk *desk = errand->desk;
	struct feed_view view = feed_view(feeds_find(desk->feeds, errand->id));
	struct text text = begin_reply(desk);
	desk_reply_campaign(&text, &view);
	send_reply(desk, errand->reply, &text);
	end(errand);
}

static const char *impossible(enum control_command command) {
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		if (commands[i].command == command) {
			return commands[i].impossible;
		}
	}
	return "";
}

static void refuse_by_line(struct errand *errand) {
	char message[200];
	if (errand->kind == MESSAGE_DEFINE) {
		snprintf(message, sizeof message,
			"campaign %s has opened: from the opening on it cannot be changed; publish "
			"another one under another id",
			errand->id);
	} else {
		snprintf(message, sizeof message, "campaign %s: %s", errand->id,
			impossible(errand->command));
	}
	fail(errand, "refused", message);
}

/* ---- steps -------------------------------------------------------------------------------------- */

/* What an outcome means for an errand: go on, try again at the next poll, or give up. */
static bool may_go_on(struct errand *errand, enum stream_outcome outcome) {
	errand->busy = false;
	switch (outcome) {
	case STREAM_STORED:
		return true;
	case STREAM_UNKNOWN:
	case STREAM_MISSING:
	case STREAM_CONFLICT:
		return false;
	case STREAM_FULL:
		fail(errand, "full",
			"the broker's storage is full: make room or raise its limits, then try "
			"again");
		return false;
	case STREAM_REFUSED:
		fail(errand, "broker", "the broker refused: see the sequencer's log for its words");
		return false;
	}
	return false;
}

static void on_requests_made(void *context, enum stream_outcome outcome, uint64_t sequence) {
	(void)sequence;
	struct errand *errand = context;
	if (may_go_on(errand, outcome)) {
		errand->step = STEP_MAKE_DECISIONS;
	}
}

static void on_decisions_made(void *context, enum stream_outcome outcome, uint64_t sequence) {
	(void)sequence;
	struct errand *errand = context;
	if (may_go_on(errand, outcome)) {
		errand->step = STEP_ENTER;
	}
}

static void make_stream(struct errand *errand, bool decisions) {
	char name[SUBJECT_BYTES_MAX];
	char subject[SUBJECT_BYTES_MAX];
	char republish[SUBJECT_BYTES_MAX];
	if (decisions) {
		stream_decisions(name, errand->id);
		subject_decision(subject, errand->id);
		subject_decided(republish, errand->id);
	} else {
		stream_requests(name, errand->id);
		subject_requests_all(subject, errand->id);
	}
	stream_create(service_bus(errand->desk->service),
		&(struct stream_config){
			.name = name,
			.subject = subject,
			.republish_to = decisions ? republish : NULL,
			.max_bytes = errand->stream_bytes,
			.replicas = errand->desk->replicas,
			.undeletable = true,
		},
		BROKER_TIMEOUT_MS, decisions ? on_decisions_made : on_requests_made, errand);
}

static void on_entered(void *context, enum stream_outcome outcome, uint64_t sequence) {
	struct errand *errand = context;
	if (outcome == STREAM_CONFLICT) {
		errand->busy = false;
		errand->step = STEP_LOOK_UP;
	} else if (may_go_on(errand, outcome)) {
		errand->ordinal = (uint32_t)sequence;
		errand->step = STEP_APPEND;
	}
}

static void enter(struct errand *errand) {
	char subject[SUBJECT_BYTES_MAX];
	subject_campaign(subject, errand->id);
	stream_publish(service_bus(errand->desk->service),
		&(struct bus_publication){
			.subject = subject,
			.data = errand->id,
			.size = strlen(errand->id),
			.expected_last_sequence = -1,
			.expected_last_subject_sequence = 0,
		},
		BROKER_TIMEOUT_MS, on_entered, errand);
}

static void on_looked_up(
	void *context, enum stream_outcome outcome, const struct bus_message *message) {
	struct errand *errand = context;
	if (may_go_on(errand, outcome)) {
		errand->ordinal = (uint32_t)message->sequence;
		errand->step = STEP_APPEND;
	}
}

static void look_up(struct errand *errand) {
	char subject[SUBJECT_BYTES_MAX];
	subject_campaign(subject, errand->id);
	stream_get(service_bus(errand->desk->service),
		&(struct stream_get){
			.stream = STREAM_CAMPAIGNS,
			.last_by_subject = subject,
			.from_leader = true,
		},
		BROKER_TIMEOUT_MS, on_looked_up, errand);
}

static void on_appended(void *context, enum stream_outcome outcome, uint64_t sequence) {
	struct errand *errand = context;
	if (may_go_on(errand, outcome)) {
		errand->n = sequence;
		errand->step = STEP_DECIDED;
	}
}

static void append(struct errand *errand) {
	static struct request request;
	static uint8_t bytes[DEFINITION_BYTES_MAX + 64];
	memset(&request, 0, offsetof(struct request, book));
	request.kind = errand->kind;
	request.command = errand->command;
	if (errand->kind == MESSAGE_DEFINE) {
		request.define.ordinal = errand->ordinal;
		request.define.json = errand->definition;
		request.define.json_size = (uint32_t)strlen(errand->definition);
	}
	char subject[SUBJECT_BYTES_MAX];
	subject_request(
		subject, errand->id, errand->kind == MESSAGE_DEFINE ? LINE_DEFINE : LINE_CONTROL);
	stream_publish(service_bus(errand->desk->service),
		&(struct bus_publication){
			.subject = subject,
			.data = bytes,
			.size = request_encode(&request, bytes, sizeof bytes),
			.message_id = errand->message_id,
			.expected_last_sequence = -1,
			.expected_last_subject_sequence = -1,
		},
		BROKER_TIMEOUT_MS, on_appended, errand);
}

static void look_for_decision(struct errand *errand) {
	const struct feed *feed = feeds_find(errand->desk->feeds, errand->id);
	enum verdict verdict;
	errand->busy = false;
	if (feed == NULL || !feed_verdict(feed, errand->n, &verdict)) {
		return;
	}
	if (verdict == VERDICT_ACCEPTED) {
		succeed(errand);
	} else {
		refuse_by_line(errand);
	}
}

static void take_step(struct errand *errand) {
	errand->busy = true;
	switch (errand->step) {
	case STEP_FREE:
		errand->busy = false;
		return;
	case STEP_MAKE_REQUESTS:
		make_stream(errand, false);
		return;
	case STEP_MAKE_DECISIONS:
		make_stream(errand, true);
		return;
	case STEP_ENTER:
		enter(errand);
		return;
	case STEP_LOOK_UP:
		look_up(errand);
		return;
	case STEP_APPEND:
		append(errand);
		return;
	case STEP_DECIDED:
		look_for_decision(errand);
		return;
	}
}

static bool is_idle(const struct desk *desk) {
	for (uint32_t i = 0; i < DESK_ERRANDS_MAX; i++) {
		if (desk->errands[i].step != STEP_FREE) {
			return false;
		}
	}
	return true;
}

static void on_poll(uv_timer_t *timer) {
	struct desk *desk = timer->data;
	int64_t now_us = clock_monotonic_us();
	for (uint32_t i = 0; i < DESK_ERRANDS_MAX; i++) {
		struct errand *errand = &desk->errands[i];
		if (errand->step == STEP_FREE || errand->busy) {
			continue; /* a broker that does not answer is noticed by its own time-out */
		}
		if (now_us > errand->give_up_us) {
			fail(errand, "timeout",
				"no answer from the line in time: the change may still take "
				"effect; "
				"look with 'get', then try again");
		} else {
			take_step(errand);
		}
	}
	if (desk->draining && is_idle(desk)) {
		service_drained(desk->service);
	}
}

/* ---- requests ----------------------------------------------------------------------------------- */

static struct errand *begin(struct desk *desk, const struct bus_message *message, const char *id) {
	for (uint32_t i = 0; i < DESK_ERRANDS_MAX; i++) {
		struct errand *errand = &desk->errands[i];
		if (errand->step != STEP_FREE) {
			continue;
		}
		errand->desk = desk;
		errand->give_up_us = clock_monotonic_us() + DESK_TIMEOUT_MS * INT64_C(1000);
		snprintf(errand->id, sizeof errand->id, "%s", id);
		snprintf(errand->reply, sizeof errand->reply, "%s",
			message->reply == NULL ? "" : message->reply);
		uint8_t random[16];
		crypto_random(random, sizeof random);
		struct text text = text_init(errand->message_id, sizeof errand->message_id);
		text_append_hex(&text, random, sizeof random);
		return errand;
	}
	refuse(desk, message->reply, "busy", "too many changes at once: try again in a second");
	return NULL;
}

static int64_t stream_bytes_for(const struct desk *desk, const struct definition *definition) {
	int64_t bytes = STREAM_BYTES_BASE + (int64_t)definition->units * STREAM_BYTES_A_UNIT;
	return bytes < desk->stream_bytes_max ? bytes : desk->stream_bytes_max;
}

static void publish(
	struct desk *desk, const struct bus_message *message, const char *json, bool dry_run) {
	struct definition definition;
	char error[JSON_ERROR_BYTES];
	if (!definition_read(&definition, error, json, strlen(json))) {
		refuse(desk, message->reply, "bad_definition", error);
		return;
	}
	struct text text = begin_reply(desk);
	if (dry_run) {
		desk_reply_valid(&text, definition.id);
		send_reply(desk, message->reply, &text);
		return;
	}
	const struct feed *feed = feeds_find(desk->feeds, definition.id);
	struct feed_view view = {0};
	if (feed != NULL) {
		view = feed_view(feed);
	}
	if (view.definition != NULL && strcmp(view.definition, json) == 0) {
		desk_reply_campaign(&text, &view);
		send_reply(desk, message->reply, &text);
		return;
	}
	struct errand *errand = begin(desk, message, definition.id);
	if (errand == NULL) {
		return;
	}
	errand->kind = MESSAGE_DEFINE;
	errand->definition = memory_copy_string(json);
	errand->stream_bytes = stream_bytes_for(desk, &definition);
	errand->ordinal = view.ordinal;
	/* A campaign in the directory has its streams. Were they lost, making empty ones would sell
	 * everything a second time. */
	errand->step = feed == NULL ? STEP_MAKE_REQUESTS : STEP_APPEND;
	take_step(errand);
}

static void on_publish(struct desk *desk, const struct bus_message *message) {
	struct json_object object;
	json_init(&object, (const char *)message->data, message->size);
	const char *definition = json_string(&object, "definition", DEFINITION_BYTES_MAX);
	bool dry_run = json_bool_or(&object, "dry_run", false);
	json_refuse_unknown(&object);
	if (object.failed) {
		refuse(desk, message->reply, "bad_request", object.error);
	} else {
		publish(desk, message, definition, dry_run);
	}
	json_finish(&object);
}

static void list(struct desk *desk, const struct bus_message *message) {
	struct text text = begin_reply(desk);
	desk_reply_list_begin(&text);
	for (uint32_t i = 0; i < feeds_count(desk->feeds); i++) {
		struct feed_view view = feed_view(feeds_at(desk->feeds, i));
		desk_reply_list_item(&text, &view);
	}
	desk_reply_list_end(&text);
	send_reply(desk, message->reply, &text);
}

static void get(
	struct desk *desk, const struct bus_message *message, const struct feed_view *view) {
	struct text text = begin_reply(desk);
	desk_reply_campaign(&text, view);
	send_reply(desk, message->reply, &text);
}

static void command(struct desk *desk, const struct bus_message *message, const char *verb,
	const struct feed_view *view) {
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		if (strcmp(verb, commands[i].verb) != 0) {
			continue;
		}
		struct errand *errand = begin(desk, message, view->campaign);
		if (errand != NULL) {
			errand->kind = MESSAGE_CONTROL;
			errand->command = commands[i].command;
			errand->step = STEP_APPEND;
			take_step(errand);
		}
		return;
	}
	refuse(desk, message->reply, "bad_request",
		"no such verb; there are publish, start, pause, resume, close, get and list");
}

static void on_campaign_verb(
	struct desk *desk, const struct bus_message *message, const char *verb) {
	struct json_object object;
	json_init(&object, (const char *)message->data, message->size);
	const char *id = json_string(&object, "id", CAMPAIGN_ID_BYTES_MAX);
	json_refuse_unknown(&object);
	const struct feed *feed = object.failed ? NULL : feeds_find(desk->feeds, id);
	if (object.failed) {
		refuse(desk, message->reply, "bad_request", object.error);
	} else if (feed == NULL) {
		refuse(desk, message->reply, "not_found",
			"no such campaign; 'list' shows all there are");
	} else {
		struct feed_view view = feed_view(feed);
		if (strcmp(verb, "get") == 0) {
			get(desk, message, &view);
		} else {
			command(desk, message, verb, &view);
		}
	}
	json_finish(&object);
}

static void on_control(void *context, const struct bus_message *message) {
	struct desk *desk = context;
	const char *verb = message->subject + strlen(SUBJECT_CONTROL_PREFIX);
	if (desk->draining) {
		refuse(desk, message->reply, "leaving",
			"this sequencer is being stopped: try again in a second");
	} else if (!service_is_ready(desk->service, NULL)) {
		refuse(desk, message->reply, "starting",
			"the sequencer is still reading what was decided: try again in a second");
	} else if (strcmp(verb, "publish") == 0) {
		on_publish(desk, message);
	} else if (strcmp(verb, "list") == 0) {
		list(desk, message);
	} else {
		on_campaign_verb(desk, message, verb);
	}
}

/* ---- life --------------------------------------------------------------------------------------- */

struct desk *desk_create(const struct desk_options *options) {
	struct desk *desk = memory_new(sizeof *desk);
	desk->service = options->service;
	desk->feeds = options->feeds;
	desk->replicas = options->replicas;
	desk->stream_bytes_max = options->stream_bytes_max;
	uv_timer_init(service_loop(options->service), &desk->poll);
	desk->poll.data = desk;
	uv_timer_start(&desk->poll, on_poll, ERRAND_POLL_MS, ERRAND_POLL_MS);
	bus_subscribe(service_bus(options->service), SUBJECT_CONTROL_ALL, QUEUE_CONTROL, on_control,
		desk);
	return desk;
}

void desk_drain(struct desk *desk) {
	desk->draining = true;
}

static void on_poll_closed(uv_handle_t *handle) {
	struct desk *desk = handle->data;
	for (uint32_t i = 0; i < DESK_ERRANDS_MAX; i++) {
		free(desk->errands[i].definition);
	}
	free(desk);
}

void desk_destroy(struct desk *desk) {
	if (desk != NULL) {
		uv_close((uv_handle_t *)&desk->poll, on_poll_closed);
	}
}
