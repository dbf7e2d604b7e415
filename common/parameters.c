/*
 * parameters - environment first, then flags over it, then defaults, then a look for misspelt names.
 */
#include "common/parameters.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/log.h"
#include "common/pure/text.h"
#include "common/secret_file.h"

#define VARIABLE_PREFIX "FIRSTCOME_"
#define VARIABLE_PREFIX_BYTES (sizeof VARIABLE_PREFIX - 1)
#define PARAMETERS_MAX 64u
#define NAME_BYTES_MAX 64u
/* Names that differ by so few letters are taken for a typing error. */
#define DISTANCE_MAX 2u

enum source { SOURCE_DEFAULT, SOURCE_ENVIRONMENT, SOURCE_FLAG };

struct row {
	const struct parameter *parameter;
	char flag[NAME_BYTES_MAX]; /* "http-listen" */
	const char *value;         /* NULL: nowhere given */
	enum source source;
};

struct table {
	const char *program;
	const char *purpose;
	struct row rows[PARAMETERS_MAX];
	size_t count;
	bool check_only;
};

/* ---- rows -------------------------------------------------------------------------------------- */

static char flag_char(char c) {
	if (c == '_') {
		return '-';
	}
	if (c >= 'A' && c <= 'Z') {
		return (char)(c - 'A' + 'a');
	}
	return c;
}

static void make_flag(char flag[NAME_BYTES_MAX], const char *name) {
	assert(strncmp(name, VARIABLE_PREFIX, VARIABLE_PREFIX_BYTES) == 0);
	assert(strlen(name) < NAME_BYTES_MAX);
	const char *rest = name + VARIABLE_PREFIX_BYTES;
	size_t size = strlen(rest);
	for (size_t i = 0; i < size; i++) {
		flag[i] = flag_char(rest[i]);
	}
	flag[size] = '\0';
}

static void add_rows(struct table *table, const struct parameter *parameters) {
	for (; parameters->type != PARAMETER_END; parameters++) {
		assert(table->count < PARAMETERS_MAX);
		struct row *row = &table->rows[table->count++];
		row->parameter = parameters;
		row->value = parameters->otherwise;
		row->source = SOURCE_DEFAULT;
		make_flag(row->flag, parameters->name);
	}
}

static struct row *find_variable(struct table *table, const char *name, size_t size) {
	for (size_t i = 0; i < table->count; i++) {
		const char *candidate = table->rows[i].parameter->name;
		if (strlen(candidate) == size && memcmp(candidate, name, size) == 0) {
			return &table->rows[i];
		}
	}
	return NULL;
}

static struct row *find_flag(struct table *table, const char *flag, size_t size) {
	for (size_t i = 0; i < table->count; i++) {
		if (strlen(table->rows[i].flag) == size &&
			memcmp(table->rows[i].flag, flag, size) == 0) {
			return &table->rows[i];
		}
	}
	return NULL;
}

/* ---- typing errors ----------------------------------------------------------------------------- */

/* Letters to change, add or take away to make one of the other (Levenshtein), row by row. */
static size_t distance(const char *a, size_t a_size, const char *b, size_t b_size) {
	size_t costs[NAME_BYTES_MAX + 1];
	if (a_size > NAME_BYTES_MAX || b_size > NAME_BYTES_MAX) {
		return SIZE_MAX;
	}
	for (size_t j = 0; j <= b_size; j++) {
		costs[j] = j;
	}
	for (size_t i = 1; i <= a_size; i++) {
		size_t diagonal = costs[0];
		costs[0] = i;
		for (size_t j = 1; j <= b_size; j++) {
			size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
			diagonal = costs[j];
			size_t added = (costs[j] < costs[j - 1] ? costs[j] : costs[j - 1]) + 1;
			costs[j] = replaced < added ? replaced : added;
		}
	}
	return costs[b_size];
}

