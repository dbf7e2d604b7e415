#include "common/supervisor.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/pure/text.h"

#define STATUS_BYTES_MAX 300u

static void tell(const char *words) {
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (path == NULL || (path[0] != '/' && path[0] != '@') ||
		strlen(path) >= sizeof(address.sun_path)) {
		return;
	}
	memcpy(address.sun_path, path, strlen(path));
	if (path[0] == '@') {
		address.sun_path[0] = '\0'; /* a name in the abstract namespace */
	}
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	int socket_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (socket_fd >= 0) {
		(void)sendto(socket_fd, words, strlen(words), MSG_NOSIGNAL,
			(const struct sockaddr *)&address, size);
		close(socket_fd);
	}
}

void supervisor_ready(void) {
	tell("READY=1");
}

void supervisor_stopping(void) {
	tell("STOPPING=1");
}

void supervisor_status(const char *sentence) {
	char words[STATUS_BYTES_MAX];
	snprintf(words, sizeof(words), "STATUS=%s", sentence);
	tell(words);
}

void supervisor_alive(void) {
	tell("WATCHDOG=1");
}

static uint64_t environment_number(const char *name) {
	const char *value = getenv(name);
	uint64_t number = 0;
	if (value != NULL && !text_parse_u64(value, strlen(value), INT64_MAX, &number)) {
		return 0;
	}
	return number;
}

uint64_t supervisor_alive_ms(void) {
	uint64_t pid = environment_number("WATCHDOG_PID");
	if (pid != 0 && pid != (uint64_t)getpid()) {
		return 0; /* it is meant for our parent */
	}
	/* systemd wants it at least once in that time; half of it leaves room. */
	return environment_number("WATCHDOG_USEC") / 2000;
}
