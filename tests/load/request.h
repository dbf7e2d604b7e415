/*
 * request - requests as bytes, made once; what differs from person to person is written into its place.
 *
 * Pure.
 */
#ifndef TESTS_LOAD_REQUEST_H
#define TESTS_LOAD_REQUEST_H

#include <stddef.h>
#include <stdint.h>

#include "ingress/tickets.h"
#include "tests/load/crowd.h"

struct options;

#define REQUEST_BYTES_MAX 1024u

struct request {
	char bytes[REQUEST_BYTES_MAX];
	size_t size;
	char *token; /* booking: where these stand in bytes */
	char *key;
};

/* A booking of one unit by anybody; exits if the options make it too long. */
void request_book(struct request *request, const struct options *options);
/* Makes it the booking of this person. */
void request_set_person(struct request *request, const struct crowd *crowd, uint32_t person);
/* Reads a path. etag: with its quotes, for who has a version of it already; "" for who has not. */
void request_get(
	struct request *request, const struct options *options, const char *path, const char *etag);

#endif
