/*
 * migrations - the files deploy/postgres/NNNN_*.sql, as they were when the tool was built (embed.py).
 */
#ifndef CLI_MIGRATIONS_H
#define CLI_MIGRATIONS_H

#include <stddef.h>
#include <stdint.h>

struct migration {
	uint32_t version; /* from 1, without gaps */
	const char *name; /* "0001_ledger" */
	const char *sql;
};

extern const struct migration migrations[];
extern const size_t migrations_count;

#endif
