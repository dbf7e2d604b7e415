#include "cli/session.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "common/memory.h"
#include "common/parameters.h"

struct session {
	uv_loop_t loop;
	struct bus *bus;
	char *password;
	/* The question under way. */
	bool answered;
	enum bus_outcome bus_outcome;
	enum stream_outcome stream_outcome;
	struct session_reply reply;
	char *data; /* owned; what reply.data points to */
};

/* The alarm is the only thing that can end bus_create while there is no broker. */
static volatile int connect_timed_out;

static void on_alarm(int signal_number) {
	(void)signal_number;
	connect_timed_out = 1;
}

struct session *session_open(const struct cli *cli) {
	struct session *session = memory_new(sizeof *session);
	session->password = parameters_read_secret_file(cli->nats_password_file);
	int failed = uv_loop_init(&session->loop);
	assert(failed == 0);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGALRM, on_alarm);
	alarm(SESSION_CONNECT_SECONDS);
	session->bus = bus_create(&session->loop,
		&(struct bus_options){
			.url = cli->nats_url,
			.user = cli->nats_user,
			.password = session->password,
			.name = "firstcome",
		},
		&connect_timed_out);
	alarm(0);
	if (session->bus == NULL) {
		fprintf(stderr,
			"firstcome: no connection to the broker at %s: is it running, and are "
			"FIRSTCOME_NATS_URL, _USER and _PASSWORD_FILE right?\n",
			cli->nats_url);
		session_close(session);
		return NULL;
	}
	return session;
}

void session_close(struct session *session) {
	if (session == NULL) {
		return;
	}
	bus_destroy(session->bus);
	uv_run(&session->loop, UV_RUN_DEFAULT);
	uv_loop_close(&session->loop);
	free(session->password);
	free(session->data);
	free(session);
}

struct bus *session_bus(struct session *session) {
	return session->bus;
}

struct uv_loop_s *session_loop(struct session *session) {
	return &session->loop;
}

static void begin(struct session *session) {
	session->answered = false;
	session->reply = (struct session_reply){.data = ""};
}

static void wait_for_answer(struct session *session) {
	while (!session->answered) {
		uv_run(&session->loop, UV_RUN_ONCE);
	}
}

static void keep(struct session *session, const struct bus_message *message) {
	session->answered = true;
	if (message == NULL) {
		return;
	}
	free(session->data);
	session->data = malloc(message->size + 1);
	assert(session->data != NULL);
	if (message->size > 0) {
		memcpy(session->data, message->data, message->size);
	}
	session->data[message->size] = '\0';
	session->reply = (struct session_reply){
		.data = session->data,
		.size = message->size,
		.status = message->status,
		.sequence = message->sequence,
		.time_ms = message->time_ms,
	};
}

static void on_reply(void *context, enum bus_outcome outcome, const struct bus_message *message) {
	struct session *session = context;
	session->bus_outcome = outcome;
	keep(session, message);
}

static void on_message(
	void *context, enum stream_outcome outcome, const struct bus_message *message) {
	struct session *session = context;
	session->stream_outcome = outcome;
	keep(session, message);
}

static void on_created(void *context, enum stream_outcome outcome, uint64_t sequence) {
	struct session *session = context;
	(void)sequence;
	session->stream_outcome = outcome;
	session->answered = true;
}

enum bus_outcome session_request(struct session *session, const char *subject, const char *data,
	int timeout_ms, struct session_reply *reply) {
	begin(session);
	bus_request(session->bus,
		&(struct bus_publication){
			.subject = subject,
			.data = data,
			.size = strlen(data),
			.expected_last_sequence = -1,
			.expected_last_subject_sequence = -1,
		},
		timeout_ms, on_reply, session);
	wait_for_answer(session);
	*reply = session->reply;
	return session->bus_outcome;
}

void session_complain(enum bus_outcome outcome, const char *whom) {
	static const char *const sentences[] = {
		[BUS_REPLIED] = "answered in a way that this tool does not understand",
		[BUS_NO_RESPONDERS] = "is not there: start it, then try again",
		[BUS_TIMED_OUT] =
			"did not answer in time: it may have done it or not; look, and try "
			"again",
		[BUS_DISCONNECTED] = "may have got it or not, the connection broke: look, and try "
				     "again",
		[BUS_OVERLOADED] = "was not asked, too much is under way: try again",
	};
	fprintf(stderr, "firstcome: %s %s\n", whom, sentences[outcome]);
}

enum stream_outcome session_get(
	struct session *session, const struct stream_get *get, struct session_reply *reply) {
	begin(session);
	struct stream_get from_leader = *get;
	from_leader.from_leader = true;
	stream_get(session->bus, &from_leader, SESSION_TIMEOUT_MS, on_message, session);
	wait_for_answer(session);
	*reply = session->reply;
	return session->stream_outcome;
}

enum stream_outcome session_create(struct session *session, const struct stream_config *config) {
	begin(session);
	stream_create(session->bus, config, SESSION_TIMEOUT_MS, on_created, session);
	wait_for_answer(session);
	return session->stream_outcome;
}
