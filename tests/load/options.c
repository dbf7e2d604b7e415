#include "tests/load/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/pure/text.h"

static const char help_text[] =
	"usage: load peak|rate R|rush|poll [options]\n"
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
	"\n"
	"  --address HOST:PORT    where the ingress listens (127.0.0.1:8080)\n"
	"  --keys DIR             the keys of that copy (FIRSTCOME_KEYS_DIR); not needed with "
	"--get\n"
	"  --campaign ID          what to book (burger)\n"
	"  --get PATH             GET this in place of booking\n"
	"  --connections N        at most so many at once (256)\n"
	"  --threads N            loops to share them (1)\n"
	"  --seconds N            how long; a rush ends by itself, and N is its limit (10)\n"
	"  --people N             different people (rush: 10000, else as many as may be needed)\n"
	"  --rate R               poll: a second; 0 is a closed loop (0)\n"
	"  --patience N           milliseconds after which a person gives up (5000)\n"
	"  --requests N           requests to a connection; 0 is no limit (0)\n"
	"  --spread N             rush: milliseconds that people take to press, on the mean "
	"(1000)\n"
	"  --duplicates N         rush: percent of people who press twice (10)\n"
	"  --tickets N            poll: so many tickets are asked for too (0)\n"
	"  --wait N               Prefer: wait=N, in seconds (not sent)\n"
	"  -o json|table          the shape of the summary (table)\n"
	"\n"
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
	OPTION_RATE,
	OPTION_PATIENCE,
	OPTION_REQUESTS,
	OPTION_SPREAD,
	OPTION_DUPLICATES,
	OPTION_TICKETS,
	OPTION_WAIT,
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
	{"rate", required_argument, NULL, OPTION_RATE},
	{"patience", required_argument, NULL, OPTION_PATIENCE},
	{"requests", required_argument, NULL, OPTION_REQUESTS},
	{"spread", required_argument, NULL, OPTION_SPREAD},
	{"duplicates", required_argument, NULL, OPTION_DUPLICATES},
	{"tickets", required_argument, NULL, OPTION_TICKETS},
	{"wait", required_argument, NULL, OPTION_WAIT},
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
		{OPTION_RATE, &options->rate, 0, 10000000},
		{OPTION_PATIENCE, &options->patience_ms, 1, 600000},
		{OPTION_REQUESTS, &options->requests_per_connection, 0, 1000000000},
		{OPTION_SPREAD, &options->spread_ms, 1, 3600000},
		{OPTION_DUPLICATES, &options->duplicates_percent, 0, 100},
		{OPTION_TICKETS, &options->tickets, 0, 1000000},
		{OPTION_WAIT, &options->wait_s, 0, 10},
	};
	switch (name) {
	case OPTION_ADDRESS:
		options->address = value;
		return;
	case OPTION_KEYS:
		options->keys_dir = value;
		return;
	case OPTION_CAMPAIGN:
		options->campaign = value;
		return;
	case OPTION_GET:
		options->get = value;
		return;
	case OPTION_HELP:
		fputs(help_text, stdout);
		exit(EX_OK);
	case 'o':
		if (strcmp(value, "json") != 0 && strcmp(value, "table") != 0) {
			refuse("-o takes json or table", value);
		}
		options->json = value[0] == 'j';
		return;
	default:
		break;
	}
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if ((int)rows[i].name == name) {
			read_number(&rows[i], value);
			return;
		}
	}
	exit(EX_USAGE); /* getopt has said what is wrong */
}

/* "peak", "rate R", "rush", "poll": what is left when the options are taken. */
static void read_mode(struct options *options, int count, char **operands) {
	static const char *const names[] = {
		[MODE_PEAK] = "peak",
		[MODE_RATE] = "rate",
		[MODE_RUSH] = "rush",
		[MODE_POLL] = "poll",
	};
	size_t mode = 0;
	if (count == 0) {
		fputs(help_text, stderr);
		exit(EX_USAGE);
	}
	while (mode < sizeof names / sizeof names[0] && strcmp(names[mode], operands[0]) != 0) {
		mode++;
	}
	if (mode == sizeof names / sizeof names[0]) {
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

static uint64_t people_needed(const struct options *options) {
	if (options->mode == MODE_RUSH) {
		return 10000;
	}
	uint64_t rate = options->mode == MODE_RATE ? options->rate : PEOPLE_A_SECOND_MAX;
	uint64_t needed = rate * options->seconds;
	return needed < PEOPLE_MAX ? needed : PEOPLE_MAX;
}

void options_read(struct options *options, int argc, char **argv) {
	*options = (struct options){
		.address = "127.0.0.1:8080",
		.keys_dir = getenv("FIRSTCOME_KEYS_DIR"),
		.campaign = "burger",
		.connections = 256,
		.threads = 1,
		.seconds = 10,
		.patience_ms = 5000,
		.spread_ms = 1000,
		.duplicates_percent = 10,
		.wait_s = WAIT_NONE,
	};
	int name;
	while ((name = getopt_long(argc, argv, "o:h", long_options, NULL)) != -1) {
		read_option(options, name == 'h' ? OPTION_HELP : name, optarg);
	}
	read_mode(options, argc - optind, argv + optind);
	if (options->people == 0) {
		options->people = people_needed(options);
	}
	bool books = options->get == NULL && (options->mode != MODE_POLL || options->tickets > 0);
	if (books && options->keys_dir == NULL) {
		refuse("give the folder with the keys of that copy, --keys DIR", "");
	}
	if (options->connections < options->threads) {
		options->connections = options->threads;
	}
}
