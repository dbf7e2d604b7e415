#include "tests/sim/broker.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "tests/sim/broker_internal.h"
#include "tests/sim/trouble.h"

/* Writing and fsync of one message. */
#define DISK_US_MIN 40
#define DISK_US_MAX 1500
/* Between the parts of the server, on each way. */
#define LAG_US_MAX 400
#define LATE_US_MIN 5000
#define LATE_US_MAX 4000000
#define RESTART_LEAST_US 1000
#define CLOCK_OFFSET_US_MAX 8000000

/* What a link brought, until the disk has it; or what is to be sent, until it is. */
struct pending {
	uint32_t incarnation;
	struct stream *stream;
	char deliver_to[WIRE_SUBJECT_BYTES];
	struct wire wire;
	uint8_t data[];
};

struct chance broker_chance;

static struct {
	struct stream streams[STREAMS_MAX];
	uint32_t count;
	bool up;
	bool times_go_back; /* a step back of its clock shows in the log: some versions let it */
	uint32_t incarnation;
	int64_t clock_offset_us;
} broker;

void broker_begin(void) {
	broker_chance = chance_for("broker");
	broker.count = 0;
	broker.up = true;
	broker.times_go_back = chance_below(&broker_chance, 2) == 0;
	broker.incarnation = 1;
	broker.clock_offset_us = 0;
}

void broker_end(void) {
	for (uint32_t i = 0; i < broker.count; i++) {
		struct stream *stream = &broker.streams[i];
		consumers_remove(stream);
		for (uint64_t j = 0; j < stream->count; j++) {
			free(stream->messages[j].subject);
			free(stream->messages[j].data);
		}
		free(stream->messages);
		free(stream->ids);
	}
	broker.count = 0;
}

/* ---- streams ----------------------------------------------------------------------------------- */

void broker_make_stream(const char *name, const char *subject, const char *republish_to) {
	assert(broker.count < STREAMS_MAX);
	struct stream *stream = &broker.streams[broker.count++];
	*stream = (struct stream){0};
	snprintf(stream->name, sizeof stream->name, "%s", name);
	snprintf(stream->subject, sizeof stream->subject, "%s", subject);
	snprintf(stream->republish_to, sizeof stream->republish_to, "%s",
		republish_to == NULL ? "" : republish_to);
}

struct stream *broker_stream(const char *name) {
	for (uint32_t i = 0; i < broker.count; i++) {
		if (strcmp(broker.streams[i].name, name) == 0) {
			return &broker.streams[i];
		}
	}
	return NULL;
}

struct stream *broker_stream_at(uint32_t index) {
	return index < broker.count ? &broker.streams[index] : NULL;
}

static struct stream *stream_of_subject(const char *subject) {
	for (uint32_t i = 0; i < broker.count; i++) {
		struct stream *stream = &broker.streams[i];
		size_t size = strlen(stream->subject);
		bool all = stream->subject[size - 1] == '*';
		if (all ? strncmp(stream->subject, subject, size - 1) == 0
			: strcmp(stream->subject, subject) == 0) {
			return stream;
		}
	}
	return NULL;
}

uint64_t broker_last(const char *stream) {
	return broker_stream(stream)->count;
}

struct broker_message broker_message(const char *name, uint64_t sequence) {
	const struct stream *stream = broker_stream(name);
	assert(sequence >= 1);
	assert(sequence <= stream->count);
	const struct stored *stored = &stream->messages[sequence - 1];
	return (struct broker_message){
		stored->subject, stored->data, stored->size, stored->time_ns};
}

void broker_set_full(const char *name, bool full) {
	broker_stream(name)->full = full;
}

void broker_step_clock(int64_t step_us) {
	broker.clock_offset_us += step_us;
	if (broker.clock_offset_us > CLOCK_OFFSET_US_MAX ||
		broker.clock_offset_us < -CLOCK_OFFSET_US_MAX) {
		broker.clock_offset_us = 0; /* an operator has seen it */
	}
}

/* ---- sending ----------------------------------------------------------------------------------- */

static struct pending *make_pending(const struct wire *wire) {
	struct pending *pending = memory_new(sizeof *pending + wire->size);
	pending->incarnation = broker.incarnation;
	pending->wire = *wire;
	if (wire->size > 0) {
		memcpy(pending->data, wire->data, wire->size);
	}
	pending->wire.data = pending->data;
	return pending;
}

static void send_now(void *context) {
	const struct pending *pending = context;
	if (pending->incarnation == broker.incarnation) {
		const char *to = pending->deliver_to;
		link_route(&pending->wire, to[0] == '\0' ? NULL : to);
	}
}

void broker_send(const struct wire *wire, const char *deliver_to, int64_t delay_us) {
	struct pending *pending = make_pending(wire);
	snprintf(pending->deliver_to, sizeof pending->deliver_to, "%s",
		deliver_to == NULL ? "" : deliver_to);
	world_after_owned(NULL, delay_us, send_now, pending);
}

