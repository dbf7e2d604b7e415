/*
 * session - the broker, one question after the other: the loop turns until the answer is there.
 */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/cli.h"
#include "common/bus.h"
#include "common/stream.h"

struct session;
struct uv_loop_s;

#define SESSION_CONNECT_SECONDS 5u
#define SESSION_TIMEOUT_MS 5000

/* Connects; NULL if that did not work in time, said on standard error. */
struct session *session_open(const struct cli *cli);
/* NULL is allowed. */
void session_close(struct session *session);
struct bus *session_bus(struct session *session);
struct uv_loop_s *session_loop(struct session *session);

/* What came back; owned by the session, until its next question. data has a NUL behind it. */
struct session_reply {
	const char *data;
	size_t size;
	int status;        /* of a reply without data, else 0 */
	uint64_t sequence; /* of a message out of a stream, or where a message was stored */
	int64_t time_ms;   /* when the broker stored it */
};

enum bus_outcome session_request(struct session *session, const char *subject, const char *data,
	int timeout_ms, struct session_reply *reply);
/* Says on standard error what a request that got no reply means. */
void session_complain(enum bus_outcome outcome, const char *whom);

/* The message, from the stream's leader: never stale. */
enum stream_outcome session_get(
	struct session *session, const struct stream_get *get, struct session_reply *reply);
enum stream_outcome session_create(struct session *session, const struct stream_config *config);

#endif
