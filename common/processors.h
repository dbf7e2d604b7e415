/*
 * processors - how busy the processors of this machine are.
 *
 * From what the kernel counts (/proc/stat). Work that gives way to others (nice) is none here: who
 * wants its time gets it. Time that a host took away from this machine counts as busy, because nobody
 * here can have it.
 */
#ifndef COMMON_PROCESSORS_H
#define COMMON_PROCESSORS_H

#include <stddef.h>
#include <stdint.h>

#define PROCESSORS_UNKNOWN (-1)

struct processors {
	uint64_t total; /* ticks of all processors, at the last look */
	uint64_t idle;
};

/* The part of all processors' time since the last look that was busy, in percent; PROCESSORS_UNKNOWN
 * the first time (of a zeroed struct), where nobody counts, and where no time has passed. */
int processors_look(struct processors *processors);
/* The same of a text as in /proc/stat; it need not be whole. */
int processors_read(struct processors *processors, const char *text, size_t size);

#endif
