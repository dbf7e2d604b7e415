#include "common/stream_reply.h"

#include <stdio.h>

/* Error codes are JetStream's API, the same in every version of the server; see its errors.json. */
static enum stream_outcome outcome_of(uint32_t code, uint32_t error_code) {
	switch (error_code) {
	case 10071: /* wrong last sequence */
	case 10164: /* wrong last sequence, on clusters, while another publish is under way */
		return STREAM_CONFLICT;
	case 10037: /* no message found */
	case 10043: /* sequence not found */
	case 10059: /* stream not found */
		return STREAM_MISSING;
	case 10002: /* resource limits exceeded for account */
	case 10023: /* insufficient resources */
	case 10028: /* insufficient memory */
	case 10047: /* insufficient storage */
	case 10077: /* store failed: maximum bytes exceeded, or the disk */
		return STREAM_FULL;
	case 10005: /* no suitable peers for placement: brokers are missing */
	case 10074: /* replicas > 1 not supported in non-clustered mode; with code 500 */
		return STREAM_REFUSED;
	case 10158: /* the same message id is being stored */
	case 10167: /* too many requests */
		return STREAM_UNKNOWN;
	default:
		/* No leader, not ready, timed out: all of these pass. */
		return code >= 500 ? STREAM_UNKNOWN : STREAM_REFUSED;
	}
}

static void copy_harmless(char *target, size_t size, const char *words) {
	snprintf(target, size, "%s", words);
	for (char *c = target; *c != '\0'; c++) {
		if (*c == '"' || *c == '\\' || (unsigned char)*c < ' ') {
			*c = '\'';
		}
	}
}

void stream_reply_read(struct stream_reply *reply, struct json_object *json) {
	*reply = (struct stream_reply){.outcome = STREAM_STORED};
	struct json_object error;
	if (json->failed) {
		reply->outcome = STREAM_UNKNOWN;
		copy_harmless(reply->error, sizeof(reply->error), json->error);
	} else if (json_inner(&error, json, "error")) {
		uint32_t code = (uint32_t)json_u64_or(&error, "code", 0, 999, 500);
		reply->error_code = (uint32_t)json_u64_or(&error, "err_code", 0, 99999, 0);
		reply->outcome = outcome_of(code, reply->error_code);
		copy_harmless(reply->error, sizeof(reply->error),
			json_string_or(&error, "description", 4096, "no description"));
	}
}

void stream_reply_read_ack(struct stream_reply *reply, const uint8_t *data, size_t size) {
	struct json_object json;
	json_init(&json, (const char *)data, size);
	stream_reply_read(reply, &json);
	if (reply->outcome == STREAM_STORED) {
		reply->sequence = json_u64_or(&json, "seq", 0, INT64_MAX, 0);
		if (reply->sequence == 0) {
			/* Some servers answer so to a duplicate of what they never stored. */
			reply->outcome = STREAM_UNKNOWN;
		}
	}
	json_finish(&json);
}
