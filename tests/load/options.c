#include "tests/load/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/pure/subjects.h"
#include "common/pure/text.h"

static const char help_text[] =
	"usage: load peak|rate R|rush|poll|login|contacts [options]\n"
	"\n"
	"Books, or reads, over many connections at once, as many different people; checks what "
	"they are\n"
	"told; and says how long it took. Latency counts from the moment at which a request was "
	"meant to\n"
	"be sent.\n"
	"\n"
	"  peak                   closed loop: as fast as it goes\n"
	"  rate R                 open loop: R requests a second\n"
	"  rush                   everybody at once, with second tries and double clicks\n"
	"  poll                   readers of counts and of tickets\n"
	"  login                  people who ask for a code, read it in the sandbox, and log in\n"
	"  contacts               no load: prints the contacts of the --people of a --run, for "
	"COPY\n"
	"\n"
	"  --address HOST:PORT    where the ingress listens (127.0.0.1:8080)\n"
	"  --keys DIR             the keys of that copy (FIRSTCOME_KEYS_DIR); not needed with "
	"--get\n"
	"  --campaign ID          what to book (burger)\n"
	"  --get PATH             GET this in place of booking\n"
	"  --connections N        at most so many at once (256; login: 32)\n"
	"  --threads N            loops to share them (1; login has no more)\n"
	"  --seconds N            how long; a rush ends by itself, and N is its limit (10)\n"
	"  --people N             different people (rush: 10000, else as many as may be needed)\n"
	"  --run N                they are the people of this run, as often as it is asked for "
	"(new\n"
	"                         ones each time)\n"
	"  --rate R               poll, login: a second; 0 is a closed loop (0). With a rate, "
	"connections\n"
	"                         that poll take turns\n"
	"  --patience N           milliseconds after which a person gives up (5000)\n"
	"  --requests N           requests to a connection; 0 is no limit (0)\n"
	"  --spread N             rush: milliseconds that people take to press, on the mean "
	"(1000)\n"
	"  --duplicates N         rush: percent of people who press twice (10)\n"
	"  --tickets N            poll: so many tickets are asked for too (0)\n"
	"  --wait N               Prefer: wait=N, in seconds (not sent)\n"
	"  --sandbox HOST:PORT    login: where mail arrives (127.0.0.1:8110)\n"
	"  --picture FILE.svg     draws the run\n"
	"  -o json|table          the shape of the summary (table)\n"
	"\n"
	"Ctrl-C ends a run early, and what came of it is printed all the same.\n"
	"Ends with 0 if what people were told can be true, with 1 if not, with another number if "
	"there\n"
	"was nothing to load.\n";

enum option_name {
	OPTION_ADDRESS = 256,
	OPTION_KEYS,
	OPTION_CAMPAIGN,
	OPTION_GET,
	OPTION_CONNECTIONS,
	OPTION_THREADS,
	OPTION_SECONDS,
	OPTION_PEOPLE,
	OPTION_RUN,
	OPTION_RATE,
	OPTION_PATIENCE,
	OPTION_REQUESTS,
	OPTION_SPREAD,
	OPTION_DUPLICATES,
	OPTION_TICKETS,
	OPTION_WAIT,
	OPTION_SANDBOX,
	OPTION_PICTURE,
	OPTION_HELP,
};

