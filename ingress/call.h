/*
 * call - one call of the API on its way through the ingress: what a handler gets, and keeps if it
 * answers later.
 */
#ifndef INGRESS_CALL_H
#define INGRESS_CALL_H

#include <stdint.h>

#include "ingress/routes.h"

struct application;
struct exchange;

struct call {
	struct application *application;
	struct exchange *exchange; /* answered exactly once, by reply.h or problem.h */
	enum route route;
	struct http_slice parameter; /* of the path; gone when the handler returned */
	int64_t began_us;            /* monotonic */
};

#endif
