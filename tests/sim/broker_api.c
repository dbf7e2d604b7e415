/*
 * broker_api - requests to $JS.API: gets from a replica or from the leader, and consumers.
 */
#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/memory.h"
#include "tests/sim/broker_internal.h"
#include "tests/sim/trouble.h"

#define ANSWER_US_MIN 20
#define ANSWER_US_MAX 1200
#define LATE_US_MIN 100000
#define LATE_US_MAX 4000000
/* How far a replica may be behind. */
#define LAG_MESSAGES_MAX 8u
/* An answer of the leader without its data. */
#define ANSWER_BYTES_MAX 512u

/* ---- reading JSON that our own programs wrote -------------------------------------------------- */

static const char *find_value(const struct wire *wire, const char *key, char copy[1024]) {
	size_t size = wire->size < 1023 ? wire->size : 1023;
	memcpy(copy, wire->data, size);
	copy[size] = '\0';
	const char *found = strstr(copy, key);
	return found == NULL ? NULL : found + strlen(key);
}

uint64_t broker_number_after(const struct wire *wire, const char *key) {
	char copy[1024];
	const char *value = find_value(wire, key, copy);
	return value == NULL ? 0 : strtoull(value, NULL, 10);
}

void broker_text_after(char *target, size_t size, const struct wire *wire, const char *key) {
	char copy[1024];
	const char *value = find_value(wire, key, copy);
	snprintf(target, size, "%.*s", value == NULL ? 0 : (int)strcspn(value, "\""),
		value == NULL ? "" : value);
}

/* ---- gets -------------------------------------------------------------------------------------- */

static int64_t answer_delay_us(void) {
	if (trouble_strikes(TROUBLE_GET_LATE)) {
		return trouble_duration_us(LATE_US_MIN, LATE_US_MAX);
	}
	return chance_duration_us(&broker_chance, ANSWER_US_MIN, ANSWER_US_MAX);
}

static void refuse(const struct wire *wire, int code, int error, const char *description) {
	broker_reply_text(wire->reply, answer_delay_us(),
		"{\"error\":{\"code\":%d,\"err_code\":%d,\"description\":\"%s\"}}", code, error,
		description);
}

/* The sequence that is asked for, 0 if there is none, among the first count messages. */
static uint64_t find_asked(const struct stream *stream, const struct wire *wire, uint64_t count) {
	char subject[WIRE_SUBJECT_BYTES];
	broker_text_after(subject, sizeof subject, wire, "\"last_by_subj\":\"");
	if (subject[0] == '\0') {
		uint64_t sequence = broker_number_after(wire, "\"seq\":");
		return sequence <= count ? sequence : 0;
	}
	while (count > 0 && strcmp(stream->messages[count - 1].subject, subject) != 0) {
		count--;
	}
	return count;
}

/* From any replica: it may not have the newest messages yet. */
static void answer_direct(const struct stream *stream, const struct wire *wire) {
	uint64_t count = stream->count;
	if (count > 0 && trouble_strikes(TROUBLE_GET_STALE)) {
		uint64_t lag = 1 + chance_below(&broker_chance, LAG_MESSAGES_MAX);
		count = lag < count ? count - lag : 0;
	}
	uint64_t sequence = find_asked(stream, wire, count);
	struct wire answer = {.status = 404};
	if (sequence > 0) {
		const struct stored *stored = &stream->messages[sequence - 1];
		answer = (struct wire){
			.sequence = sequence,
			.time_ms = stored->time_ns / 1000000,
			.data = stored->data,
			.size = stored->size,
		};
		snprintf(
			answer.stored_subject, sizeof answer.stored_subject, "%s", stored->subject);
	}
	snprintf(answer.subject, sizeof answer.subject, "%s", wire->reply);
	broker_send(&answer, NULL, answer_delay_us());
}

static void append_time(char *target, size_t size, int64_t time_ns) {
	time_t seconds = (time_t)(time_ns / 1000000000);
	struct tm parts;
	gmtime_r(&seconds, &parts);
	char text[32];
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(target, size, "%s.%09lldZ", text, (long long)(time_ns % 1000000000));
}

/* From the leader: as JSON, the data in base64. */
static void answer_leader(const struct stream *stream, const struct wire *wire) {
	uint64_t sequence = find_asked(stream, wire, stream->count);
	if (sequence == 0) {
		refuse(wire, 404, 10037, "no message found");
		return;
	}
	const struct stored *stored = &stream->messages[sequence - 1];
	char time[64];
	append_time(time, sizeof time, stored->time_ns);
	size_t data_size = sodium_base64_encoded_len(stored->size, sodium_base64_VARIANT_ORIGINAL);
	size_t capacity = data_size + ANSWER_BYTES_MAX;
	char *data = memory_new(data_size);
	char *json = memory_new(capacity);
	sodium_bin2base64(
		data, data_size, stored->data, stored->size, sodium_base64_VARIANT_ORIGINAL);
	int size = snprintf(json, capacity,
		"{\"message\":{\"subject\":\"%s\",\"seq\":%" PRIu64
		",\"data\":\"%s\",\"time\":\"%s\"}}",
		stored->subject, sequence, data, time);
	assert(size > 0 && (size_t)size < capacity);
	struct wire answer = {.data = (const uint8_t *)json, .size = (size_t)size};
	snprintf(answer.subject, sizeof answer.subject, "%s", wire->reply);
	broker_send(&answer, NULL, answer_delay_us());
	free(data);
	free(json);
}

/* ---- which request it is ----------------------------------------------------------------------- */

void broker_api(const struct wire *wire) {
	char name[24] = "";
	char consumer[72] = "";
	const char *subject = wire->subject;
	if (trouble_strikes(TROUBLE_GET_LOST)) {
		return;
	}
	if (sscanf(subject, "$JS.API.DIRECT.GET.%23s", name) == 1) {
		answer_direct(broker_stream(name), wire);
	} else if (sscanf(subject, "$JS.API.STREAM.MSG.GET.%23s", name) == 1) {
		answer_leader(broker_stream(name), wire);
	} else if (sscanf(subject, "$JS.API.CONSUMER.CREATE.%23[^.].%71s", name, consumer) == 2) {
		consumer_create(broker_stream(name), wire, consumer);
		broker_reply_text(wire->reply, answer_delay_us(),
			"{\"stream_name\":\"%s\",\"name\":\"%s\"}", name, consumer);
	} else if (sscanf(subject, "$JS.API.CONSUMER.DELETE.%23[^.].%71s", name, consumer) == 2) {
		if (consumer_delete(broker_stream(name), consumer)) {
			broker_reply_text(wire->reply, answer_delay_us(), "{\"success\":true}");
		} else {
			refuse(wire, 404, 10014, "consumer not found");
		}
	} else {
		refuse(wire, 400, 10025, "bad request"); /* nobody here asks anything else */
	}
}
