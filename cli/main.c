/*
 * main - firstcome, the tool of admins and operators: its commands, and what settings each needs.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/settings.h"
#include "common/log.h"

static const struct command {
	const char *name;
	unsigned settings;
	int (*run)(struct cli *cli, int argc, char **argv);
	const char *summary;
} commands[] = {
	{"campaign", SETTINGS_NATS, campaign_main,
		"publish, start, pause, resume, close, get, list"},
	{"watch", SETTINGS_NATS, watch_main, "live counts of a campaign"},
	{"trace", SETTINGS_NATS | SETTINGS_DATABASE | SETTINGS_KEYS, trace_main,
		"the life of one booking, from the ingress to the inbox"},
	{"export", SETTINGS_DATABASE | SETTINGS_KEYS, export_main,
		"all bookings of a campaign, as CSV or JSON"},
	{"audit", SETTINGS_NATS | SETTINGS_DATABASE, audit_main,
		"recomputes a campaign, and counts what must be zero"},
	{"status", SETTINGS_NATS, status_main, "whether all programs are ready"},
	{"migrate", SETTINGS_NATS | SETTINGS_DATABASE, migrate_main,
		"makes or updates the tables and the streams"},
};

#define COMMANDS_COUNT (sizeof commands / sizeof *commands)

static int list_commands(bool wanted) {
	FILE *stream = wanted ? stdout : stderr;
	fprintf(stream, "usage: firstcome COMMAND ...\n\n");
	for (size_t i = 0; i < COMMANDS_COUNT; i++) {
		fprintf(stream, "  %-9s %s\n", commands[i].name, commands[i].summary);
	}
	fprintf(stream, "\n  firstcome COMMAND --help says more. Exit status: 0 done; 1 not done; "
			"2 wrong usage;\n  78 a setting is missing (sysexits.h).\n");
	return wanted ? CLI_DONE : CLI_WRONG_USAGE;
}

static const struct command *find_command(const char *name) {
	for (size_t i = 0; i < COMMANDS_COUNT; i++) {
		if (strcmp(commands[i].name, name) == 0) {
			return &commands[i];
		}
	}
	return NULL;
}

/* Help needs no settings. */
static bool asks_for_help(int argc, char **argv) {
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
			return true;
		}
	}
	return false;
}

int main(int argc, char **argv) {
	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		return list_commands(argc >= 2);
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("firstcome " FIRSTCOME_VERSION "\n");
		return CLI_DONE;
	}
	const struct command *command = find_command(argv[1]);
	if (command == NULL) {
		fprintf(stderr, "firstcome: there is no command %s\n", argv[1]);
		return list_commands(false);
	}
	log_init("firstcome", LOG_WARN, LOG_FORMAT_TEXT);
	struct cli cli = {.output = CLI_TABLE};
	int count = argc - 1;
	if (!asks_for_help(count, argv + 1)) {
		settings_read(&cli, command->settings, &count, argv + 1);
	}
	return command->run(&cli, count, argv + 1);
}
