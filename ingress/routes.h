/*
 * routes - which call a method and a path mean.
 *
 * Pure: the whole API is one table in routes.c. A path that has no row is unknown (404); a path
 * that has rows, but not for this method, is known by them (405, with Allow). What does not begin
 * with /v1/ is a file of the page.
 */
#ifndef INGRESS_ROUTES_H
#define INGRESS_ROUTES_H

#include "ingress/http.h"

enum route {
	ROUTE_BOOK,         /* POST /v1/bookings */
	ROUTE_REQUEST,      /* GET /v1/requests/{ticket} */
	ROUTE_AVAILABILITY, /* GET /v1/campaigns/{id}/availability */
	ROUTE_CAMPAIGN,     /* GET /v1/campaigns/{id} */
	ROUTE_CAMPAIGNS,    /* GET /v1/campaigns */
	ROUTE_DEFINITION,   /* GET /v1/campaigns/{id}/definition */
	ROUTE_REGISTER,     /* POST /v1/register */
	ROUTE_LOGIN,        /* POST /v1/login */
	ROUTE_BOOKINGS,     /* GET /v1/bookings */
	ROUTE_BOOKING,      /* GET /v1/bookings/{id} */
	ROUTE_CANCEL,       /* DELETE /v1/bookings/{id} */
	ROUTE_FILE,         /* GET of anything outside /v1/ */
	ROUTE_NONE,         /* no such call */
	ROUTE_COUNT,
};

enum route_outcome { ROUTE_FOUND, ROUTE_UNKNOWN_PATH, ROUTE_OTHER_METHOD };

struct route_match {
	enum route route;            /* ROUTE_NONE unless found */
	struct http_slice parameter; /* what stands for {id} or {ticket}; 1 to 64 bytes, no '%' */
	const char *allow;           /* with ROUTE_OTHER_METHOD: the methods that the path has */
};

/* HEAD is answered wherever GET is. */
enum route_outcome routes_match(
	struct route_match *match, enum http_method method, struct http_slice path);

/* The row as text, for metrics: "POST /v1/bookings". */
const char *routes_name(enum route route);

#endif
