/*
 * fake_log - one array of messages, one queue of calls.
 */
#include "tests/fake/fake_log.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES 80u

struct stored {
	char stream[NAME_BYTES];
	char subject[NAME_BYTES];
	uint64_t sequence; /* in its stream */
	uint8_t *bytes;
	size_t size;
};

struct asked {
	char stream[NAME_BYTES];  /* get */
	char subject[NAME_BYTES]; /* publish; get: of the newest that is wanted, or "" */
	uint64_t sequence;        /* get */
	int64_t expected_last;    /* publish: of the subject; -1: any */
	uint8_t *bytes;           /* publish */
	size_t size;
	stream_ack_handler acknowledged; /* NULL: a get */
	stream_get_handler got;
	void *context;
	bool cancelled;
};

static struct {
	char published_to[NAME_BYTES];
	struct stored messages[FAKE_LOG_MESSAGES_MAX];
	size_t messages_count;
	struct asked calls[FAKE_LOG_CALLS_MAX];
	size_t calls_count;
	size_t calls_answered;
	uint32_t failures;
	enum stream_outcome failure;
} fake;

static void set_name(char target[NAME_BYTES], const char *name) {
	snprintf(target, NAME_BYTES, "%s", name == NULL ? "" : name);
}

static uint8_t *copy(const void *bytes, size_t size) {
	uint8_t *copied = malloc(size + 1);
	assert(copied != NULL);
	memcpy(copied, bytes, size);
	return copied;
}

void fake_log_reset(const char *published_to) {
	for (size_t i = 0; i < fake.messages_count; i++) {
		free(fake.messages[i].bytes);
	}
	for (size_t i = fake.calls_answered; i < fake.calls_count; i++) {
		free(fake.calls[i].bytes);
	}
	memset(&fake, 0, sizeof fake);
	set_name(fake.published_to, published_to);
}

static uint64_t last_sequence(const char *stream, const char *subject) {
	for (size_t i = fake.messages_count; i-- > 0;) {
		const struct stored *message = &fake.messages[i];
		if (strcmp(message->stream, stream) == 0 &&
			(subject == NULL || strcmp(message->subject, subject) == 0)) {
			return message->sequence;
		}
	}
	return 0;
}

uint64_t fake_log_put(const char *stream, const char *subject, const void *bytes, size_t size) {
	assert(fake.messages_count < FAKE_LOG_MESSAGES_MAX);
	uint64_t sequence = last_sequence(stream, NULL) + 1;
	struct stored *message = &fake.messages[fake.messages_count++];
	set_name(message->stream, stream);
	set_name(message->subject, subject);
	message->sequence = sequence;
	message->bytes = copy(bytes, size);
	message->size = size;
	return sequence;
}

void fake_log_fail(uint32_t calls, enum stream_outcome outcome) {
	fake.failures = calls;
	fake.failure = outcome;
}

uint32_t fake_log_calls(void) {
	return (uint32_t)fake.calls_count;
}

/* ---- stream.h ---------------------------------------------------------------------------------- */

uint64_t stream_publish(struct bus *bus, const struct bus_publication *publication, int timeout_ms,
	stream_ack_handler handler, void *context) {
	(void)bus;
	(void)timeout_ms;
	assert(fake.calls_count < FAKE_LOG_CALLS_MAX);
	struct asked *call = &fake.calls[fake.calls_count++];
	set_name(call->subject, publication->subject);
	call->expected_last = publication->expected_last_subject_sequence;
	call->bytes = copy(publication->data, publication->size);
	call->size = publication->size;
	call->acknowledged = handler;
	call->context = context;
	return fake.calls_count;
}

uint64_t stream_get(struct bus *bus, const struct stream_get *get, int timeout_ms,
	stream_get_handler handler, void *context) {
	(void)bus;
	(void)timeout_ms;
	assert(fake.calls_count < FAKE_LOG_CALLS_MAX);
	struct asked *call = &fake.calls[fake.calls_count++];
	set_name(call->stream, get->stream);
	set_name(call->subject, get->last_by_subject);
	call->sequence = get->sequence;
	call->got = handler;
	call->context = context;
	return fake.calls_count;
}

/* A call is named by its place in the queue, from 1. */
void bus_cancel(struct bus *bus, uint64_t request) {
	(void)bus;
	if (request > fake.calls_answered && request <= fake.calls_count) {
		fake.calls[request - 1].cancelled = true;
	}
}

const char *stream_outcome_name(enum stream_outcome outcome) {
	(void)outcome;
	return "fake";
}

/* ---- answers ----------------------------------------------------------------------------------- */

static void answer_publish(const struct asked *call) {
	uint64_t last = last_sequence(fake.published_to, call->subject);
	if (call->expected_last >= 0 && (uint64_t)call->expected_last != last) {
		call->acknowledged(call->context, STREAM_CONFLICT, 0);
		return;
	}
	uint64_t sequence = fake_log_put(fake.published_to, call->subject, call->bytes, call->size);
	call->acknowledged(call->context, STREAM_STORED, sequence);
}

static void answer_get(const struct asked *call) {
	uint64_t wanted = call->subject[0] == '\0' ? call->sequence
						   : last_sequence(call->stream, call->subject);
	for (size_t i = 0; i < fake.messages_count; i++) {
		const struct stored *message = &fake.messages[i];
		if (message->sequence == wanted && strcmp(message->stream, call->stream) == 0) {
			const struct bus_message found = {
				.subject = message->subject,
				.data = message->bytes,
				.size = message->size,
				.sequence = wanted,
			};
			call->got(call->context, STREAM_STORED, &found);
			return;
		}
	}
	call->got(call->context, STREAM_MISSING, NULL);
}

static void answer_failure(const struct asked *call) {
	fake.failures--;
	if (call->acknowledged != NULL) {
		call->acknowledged(call->context, fake.failure, 0);
	} else {
		call->got(call->context, fake.failure, NULL);
	}
}

static void answer(const struct asked *call) {
	if (fake.failures > 0) {
		answer_failure(call);
	} else if (call->acknowledged != NULL) {
		answer_publish(call);
	} else {
		answer_get(call);
	}
}

void fake_log_step(void) {
	assert(fake.calls_answered < fake.calls_count);
	const struct asked *call = &fake.calls[fake.calls_answered++];
	if (!call->cancelled) {
		answer(call);
	}
	free(call->bytes);
}

void fake_log_run(void) {
	while (fake.calls_answered < fake.calls_count) {
		fake_log_step();
	}
}
