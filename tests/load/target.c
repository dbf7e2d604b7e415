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
/* Who looks on rather misses a look than the next one. */
#define LOOK_SECONDS_MAX 1
/* Right after an overload one may be turned away, and is asked to come back. */
#define TRIES_MAX 15
#define REQUEST_SIZE 512u

_Noreturn static void give_up(const char *address, const char *problem) {
	fprintf(stderr, "load: %s: %s. Is the copy up? See: deploy/firstcome status\n", address,
		problem);
	exit(EX_UNAVAILABLE);
}

/* Each of these returns NULL, or what went wrong. */

static const char *connect_to(int *descriptor, const char *address, int seconds_max) {
	struct sockaddr_storage where;
	socklen_t size;
	struct timeval patience = {.tv_sec = seconds_max};
	if (!address_parse(address, &where, &size)) {
		return "no address; write 127.0.0.1:8080";
	}
	*descriptor = socket(where.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*descriptor < 0) {
		return strerror(errno);
	}
	if (setsockopt(*descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
		setsockopt(*descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0 ||
		connect(*descriptor, (const struct sockaddr *)&where, size) != 0) {
		return strerror(errno);
	}
	return NULL;
}

static const char *exchange(
	struct target_call *call, int descriptor, const char *request, size_t request_size) {
	size_t used = 0;
	if (send(descriptor, request, request_size, MSG_NOSIGNAL) != (ssize_t)request_size) {
		return strerror(errno);
	}
	while (reply_read(&call->reply, call->bytes, used) == REPLY_INCOMPLETE) {
		ssize_t size = recv(descriptor, call->bytes + used, sizeof call->bytes - used, 0);
		if (size <= 0) {
			return size == 0 ? "closed without an answer" : strerror(errno);
		}
		used += (size_t)size;
	}
	return reply_read(&call->reply, call->bytes, used) == REPLY_COMPLETE
		       ? NULL
		       : "what came is no answer";
}

struct question {
	const char *address;
	const char *request;
	size_t request_size;
	int seconds_max;
};

static const char *ask(struct target_call *call, const struct question *question) {
	int descriptor = -1;
	const char *problem = connect_to(&descriptor, question->address, question->seconds_max);
	if (problem == NULL) {
		problem = exchange(call, descriptor, question->request, question->request_size);
	}
	if (descriptor >= 0) {
		close(descriptor);
	}
	return problem;
}

void target_ask(
	struct target_call *call, const char *address, const char *request, size_t request_size) {
	const char *problem =
		ask(call, &(struct question){address, request, request_size, ANSWER_SECONDS_MAX});
	if (problem != NULL) {
		give_up(address, problem);
	}
}

static bool read_number(const struct target_call *call, const char *name, uint64_t *number) {
	char digits[24];
	return reply_member(&call->reply, name, digits, sizeof digits) &&
	       text_parse_u64(digits, strlen(digits), UINT64_MAX, number);
}

uint64_t target_number(const struct target_call *call, const char *name) {
	uint64_t number = 0;
	if (!read_number(call, name, &number)) {
		fprintf(stderr, "load: there is no %s in: %.*s\n", name, (int)call->reply.body_size,
			call->reply.body);
		exit(EX_PROTOCOL);
	}
	return number;
}

static size_t counts_request(
	char request[REQUEST_SIZE], const char *address, const char *campaign) {
	return (size_t)snprintf(request, REQUEST_SIZE,
		"GET /v1/campaigns/%s/availability HTTP/1.1\r\nHost: %s\r\n\r\n", campaign,
		address);
}

void target_counts(struct verdict_counts *counts, const char *address, const char *campaign) {
	struct target_call call;
	char request[REQUEST_SIZE];
	char state[16];
	size_t size = counts_request(request, address, campaign);
	target_ask(&call, address, request, size);
	for (int tries = 1; call.reply.status == 503 && tries < TRIES_MAX; tries++) {
		sleep(1);
		target_ask(&call, address, request, size);
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

bool target_try_counts(struct verdict_counts *counts, const char *address, const char *campaign) {
	struct target_call call;
	char request[REQUEST_SIZE];
	size_t size = counts_request(request, address, campaign);
	return ask(&call, &(struct question){address, request, size, LOOK_SECONDS_MAX}) == NULL &&
	       call.reply.status == 200 && read_number(&call, "sold", &counts->sold) &&
	       read_number(&call, "available", &counts->available);
}
