/*
 * stream_get - gets one stored message: from any replica (a direct get, binary, cheap) or from the
 * leader (JSON, never stale).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/pure/base64.h"
#include "common/pure/limits.h"
#include "common/pure/subjects.h"
#include "common/pure/text.h"
#include "common/pure/timestamp.h"
#include "common/stream.h"
#include "common/stream_reply.h"

#define BASE64_CHARACTERS_MAX (((size_t)STREAM_MESSAGE_BYTES_MAX + 2) / 3 * 4)
#define TIME_BYTES_MAX 64u
#define STATUS_NOT_FOUND 404

struct waiting {
	stream_get_handler handler;
	void *context;
	char stream[SUBJECT_BYTES_MAX];
};

static void log_refused(const struct waiting *waiting, uint32_t code, const char *words) {
	log_warn("stream_refused", "verb=get name=%s code=%u text=\"%s\"", waiting->stream, code,
		words);
}

static void on_direct(void *context, enum bus_outcome outcome, const struct bus_message *message) {
	const struct waiting *waiting = context;
	if (outcome != BUS_REPLIED) {
		waiting->handler(waiting->context, STREAM_UNKNOWN, NULL);
	} else if (message->status == STATUS_NOT_FOUND) {
		waiting->handler(waiting->context, STREAM_MISSING, NULL);
	} else if (message->status != 0 || message->sequence == 0) {
		log_refused(waiting, (uint32_t)message->status, "not the answer to a direct get");
		waiting->handler(waiting->context, STREAM_REFUSED, NULL);
	} else {
		char subject[BUS_HEADER_BYTES_MAX];
		bus_header(message, "Nats-Subject", subject);
		struct bus_message stored = *message;
		stored.subject = subject;
		stored.reply = NULL;
		waiting->handler(waiting->context, STREAM_STORED, &stored);
	}
}

/* Hands over a message as JSON has it: {"subject", "seq", "data" (base64, missing if empty), "time"}. */
static void deliver_stored(const struct waiting *waiting, struct json_object *json) {
	const char *subject = json_string(json, "subject", BUS_HEADER_BYTES_MAX - 1);
	const char *time = json_string(json, "time", TIME_BYTES_MAX);
	const char *base64 = json_string_or(json, "data", BASE64_CHARACTERS_MAX, "");
	struct bus_message stored = {
		.subject = subject,
		.sequence = json_u64(json, "seq", 1, INT64_MAX),
	};
	size_t base64_size = strlen(base64);
	uint8_t *data = malloc(BASE64_BYTES_MAX(base64_size) + 1);
	if (json->failed || data == NULL ||
		!base64_decode(data, &stored.size, base64, base64_size) ||
		!timestamp_parse(time, strlen(time), &stored.time_ms)) {
		log_refused(waiting, 0, "not a stored message");
		waiting->handler(waiting->context, STREAM_REFUSED, NULL);
	} else {
		stored.data = data;
		waiting->handler(waiting->context, STREAM_STORED, &stored);
	}
	free(data);
}

static void on_leader(void *context, enum bus_outcome outcome, const struct bus_message *message) {
	const struct waiting *waiting = context;
	if (outcome != BUS_REPLIED) {
		waiting->handler(waiting->context, STREAM_UNKNOWN, NULL);
		return;
	}
	struct json_object json;
	struct json_object stored;
	struct stream_reply reply;
	json_init(&json, (const char *)message->data, message->size);
	stream_reply_read(&reply, &json);
	if (reply.outcome != STREAM_STORED) {
		if (reply.outcome == STREAM_REFUSED) {
			log_refused(waiting, reply.error_code, reply.error);
		}
		waiting->handler(waiting->context, reply.outcome, NULL);
	} else if (!json_inner(&stored, &json, "message")) {
		log_refused(waiting, 0, "not the answer to a get");
		waiting->handler(waiting->context, STREAM_REFUSED, NULL);
	} else {
		deliver_stored(waiting, &stored);
	}
	json_finish(&json);
}

uint64_t stream_get(struct bus *bus, const struct stream_get *get, int timeout_ms,
	stream_get_handler handler, void *context) {
	char subject[SUBJECT_BYTES_MAX + 32];
	char bytes[SUBJECT_BYTES_MAX + BUS_HEADER_BYTES_MAX];
	struct text json = text_init(bytes, sizeof(bytes));
	snprintf(subject, sizeof(subject), "$JS.API.%s.%s",
		get->from_leader ? "STREAM.MSG.GET" : "DIRECT.GET", get->stream);
	if (get->last_by_subject != NULL) {
		text_append(&json, "{\"last_by_subj\":");
		text_append_json(&json, get->last_by_subject, strlen(get->last_by_subject));
	} else {
		text_append(&json, "{\"seq\":");
		text_append_u64(&json, get->sequence);
	}
	text_append(&json, "}");
	struct waiting *waiting = memory_new(sizeof(*waiting));
	waiting->handler = handler;
	waiting->context = context;
	snprintf(waiting->stream, sizeof(waiting->stream), "%s", get->stream);
	struct bus_publication publication = {
		.subject = subject,
		.data = json.start,
		.size = json.used,
		.expected_last_sequence = -1,
		.expected_last_subject_sequence = -1,
	};
	return bus_request_owned(
		bus, &publication, timeout_ms, get->from_leader ? on_leader : on_direct, waiting);
}
