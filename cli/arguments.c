#include "cli/arguments.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/pure/text.h"

/* The argument under way. */
struct cursor {
	struct arguments *arguments;
	enum cli_output *output;
	int argc;
	char **argv;
	int at;
	bool operands_only; /* after "--" */
};

__attribute__((format(printf, 2, 3))) static bool fail(
	struct arguments *arguments, const char *format, ...) {
	va_list values;
	va_start(values, format);
	vsnprintf(arguments->error, sizeof arguments->error, format, values);
	va_end(values);
	return false;
}

/* The value in "--name=value", or else the next argument; NULL if there is none. */
static const char *take_value(struct cursor *cursor, const char *equals) {
	if (equals != NULL) {
		return equals + 1;
	}
	return cursor->at + 1 < cursor->argc ? cursor->argv[++cursor->at] : NULL;
}

static bool read_output(struct cursor *cursor, const char *equals) {
	const char *value = take_value(cursor, equals);
	if (value != NULL && strcmp(value, "json") == 0) {
		*cursor->output = CLI_JSON;
	} else if (value != NULL && strcmp(value, "table") == 0) {
		*cursor->output = CLI_TABLE;
	} else {
		return fail(cursor->arguments, "-o takes json or table");
	}
	return true;
}

static bool read_number(
	struct arguments *arguments, const struct option *option, const char *value) {
	uint64_t number = 0;
	assert(option->min >= 0);
	if (!text_parse_u64(value, strlen(value), (uint64_t)option->max, &number) ||
		(int64_t)number < option->min) {
		return fail(arguments,
			"--%s takes a whole number from %" PRId64 " to %" PRId64 ", not \"%s\"",
			option->name, option->min, option->max, value);
	}
	*(int64_t *)option->target = (int64_t)number;
	return true;
}

static const struct option *find(
	const struct arguments *arguments, const char *name, size_t name_size) {
	for (size_t i = 0; i < arguments->options_count; i++) {
		const struct option *option = &arguments->options[i];
		if (strlen(option->name) == name_size &&
			memcmp(option->name, name, name_size) == 0) {
			return option;
		}
	}
	return NULL;
}

static bool read_option(struct cursor *cursor) {
	struct arguments *arguments = cursor->arguments;
	const char *argument = cursor->argv[cursor->at];
	const char *equals = strchr(argument, '=');
	size_t size = equals == NULL ? strlen(argument) : (size_t)(equals - argument);
	if (strcmp(argument, "--help") == 0 || strcmp(argument, "-h") == 0) {
		arguments->help = true;
		return true;
	}
	if (strcmp(argument, "-o") == 0 || strncmp(argument, "-o=", 3) == 0) {
		return read_output(cursor, equals);
	}
	const struct option *option =
		size > 2 && argument[1] == '-' ? find(arguments, argument + 2, size - 2) : NULL;
	if (option == NULL) {
		return fail(arguments, "there is no option %.*s here", (int)size, argument);
	}
	if (option->type == OPTION_FLAG) {
		*(bool *)option->target = true;
		return equals == NULL || fail(arguments, "--%s takes no value", option->name);
	}
	const char *value = take_value(cursor, equals);
	if (value == NULL) {
		return fail(arguments, "--%s needs a value", option->name);
	}
	if (option->type == OPTION_NUMBER) {
		return read_number(arguments, option, value);
	}
	*(const char **)option->target = value;
	return true;
}

static bool read_operand(struct cursor *cursor) {
	struct arguments *arguments = cursor->arguments;
	const char *operand = cursor->argv[cursor->at];
	if (arguments->operands_count == arguments->operands_wanted) {
		return fail(arguments, "\"%s\" is too much", operand);
	}
	arguments->operands[arguments->operands_count++] = operand;
	return true;
}

bool arguments_parse(struct arguments *arguments, enum cli_output *output, int argc, char **argv) {
	assert(arguments->operands_wanted <= ARGUMENTS_OPERANDS_MAX);
	struct cursor cursor = {arguments, output, argc, argv, 1, false};
	for (; cursor.at < argc; cursor.at++) {
		const char *argument = argv[cursor.at];
		bool good = true;
		if (!cursor.operands_only && strcmp(argument, "--") == 0) {
			cursor.operands_only = true;
		} else if (!cursor.operands_only && argument[0] == '-' && argument[1] != '\0') {
			good = read_option(&cursor);
		} else {
			good = read_operand(&cursor);
		}
		if (!good) {
			return false;
		}
	}
	if (!arguments->help && arguments->operands_count < arguments->operands_wanted) {
		return fail(arguments, "something is missing");
	}
	return true;
}

static void print_help(const struct arguments *arguments) {
	printf("usage: firstcome %s\n\n%s\n\n", arguments->usage, arguments->purpose);
	for (size_t i = 0; i < arguments->options_count; i++) {
		const struct option *option = &arguments->options[i];
		static const char *const values[] = {
			[OPTION_FLAG] = "",
			[OPTION_STRING] = " VALUE",
			[OPTION_NUMBER] = " NUMBER",
		};
		printf("  --%s%s\n      %s\n", option->name, values[option->type], option->help);
	}
	printf("  -o json|table\n      The shape of what is printed. Default: table\n");
}

bool arguments_read(
	struct arguments *arguments, struct cli *cli, int argc, char **argv, int *status) {
	if (!arguments_parse(arguments, &cli->output, argc, argv)) {
		fprintf(stderr, "firstcome: %s\nusage: firstcome %s\n", arguments->error,
			arguments->usage);
		*status = CLI_WRONG_USAGE;
		return false;
	}
	if (arguments->help) {
		print_help(arguments);
		*status = CLI_DONE;
		return false;
	}
	return true;
}
