/*
 * mail_sink - a mail server that takes everything, keeps nothing, and counts.
 *
 *	mail_sink		listens on 127.0.0.1, and prints the port
 *
 * For the bench: the sandbox, which keeps mail for people to read, costs more than all that sends it.
 * It speaks as much of SMTP (RFC 5321) as a client needs, and one command of its own:
 *
 *	XCOUNTS   250 mails=N twice=N nameless=N     taken; of these, with a Message-ID that was there
 *	                                             before; without one
 */
#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <uv.h>

#include "common/memory.h"

/* A line has at most 1000 bytes (RFC 5321, 4.5.3.1.6); many of them come at once. */
#define BYTES_MAX 65536u
#define BACKLOG 512
#define IDS_MIN (1u << 16)
#define ID_HEADER "Message-ID:"

enum part { COMMANDS, HEAD, BODY };

struct client {
	uv_tcp_t tcp;
	enum part part;
	bool is_named; /* HEAD, BODY: it has a Message-ID */
	bool is_twice;
	size_t used;
	char bytes[BYTES_MAX];
};

/* Hashes of Message-IDs; 0 is an empty place. Of ten million, two collide once in 400,000 runs. */
static uint64_t *ids;
static size_t ids_capacity;
static size_t ids_count;
static uint64_t mails, twice, nameless;

/* ---- the Message-IDs that were seen ---------------------------------------------------------- */

/* FNV-1a, never 0. */
static uint64_t hash_of(const char *bytes, size_t size) {
	uint64_t hash = UINT64_C(14695981039346656037);
	for (size_t i = 0; i < size; i++) {
		hash = (hash ^ (uint8_t)bytes[i]) * UINT64_C(1099511628211);
	}
	return hash == 0 ? 1 : hash;
}

/* False if it is there. */
static bool put(uint64_t hash) {
	size_t at = (size_t)(hash >> 16) & (ids_capacity - 1);
	while (ids[at] != 0 && ids[at] != hash) {
		at = (at + 1) & (ids_capacity - 1);
	}
	bool is_new = ids[at] == 0;
	ids[at] = hash;
	return is_new;
}

static void grow(void) {
	uint64_t *old = ids;
	size_t old_capacity = ids_capacity;
	ids_capacity = old == NULL ? IDS_MIN : old_capacity * 2;
	ids = memory_new(ids_capacity * sizeof *ids);
	for (size_t i = 0; i < old_capacity; i++) {
		if (old[i] != 0) {
			(void)put(old[i]);
		}
	}
	free(old);
}

/* Whether it was seen before. */
static bool remember(const char *id, size_t size) {
	if (ids_count * 2 >= ids_capacity) {
		grow();
	}
	bool is_new = put(hash_of(id, size));
	ids_count += is_new;
	return !is_new;
}

/* ---- one client ------------------------------------------------------------------------------ */

static void on_closed(uv_handle_t *handle) {
	free(handle->data);
}

static void leave(struct client *client) {
	uv_handle_t *handle = (uv_handle_t *)&client->tcp;
	if (!uv_is_closing(handle)) {
		uv_close(handle, on_closed);
	}
}

/* Who does not take a short answer at once is not listening. */
static void say(struct client *client, const char *words) {
	uv_buf_t buffer = uv_buf_init((char *)words, (unsigned)strlen(words));
	if (uv_try_write((uv_stream_t *)&client->tcp, &buffer, 1) != (int)buffer.len) {
		leave(client);
	}
}

static void say_counts(struct client *client) {
	char words[128];
	snprintf(words, sizeof words,
		"250 mails=%" PRIu64 " twice=%" PRIu64 " nameless=%" PRIu64 "\r\n", mails, twice,
		nameless);
	say(client, words);
}

static bool begins(const char *line, size_t size, const char *word) {
	return size >= strlen(word) && strncasecmp(line, word, strlen(word)) == 0;
}

static void take_command(struct client *client, const char *line, size_t size) {
	if (begins(line, size, "DATA")) {
		client->part = HEAD;
		client->is_named = false;
		client->is_twice = false;
		say(client, "354 go on\r\n");
	} else if (begins(line, size, "XCOUNTS")) {
		say_counts(client);
	} else if (begins(line, size, "QUIT")) {
		say(client, "221 bye\r\n");
		leave(client);
	} else {
		say(client, "250 ok\r\n");
	}
}

static void take_end(struct client *client) {
	client->part = COMMANDS;
	mails++;
	twice += client->is_twice;
	nameless += !client->is_named;
	say(client, "250 taken\r\n");
}

/* One line, without its end. */
static void take_line(struct client *client, const char *line, size_t size) {
	if (client->part == COMMANDS) {
		take_command(client, line, size);
	} else if (size == 1 && line[0] == '.') {
		take_end(client);
	} else if (client->part == HEAD && size == 0) {
		client->part = BODY;
	} else if (client->part == HEAD && begins(line, size, ID_HEADER)) {
		client->is_named = true;
		client->is_twice = remember(line + strlen(ID_HEADER), size - strlen(ID_HEADER));
	}
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer) {
	struct client *client = handle->data;
	(void)suggested;
	*buffer = uv_buf_init(
		client->bytes + client->used, (unsigned)(sizeof client->bytes - client->used));
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer) {
	struct client *client = stream->data;
	(void)buffer;
	if (size < 0) { /* gone, or a line that does not end: there is no room left */
		leave(client);
		return;
	}
	client->used += (size_t)size;
	const char *line = client->bytes;
	const char *end = line + client->used;
	const char *newline;
	while ((newline = memchr(line, '\n', (size_t)(end - line))) != NULL &&
		!uv_is_closing((uv_handle_t *)stream)) {
		size_t length = (size_t)(newline - line);
		take_line(
			client, line, length > 0 && line[length - 1] == '\r' ? length - 1 : length);
		line = newline + 1;
	}
	client->used = (size_t)(end - line);
	memmove(client->bytes, line, client->used);
}

/* ---- the server ------------------------------------------------------------------------------ */

static void on_connection(uv_stream_t *server, int status) {
	if (status != 0) {
		return;
	}
	struct client *client = memory_new(sizeof *client);
	int error = uv_tcp_init(server->loop, &client->tcp);
	assert(error == 0);
	client->tcp.data = client;
	if (uv_accept(server, (uv_stream_t *)&client->tcp) != 0 ||
		uv_read_start((uv_stream_t *)&client->tcp, on_allocate, on_read) != 0) {
		leave(client);
		return;
	}
	say(client, "220 mail_sink\r\n");
}

int main(void) {
	uv_loop_t *loop = uv_default_loop();
	uv_tcp_t server;
	struct sockaddr_in address;
	int size = sizeof address;
	uv_ip4_addr("127.0.0.1", 0, &address);
	uv_tcp_init(loop, &server);
	if (uv_tcp_bind(&server, (const struct sockaddr *)&address, 0) != 0 ||
		uv_listen((uv_stream_t *)&server, BACKLOG, on_connection) != 0 ||
		uv_tcp_getsockname(&server, (struct sockaddr *)&address, &size) != 0) {
		fputs("mail_sink: may not listen on 127.0.0.1\n", stderr);
		return EX_UNAVAILABLE;
	}
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	return uv_run(loop, UV_RUN_DEFAULT); /* until it is killed */
}
