/*
 * bus_probe - writes a stream while somebody ill-treats the broker, and reads it in both ways.
 *
 * Publishes FIRSTCOME_PROBE_MESSAGES messages with message ids and retries, and reads them at the same
 * time with a reader (which pauses now and then) and a follower (which refuses some). Ends when both have everything; the exit
 * status is 0 if both had every message exactly once, unharmed, in the same order. Runs on the service
 * skeleton, so this tests that too.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/follower.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/pure/subjects.h"
#include "common/reader.h"
#include "common/service.h"
#include "common/stream.h"
#include "common/wakeup.h"

#define CAMPAIGN "probe"
#define MESSAGES_MAX 1000000
#define WINDOW 32
#define PUBLISH_MS_MAX 2000
#define RETRY_MS 100
#define RESUME_MS 20
#define BLOCK_AT 1000
#define STREAM_BYTES_MAX (INT64_C(1) << 30)
#define HEAD_BYTES sizeof(uint64_t)

struct place {
	uint64_t index; /* of the message that is under way here */
	bool busy;
	bool retry;
};

/* What one of the two ways of reading has seen. */
struct witness {
	const char *name;
	uint64_t next; /* sequence */
	uint64_t seen;
	uint64_t again;
	uint64_t harmed;
	uint64_t digest; /* of indices in their order */
	uint8_t *times;  /* by index */
};

static int64_t messages;
static int64_t size_max;
static int64_t replicas;
static int64_t block_ms;
static struct service *service;
static struct reader *reader;
static struct follower *follower;
static struct wakeup *create_wakeup;
static struct wakeup *retry_wakeup;
static struct wakeup *resume_wakeup;
static struct place places[WINDOW];
static uint8_t *payload;
static uint64_t started;
static uint64_t stored;
static uint64_t retries;
static struct witness by_reader = {.name = "reader", .next = 1};
static struct witness by_follower = {.name = "follower", .next = 1};
static int64_t begun_us;
static bool failed;

static void publish_next(void);

static size_t size_of(uint64_t index) {
	return HEAD_BYTES + (size_t)(index * 7919 % (uint64_t)size_max);
}

static void finish_if_done(void) {
	if (stored == (uint64_t)messages && by_reader.seen == stored &&
		by_follower.seen == stored) {
		service_drained(service);
	}
}

/* ---- writing ----------------------------------------------------------------------------------- */

static void on_stored(void *context, enum stream_outcome outcome, uint64_t sequence) {
	struct place *place = context;
	(void)sequence;
	if (outcome == STREAM_STORED) {
		place->busy = false;
		stored++;
		publish_next();
		finish_if_done();
	} else {
		retries++;
		place->retry = true;
		if (!wakeup_is_set(retry_wakeup)) {
			wakeup_after(retry_wakeup, RETRY_MS);
		}
	}
}

static void publish(struct place *place) {
	char id[32];
	size_t size = size_of(place->index);
	snprintf(id, sizeof(id), "probe-%" PRIu64, place->index);
	memcpy(payload, &place->index, HEAD_BYTES);
	memset(payload + HEAD_BYTES, (int)(place->index % 251), size - HEAD_BYTES);
	stream_publish(service_bus(service),
		&(struct bus_publication){
			.subject = "dec." CAMPAIGN,
			.data = payload,
			.size = size,
			.message_id = id,
			.expected_last_sequence = -1,
			.expected_last_subject_sequence = -1,
		},
		PUBLISH_MS_MAX, on_stored, place);
}

static void publish_next(void) {
	for (int i = 0; i < WINDOW && started < (uint64_t)messages; i++) {
		if (!places[i].busy) {
			places[i] = (struct place){.index = started++, .busy = true};
			publish(&places[i]);
		}
	}
}

static void on_retry(void *context) {
	(void)context;
	for (int i = 0; i < WINDOW; i++) {
		if (places[i].retry) {
			places[i].retry = false;
			publish(&places[i]);
		}
	}
}

/* ---- reading ----------------------------------------------------------------------------------- */

static void witness(struct witness *seen, uint64_t sequence, const uint8_t *data, size_t size) {
	uint64_t index = UINT64_MAX;
	if (size >= HEAD_BYTES) {
		memcpy(&index, data, HEAD_BYTES);
	}
	bool good = index < (uint64_t)messages && size == size_of(index) &&
		    sequence == seen->next && (size == HEAD_BYTES || data[size - 1] == index % 251);
	seen->next = sequence + 1;
	if (!good) {
		seen->harmed++;
		return;
	}
	seen->again += seen->times[index] > 0;
	seen->times[index] = 1;
	seen->seen++;
	seen->digest = seen->digest * UINT64_C(6364136223846793005) + index;
}

static void on_read(void *context, const struct reader_message *message) {
	(void)context;
	witness(&by_reader, message->sequence, message->data, message->size);
	if (message->sequence == BLOCK_AT) {
		usleep((useconds_t)block_ms * 1000);
	}
	if (message->sequence % 700 == 0) {
		reader_pause(reader);
		wakeup_after(resume_wakeup, RESUME_MS);
	}
	finish_if_done();
}

