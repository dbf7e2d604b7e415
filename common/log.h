/*
 * log - one line per event on standard error.
 *
 * A line is an event name and key=value pairs (or one JSON object, with FIRSTCOME_LOG_FORMAT=json).
 * The words mean one thing each:
 *	info	something that an operator may want to know
 *	warn	something went wrong and is being dealt with
 *	fatal	the world is broken (file, broker, database, configuration): log and exit
 * A broken program is an assert. Never log a contact, a code, a token or a key.
 * Any thread may log. A call site that repeats more than LOG_BURST times a second is silenced until
 * the second is over; its next line says then how often it was (silenced=980). Where nobody reads
 * standard error, lines are dropped and counted rather than waited for.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdbool.h>
#include <stdint.h>

#define LOG_BURST 20u
#define LOG_INSTANCE_BYTES_MAX 64u

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_FATAL };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

struct log_site {
	int64_t second;
	uint32_t lines;
};

/* Before the first line: who is speaking ("sequencer-1"), in LOG_INSTANCE_BYTES_MAX bytes at most. */
void log_init(const char *instance, enum log_level lowest, enum log_format format);
void log_set_level(enum log_level lowest);
bool log_level_parse(const char *name, enum log_level *level);

/* event: stable snake_case. format: printf style, giving "key=value key=value"; values with blanks
 * stand in double quotes. Use the macros. */
void log_write(struct log_site *site, enum log_level level, const char *event, const char *format,
	...) __attribute__((format(printf, 4, 5)));

#define LOG_AT(level, event, ...)                                                                  \
	do {                                                                                       \
		static struct log_site log_site_here;                                              \
		log_write(&log_site_here, level, event, __VA_ARGS__);                              \
	} while (0)
#define log_debug(event, ...) LOG_AT(LOG_DEBUG, event, __VA_ARGS__)
#define log_info(event, ...) LOG_AT(LOG_INFO, event, __VA_ARGS__)
#define log_warn(event, ...) LOG_AT(LOG_WARN, event, __VA_ARGS__)

/* Logs and exits with status (sysexits.h: EX_CONFIG, EX_UNAVAILABLE, EX_SOFTWARE ...). */
_Noreturn void log_fatal(int status, const char *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
