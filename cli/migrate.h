/*
 * migrate - the two halves of firstcome migrate: the database's schema, and the broker's streams.
 *
 * Each is harmless when it is repeated, prints what it did on standard output, and why it could not
 * on standard error.
 */
#ifndef CLI_MIGRATE_H
#define CLI_MIGRATE_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/cli.h"

/* Applies what is new, each migration in a transaction of its own. Two at once wait for each other. */
bool migrate_schema(const struct cli *cli);

struct migrate_sizes {
	int64_t replicas;    /* 1 or 3 */
	int64_t accounts_mb; /* of ACCOUNTS, CAMPAIGNS and DEADLETTER, on disk, each */
	int64_t codes_mb;    /* of CODES and CODEBOOK, each */
};

/* Makes the streams that are not a campaign's, and the durable consumers of the work queues. */
bool migrate_streams(const struct cli *cli, const struct migrate_sizes *sizes);

#endif