static bool on_followed(void *context, uint64_t sequence, const uint8_t *data, size_t size) {
	static uint64_t refused_last;
	(void)context;
	if (sequence % 1000 == 0 && refused_last != sequence) {
		refused_last = sequence;
		wakeup_after(resume_wakeup, RESUME_MS);
		return false;
	}
	witness(&by_follower, sequence, data, size);
	finish_if_done();
	return true;
}

static void on_broken(void *context, const char *reason) {
	(void)context;
	(void)reason;
	failed = true;
	service_drained(service);
}

static void on_decided(void *context, const struct bus_message *message) {
	(void)context;
	follower_offer(follower, message);
}

static void on_resume(void *context) {
	(void)context;
	follower_resume(follower);
	reader_resume(reader);
}

/* ---- life -------------------------------------------------------------------------------------- */

static void create_stream(void *context);

static void on_created(void *context, enum stream_outcome outcome, uint64_t sequence) {
	(void)context;
	(void)sequence;
	if (outcome == STREAM_UNKNOWN) {
		wakeup_after(create_wakeup, RETRY_MS); /* a cluster that has just started */
		return;
	}
	if (outcome != STREAM_STORED) {
		on_broken(NULL, "no stream");
		return;
	}
	begun_us = clock_monotonic_us();
	service_set_ready(service, true, NULL);
	publish_next();
}

static void create_stream(void *context) {
	(void)context;
	struct stream_config config = {
		.name = "DEC_" CAMPAIGN,
		.subject = "dec." CAMPAIGN,
		.republish_to = "decided." CAMPAIGN,
		.max_bytes = STREAM_BYTES_MAX,
		.replicas = (int)replicas,
		.undeletable = true,
	};
	stream_create(service_bus(service), &config, PUBLISH_MS_MAX, on_created, NULL);
}

static void start(struct service *started_service) {
	service = started_service;
	struct bus *bus = service_bus(service);
	by_reader.times = memory_new((size_t)messages);
	by_follower.times = memory_new((size_t)messages);
	payload = memory_new(HEAD_BYTES + (size_t)size_max);
	retry_wakeup = wakeup_create(service_loop(service), on_retry, NULL);
	resume_wakeup = wakeup_create(service_loop(service), on_resume, NULL);
	create_wakeup = wakeup_create(service_loop(service), create_stream, NULL);
	create_stream(NULL);
	reader = reader_create(bus, &(struct reader_options){.stream = "DEC_" CAMPAIGN,
					    .from = 1,
					    .handler = on_read,
					    .broken = on_broken});
	follower = follower_create(bus, &(struct follower_options){.campaign = CAMPAIGN,
						.from = 1,
						.handler = on_followed,
						.broken = on_broken});
	bus_subscribe(bus, SUBJECT_DECIDED_ALL, NULL, on_decided, NULL);
}

/* What was begun is written and read to its end. */
static void drain(struct service *draining) {
	(void)draining;
	messages = (int64_t)started;
	finish_if_done();
}

static bool tell(const struct witness *seen) {
	bool good = seen->seen == (uint64_t)messages && seen->again == 0 && seen->harmed == 0;
	printf("%s: %s, saw %" PRIu64 ", again %" PRIu64 ", harmed %" PRIu64 "\n", seen->name,
		good ? "good" : "BAD", seen->seen, seen->again, seen->harmed);
	return good;
}

static void stop(struct service *stopped) {
	struct bus_counters counters = bus_counters(service_bus(stopped));
	double seconds = (double)(clock_monotonic_us() - begun_us) / 1e6;
	printf("writer: stored %" PRIu64 ", retries %" PRIu64 ", connections %" PRIu64
	       ", dropped %" PRIu64 ", %.1f s\n",
		stored, retries, counters.connections, counters.dropped, seconds);
	bool good = tell(&by_reader);
	good = tell(&by_follower) && good && by_reader.digest == by_follower.digest;
	failed = failed || !good;
	reader_destroy(reader);
	follower_destroy(follower);
	wakeup_destroy(create_wakeup);
	wakeup_destroy(retry_wakeup);
	wakeup_destroy(resume_wakeup);
	free(by_reader.times);
	free(by_follower.times);
	free(payload);
}

static const struct parameter parameters[] = {
	{"FIRSTCOME_PROBE_MESSAGES", PARAMETER_NUMBER, &messages, "20000", 1, MESSAGES_MAX,
		"messages to write"},
	{"FIRSTCOME_PROBE_BYTES", PARAMETER_NUMBER, &size_max, "8000", 1, 500000,
		"bytes of the largest message"},
	{"FIRSTCOME_PROBE_REPLICAS", PARAMETER_NUMBER, &replicas, "1", 1, 3,
		"copies of the stream in the cluster"},
	{"FIRSTCOME_PROBE_BLOCK_MS", PARAMETER_NUMBER, &block_ms, "0", 0, 60000,
		"milliseconds that the loop is blocked once"},
	{.type = PARAMETER_END},
};

int main(int argc, char **argv) {
	static const struct service_spec spec = {
		.program = "probe",
		.purpose = "Writes a stream and reads it in two ways.",
		.parameters = parameters,
		.start = start,
		.drain = drain,
		.stop = stop,
	};
	int status = service_run(&spec, argc, argv);
	return failed ? EXIT_FAILURE : status;
}
