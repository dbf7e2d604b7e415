/*
 * settings - how the tool reaches the broker, the database and the keys.
 *
 * The same variables and flags as the programs have (FIRSTCOME_NATS_URL, --nats-url, ...), but only
 * what a command needs is asked for. Flags may stand anywhere on the command line.
 */
#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

#include "cli/cli.h"

#define SETTINGS_NATS 1u
#define SETTINGS_DATABASE 2u
#define SETTINGS_KEYS 4u

/* Takes the settings' flags out of argv (argc shrinks) and reads what is needed: a sum of the above.
 * Exits with EX_CONFIG or EX_USAGE if something is missing. */
void settings_read(struct cli *cli, unsigned needs, int *argc, char **argv);

#endif
