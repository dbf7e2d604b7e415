/*
 * log - one write(2) for each line, so lines of several processes on one pipe stay whole.
 *
 * Where nobody reads the other end of standard error, lines are dropped and counted: a program must
 * not stop because its log does.
 */
#include "common/log.h"

#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/pure/text.h"
#include "common/pure/timestamp.h"

/* A line fits PIPE_BUF (4096), so a pipe that is writable takes it whole. In JSON a byte of a value
 * may become two: control characters, which would become six, are taken out before. */
#define LOG_VALUES_BYTES_MAX 1024u
#define LOG_LINE_BYTES_MAX 4096u
#define LOG_FIELDS_MAX 24u
#define LOG_WAIT_MS 50

static const char *const level_names[] = {
	[LOG_DEBUG] = "debug",
	[LOG_INFO] = "info",
	[LOG_WARN] = "warn",
	[LOG_FATAL] = "fatal",
};

static struct {
	char instance[LOG_INSTANCE_BYTES_MAX + 1];
	enum log_format format;
	_Atomic int lowest; /* the only one that changes while threads run */
} settings = {.instance = "-", .format = LOG_FORMAT_TEXT, .lowest = LOG_INFO};

/* Guards all log sites, and standard error with what is known about it. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t lines_dropped;

bool log_level_parse(const char *name, enum log_level *level) {
	for (size_t i = 0; i < sizeof level_names / sizeof level_names[0]; i++) {
		if (strcmp(name, level_names[i]) == 0) {
			*level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

/* ---- what is said ------------------------------------------------------------------------------ */

/* Outside bytes may be in a value: a line must stay one line, and be valid UTF-8. */
static void make_harmless(char *values) {
	bool utf8 = text_is_utf8(values, strlen(values));
	for (char *c = values; *c != '\0'; c++) {
		unsigned char byte = (unsigned char)*c;
		if (byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !utf8)) {
			*c = '?';
		}
	}
}

void log_init(const char *instance, enum log_level lowest, enum log_format format) {
	snprintf(settings.instance, sizeof settings.instance, "%s", instance);
	make_harmless(settings.instance);
	settings.format = format;
	log_set_level(lowest);
}

void log_set_level(enum log_level lowest) {
	atomic_store_explicit(&settings.lowest, (int)lowest, memory_order_relaxed);
}

struct field {
	const char *key;
	size_t key_size;
	const char *value;
	size_t value_size;
};

static bool is_key_char(char c) {
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static bool key_is_reserved(const char *key, size_t size) {
	static const char *const reserved[] = {"ts", "level", "svc", "event", "msg"};
	for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
		if (strlen(reserved[i]) == size && memcmp(reserved[i], key, size) == 0) {
			return true;
		}
	}
	return false;
}

/* Reads key=value or key="value with blanks" at *at and moves it behind. */
static bool parse_field(struct field *field, const char **at) {
	const char *c = *at;
	field->key = c;
	while (is_key_char(*c)) {
		c++;
	}
	field->key_size = (size_t)(c - field->key);
	if (field->key_size == 0 || *c != '=' || key_is_reserved(field->key, field->key_size)) {
		return false;
	}
	c++;
	bool quoted = *c == '"';
	if (quoted) {
		c++;
	}
	field->value = c;
	field->value_size = strcspn(c, quoted ? "\"" : " \"=");
	c += field->value_size;
	if (quoted && *c++ != '"') {
		return false;
	}
	if (*c != ' ' && *c != '\0') {
		return false;
	}
	while (*c == ' ') {
		c++;
	}
	*at = c;
	return true;
}

/* The number of fields, or SIZE_MAX if values is not just fields. */
static size_t parse_fields(struct field fields[LOG_FIELDS_MAX], const char *values) {
	size_t count = 0;
	while (*values != '\0') {
		if (count == LOG_FIELDS_MAX || !parse_field(&fields[count], &values)) {
			return SIZE_MAX;
		}
		count++;
	}
	return count;
}

static void append_json_pair(
	struct text *line, const char *key, size_t key_size, const char *value, size_t value_size) {
	text_append_char(line, ',');
	text_append_json(line, key, key_size);
	text_append_char(line, ':');
	text_append_json(line, value, value_size);
}

/* Values are strings whatever they look like, so the type of a field never changes. */
static void build_json(
	struct text *line, enum log_level level, const char *event, const char *values) {
	text_append(line, "{\"ts\":\"");
	timestamp_append(line, clock_wall_ms(), 0);
	text_append_char(line, '"');
	const char *level_name = level_names[level];
	append_json_pair(line, "level", 5, level_name, strlen(level_name));
	append_json_pair(line, "svc", 3, settings.instance, strlen(settings.instance));
	append_json_pair(line, "event", 5, event, strlen(event));
	struct field fields[LOG_FIELDS_MAX];
	size_t count = parse_fields(fields, values);
	if (count == SIZE_MAX) {
		append_json_pair(line, "msg", 3, values, strlen(values));
		count = 0;
	}
	for (size_t i = 0; i < count; i++) {
		append_json_pair(line, fields[i].key, fields[i].key_size, fields[i].value,
			fields[i].value_size);
	}
	text_append(line, "}\n");
}