static const struct option long_options[] = {
	{"address", required_argument, NULL, OPTION_ADDRESS},
	{"keys", required_argument, NULL, OPTION_KEYS},
	{"campaign", required_argument, NULL, OPTION_CAMPAIGN},
	{"get", required_argument, NULL, OPTION_GET},
	{"connections", required_argument, NULL, OPTION_CONNECTIONS},
	{"threads", required_argument, NULL, OPTION_THREADS},
	{"seconds", required_argument, NULL, OPTION_SECONDS},
	{"people", required_argument, NULL, OPTION_PEOPLE},
	{"run", required_argument, NULL, OPTION_RUN},
	{"rate", required_argument, NULL, OPTION_RATE},
	{"patience", required_argument, NULL, OPTION_PATIENCE},
	{"requests", required_argument, NULL, OPTION_REQUESTS},
	{"spread", required_argument, NULL, OPTION_SPREAD},
	{"duplicates", required_argument, NULL, OPTION_DUPLICATES},
	{"tickets", required_argument, NULL, OPTION_TICKETS},
	{"wait", required_argument, NULL, OPTION_WAIT},
	{"sandbox", required_argument, NULL, OPTION_SANDBOX},
	{"picture", required_argument, NULL, OPTION_PICTURE},
	{"help", no_argument, NULL, OPTION_HELP},
	{NULL, 0, NULL, 0},
};

/* Numbers: where they go and what they may be. */
struct number_row {
	enum option_name name;
	uint64_t *target;
	uint64_t min;
	uint64_t max;
};

_Noreturn static void refuse(const char *what, const char *value) {
	fprintf(stderr, "load: %s: \"%s\". See: load --help\n", what, value);
	exit(EX_USAGE);
}

static void read_number(const struct number_row *row, const char *value) {
	if (!text_parse_u64(value, strlen(value), row->max, row->target) ||
		*row->target < row->min) {
		fprintf(stderr,
			"load: \"%s\" is not a whole number from %llu to %llu. See: load --help\n",
			value, (unsigned long long)row->min, (unsigned long long)row->max);
		exit(EX_USAGE);
	}
}

static void read_option(struct options *options, int name, const char *value) {
	const struct number_row rows[] = {
		{OPTION_CONNECTIONS, &options->connections, 1, 1000000},
		{OPTION_THREADS, &options->threads, 1, 64},
		{OPTION_SECONDS, &options->seconds, 1, 86400},
		{OPTION_PEOPLE, &options->people, 1, 100000000},
		{OPTION_RUN, &options->run, 1, UINT32_MAX},
		{OPTION_RATE, &options->rate, 0, 10000000},
		{OPTION_PATIENCE, &options->patience_ms, 1, 600000},
		{OPTION_REQUESTS, &options->requests_per_connection, 0, 1000000000},
		{OPTION_SPREAD, &options->spread_ms, 1, 3600000},
		{OPTION_DUPLICATES, &options->duplicates_percent, 0, 100},
		{OPTION_TICKETS, &options->tickets, 0, 1000000},
		{OPTION_WAIT, &options->wait_s, 0, 10},
	};
	const struct {
		enum option_name name;
		const char **target;
	} texts[] = {
		{OPTION_ADDRESS, &options->address},
		{OPTION_KEYS, &options->keys_dir},
		{OPTION_CAMPAIGN, &options->campaign},
		{OPTION_GET, &options->get},
		{OPTION_SANDBOX, &options->sandbox},
		{OPTION_PICTURE, &options->picture},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if ((int)rows[i].name == name) {
			read_number(&rows[i], value);
			return;
		}
	}
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		if ((int)texts[i].name == name) {
			*texts[i].target = value;
			return;
		}
	}
	exit(EX_USAGE); /* getopt has said what is wrong */
}

static void read_shape(struct options *options, const char *value) {
	if (strcmp(value, "json") != 0 && strcmp(value, "table") != 0) {
		refuse("-o takes json or table", value);
	}
	options->json = value[0] == 'j';
}

static const char *const mode_names[] = {
	[MODE_PEAK] = "peak",
	[MODE_RATE] = "rate",
	[MODE_RUSH] = "rush",
	[MODE_POLL] = "poll",
	[MODE_LOGIN] = "login",
	[MODE_CONTACTS] = "contacts",
};

#define MODES (sizeof mode_names / sizeof mode_names[0])

const char *options_mode_name(const struct options *options) {
	return mode_names[options->mode];
}

