/*
 * campaign - publishes campaigns, and steers them, by way of the sequencer's control desk.
 *
 * Every verb is a request on control.campaign.<verb>; sequencer/desk.h describes both sides. With
 * -o json the reply is printed as it came.
 */
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/arguments.h"
#include "cli/session.h"
#include "cli/table.h"
#include "common/json.h"
#include "common/memory.h"
#include "common/pure/limits.h"
#include "common/pure/subjects.h"
#include "common/pure/text.h"

/* A definition as a JSON string: all of it escaped as \u00xx, and the names of the fields. */
#define REQUEST_BYTES (DEFINITION_BYTES_MAX * 6u + 64u)
#define REPLY_STRING_BYTES_MAX DEFINITION_BYTES_MAX
#define HASH_DIGITS ((size_t)2 * DEFINITION_HASH_BYTES)
/* The desk gives an errand up after five seconds. */
#define DESK_REPLY_MS 7000
#define DESK_TRIES 3
#define DESK_PAUSE_SECONDS 1

static const struct verb {
	const char *name;
	const char *usage;
	const char *purpose;
} verbs[] = {
	{"publish", "campaign publish FILE [--dry-run]",
		"Publishes the campaign that FILE (- is standard input) defines, as JSON. Until "
		"the "
		"opening a campaign may be published anew; from then on it never changes."},
	{"start", "campaign start ID", "Opens a campaign that has no opens_at."},
	{"pause", "campaign pause ID", "Refuses bookings until the campaign is resumed."},
	{"resume", "campaign resume ID", "Goes on after a pause."},
	{"close", "campaign close ID", "Ends a campaign for good."},
	{"get", "campaign get ID", "Shows a campaign, its counts and its definition's hash."},
	{"list", "campaign list", "Shows all campaigns."},
};

#define VERBS_COUNT (sizeof verbs / sizeof *verbs)

/* ---- asking the desk --------------------------------------------------------------------------- */

/* True if the desk replied. Only what certainly was not done is tried again: another sequencer may be
 * just taking over. */
static bool ask_desk(struct session *session, const char *verb, const char *request,
	struct session_reply *reply) {
	char subject[SUBJECT_BYTES_MAX];
	snprintf(subject, sizeof subject, SUBJECT_CONTROL_PREFIX "%s", verb);
	enum bus_outcome outcome = BUS_NO_RESPONDERS;
	for (int tries = 0; tries < DESK_TRIES && outcome == BUS_NO_RESPONDERS; tries++) {
		if (tries > 0) {
			fprintf(stderr, "firstcome: no sequencer is there, trying again\n");
			sleep(DESK_PAUSE_SECONDS);
		}
		outcome = session_request(session, subject, request, DESK_REPLY_MS, reply);
	}
	if (outcome != BUS_REPLIED) {
		session_complain(outcome, "the control desk (a sequencer)");
	}
	return outcome == BUS_REPLIED;
}

/* The bytes of a file, with a NUL behind them; NULL, and a sentence, if it cannot be a definition. */
static char *read_file(const char *path) {
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
	if (file == NULL) {
		fprintf(stderr, "firstcome: cannot open %s: %s\n", path, strerror(errno));
		return NULL;
	}
	char *bytes = memory_new(DEFINITION_BYTES_MAX + 2);
	size_t size = fread(bytes, 1, DEFINITION_BYTES_MAX + 1, file);
	bool unreadable = ferror(file) != 0;
	if (file != stdin) {
		fclose(file);
	}
	bytes[size] = '\0';
	if (unreadable) {
		fprintf(stderr, "firstcome: cannot read %s: is it a file?\n", path);
	} else if (size > DEFINITION_BYTES_MAX) {
		fprintf(stderr, "firstcome: %s is longer than %u bytes: shorten its texts\n", path,
			DEFINITION_BYTES_MAX);
	} else if (strlen(bytes) != size || !text_is_utf8(bytes, size)) {
		fprintf(stderr, "firstcome: %s is not UTF-8 text: save it as UTF-8\n", path);
	} else {
		return bytes;
	}
	free(bytes);
	return NULL;
}

/* The request's body; owned by the caller. NULL if the file cannot be read. */
static char *make_request(const char *verb, const char *operand, bool dry_run) {
	char *request = memory_new(REQUEST_BYTES);
	struct text text = text_init(request, REQUEST_BYTES);
	if (strcmp(verb, "publish") == 0) {
		char *definition = read_file(operand);
		if (definition == NULL) {
			free(request);
			return NULL;
		}
		text_append(&text, "{\"definition\":");
		text_append_json(&text, definition, strlen(definition));
		text_append(&text, dry_run ? ",\"dry_run\":true}" : ",\"dry_run\":false}");
		free(definition);
	} else if (strcmp(verb, "list") == 0) {
		text_append(&text, "{}");
	} else {
		text_append(&text, "{\"id\":");
		text_append_json(&text, operand, strlen(operand));
		text_append(&text, "}");
	}
	assert(!text.failed);
	return request;
}

/* ---- telling the reply ------------------------------------------------------------------------- */

static const char *u64_text(char target[24], struct json_object *object, const char *key) {
	snprintf(target, 24, "%" PRIu64, json_u64_or(object, key, 0, UINT64_MAX >> 11, 0));
	return target;
}