void broker_reply_text(const char *reply, int64_t delay_us, const char *format, ...) {
	char text[512];
	va_list arguments;
	va_start(arguments, format);
	int size = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	assert(size >= 0 && (size_t)size < sizeof text);
	struct wire wire = {.data = (const uint8_t *)text, .size = (size_t)size};
	snprintf(wire.subject, sizeof wire.subject, "%s", reply);
	if (reply[0] != '\0') {
		broker_send(&wire, NULL, delay_us);
	}
}

static int64_t lag_us(void) {
	return chance_between(&broker_chance, 0, LAG_US_MAX);
}

/* A delay that keeps what goes this way in order. */
static int64_t delay_in_order(int64_t *until_us) {
	int64_t at_us = world_now_us() + lag_us();
	if (at_us < *until_us) {
		at_us = *until_us;
	}
	*until_us = at_us;
	return at_us - world_now_us();
}

static void acknowledge(
	struct stream *stream, const struct wire *wire, uint64_t sequence, bool duplicate) {
	if (wire->reply[0] == '\0' || trouble_strikes(TROUBLE_ACK_LOST)) {
		return;
	}
	int times = trouble_strikes(TROUBLE_ACK_TWICE) ? 2 : 1;
	int64_t delay_us = trouble_strikes(TROUBLE_ACK_LATE)
				   ? trouble_duration_us(LATE_US_MIN, LATE_US_MAX)
				   : delay_in_order(&stream->acks_until_us);
	for (int i = 0; i < times; i++) {
		broker_reply_text(wire->reply, delay_us,
			"{\"stream\":\"%s\",\"seq\":%" PRIu64 "%s}", stream->name, sequence,
			duplicate ? ",\"duplicate\":true" : "");
	}
}

static void refuse(struct stream *stream, const struct wire *wire, int code, int error,
	const char *description) {
	broker_reply_text(wire->reply, delay_in_order(&stream->acks_until_us),
		"{\"error\":{\"code\":%d,\"err_code\":%d,\"description\":\"%s\"},\"stream\":\"%s\","
		"\"seq\":0}",
		code, error, description, stream->name);
}

static void republish(struct stream *stream) {
	const struct stored *stored = &stream->messages[stream->count - 1];
	struct wire wire = {
		.sequence = stream->count,
		.time_ms = stored->time_ns / 1000000,
		.data = stored->data,
		.size = stored->size,
	};
	snprintf(wire.subject, sizeof wire.subject, "%s", stream->republish_to);
	snprintf(wire.stored_subject, sizeof wire.stored_subject, "%s", stored->subject);
	if (stream->republish_to[0] == '\0' || trouble_strikes(TROUBLE_REPUBLISH_LOST)) {
		return;
	}
	int times = trouble_strikes(TROUBLE_REPUBLISH_TWICE) ? 2 : 1;
	for (int i = 0; i < times; i++) {
		int64_t delay_us = trouble_strikes(TROUBLE_REPUBLISH_LATE)
					   ? trouble_duration_us(LATE_US_MIN, LATE_US_MAX)
					   : delay_in_order(&stream->republish_until_us);
		broker_send(&wire, NULL, delay_us);
	}
}

/* ---- storing ----------------------------------------------------------------------------------- */

static int64_t log_time_ns(const struct stream *stream) {
	int64_t time_ns = (WORLD_EPOCH_US + world_now_us() + broker.clock_offset_us) * 1000 +
			  chance_between(&broker_chance, 0, 999);
	if (stream->count > 0 && !broker.times_go_back) {
		int64_t last_ns = stream->messages[stream->count - 1].time_ns;
		time_ns = time_ns > last_ns ? time_ns : last_ns + 1;
	}
	return time_ns;
}

static void append(struct stream *stream, const struct wire *wire) {
	if (stream->count == stream->capacity) {
		stream->capacity = stream->capacity == 0 ? 64 : 2 * stream->capacity;
		stream->messages =
			realloc(stream->messages, stream->capacity * sizeof(struct stored));
		assert(stream->messages != NULL);
	}
	int64_t time_ns = log_time_ns(stream);
	stream->messages[stream->count++] = (struct stored){
		.subject = memory_copy_string(wire->subject),
		.data = memory_copy(
			wire->data == NULL ? (const uint8_t *)"" : wire->data, wire->size),
		.size = wire->size,
		.time_ns = time_ns,
	};
	world_note(&time_ns, sizeof time_ns);
	world_note(wire->data, wire->size);
	trace("stores %s as %" PRIu64 ", %zu bytes", wire->subject, stream->count, wire->size);
	republish(stream);
	consumers_pump(stream);
}

