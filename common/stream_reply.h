/*
 * stream_reply - reads what JetStream answers. No I/O.
 */
#ifndef COMMON_STREAM_REPLY_H
#define COMMON_STREAM_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/json.h"
#include "common/stream.h"

#define STREAM_ERROR_BYTES 200u

struct stream_reply {
	enum stream_outcome outcome;
	uint64_t sequence;              /* of an acknowledgement, if stored */
	uint32_t error_code;            /* JetStream's own, 0 if none */
	char error[STREAM_ERROR_BYTES]; /* JetStream's words, fit to stand between double quotes */
};

/* What the "error" of a reply means: STREAM_STORED if there is none. json may be a failed one
 * (STREAM_UNKNOWN: not a reply of JetStream). */
void stream_reply_read(struct stream_reply *reply, struct json_object *json);

/* The acknowledgement of a publish. */
void stream_reply_read_ack(struct stream_reply *reply, const uint8_t *data, size_t size);

#endif