static void build_text(
	struct text *line, enum log_level level, const char *event, const char *values) {
	timestamp_append(line, clock_wall_ms(), 0);
	text_append_char(line, ' ');
	text_append(line, level_names[level]);
	text_append_char(line, ' ');
	text_append(line, settings.instance);
	text_append_char(line, ' ');
	text_append(line, event);
	if (*values != '\0') {
		text_append_char(line, ' ');
		text_append(line, values);
	}
	text_append_char(line, '\n');
}

static void build_line(
	struct text *line, enum log_level level, const char *event, const char *values) {
	if (settings.format == LOG_FORMAT_JSON) {
		build_json(line, level, event, values);
	} else {
		build_text(line, level, event, values);
	}
}

/* ---- how it is written -------------------------------------------------------------------------- */

/* With the lock. Gives a reader that stalls a moment, once: while it goes on stalling, nothing waits. */
static bool stderr_takes_a_line(void) {
	struct pollfd standard_error = {.fd = STDERR_FILENO, .events = POLLOUT};
	int wait_ms = lines_dropped > 0 ? 0 : LOG_WAIT_MS;
	return poll(&standard_error, 1, wait_ms) == 1 && (standard_error.revents & POLLOUT) != 0;
}

static void write_bytes(const struct text *line) {
	ssize_t written = write(STDERR_FILENO, line->start, line->used);
	(void)written; /* there is nobody left to tell */
}

static void tell_dropped(void) {
	if (!stderr_takes_a_line()) {
		return;
	}
	char values[40];
	snprintf(values, sizeof values, "lines=%llu", (unsigned long long)lines_dropped);
	char buffer[LOG_LINE_BYTES_MAX];
	struct text line = text_init(buffer, sizeof buffer);
	build_line(&line, LOG_WARN, "log_lines_dropped", values);
	write_bytes(&line);
	lines_dropped = 0;
}

static void write_line(const struct text *line) {
	pthread_mutex_lock(&lock);
	if (lines_dropped > 0) {
		tell_dropped();
	}
	if (stderr_takes_a_line()) {
		write_bytes(line);
	} else {
		lines_dropped++;
	}
	pthread_mutex_unlock(&lock);
}

__attribute__((format(printf, 4, 0))) static void write_event(enum log_level level,
	uint32_t silenced, const char *event, const char *format, va_list arguments) {
	char values[LOG_VALUES_BYTES_MAX];
	int size = vsnprintf(values, sizeof values, format, arguments);
	if (size < 0) {
		values[0] = '\0';
	}
	if (silenced > 0) {
		size_t used = strlen(values);
		snprintf(values + used, sizeof values - used, " silenced=%u", silenced);
	}
	make_harmless(values);

	char buffer[LOG_LINE_BYTES_MAX];
	struct text line = text_init(buffer, sizeof buffer);
	build_line(&line, level, event, values);
	write_line(&line);
}

/* ---- who says it ------------------------------------------------------------------------------- */

/* Whether this site may speak, and how many lines of the second before it were not written. */
static bool site_may_write(struct log_site *site, uint32_t *silenced) {
	int64_t second = clock_monotonic_us() / 1000000;
	pthread_mutex_lock(&lock);
	*silenced = 0;
	if (site->second != second) {
		*silenced = site->lines > LOG_BURST ? site->lines - LOG_BURST : 0;
		*site = (struct log_site){.second = second};
	}
	site->lines++;
	bool may_write = site->lines <= LOG_BURST;
	pthread_mutex_unlock(&lock);
	return may_write;
}

void log_write(
	struct log_site *site, enum log_level level, const char *event, const char *format, ...) {
	if ((int)level < atomic_load_explicit(&settings.lowest, memory_order_relaxed)) {
		return;
	}
	uint32_t silenced = 0;
	if (!site_may_write(site, &silenced)) {
		return;
	}
	va_list arguments;
	va_start(arguments, format);
	write_event(level, silenced, event, format, arguments);
	va_end(arguments);
}

_Noreturn void log_fatal(int status, const char *event, const char *format, ...) {
	va_list arguments;
	va_start(arguments, format);
	write_event(LOG_FATAL, 0, event, format, arguments);
	va_end(arguments);
	/* Not exit(): its handlers would free what other threads are using. */
	fflush(stdout);
	_exit(status);
}