/* The row whose name is nearest, if it is near enough for a typing error; else NULL. */
static const struct row *nearest_variable(
	const struct table *table, const char *name, size_t size) {
	for (size_t near = 1; near <= DISTANCE_MAX; near++) {
		for (size_t i = 0; i < table->count; i++) {
			const char *candidate = table->rows[i].parameter->name;
			if (distance(name, size, candidate, strlen(candidate)) == near) {
				return &table->rows[i];
			}
		}
	}
	return NULL;
}

static const struct row *nearest_flag(const struct table *table, const char *flag, size_t size) {
	for (size_t near = 1; near <= DISTANCE_MAX; near++) {
		for (size_t i = 0; i < table->count; i++) {
			const char *candidate = table->rows[i].flag;
			if (distance(flag, size, candidate, strlen(candidate)) == near) {
				return &table->rows[i];
			}
		}
	}
	return NULL;
}

/* ---- environment and flags --------------------------------------------------------------------- */

/* Other programs' variables may stand in the same environment, so an unknown name alone is no error. */
static void read_environment(struct table *table) {
	for (char **variable = environ; variable != NULL && *variable != NULL; variable++) {
		const char *name = *variable;
		const char *equals = strchr(name, '=');
		if (equals == NULL || strncmp(name, VARIABLE_PREFIX, VARIABLE_PREFIX_BYTES) != 0) {
			continue;
		}
		size_t size = (size_t)(equals - name);
		struct row *row = find_variable(table, name, size);
		if (row != NULL) {
			row->value = equals + 1;
			row->source = SOURCE_ENVIRONMENT;
			continue;
		}
		const struct row *near = nearest_variable(table, name, size);
		if (near != NULL) {
			fprintf(stderr, "%s: there is no setting %.*s: do you mean %s?\n",
				table->program, (int)size, name, near->parameter->name);
			exit(EX_CONFIG);
		}
	}
}

static void print_help(const struct table *table) {
	printf("%s: %s\n\nSettings, as flag or environment variable:\n", table->program,
		table->purpose);
	for (size_t i = 0; i < table->count; i++) {
		const struct row *row = &table->rows[i];
		const char *otherwise = row->parameter->otherwise;
		printf("  --%s, %s\n      %s", row->flag, row->parameter->name,
			row->parameter->help);
		if (otherwise == NULL) {
			printf(" Required.\n");
		} else if (otherwise[0] != '\0') {
			printf(" Default: %s\n", otherwise);
		} else {
			printf("\n");
		}
	}
	printf("\n  --help          print this\n  --version       print the version\n"
	       "  --check-config  read all settings, print them, and exit\n");
}

static void refuse_flag(
	const struct table *table, const char *argument, const char *flag, size_t size) {
	const struct row *near = nearest_flag(table, flag, size);
	if (near != NULL) {
		fprintf(stderr, "%s: there is no flag %s: do you mean --%s?\n", table->program,
			argument, near->flag);
	} else {
		fprintf(stderr, "%s: cannot do anything with %s: see %s --help\n", table->program,
			argument, table->program);
	}
	exit(EX_USAGE);
}

/* Flags that are no rows. True if it was one. */
static bool read_special_flag(struct table *table, const char *argument) {
	if (strcmp(argument, "--help") == 0) {
		print_help(table);
		exit(EX_OK);
	}
	if (strcmp(argument, "--version") == 0) {
		printf("%s " FIRSTCOME_VERSION "\n", table->program);
		exit(EX_OK);
	}
	if (strcmp(argument, "--check-config") == 0) {
		table->check_only = true;
		return true;
	}
	return false;
}

static void read_flags(struct table *table, int argc, char **argv) {
	for (int i = 1; i < argc; i++) {
		const char *argument = argv[i];
		if (read_special_flag(table, argument)) {
			continue;
		}
		bool dashes = strncmp(argument, "--", 2) == 0;
		const char *flag = dashes ? argument + 2 : argument;
		size_t size = strcspn(flag, "=");
		struct row *row = dashes ? find_flag(table, flag, size) : NULL;
		if (row == NULL) {
			refuse_flag(table, argument, flag, size);
			return;
		}
		row->source = SOURCE_FLAG;
		if (flag[size] == '=') {
			row->value = flag + size + 1;
		} else if (i + 1 < argc) {
			row->value = argv[++i];
		} else {
			fprintf(stderr, "%s: --%s needs a value\n", table->program, row->flag);
			exit(EX_USAGE);
		}
	}
}

