/*
 * reply - sends the answer to a call, and counts it.
 */
#ifndef INGRESS_REPLY_H
#define INGRESS_REPLY_H

#include "common/pure/text.h"
#include "ingress/call.h"
#include "ingress/http.h"

#define REPLY_JSON "application/json"

/* Any response. The call is over. */
void reply_send(const struct call *call, const struct http_response *response);

/* 200 with a JSON body, which must have fitted. */
void reply_json(const struct call *call, const struct text *body);

/* A JSON body that shared caches may keep for a second, with an ETag (its quotes included): 304 to
 * who has it. Inside the handler only. */
void reply_cacheable(const struct call *call, const struct text *body, const char *etag);

/* seconds and up to as much again: what everybody is told at one moment must not bring everybody
 * back at one moment. At least 1. */
int reply_spread(int seconds);

#endif
