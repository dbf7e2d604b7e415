#include "cli/tape.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "common/json.h"
#include "common/memory.h"
#include "common/pure/subjects.h"

#define GET_TIMEOUT_MS 2000
#define GET_TRIES_MAX 10u

/* One message of the window. */
struct frame {
	struct tape *tape;
	uint64_t sequence;
	uint32_t tries;
	bool there;
	int64_t time_ms;
	uint8_t *data; /* owned */
	size_t size;
};

struct tape {
	struct session *session;
	char stream[SUBJECT_BYTES_MAX];
	uint64_t last;
	uint64_t asked; /* the last one that was asked for */
	uint64_t given; /* the last one that tape_next gave */
	bool failed;
	struct frame frames[TAPE_WINDOW];
};

static void ask(struct frame *frame);

static void on_message(
	void *context, enum stream_outcome outcome, const struct bus_message *message) {
	struct frame *frame = context;
	struct tape *tape = frame->tape;
	if (outcome == STREAM_STORED) {
		frame->data = memory_copy(message->data, message->size);
		frame->size = message->size;
		frame->time_ms = message->time_ms;
		frame->there = true;
	} else if (++frame->tries < GET_TRIES_MAX && !tape->failed) {
		ask(frame);
	} else if (!tape->failed) {
		tape->failed = true;
		fprintf(stderr,
			"firstcome: cannot get message %" PRIu64 " of %s (%s): was it deleted?\n",
			frame->sequence, tape->stream, stream_outcome_name(outcome));
	}
}

static void ask(struct frame *frame) {
	stream_get(session_bus(frame->tape->session),
		&(struct stream_get){
			.stream = frame->tape->stream,
			.sequence = frame->sequence,
		},
		GET_TIMEOUT_MS, on_message, frame);
}

static void ask_ahead(struct tape *tape) {
	while (tape->asked < tape->last && tape->asked < tape->given + TAPE_WINDOW) {
		uint64_t sequence = ++tape->asked;
		struct frame *frame = &tape->frames[sequence % TAPE_WINDOW];
		*frame = (struct frame){.tape = tape, .sequence = sequence};
		ask(frame);
	}
}

/* The last sequence of the stream; false if the broker does not know the stream. */
static bool look_up_last(struct tape *tape) {
	char subject[SUBJECT_BYTES_MAX + 32];
	snprintf(subject, sizeof subject, "$JS.API.STREAM.INFO.%s", tape->stream);
	struct session_reply reply;
	enum bus_outcome outcome =
		session_request(tape->session, subject, "", SESSION_TIMEOUT_MS, &reply);
	if (outcome != BUS_REPLIED) {
		session_complain(outcome, "the broker's JetStream");
		return false;
	}
	struct json_object object;
	struct json_object state;
	json_init(&object, reply.data, reply.size);
	bool found = json_inner(&state, &object, "state");
	if (found) {
		tape->last = json_u64(&state, "last_seq", 0, UINT64_MAX >> 11);
		found = !state.failed;
	}
	json_finish(&object);
	if (!found) {
		fprintf(stderr, "firstcome: there is no stream %s: is the campaign's id right?\n",
			tape->stream);
	}
	return found;
}

struct tape *tape_open(struct session *session, const char *stream) {
	struct tape *tape = memory_new(sizeof *tape);
	tape->session = session;
	snprintf(tape->stream, sizeof tape->stream, "%s", stream);
	if (!look_up_last(tape)) {
		free(tape);
		return NULL;
	}
	return tape;
}

void tape_close(struct tape *tape) {
	if (tape == NULL) {
		return;
	}
	for (size_t i = 0; i < TAPE_WINDOW; i++) {
		free(tape->frames[i].data);
	}
	free(tape);
}

uint64_t tape_last(const struct tape *tape) {
	return tape->last;
}

bool tape_failed(const struct tape *tape) {
	return tape->failed;
}

bool tape_next(struct tape *tape, struct tape_message *message) {
	struct frame *before = &tape->frames[tape->given % TAPE_WINDOW];
	free(before->data);
	before->data = NULL;
	if (tape->given == tape->last) {
		return false;
	}
	ask_ahead(tape);
	struct frame *frame = &tape->frames[(tape->given + 1) % TAPE_WINDOW];
	while (!frame->there && !tape->failed) {
		uv_run(session_loop(tape->session), UV_RUN_ONCE);
	}
	if (tape->failed) {
		return false;
	}
	tape->given++;
	*message = (struct tape_message){
		.sequence = frame->sequence,
		.time_ms = frame->time_ms,
		.data = frame->data,
		.size = frame->size,
	};
	return true;
}