static const struct seen_id *find_id(const struct stream *stream, const char *id) {
	for (uint32_t i = 0; id[0] != '\0' && i < stream->ids_count; i++) {
		if (strcmp(stream->ids[i].id, id) == 0) {
			return &stream->ids[i];
		}
	}
	return NULL;
}

static void remember_id(struct stream *stream, const char *id, uint64_t sequence) {
	if (id[0] == '\0') {
		return;
	}
	if (stream->ids_count == stream->ids_capacity) {
		stream->ids_capacity = stream->ids_capacity == 0 ? 64 : 2 * stream->ids_capacity;
		stream->ids = realloc(stream->ids, stream->ids_capacity * sizeof(struct seen_id));
		assert(stream->ids != NULL);
	}
	struct seen_id *seen = &stream->ids[stream->ids_count++];
	snprintf(seen->id, sizeof seen->id, "%s", id);
	seen->sequence = sequence;
}

static void store_now(void *context) {
	struct pending *pending = context;
	struct stream *stream = pending->stream;
	const struct wire *wire = &pending->wire;
	if (pending->incarnation != broker.incarnation) {
		return;
	}
	const struct seen_id *seen = find_id(stream, wire->message_id);
	if (seen != NULL) {
		acknowledge(stream, wire, seen->sequence, true);
	} else if (wire->expected_last_sequence >= 0 &&
		   (uint64_t)wire->expected_last_sequence != stream->count) {
		char words[64];
		snprintf(words, sizeof words, "wrong last sequence: %" PRIu64, stream->count);
		refuse(stream, wire, 400, 10071, words);
	} else if (stream->full) {
		refuse(stream, wire, 503, 10077, "maximum bytes exceeded");
	} else if (wire->message_id[0] != '\0' && trouble_strikes(TROUBLE_PUBLISH_FORGOTTEN)) {
		remember_id(stream, wire->message_id, 0);
	} else {
		append(stream, wire);
		remember_id(stream, wire->message_id, stream->count);
		acknowledge(stream, wire, stream->count, false);
	}
}

static void publish(struct stream *stream, const struct wire *wire) {
	if (trouble_strikes(TROUBLE_PUBLISH_LOST)) {
		return;
	}
	if (wire->reply[0] != '\0' && trouble_strikes(TROUBLE_PUBLISH_REFUSED)) {
		refuse(stream, wire, 503, 10008, "JetStream system temporarily unavailable");
		return;
	}
	int64_t begun_us = world_now_us();
	if (begun_us < stream->disk_free_us) {
		begun_us = stream->disk_free_us;
	}
	stream->disk_free_us =
		begun_us + chance_duration_us(&broker_chance, DISK_US_MIN, DISK_US_MAX);
	struct pending *pending = make_pending(wire);
	pending->stream = stream;
	world_after_owned(NULL, stream->disk_free_us - world_now_us(), store_now, pending);
}

uint64_t broker_append(const char *subject, const void *data, size_t size) {
	struct stream *stream = stream_of_subject(subject);
	assert(stream != NULL);
	if (!broker.up || stream->full) {
		return 0;
	}
	struct wire wire = {.data = data, .size = size, .expected_last_sequence = -1};
	snprintf(wire.subject, sizeof wire.subject, "%s", subject);
	append(stream, &wire);
	return stream->count;
}

void broker_receive(const struct wire *wire) {
	static const char api[] = "$JS.API.";
	static const char flow_control[] = "$JS.FC.";
	if (!broker.up) {
		return;
	}
	struct stream *stream = stream_of_subject(wire->subject);
	if (stream != NULL) {
		publish(stream, wire);
	} else if (strncmp(wire->subject, api, sizeof api - 1) == 0) {
		broker_api(wire);
	} else if (strncmp(wire->subject, flow_control, sizeof flow_control - 1) == 0) {
		consumers_go_on(wire->subject);
	} else if (wire->reply[0] != '\0') {
		struct wire nobody = {.status = 503};
		snprintf(nobody.subject, sizeof nobody.subject, "%s", wire->reply);
		broker_send(&nobody, NULL, lag_us());
	}
}

/* ---- life -------------------------------------------------------------------------------------- */

bool broker_is_up(void) {
	return broker.up;
}

uint32_t broker_incarnation(void) {
	return broker.incarnation;
}

static void come_up(void *context) {
	(void)context;
	broker.up = true;
	trace("the broker is up again");
}

void broker_restart(int64_t down_us) {
	if (!broker.up) {
		return;
	}
	trace("the broker dies");
	broker.up = false;
	broker.incarnation++;
	for (uint32_t i = 0; i < broker.count; i++) {
		struct stream *stream = &broker.streams[i];
		consumers_remove(stream);
		stream->disk_free_us = 0;
		stream->acks_until_us = 0;
		stream->republish_until_us = 0;
	}
	links_cut_all();
	world_after(NULL, RESTART_LEAST_US + down_us, come_up, NULL);
}
