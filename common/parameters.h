/*
 * parameters - the settings of a program: one row each, read from flags and environment.
 *
 * A row gives the name of the environment variable; the flag is the same without FIRSTCOME_, in lower
 * case, with dashes (FIRSTCOME_HTTP_LISTEN, --http-listen). A flag wins over the environment, that
 * over the default. An unknown flag, and an unknown FIRSTCOME_ variable that is close to a known one,
 * is an error; so is a value out of range. --help prints the rows, --check-config reads everything,
 * prints it without secrets, and exits.
 */
#ifndef COMMON_PARAMETERS_H
#define COMMON_PARAMETERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum parameter_type {
	PARAMETER_STRING,
	PARAMETER_SECRET, /* a string that is never printed */
	PARAMETER_NUMBER, /* int64_t */
	PARAMETER_END,
};

struct parameter {
	const char *name; /* of the environment variable */
	enum parameter_type type;
	void *target;          /* const char ** or int64_t * */
	const char *otherwise; /* the default; NULL: the parameter is required */
	int64_t min;           /* numbers */
	int64_t max;
	const char *help; /* one sentence, with the unit */
};

/* Reads the rows of several tables. On an error prints what to do to standard error and exits with
 * EX_USAGE or EX_CONFIG. Strings are borrowed from argv and environ. */
void parameters_read(const struct parameter *const *tables, size_t tables_count, int argc,
	char **argv, const char *program, const char *purpose);

/* The first line of a file, for secrets (mode must not let others read). Exits if it cannot. */
char *parameters_read_secret_file(const char *path);

#endif
