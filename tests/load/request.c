#include "tests/load/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/pure/text.h"
#include "tests/load/options.h"

static char *append_gap(struct text *text, size_t size) {
	size_t at = text->used;
	for (size_t i = 0; i < size; i++) {
		text_append_char(text, '.');
	}
	return text->start + at;
}

static void finish(struct request *request, const struct text *text) {
	if (text->failed) {
		fprintf(stderr, "load: the request is longer than %u bytes: shorten its path\n",
			REQUEST_BYTES_MAX);
		exit(EX_USAGE);
	}
	request->size = text->used;
}

void request_book(struct request *request, const struct options *options) {
	char body[128];
	int body_size = snprintf(
		body, sizeof body, "{\"campaign_id\":\"%s\",\"count\":1}", options->campaign);
	struct text text = text_init(request->bytes, sizeof request->bytes);
	text_append(&text, "POST /v1/bookings HTTP/1.1\r\nHost: ");
	text_append(&text, options->address);
	text_append(&text, "\r\nAuthorization: Bearer ");
	request->token = append_gap(&text, CROWD_TOKEN_BYTES);
	text_append(&text, "\r\nIdempotency-Key: ");
	request->key = append_gap(&text, CROWD_KEY_BYTES);
	if (options->wait_s != WAIT_NONE) {
		text_append(&text, "\r\nPrefer: wait=");
		text_append_u64(&text, options->wait_s);
	}
	text_append(&text, "\r\nContent-Type: application/json\r\nContent-Length: ");
	text_append_i64(&text, body_size);
	text_append(&text, "\r\n\r\n");
	text_append(&text, body);
	text.failed = text.failed || body_size >= (int)sizeof body;
	finish(request, &text);
}

void request_set_person(struct request *request, const struct crowd *crowd, uint32_t person) {
	memcpy(request->token, crowd->tokens[person], CROWD_TOKEN_BYTES);
	crowd_key(request->key, crowd, person);
}

void request_get(struct request *request, const struct options *options, const char *path,
	const char *etag) {
	struct text text = text_init(request->bytes, sizeof request->bytes);
	text_append(&text, "GET ");
	text_append(&text, path);
	text_append(&text, " HTTP/1.1\r\nHost: ");
	text_append(&text, options->address);
	if (etag[0] != '\0') {
		text_append(&text, "\r\nIf-None-Match: ");
		text_append(&text, etag);
	}
	text_append(&text, "\r\n\r\n");
	finish(request, &text);
}
