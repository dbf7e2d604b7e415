/*
 * status - asks all programs how they are, and tells whether the whole can do its work.
 *
 * Every program answers status.ping itself, so who is missing did not start, hangs, or has lost the
 * broker.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "cli/arguments.h"
#include "cli/session.h"
#include "cli/table.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/pure/subjects.h"
#include "common/pure/text.h"

#define GATHER_MS 300
#define AGAIN_MS 500
#define WAIT_SECONDS_MAX 3600
#define PROGRAMS_MAX 512u
#define NAME_BYTES 64u
#define NOTE_BYTES 1000u

/* One of each has to be ready, or somebody is served badly. */
static const char *const needed[] = {"ingress", "sequencer", "fulfiller", "notifier"};
#define NEEDED_COUNT (sizeof needed / sizeof *needed)

struct program {
	char name[NAME_BYTES];
	char instance[NAME_BYTES];
	char version[NAME_BYTES];
	char note[NOTE_BYTES];
	bool ready;
};

struct roll {
	uint32_t count;
	struct program programs[PROGRAMS_MAX];
};

/* ---- gathering --------------------------------------------------------------------------------- */

static void on_pong(void *context, const struct bus_message *message) {
	struct roll *roll = context;
	if (message->status != 0 || roll->count == PROGRAMS_MAX) {
		return;
	}
	struct json_object object;
	json_init(&object, (const char *)message->data, message->size);
	struct program *program = &roll->programs[roll->count];
	snprintf(program->name, NAME_BYTES, "%s", json_string(&object, "program", NAME_BYTES - 1));
	snprintf(program->instance, NAME_BYTES, "%s",
		json_string(&object, "instance", NAME_BYTES - 1));
	snprintf(program->version, NAME_BYTES, "%s",
		json_string_or(&object, "version", NAME_BYTES - 1, "-"));
	snprintf(program->note, NOTE_BYTES, "%s",
		json_string_or(&object, "note", NOTE_BYTES - 1, ""));
	program->ready = json_bool(&object, "ready");
	if (!object.failed) {
		roll->count++;
	}
	json_finish(&object);
}

static void on_time(uv_timer_t *timer) {
	bool *over = timer->data;
	*over = true;
}

static void on_closed(uv_handle_t *timer) {
	bool *closed = timer->data;
	*closed = true;
}

static void turn_for(struct uv_loop_s *loop, int ms) {
	uv_timer_t timer;
	bool over = false;
	uv_timer_init(loop, &timer);
	timer.data = &over;
	uv_timer_start(&timer, on_time, (uint64_t)ms, 0);
	while (!over) {
		uv_run(loop, UV_RUN_ONCE);
	}
	bool closed = false;
	timer.data = &closed;
	uv_close((uv_handle_t *)&timer, on_closed);
	while (!closed) {
		uv_run(loop, UV_RUN_ONCE);
	}
}

static int by_name(const void *a, const void *b) {
	const struct program *left = a;
	const struct program *right = b;
	int order = strcmp(left->name, right->name);
	return order != 0 ? order : strcmp(left->instance, right->instance);
}

static void gather(struct session *session, struct roll *roll) {
	struct bus *bus = session_bus(session);
	char inbox[BUS_INBOX_BYTES];
	roll->count = 0;
	uint64_t id = bus_inbox_open(bus, inbox, on_pong, roll);
	bus_publish(bus, &(struct bus_publication){
				 .subject = SUBJECT_STATUS_PING,
				 .reply = inbox,
				 .data = "",
				 .expected_last_sequence = -1,
				 .expected_last_subject_sequence = -1,
			 });
	turn_for(session_loop(session), GATHER_MS);
	bus_inbox_close(bus, id);
	qsort(roll->programs, roll->count, sizeof(roll->programs[0]), by_name);
}

/* ---- telling ----------------------------------------------------------------------------------- */

static bool is_ready(const struct roll *roll, const char *name) {
	for (uint32_t i = 0; i < roll->count; i++) {
		if (roll->programs[i].ready && strcmp(roll->programs[i].name, name) == 0) {
			return true;
		}
	}
	return false;
}

static bool all_ready(const struct roll *roll) {
	for (size_t i = 0; i < NEEDED_COUNT; i++) {
		if (!is_ready(roll, needed[i])) {
			return false;
		}
	}
	return true;
}

static void print_table(const struct roll *roll) {
	static const char *const heading[] = {"PROGRAM", "INSTANCE", "VERSION", "READY", "NOTE"};
	struct table table;
	table_init(&table, sizeof heading / sizeof *heading);
	table_add(&table, heading);
	for (uint32_t i = 0; i < roll->count; i++) {
		const struct program *program = &roll->programs[i];
		const char *cells[] = {program->name, program->instance, program->version,
			program->ready ? "yes" : "no", program->note};
		table_add(&table, cells);
	}
	table_print(&table);
	table_finish(&table);
	for (size_t i = 0; i < NEEDED_COUNT; i++) {
		if (!is_ready(roll, needed[i])) {
			printf("no %s is ready\n", needed[i]);
		}
	}
}

static void print_json_string(const char *name, const char *value) {
	char line[NOTE_BYTES * 6u + 8u];
	struct text text = text_init(line, sizeof line);
	text_append_json(&text, value, strlen(value));
	printf("\"%s\":%s", name, text.start);
}

static void print_json(const struct roll *roll) {
	printf("{\"ready\":%s,\"programs\":[", all_ready(roll) ? "true" : "false");
	for (uint32_t i = 0; i < roll->count; i++) {
		const struct program *program = &roll->programs[i];
		printf("%s{", i == 0 ? "" : ",");
		print_json_string("program", program->name);
		printf(",");
		print_json_string("instance", program->instance);
		printf(",");
		print_json_string("version", program->version);
		printf(",\"ready\":%s,", program->ready ? "true" : "false");
		print_json_string("note", program->note);
		printf("}");
	}
	printf("]}\n");
}

int status_main(struct cli *cli, int argc, char **argv) {
	int64_t wait_seconds = 0;
	const struct option options[] = {
		{"wait", OPTION_NUMBER, &wait_seconds, 0, WAIT_SECONDS_MAX,
			"Asks again for so many seconds, until all are ready."},
	};
	struct arguments arguments = {
		.usage = "status [--wait SECONDS]",
		.purpose =
			"Shows all programs. Ends with 0 if an ingress, a sequencer, a fulfiller "
			"and a notifier are ready, else with 1.",
		.options = options,
		.options_count = 1,
	};
	int status;
	if (!arguments_read(&arguments, cli, argc, argv, &status)) {
		return status;
	}
	struct session *session = session_open(cli);
	if (session == NULL) {
		return CLI_NOT_DONE;
	}
	static struct roll roll;
	int64_t give_up_us = clock_monotonic_us() + wait_seconds * 1000000;
	gather(session, &roll);
	while (!all_ready(&roll) && clock_monotonic_us() < give_up_us) {
		turn_for(session_loop(session), AGAIN_MS);
		gather(session, &roll);
	}
	session_close(session);
	if (cli->output == CLI_JSON) {
		print_json(&roll);
	} else {
		print_table(&roll);
	}
	return all_ready(&roll) ? CLI_DONE : CLI_NOT_DONE;
}
