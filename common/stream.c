#include "common/stream.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/pure/limits.h"
#include "common/pure/subjects.h"
#include "common/pure/text.h"
#include "common/stream_reply.h"

/* Longer than any retry of a publish goes on. */
#define DUPLICATE_WINDOW_SECONDS 120
#define CONFIG_BYTES_MAX 1024u

const char *stream_outcome_name(enum stream_outcome outcome) {
	switch (outcome) {
	case STREAM_STORED:
		return "stored";
	case STREAM_CONFLICT:
		return "conflict";
	case STREAM_MISSING:
		return "missing";
	case STREAM_UNKNOWN:
		return "unknown";
	case STREAM_FULL:
		return "full";
	case STREAM_REFUSED:
		return "refused";
	}
	return "unknown";
}

/* What a caller of this module waits for; copied for the bus, which frees it. */
struct waiting {
	stream_ack_handler handler;
	void *context;
	const char *verb;
	char name[SUBJECT_BYTES_MAX]; /* of the stream or the subject, for the log */
};

static struct waiting *make_waiting(
	stream_ack_handler handler, void *context, const char *verb, const char *name) {
	struct waiting *waiting = memory_new(sizeof(*waiting));
	waiting->handler = handler;
	waiting->context = context;
	waiting->verb = verb;
	snprintf(waiting->name, sizeof(waiting->name), "%s", name);
	return waiting;
}

static void finish(const struct waiting *waiting, const struct stream_reply *reply) {
	if (reply->outcome == STREAM_REFUSED) {
		log_warn("stream_refused", "verb=%s name=%s code=%u text=\"%s\"", waiting->verb,
			waiting->name, reply->error_code, reply->error);
	} else if (reply->outcome == STREAM_FULL) {
		log_warn("stream_full",
			"verb=%s name=%s code=%u text=\"%s\" hint=\"make room on the disk, or "
			"raise max_bytes "
			"of the stream or the limits of the broker\"",
			waiting->verb, waiting->name, reply->error_code, reply->error);
	}
	waiting->handler(waiting->context, reply->outcome, reply->sequence);
}

static void on_ack(void *context, enum bus_outcome outcome, const struct bus_message *message) {
	struct stream_reply reply = {.outcome = STREAM_UNKNOWN};
	if (outcome == BUS_REPLIED) {
		stream_reply_read_ack(&reply, message->data, message->size);
	}
	finish(context, &reply);
}

uint64_t stream_publish(struct bus *bus, const struct bus_publication *publication, int timeout_ms,
	stream_ack_handler handler, void *context) {
	return bus_request_owned(bus, publication, timeout_ms, on_ack,
		make_waiting(handler, context, "publish", publication->subject));
}

/* ---- making streams ---------------------------------------------------------------------------- */

static void append_field(struct text *text, const char *name, int64_t value) {
	text_append(text, ",\"");
	text_append(text, name);
	text_append(text, "\":");
	text_append_i64(text, value);
}

static void append_string(struct text *text, const char *name, const char *value) {
	text_append(text, ",\"");
	text_append(text, name);
	text_append(text, "\":");
	text_append_json(text, value, strlen(value));
}

static void append_flag(struct text *text, const char *name, bool value) {
	text_append(text, ",\"");
	text_append(text, name);
	text_append(text, value ? "\":true" : "\":false");
}

static void append_republish(struct text *text, const struct stream_config *config) {
	text_append(text, ",\"republish\":{\"src\":");
	text_append_json(text, config->subject, strlen(config->subject));
	append_string(text, "dest", config->republish_to);
	text_append(text, "}");
}

/* Every field is named, so that the server's defaults, which change, do not matter. */
static void append_config(struct text *text, const struct stream_config *config) {
	int64_t window_seconds = DUPLICATE_WINDOW_SECONDS;
	if (config->max_age_seconds > 0 && config->max_age_seconds < window_seconds) {
		window_seconds = config->max_age_seconds; /* the server wants it so */
	}
	text_append(text, "{\"name\":");
	text_append_json(text, config->name, strlen(config->name));
	text_append(text, ",\"subjects\":[");
	text_append_json(text, config->subject, strlen(config->subject));
	text_append(text, "]");
	append_string(text, "retention", config->work_queue ? "workqueue" : "limits");
	/* Three in memory outlive any one of their brokers. One broker keeps a file, and syncs it like all
	 * others: what "persist_mode":"async" leaves after a power cut hangs nats-server 2.14. */
	bool in_memory = config->fleeting && config->replicas > 1;
	append_string(text, "storage", in_memory ? "memory" : "file");
	append_string(text, "discard", "new");
	append_field(text, "num_replicas", config->replicas);
	append_field(text, "max_bytes", config->max_bytes);
	append_field(text, "max_age", config->max_age_seconds * INT64_C(1000000000));
	append_field(text, "max_msgs", -1);
	append_field(text, "max_msgs_per_subject", config->last_per_subject ? 1 : -1);
	append_field(text, "max_msg_size", STREAM_MESSAGE_BYTES_MAX);
	append_field(text, "duplicate_window", window_seconds * INT64_C(1000000000));
	append_flag(text, "deny_delete", config->undeletable);
	append_flag(text, "deny_purge", config->undeletable);
	append_flag(text, "allow_rollup_hdrs", false);
	append_flag(text, "allow_direct", true);
	if (config->republish_to != NULL) {
		append_republish(text, config);
	}
	text_append(text, "}");
}

static void on_configured(
	void *context, enum bus_outcome outcome, const struct bus_message *message) {
	struct stream_reply reply = {.outcome = STREAM_UNKNOWN};
	if (outcome == BUS_REPLIED) {
		struct json_object json;
		json_init(&json, (const char *)message->data, message->size);
		stream_reply_read(&reply, &json);
		json_finish(&json);
	}
	if (reply.outcome == STREAM_CONFLICT || reply.outcome == STREAM_MISSING) {
		reply.outcome = STREAM_REFUSED;
	}
	finish(context, &reply);
}

uint64_t stream_create(struct bus *bus, const struct stream_config *config, int timeout_ms,
	stream_ack_handler handler, void *context) {
	char subject[SUBJECT_BYTES_MAX + 32];
	char bytes[CONFIG_BYTES_MAX];
	struct text json = text_init(bytes, sizeof(bytes));
	append_config(&json, config);
	assert(!json.failed); /* names are at most SUBJECT_BYTES_MAX each */
	snprintf(subject, sizeof(subject), "$JS.API.STREAM.CREATE.%s", config->name);
	struct bus_publication publication = {
		.subject = subject,
		.data = json.start,
		.size = json.used,
		.expected_last_sequence = -1,
		.expected_last_subject_sequence = -1,
	};
	return bus_request_owned(bus, &publication, timeout_ms, on_configured,
		make_waiting(handler, context, "create", config->name));
}
