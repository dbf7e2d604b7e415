/*
 * migrate_streams - the streams that are not a campaign's, and the consumers of the work queues.
 */
#include <inttypes.h>
#include <stdio.h>

#include "cli/migrate.h"
#include "cli/session.h"
#include "common/json.h"
#include "common/pure/subjects.h"

#define MB (INT64_C(1) << 20)
/* A code is worth nothing after ten minutes. */
#define CODE_AGE_SECONDS 600
/* What providers told long ago is in the books, or was found by asking. */
#define PAYMENTS_AGE_SECONDS (INT64_C(90) * 24 * 3600)
/* A month is enough for a person to look at what no program could read. */
#define DEADLETTER_AGE_SECONDS (INT64_C(30) * 24 * 3600)
#define REQUEST_BYTES 512u
#define SUBJECT_BYTES 128u
#define DESCRIPTION_BYTES_MAX 4096u

static bool make_stream(struct session *session, const struct stream_config *config) {
	enum stream_outcome outcome = session_create(session, config);
	if (outcome == STREAM_STORED) {
		printf("stream %s is there\n", config->name);
		return true;
	}
	fprintf(stderr, "firstcome: stream %s: %s. %s\n", config->name,
		stream_outcome_name(outcome),
		outcome == STREAM_UNKNOWN
			? "The broker did not answer: is it up, with JetStream enabled? Try again"
			: "Are there as many brokers as --replicas says, and all up? If the "
			  "stream is there with other sizes, give the ones that it has (firstcome "
			  "migrate --help)");
	return false;
}

/* A durable consumer that clients pull from, in the words of the JetStream API. */
struct queue {
	const char *stream;
	const char *consumer;
	int64_t ack_wait_seconds; /* then a message that was not acknowledged comes again */
	int64_t unacknowledged_max;
};

static bool tell_reply(const struct queue *queue, const struct session_reply *reply) {
	struct json_object object;
	struct json_object error;
	json_init(&object, reply->data, reply->size);
	bool refused = json_inner(&error, &object, "error");
	bool good = !object.failed && !refused;
	if (good) {
		printf("consumer %s of %s is there\n", queue->consumer, queue->stream);
	} else {
		fprintf(stderr, "firstcome: consumer %s of %s: %s\n", queue->consumer,
			queue->stream,
			refused ? json_string_or(
					  &error, "description", DESCRIPTION_BYTES_MAX, "refused")
				: object.error);
	}
	json_finish(&object);
	return good;
}

static bool make_consumer(
	struct session *session, const struct queue *queue, const struct migrate_sizes *sizes) {
	char subject[SUBJECT_BYTES];
	char request[REQUEST_BYTES];
	snprintf(subject, sizeof subject, "$JS.API.CONSUMER.DURABLE.CREATE.%s.%s", queue->stream,
		queue->consumer);
	snprintf(request, sizeof request,
		"{\"stream_name\":\"%s\",\"config\":{\"durable_name\":\"%s\","
		"\"deliver_policy\":\"all\",\"ack_policy\":\"explicit\",\"replay_policy\":"
		"\"instant\","
		"\"ack_wait\":%" PRId64 "000000000,\"max_deliver\":-1,\"max_ack_pending\":%" PRId64
		",\"num_replicas\":%" PRId64 "}}",
		queue->stream, queue->consumer, queue->ack_wait_seconds, queue->unacknowledged_max,
		sizes->replicas);
	struct session_reply reply;
	enum bus_outcome outcome =
		session_request(session, subject, request, SESSION_TIMEOUT_MS, &reply);
	if (outcome != BUS_REPLIED) {
		session_complain(outcome, "the broker's JetStream");
		return false;
	}
	return tell_reply(queue, &reply);
}

static bool make_all(struct session *session, const struct migrate_sizes *sizes) {
	int replicas = (int)sizes->replicas;
	int64_t file_bytes = sizes->accounts_mb * MB;
	int64_t codes_bytes = sizes->codes_mb * MB;
	const struct stream_config streams[] = {
		{.name = STREAM_CAMPAIGNS,
			.subject = SUBJECT_CAMPAIGNS_ALL,
			.max_bytes = file_bytes,
			.replicas = replicas,
			.undeletable = true},
		{.name = STREAM_ACCOUNTS,
			.subject = SUBJECT_ACCOUNTS_VERIFIED,
			.max_bytes = file_bytes,
			.replicas = replicas,
			.work_queue = true},
		{.name = STREAM_CODES,
			.subject = SUBJECT_CODES_SEND,
			.max_bytes = codes_bytes,
			.max_age_seconds = CODE_AGE_SECONDS,
			.replicas = replicas,
			.fleeting = true,
			.work_queue = true},
		{.name = STREAM_CODEBOOK,
			.subject = SUBJECT_CODEBOOK_ALL,
			.max_bytes = codes_bytes,
			.max_age_seconds = CODE_AGE_SECONDS,
			.replicas = replicas,
			.fleeting = true,
			.last_per_subject = true},
		{.name = STREAM_PAYMENTS,
			.subject = SUBJECT_PAYMENTS_ALL,
			.max_bytes = file_bytes,
			.max_age_seconds = PAYMENTS_AGE_SECONDS,
			.replicas = replicas},
		{.name = STREAM_DEADLETTER,
			.subject = SUBJECT_DEADLETTER_ALL,
			.max_bytes = file_bytes,
			.max_age_seconds = DEADLETTER_AGE_SECONDS,
			.replicas = replicas},
	};
	const struct queue queues[] = {
		{STREAM_ACCOUNTS, CONSUMER_ACCOUNTS, 30, 10000},
		{STREAM_CODES, CONSUMER_CODES, 30, 10000},
	};
	for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
		if (!make_stream(session, &streams[i])) {
			return false;
		}
	}
	for (size_t i = 0; i < sizeof queues / sizeof *queues; i++) {
		if (!make_consumer(session, &queues[i], sizes)) {
			return false;
		}
	}
	return true;
}

bool migrate_streams(const struct cli *cli, const struct migrate_sizes *sizes) {
	struct session *session = session_open(cli);
	if (session == NULL) {
		return false;
	}
	bool good = make_all(session, sizes);
	session_close(session);
	return good;
}
