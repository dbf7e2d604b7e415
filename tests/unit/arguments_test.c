/*
 * arguments_test - command lines of the tool, and what is understood of them.
 */
#include "tests/unit/unit.h"

#include <stdlib.h>

#include "cli/arguments.h"

#define WORDS_MAX 12
#define TEXT_BYTES 256u

/* What a command line gave, as one text: "dry=1 wait=5 name=x json operands: a b". */
struct outcome {
	bool good;
	char text[TEXT_BYTES];
};

static struct outcome parse(const char *line) {
	static char words[TEXT_BYTES];
	char *argv[WORDS_MAX] = {"command"};
	int argc = 1;
	snprintf(words, sizeof words, "%s", line);
	for (char *word = strtok(words, " "); word != NULL; word = strtok(NULL, " ")) {
		argv[argc++] = word;
	}
	bool dry = false;
	int64_t wait = 0;
	const char *name = "none";
	const struct option options[] = {
		{"dry", OPTION_FLAG, &dry, 0, 0, "help"},
		{"wait", OPTION_NUMBER, &wait, 1, 60, "help"},
		{"name", OPTION_STRING, &name, 0, 0, "help"},
	};
	struct arguments arguments = {
		.usage = "command FILE",
		.purpose = "Does.",
		.options = options,
		.options_count = COUNT_OF(options),
		.operands_wanted = 1,
	};
	enum cli_output output = CLI_TABLE;
	struct outcome outcome = {.good = arguments_parse(&arguments, &output, argc, argv)};
	if (!outcome.good) {
		snprintf(outcome.text, TEXT_BYTES, "%s", arguments.error);
		return outcome;
	}
	snprintf(outcome.text, TEXT_BYTES, "dry=%d wait=%d name=%s %s%s%s", dry, (int)wait, name,
		output == CLI_JSON ? "json" : "table", arguments.help ? " help" : "",
		arguments.operands_count == 0 ? "" : " ");
	if (arguments.operands_count > 0) {
		strncat(outcome.text, arguments.operands[0], TEXT_BYTES - strlen(outcome.text) - 1);
	}
	return outcome;
}

static void command_lines(void **state) {
	(void)state;
	static const struct {
		const char *line;
		bool good;
		const char *text;
	} cases[] = {
		{"file", true, "dry=0 wait=0 name=none table file"},
		{"--dry file", true, "dry=1 wait=0 name=none table file"},
		{"file --dry", true, "dry=1 wait=0 name=none table file"},
		{"file --wait 60 --name=x", true, "dry=0 wait=60 name=x table file"},
		{"file --name --dry", true, "dry=0 wait=0 name=--dry table file"},
		{"file --name=", true, "dry=0 wait=0 name= table file"},
		{"-o json file", true, "dry=0 wait=0 name=none json file"},
		{"file -o=json -o table", true, "dry=0 wait=0 name=none table file"},
		{"-- --dry", true, "dry=0 wait=0 name=none table --dry"},
		{"-", true, "dry=0 wait=0 name=none table -"},
		{"--help", true, "dry=0 wait=0 name=none table help"},
		{"file -h", true, "dry=0 wait=0 name=none table help file"},
		{"", false, "something is missing"},
		{"file more", false, "\"more\" is too much"},
		{"file --dri", false, "there is no option --dri here"},
		{"file -d", false, "there is no option -d here"},
		{"file --dry=1", false, "--dry takes no value"},
		{"file --wait", false, "--wait needs a value"},
		{"file --wait 0", false, "--wait takes a whole number from 1 to 60, not \"0\""},
		{"file --wait 61", false, "--wait takes a whole number from 1 to 60, not \"61\""},
		{"file --wait -5", false, "--wait takes a whole number from 1 to 60, not \"-5\""},
		{"file --wait 5s", false, "--wait takes a whole number from 1 to 60, not \"5s\""},
		{"file -o xml", false, "-o takes json or table"},
		{"file -o", false, "-o takes json or table"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct outcome outcome = parse(cases[i].line);
		assert_string_equal(outcome.text, cases[i].text);
		assert_int_equal(outcome.good, cases[i].good);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(command_lines)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
