/*
 * bearer - the token that a request shows in its Authorization header (RFC 6750).
 */
#ifndef INGRESS_BEARER_H
#define INGRESS_BEARER_H

#include <stdbool.h>

#include "common/token.h"
#include "ingress/call.h"

enum bearer_outcome { BEARER_VALID, BEARER_MISSING, BEARER_INVALID, BEARER_EXPIRED };

/* Inside the handler only: looks at the request. */
enum bearer_outcome bearer_read(const struct call *call, struct token *token);

/* The same, for calls that need a person: answers the call with 401 and returns false if there
 * is no valid token. */
bool bearer_require(const struct call *call, struct token *token);

#endif