/* ---- values ------------------------------------------------------------------------------------ */

_Noreturn static void refuse_value(const struct table *table, const struct row *row) {
	const struct parameter *parameter = row->parameter;
	if (row->value == NULL || row->value[0] == '\0') {
		fprintf(stderr, "%s: %s is missing: set it in the environment, or give --%s. %s\n",
			table->program, parameter->name, row->flag, parameter->help);
	} else {
		fprintf(stderr,
			"%s: %s is \"%s\", but must be a whole number from %lld to %lld. %s\n",
			table->program, parameter->name, row->value, (long long)parameter->min,
			(long long)parameter->max, parameter->help);
	}
	exit(row->source == SOURCE_FLAG ? EX_USAGE : EX_CONFIG);
}

static bool parse_number(const char *value, int64_t *number) {
	bool negative = value[0] == '-';
	const char *digits = negative ? value + 1 : value;
	uint64_t magnitude = 0;
	if (!text_parse_u64(digits, strlen(digits), INT64_MAX, &magnitude)) {
		return false;
	}
	*number = negative ? -(int64_t)magnitude : (int64_t)magnitude;
	return true;
}

static void store(const struct table *table, const struct row *row) {
	const struct parameter *parameter = row->parameter;
	/* An empty value is one only where the default is empty too. */
	bool may_be_empty = parameter->otherwise != NULL && parameter->otherwise[0] == '\0' &&
			    parameter->type != PARAMETER_NUMBER;
	if (row->value == NULL || (row->value[0] == '\0' && !may_be_empty)) {
		refuse_value(table, row);
	}
	if (parameter->type != PARAMETER_NUMBER) {
		*(const char **)parameter->target = row->value;
		return;
	}
	int64_t number = 0;
	if (!parse_number(row->value, &number) || number < parameter->min ||
		number > parameter->max) {
		refuse_value(table, row);
	}
	*(int64_t *)parameter->target = number;
}

static void print_values(const struct table *table) {
	static const char *const source_names[] = {
		[SOURCE_DEFAULT] = "default",
		[SOURCE_ENVIRONMENT] = "environment",
		[SOURCE_FLAG] = "flag",
	};
	for (size_t i = 0; i < table->count; i++) {
		const struct row *row = &table->rows[i];
		bool secret = row->parameter->type == PARAMETER_SECRET && row->value[0] != '\0';
		printf("%s=%s (%s)\n", row->parameter->name, secret ? "(secret)" : row->value,
			source_names[row->source]);
	}
}

void parameters_read(const struct parameter *const *tables, size_t tables_count, int argc,
	char **argv, const char *program, const char *purpose) {
	struct table table = {.program = program, .purpose = purpose};
	for (size_t i = 0; i < tables_count; i++) {
		add_rows(&table, tables[i]);
	}
	read_environment(&table);
	read_flags(&table, argc, argv);
	for (size_t i = 0; i < table.count; i++) {
		store(&table, &table.rows[i]);
	}
	if (table.check_only) {
		print_values(&table);
		exit(EX_OK);
	}
}

char *parameters_read_secret_file(const char *path) {
	char content[SECRET_FILE_BYTES_MAX + 1];
	secret_file_read(content, path);
	size_t size = strcspn(content, "\r\n");
	if (size == 0) {
		log_fatal(EX_CONFIG, "secret_empty",
			"path=\"%s\" hint=\"its first line is the secret\"", path);
	}
	char *secret = strndup(content, size);
	if (secret == NULL) {
		log_fatal(EX_OSERR, "out_of_memory", "bytes=%zu", size);
	}
	explicit_bzero(content, sizeof content);
	return secret;
}