/* "peak", "rate R", "rush", "poll" ...: what is left when the options are taken. */
static void read_mode(struct options *options, int count, char **operands) {
	size_t mode = 0;
	if (count == 0) {
		fputs(help_text, stderr);
		exit(EX_USAGE);
	}
	while (mode < MODES && strcmp(mode_names[mode], operands[0]) != 0) {
		mode++;
	}
	if (mode == MODES) {
		refuse("there is no such mode", operands[0]);
	}
	options->mode = (enum mode)mode;
	if (options->mode == MODE_RATE && count == 2) {
		read_number(
			&(struct number_row){.target = &options->rate, .min = 1, .max = 10000000},
			operands[1]);
	} else if (options->mode == MODE_RATE || count > 1) {
		refuse(options->mode == MODE_RATE ? "rate takes one number" : "that is too much",
			operands[count - 1]);
	}
}

/* Closed loops cannot know how many people they need; more than this on one machine and second would
 * be a surprise. */
#define PEOPLE_A_SECOND_MAX 150000u
#define PEOPLE_MAX 6000000u
/* The sandbox has a thread for each. */
#define LOGINS_AT_ONCE 32u

static uint64_t people_needed(const struct options *options) {
	if (options->mode == MODE_RUSH) {
		return 10000;
	}
	uint64_t rate = options->mode == MODE_RATE ? options->rate : PEOPLE_A_SECOND_MAX;
	uint64_t needed = rate * options->seconds;
	return needed < PEOPLE_MAX ? needed : PEOPLE_MAX;
}

bool options_book(const struct options *options) {
	return options->get == NULL && options->mode != MODE_POLL && options->mode != MODE_LOGIN &&
	       options->mode != MODE_CONTACTS;
}

struct crowd_options options_crowd(const struct options *options) {
	return (struct crowd_options){
		.count = (uint32_t)options->people,
		.run = (uint32_t)options->run,
		.keys_dir = options->keys_dir,
	};
}

/* What depends on other options. */
static void complete(struct options *options) {
	bool needs_keys = options_book(options) || options->mode == MODE_CONTACTS ||
			  (options->get == NULL && options->tickets > 0);
	if (options->mode == MODE_CONTACTS && (options->people == 0 || options->run == 0)) {
		refuse("contacts wants --people and --run", "");
	}
	if (options->people == 0) {
		options->people = people_needed(options);
	}
	if (options->mode == MODE_LOGIN) {
		options->threads = 1;
	}
	if (options->connections == 0) {
		options->connections = options->mode == MODE_LOGIN ? LOGINS_AT_ONCE : 256;
	}
	if (options->connections < options->threads) {
		options->connections = options->threads;
	}
	if (needs_keys && options->keys_dir == NULL) {
		refuse("give the folder with the keys of that copy, --keys DIR", "");
	}
	if (!campaign_id_is_valid(options->campaign, strlen(options->campaign))) {
		refuse("a campaign's ID is lower-case letters, digits and '-'", options->campaign);
	}
}

void options_read(struct options *options, int argc, char **argv) {
	*options = (struct options){
		.address = "127.0.0.1:8080",
		.sandbox = "127.0.0.1:8110",
		.keys_dir = getenv("FIRSTCOME_KEYS_DIR"),
		.campaign = "burger",
		.threads = 1,
		.seconds = 10,
		.patience_ms = 5000,
		.spread_ms = 1000,
		.duplicates_percent = 10,
		.wait_s = WAIT_NONE,
	};
	int name;
	while ((name = getopt_long(argc, argv, "o:h", long_options, NULL)) != -1) {
		if (name == OPTION_HELP || name == 'h') {
			fputs(help_text, stdout);
			exit(EX_OK);
		} else if (name == 'o') {
			read_shape(options, optarg);
		} else {
			read_option(options, name, optarg);
		}
	}
	read_mode(options, argc - optind, argv + optind);
	complete(options);
}
