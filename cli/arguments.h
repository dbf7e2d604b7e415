/*
 * arguments - the command line of one command: its options and its operands, in any order.
 *
 *	--name, --name value, --name=value	an option; -o and -h are the only short ones
 *	--					everything after it is an operand
 *
 * -o json|table and --help are understood for every command. Nothing is printed by
 * arguments_parse, so it can be tested; arguments_read prints.
 */
#ifndef CLI_ARGUMENTS_H
#define CLI_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/cli.h"

#define ARGUMENTS_OPERANDS_MAX 2u
#define ARGUMENTS_ERROR_BYTES 200u

enum option_type {
	OPTION_FLAG,   /* bool; takes no value */
	OPTION_STRING, /* const char * */
	OPTION_NUMBER, /* int64_t from min to max */
};

struct option {
	const char *name; /* without the dashes */
	enum option_type type;
	void *target; /* holds the default */
	int64_t min;
	int64_t max;
	const char *help; /* one sentence */
};

struct arguments {
	const char *usage; /* what follows "firstcome ", e.g. "campaign publish FILE [--dry-run]" */
	const char *purpose; /* sentences for --help */
	const struct option *options;
	size_t options_count;
	size_t operands_wanted; /* exactly */
	/* Filled in. */
	const char *operands[ARGUMENTS_OPERANDS_MAX];
	size_t operands_count;
	bool help;
	char error[ARGUMENTS_ERROR_BYTES];
};

/* argv[0] is skipped. False if something is wrong; error says what. Operands are not counted when
 * help was asked for. */
bool arguments_parse(struct arguments *arguments, enum cli_output *output, int argc, char **argv);

/* The same, and prints help or the error. True if the command should go on; else *status is what it
 * should return. */
bool arguments_read(
	struct arguments *arguments, struct cli *cli, int argc, char **argv, int *status);

#endif
