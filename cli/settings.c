#include "cli/settings.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "common/parameters.h"

/* Each flag takes two arguments at most. */
#define FLAG_ARGUMENTS_MAX 32

static const char *const flags[] = {
	"--nats-url",
	"--nats-user",
	"--nats-password-file",
	"--database-url",
	"--keys-dir",
};

static bool is_setting(const char *argument) {
	size_t size = strcspn(argument, "=");
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		if (strlen(flags[i]) == size && memcmp(flags[i], argument, size) == 0) {
			return true;
		}
	}
	return false;
}

/* Moves the settings' flags from argv to taken; returns how many arguments they are. */
static int take_flags(int *argc, char **argv, char *taken[FLAG_ARGUMENTS_MAX]) {
	int count = 0;
	int kept = 0;
	taken[count++] = argv[0];
	for (int i = 0; i < *argc; i++) {
		if (!is_setting(argv[i]) || count + 2 > FLAG_ARGUMENTS_MAX) {
			argv[kept++] = argv[i];
			continue;
		}
		bool has_value = strchr(argv[i], '=') != NULL;
		taken[count++] = argv[i];
		if (!has_value && i + 1 < *argc) {
			taken[count++] = argv[++i];
		}
	}
	*argc = kept;
	return count;
}

void settings_read(struct cli *cli, unsigned needs, int *argc, char **argv) {
	const struct parameter nats[] = {
		{"FIRSTCOME_NATS_URL", PARAMETER_STRING, &cli->nats_url, "nats://127.0.0.1:4222", 0,
			0, "The broker's address."},
		{"FIRSTCOME_NATS_USER", PARAMETER_STRING, &cli->nats_user, "admin", 0, 0,
			"The broker's user; also the prefix of its inboxes."},
		{"FIRSTCOME_NATS_PASSWORD_FILE", PARAMETER_STRING, &cli->nats_password_file, NULL,
			0, 0, "The file with that user's password."},
		{.type = PARAMETER_END},
	};
	const struct parameter database[] = {
		{"FIRSTCOME_DATABASE_URL", PARAMETER_SECRET, &cli->database_url, NULL, 0, 0,
			"The PostgreSQL connection string."},
		{.type = PARAMETER_END},
	};
	const struct parameter keys[] = {
		{"FIRSTCOME_KEYS_DIR", PARAMETER_STRING, &cli->keys_dir, NULL, 0, 0,
			"The folder of the secret keys."},
		{.type = PARAMETER_END},
	};
	const struct parameter *tables[3];
	size_t count = 0;
	if ((needs & SETTINGS_NATS) != 0) {
		tables[count++] = nats;
	}
	if ((needs & SETTINGS_DATABASE) != 0) {
		tables[count++] = database;
	}
	if ((needs & SETTINGS_KEYS) != 0) {
		tables[count++] = keys;
	}
	char *taken[FLAG_ARGUMENTS_MAX];
	int taken_count = take_flags(argc, argv, taken);
	parameters_read(tables, count, taken_count, taken, "firstcome", "The admin's tool.");
}
