/*
 * wish - what a booking request asks for: its body, its Idempotency-Key and its Prefer header.
 *
 * Pure. The hot path: the body as nearly every client writes it,
 * {"campaign_id":"burger","count":1}, is scanned in place; any other JSON goes to common/json.h,
 * which says what is wrong with it.
 */
#ifndef INGRESS_WISH_H
#define INGRESS_WISH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/json.h"
#include "common/pure/limits.h"
#include "ingress/http.h"

/* Longer waits would keep more connections than they save polls. */
#define WISH_WAIT_SECONDS_MAX 10
#define IDEMPOTENCY_KEY_BYTES_MAX 255u

struct wish {
	char campaign_id[CAMPAIGN_ID_BYTES_MAX + 1]; /* not checked to be one */
	uint32_t count; /* 1 if left out; up to WISH_COUNT_MAX, which no campaign allows */
};

#define WISH_COUNT_MAX 1000000u

/* False if it is not such a body: error says why. */
bool wish_read(struct wish *wish, char error[JSON_ERROR_BYTES], struct http_slice body);

/* The key without its quotes: 1 to 255 visible ASCII characters, as a structured-field string or
 * bare. False if there is a key, but not such a one. key->start is NULL if there is none. */
bool wish_idempotency_key(struct http_slice *key, struct http_slice header);

/* The seconds in "wait=N" (RFC 7240), cut to WISH_WAIT_SECONDS_MAX; -1 if there is none. */
int wish_wait_seconds(struct http_slice prefer);

#endif