static void add_heading(struct table *table) {
	static const char *const heading[] = {
		"ID", "STATE", "TOTAL", "AVAILABLE", "HELD", "SOLD", "WAITING", "TITLE"};
	table_init(table, sizeof heading / sizeof *heading);
	table_add(table, heading);
}

static void add_campaign(struct table *table, struct json_object *campaign) {
	char numbers[5][24];
	bool stopped = json_has(campaign, "stopped");
	const char *state = json_string_or(campaign, "state", REPLY_STRING_BYTES_MAX, "-");
	const char *cells[] = {
		json_string_or(campaign, "id", REPLY_STRING_BYTES_MAX, "-"),
		stopped ? "stopped" : state,
		u64_text(numbers[0], campaign, "total"),
		u64_text(numbers[1], campaign, "available"),
		u64_text(numbers[2], campaign, "held"),
		u64_text(numbers[3], campaign, "sold"),
		u64_text(numbers[4], campaign, "waiting"),
		json_string_or(campaign, "title", REPLY_STRING_BYTES_MAX, ""),
	};
	table_add(table, cells);
}

static void print_campaign(struct json_object *object) {
	struct json_object campaign;
	if (!json_inner(&campaign, object, "campaign")) {
		return;
	}
	if (json_bool_or(object, "dry_run", false)) {
		printf("%s is a valid definition; nothing was published\n",
			json_string_or(&campaign, "id", REPLY_STRING_BYTES_MAX, "this"));
		return;
	}
	struct table table;
	add_heading(&table);
	add_campaign(&table, &campaign);
	table_print(&table);
	table_finish(&table);
	printf("\ndefinition  %s\n",
		json_string_or(&campaign, "definition_hash", HASH_DIGITS, "-"));
	if (json_has(&campaign, "stopped")) {
		printf("stopped     %s\n",
			json_string_or(&campaign, "stopped", REPLY_STRING_BYTES_MAX, "-"));
	}
}

static void print_campaigns(struct json_object *object) {
	struct table table;
	add_heading(&table);
	size_t count = json_array_count(object, "campaigns");
	for (size_t i = 0; i < count; i++) {
		struct json_object campaign;
		if (json_array_item(&campaign, object, "campaigns", i)) {
			add_campaign(&table, &campaign);
		}
	}
	table_print(&table);
	table_finish(&table);
}

static int tell_reply(const struct cli *cli, const struct session_reply *reply) {
	struct json_object object;
	json_init(&object, reply->data, reply->size);
	bool good = json_bool(&object, "ok");
	if (object.failed) {
		fprintf(stderr,
			"firstcome: the control desk answered something else than expected (%s): "
			"are "
			"sequencer and firstcome of the same version?\n",
			object.error);
	} else if (cli->output == CLI_JSON) {
		printf("%s\n", reply->data);
	} else if (!good) {
		fprintf(stderr, "firstcome: %s\n",
			json_string_or(&object, "message", REPLY_STRING_BYTES_MAX, "refused"));
	} else if (json_has(&object, "campaigns")) {
		print_campaigns(&object);
	} else {
		print_campaign(&object);
	}
	json_finish(&object);
	return good ? CLI_DONE : CLI_NOT_DONE;
}

/* ---- the command ------------------------------------------------------------------------------- */

static int run_verb(struct cli *cli, const char *verb, const char *operand, bool dry_run) {
	char *request = make_request(verb, operand, dry_run);
	if (request == NULL) {
		return CLI_NOT_DONE;
	}
	int status = CLI_NOT_DONE;
	struct session *session = session_open(cli);
	struct session_reply reply;
	if (session != NULL && ask_desk(session, verb, request, &reply)) {
		status = tell_reply(cli, &reply);
	}
	session_close(session);
	free(request);
	return status;
}

static const struct verb *find_verb(const char *name) {
	for (size_t i = 0; i < VERBS_COUNT; i++) {
		if (strcmp(verbs[i].name, name) == 0) {
			return &verbs[i];
		}
	}
	return NULL;
}

static int list_verbs(bool wanted) {
	FILE *stream = wanted ? stdout : stderr;
	fprintf(stream, "usage: firstcome campaign VERB ...\n\n");
	for (size_t i = 0; i < VERBS_COUNT; i++) {
		fprintf(stream, "  firstcome %s\n      %s\n", verbs[i].usage, verbs[i].purpose);
	}
	return wanted ? CLI_DONE : CLI_WRONG_USAGE;
}

int campaign_main(struct cli *cli, int argc, char **argv) {
	const struct verb *verb = argc < 2 ? NULL : find_verb(argv[1]);
	if (verb == NULL) {
		return list_verbs(argc >= 2 && strcmp(argv[1], "--help") == 0);
	}
	bool publish = strcmp(verb->name, "publish") == 0;
	bool dry_run = false;
	const struct option options[] = {
		{"dry-run", OPTION_FLAG, &dry_run, 0, 0,
			"Only checks the definition, as the sequencer would; publishes nothing."},
	};
	struct arguments arguments = {
		.usage = verb->usage,
		.purpose = verb->purpose,
		.options = options,
		.options_count = publish ? 1 : 0,
		.operands_wanted = strcmp(verb->name, "list") == 0 ? 0 : 1,
	};
	int status;
	if (!arguments_read(&arguments, cli, argc - 1, argv + 1, &status)) {
		return status;
	}
	return run_verb(cli, verb->name, arguments.operands[0], dry_run);
}
