/*
 * transfers - hands messages to one server, several at a time, over connections that are kept.
 *
 *	loop thread                                   a thread for each connection
 *	transfers_start ──the slot's condition──▶  curl_easy_perform
 *	handler ◀──queue, uv_async───────────────
 *
 * SMTP or HTTP, by the URL. The only file that includes curl/curl.h. Why so many threads: libcurl
 * waits inside its calls for a mail server's answer to the mail itself, and to QUIT. With its
 * multi interface on one thread, connections would take turns at being answered (measured with
 * libcurl 7.88: 16 connections to a server that takes three seconds for a mail sent one mail in
 * three seconds).
 *
 * Nothing is fatal but a libcurl that cannot be set up; nothing is retried, but a connection that
 * turns out to be closed before anything was sent on it. All functions are for the loop thread.
 */
#ifndef COMMON_TRANSFERS_H
#define COMMON_TRANSFERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/pure/limits.h"

/* A command or a request that is not answered for so long has failed. */
#define TRANSFERS_ANSWER_SECONDS 15
/* From the start of a transfer to its end: with connecting, greeting and login. */
#define TRANSFERS_SECONDS_MAX 25
/* Each is a thread. */
#define TRANSFERS_CONNECTIONS_MAX 128
/* The longest mail (notifier/mime.h). */
#define TRANSFER_BODY_BYTES_MAX 49152u
#define TRANSFER_URL_BYTES 1024u
#define TRANSFER_PATH_BYTES 256u
#define TRANSFER_HEADER_BYTES 160u
#define TRANSFER_TYPE_BYTES 64u
/* What is kept of an answer: a hundred payments of one order, as the longest. */
#define TRANSFER_WORDS_BYTES 131072u

struct transfers;
struct uv_loop_s;

struct transfers_options {
	const char *url;  /* smtp, smtps, http or https; HTTP: what all paths begin with */
	const char *user; /* NULL: none */
	const char *password;
	const char *mail_from; /* SMTP: the envelope's sender */
	bool tls_required; /* SMTP: no mail without STARTTLS; otherwise TLS where it is offered */
	uint32_t connections; /* the caller starts no more at once */
};

/* One message, filled in by the caller. Texts are "" before that. */
struct transfer {
	char recipient[CONTACT_BYTES_MAX + 1];  /* SMTP: RCPT TO */
	char path[TRANSFER_PATH_BYTES];         /* HTTP: what follows the url, with query */
	char header[TRANSFER_HEADER_BYTES];     /* HTTP: one header line more, or "" */
	char content_type[TRANSFER_TYPE_BYTES]; /* HTTP: of the body; "": a form */
	char body[TRANSFER_BODY_BYTES_MAX];     /* SMTP: the mail; HTTP: what is posted */
	size_t body_size;                       /* HTTP: 0 makes it a GET */
	void *context;                          /* the caller's */
};

/* How far it came. */
enum transfer_stage {
	TRANSFER_UNREACHED, /* no connection, greeting, TLS or login: the message did not leave */
	TRANSFER_SENDER_REFUSED, /* SMTP: the server takes no mail from us */
	TRANSFER_ANSWERED,       /* the server answered to this message */
	TRANSFER_UNSURE,         /* the message left, and no answer came: it may have been taken */
};

struct transfer_reply {
	enum transfer_stage stage;
	int status; /* SMTP or HTTP status; 0 if there was none */
	/* HTTP: what Retry-After says, else 0. Any number: a provider may name a time that is over. */
	int64_t retry_after_seconds;
	/* The last line of an SMTP server, the content of an HTTP answer, or where there was no
	 * answer what libcurl says. NUL-terminated; cut if it is longer. It may hold the
	 * recipient. */
	char words[TRANSFER_WORDS_BYTES];
	size_t words_size;
	bool words_are_cut;
};

/* Called on the loop, once for each started transfer; both are borrowed for the call. */
typedef void (*transfers_handler)(
	void *owner, struct transfer *transfer, const struct transfer_reply *reply);

/* Once, before anything else here and before there are threads. */
void transfers_init(void);

/* Strings are borrowed. Connects when there is something to send. */
struct transfers *transfers_create(struct uv_loop_s *loop, const struct transfers_options *options,
	transfers_handler handler, void *owner);
/* Breaks off what is under way, without calling the handler. The loop must turn once more. NULL is
 * allowed. */
void transfers_destroy(struct transfers *transfers);

/* An empty transfer, or NULL if options.connections + 1 are under way. It must be started, or
 * given back. */
struct transfer *transfers_take(struct transfers *transfers);
void transfers_give_back(struct transfers *transfers, struct transfer *transfer);
void transfers_start(struct transfers *transfers, struct transfer *transfer);

#endif
