#include "cli/migrate.h"

#include <stddef.h>

#include "cli/arguments.h"

#define MB_MAX (1 << 20)

int migrate_main(struct cli *cli, int argc, char **argv) {
	struct migrate_sizes sizes = {.replicas = 1, .accounts_mb = 1024, .codes_mb = 64};
	const struct option options[] = {
		{"replicas", OPTION_NUMBER, &sizes.replicas, 1, 3,
			"Copies of each stream: 1, or 3 in a cluster of three. Default: 1"},
		{"accounts-mb", OPTION_NUMBER, &sizes.accounts_mb, 1, MB_MAX,
			"Megabytes for each of the other streams. Default: 1024"},
		{"codes-mb", OPTION_NUMBER, &sizes.codes_mb, 1, MB_MAX,
			"Megabytes for each of the streams of one-time codes. Default: 64"},
	};
	struct arguments arguments = {
		.usage = "migrate [--replicas 1|3] [--accounts-mb NUMBER] [--codes-mb NUMBER]",
		.purpose =
			"Makes, or brings up to date, the tables and the streams that the programs "
			"need. Run it before the programs of a new version start; running it again "
			"does no harm.",
		.options = options,
		.options_count = sizeof options / sizeof *options,
	};
	int status;
	if (!arguments_read(&arguments, cli, argc, argv, &status)) {
		return status;
	}
	bool done = migrate_schema(cli) && migrate_streams(cli, &sizes);
	return done ? CLI_DONE : CLI_NOT_DONE;
}
