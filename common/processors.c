/*
 * processors - reads the first line of /proc/stat:
 *	cpu  user nice system idle iowait irq softirq steal guest guest_nice
 */
#include "common/processors.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* guest is in user already. */
enum field { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, FIELDS };

#define LINE_BYTES_MAX 512u
static const char head[] = "cpu ";

static bool is_digit(char c) {
	return c >= '0' && c <= '9';
}

static bool read_fields(uint64_t fields[FIELDS], const char *text, size_t size) {
	size_t at = sizeof head - 1;
	if (size < at || memcmp(text, head, at) != 0) {
		return false;
	}
	for (int i = 0; i < FIELDS; i++) {
		while (at < size && text[at] == ' ') {
			at++;
		}
		size_t start = at;
		fields[i] = 0;
		for (; at < size && is_digit(text[at]); at++) {
			fields[i] = fields[i] * 10 + (uint64_t)(text[at] - '0');
		}
		if (at == start || at == size) { /* none, or cut off */
			return false;
		}
	}
	return true;
}

int processors_read(struct processors *processors, const char *text, size_t size) {
	uint64_t fields[FIELDS];
	struct processors before = *processors;
	*processors = (struct processors){0};
	if (!read_fields(fields, text, size)) {
		return PROCESSORS_UNKNOWN;
	}
	for (int i = 0; i < FIELDS; i++) {
		processors->total += fields[i];
	}
	processors->idle = fields[IDLE] + fields[IOWAIT] + fields[NICE];
	/* The kernel's idle time may go back a little. */
	if (before.total == 0 || processors->total <= before.total ||
		processors->idle < before.idle) {
		return PROCESSORS_UNKNOWN;
	}
	uint64_t total = processors->total - before.total;
	uint64_t idle = processors->idle - before.idle;
	return idle > total ? 0 : (int)((total - idle) * 100 / total);
}

int processors_look(struct processors *processors) {
	char text[LINE_BYTES_MAX];
	int file = open("/proc/stat", O_RDONLY | O_CLOEXEC);
	if (file < 0) {
		return PROCESSORS_UNKNOWN;
	}
	ssize_t size = read(file, text, sizeof text);
	close(file);
	return processors_read(processors, text, size < 0 ? 0 : (size_t)size);
}
