#include "tests/load/target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/pure/text.h"
#include "ingress/address.h"

#define ANSWER_SECONDS_MAX 10
/* Right after an overload one may be turned away, and is asked to come back. */
#define TRIES_MAX 15

_Noreturn static void give_up(const char *address, const char *problem) {
	fprintf(stderr, "load: %s: %s. Is the copy up? See: deploy/firstcome status\n", address,
		problem);
	exit(EX_UNAVAILABLE);
}

static int connect_to(const char *address) {
	struct sockaddr_storage where;
	socklen_t size;
	if (!address_parse(address, &where, &size)) {
		give_up(address, "no address; write 127.0.0.1:8080");
	}
	int descriptor = socket(where.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval patience = {.tv_sec = ANSWER_SECONDS_MAX};
	if (descriptor < 0 ||
		setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
		connect(descriptor, (const struct sockaddr *)&where, size) != 0) {
		give_up(address, strerror(errno));
	}
	return descriptor;
}

void target_ask(
	struct target_call *call, const char *address, const char *request, size_t request_size) {
	int descriptor = connect_to(address);
	size_t used = 0;
	if (send(descriptor, request, request_size, MSG_NOSIGNAL) != (ssize_t)request_size) {
		give_up(address, strerror(errno));
	}
	while (reply_read(&call->reply, call->bytes, used) == REPLY_INCOMPLETE) {
		ssize_t size = recv(descriptor, call->bytes + used, sizeof call->bytes - used, 0);
		if (size <= 0) {
			give_up(address, size == 0 ? "closed without an answer" : strerror(errno));
		}
		used += (size_t)size;
	}
	close(descriptor);
	if (reply_read(&call->reply, call->bytes, used) != REPLY_COMPLETE) {
		give_up(address, "what came is no answer");
	}
}

uint64_t target_number(const struct target_call *call, const char *name) {
	char digits[24];
	uint64_t number = 0;
	if (!reply_member(&call->reply, name, digits, sizeof digits) ||
		!text_parse_u64(digits, strlen(digits), UINT64_MAX, &number)) {
		fprintf(stderr, "load: there is no %s in: %.*s\n", name, (int)call->reply.body_size,
			call->reply.body);
		exit(EX_PROTOCOL);
	}
	return number;
}

void target_counts(struct verdict_counts *counts, const char *address, const char *campaign) {
	struct target_call call;
	char request[512];
	char state[16];
	int size = snprintf(request, sizeof request,
		"GET /v1/campaigns/%s/availability HTTP/1.1\r\nHost: %s\r\n\r\n", campaign,
		address);
	target_ask(&call, address, request, (size_t)size);
	for (int tries = 1; call.reply.status == 503 && tries < TRIES_MAX; tries++) {
		sleep(1);
		target_ask(&call, address, request, (size_t)size);
	}
	if (call.reply.status != 200 || !reply_member(&call.reply, "state", state, sizeof state) ||
		strcmp(state, "open") != 0) {
		fprintf(stderr,
			"load: campaign \"%s\" is not open. See: deploy/firstcome campaign list\n",
			campaign);
		exit(EX_UNAVAILABLE);
	}
	counts->sold = target_number(&call, "sold");
	counts->available = target_number(&call, "available");
}
