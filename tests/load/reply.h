/*
 * reply - reads the answers of our own server: the status, what the body is, and the few headers that
 * a client acts on.
 *
 * Pure. Made for speed and for our own servers: every answer has a Content-Length, or none because
 * there is no body, and header names are written as ingress/http_write.c (and the sandbox) writes
 * them. What is different is broken, and is counted as that.
 */
#ifndef TESTS_LOAD_REPLY_H
#define TESTS_LOAD_REPLY_H

#include <stdbool.h>
#include <stddef.h>

/* The largest head and body that are read. */
#define REPLY_BYTES_MAX 65536u

struct reply {
	int status;
	int retry_after_s; /* 0: none */
	bool closes;       /* the last one of its connection */
	const char *etag;  /* with its quotes; NULL: none */
	size_t etag_size;
	const char *body;
	size_t body_size;
	size_t size; /* of head and body */
};

enum reply_outcome { REPLY_INCOMPLETE, REPLY_COMPLETE, REPLY_BROKEN };

/* Borrows from bytes. */
enum reply_outcome reply_read(struct reply *reply, const char *bytes, size_t size);

/* Copies the value of a member of the body, a string without its quotes or a number, as it stands, NUL-
 * terminated. The first of that name, at whatever depth. False if there is none, or it is too long. */
bool reply_member(const struct reply *reply, const char *name, char *target, size_t capacity);

#endif
