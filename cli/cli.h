/*
 * cli - what every command of the tool is given, and what it gives back.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

enum cli_output { CLI_TABLE, CLI_JSON };

/* Exit status of a command. Settings that are missing or wrong end with EX_CONFIG (78, sysexits.h). */
#define CLI_DONE 0
#define CLI_NOT_DONE                                                                               \
	1 /* refused, not found, not ready, or not reachable: standard error says which */
#define CLI_WRONG_USAGE 2

/* Settings that a command does not need (command_table in main.c) are NULL. */
struct cli {
	enum cli_output output; /* -o */
	const char *nats_url;
	const char *nats_user;
	const char *nats_password_file;
	const char *database_url;
	const char *keys_dir;
};

/* The commands. argv[0] is the command's name; what follows are its own options and operands. */
int audit_main(struct cli *cli, int argc, char **argv);
int campaign_main(struct cli *cli, int argc, char **argv);
int export_main(struct cli *cli, int argc, char **argv);
int migrate_main(struct cli *cli, int argc, char **argv);
int status_main(struct cli *cli, int argc, char **argv);
int trace_main(struct cli *cli, int argc, char **argv);
int watch_main(struct cli *cli, int argc, char **argv);

#endif
