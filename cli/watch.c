/*
 * watch - live counts of one campaign, as its decisions come.
 *
 * Listens to what the broker republishes, and asks for the newest decision when nothing comes, so a
 * missed message delays the counts and no more.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <uv.h>

#include "cli/arguments.h"
#include "cli/progress.h"
#include "cli/session.h"
#include "common/clock.h"
#include "common/pure/messages.h"
#include "common/pure/subjects.h"
#include "common/pure/text.h"
#include "common/pure/timestamp.h"

#define LINE_MS INT64_C(1000)
/* A terminal is drawn anew more often than a line is printed. */
#define REDRAW_MS INT64_C(250)
#define LINE_BYTES 1024u
#define COLUMNS_OTHERWISE 80
#define COUNT_MAX 1000000000

/* What the newest decision says. */
struct newest {
	uint64_t n;
	int64_t time_ms;
	uint64_t line_position;
	enum campaign_state state;
	struct counters counters;
};

struct watch {
	struct cli *cli;
	struct session *session;
	const char *campaign;
	char stream[SUBJECT_BYTES_MAX];
	char subject[SUBJECT_BYTES_MAX];
	uv_timer_t timer;
	bool terminal;      /* one line, drawn again and again */
	int64_t lines_left; /* 0: no end */
	bool over;
	struct newest newest;
	int64_t heard_us;
	/* For the rate: what was sold when, about a second ago. */
	uint32_t sold_before;
	int64_t sold_before_us;
	uint64_t sold_a_second;
};

/* ---- hearing ----------------------------------------------------------------------------------- */

static void hear(struct watch *watch, const uint8_t *data, size_t size) {
	static struct decision decision; /* too large for a stack */
	if (!decision_decode_head(&decision, data, size) || decision.n <= watch->newest.n) {
		return;
	}
	watch->heard_us = clock_monotonic_us();
	watch->newest = (struct newest){
		.n = decision.n,
		.time_ms = decision.time_ms,
		.line_position = decision.line_position,
		.state = decision.state,
		.counters = decision.counters,
	};
}

static void on_decided(void *context, const struct bus_message *message) {
	hear(context, message->data, message->size);
}

static void on_newest(
	void *context, enum stream_outcome outcome, const struct bus_message *message) {
	if (outcome == STREAM_STORED) {
		hear(context, message->data, message->size);
	}
}

static void ask_newest(struct watch *watch) {
	watch->heard_us = clock_monotonic_us();
	stream_get(session_bus(watch->session),
		&(struct stream_get){.stream = watch->stream, .last_by_subject = watch->subject},
		SESSION_TIMEOUT_MS, on_newest, watch);
}

/* ---- telling ----------------------------------------------------------------------------------- */

static void measure_rate(struct watch *watch) {
	int64_t now_us = clock_monotonic_us();
	int64_t passed_us = now_us - watch->sold_before_us;
	uint32_t sold = watch->newest.counters.sold;
	if (passed_us < LINE_MS * 1000) {
		return;
	}
	uint64_t more = sold > watch->sold_before ? sold - watch->sold_before : 0;
	watch->sold_a_second =
		watch->sold_before_us == 0 ? 0 : more * 1000000 / (uint64_t)passed_us;
	watch->sold_before = sold;
	watch->sold_before_us = now_us;
}

static void append_member(struct text *text, const char *name, uint64_t value) {
	text_append(text, ",\"");
	text_append(text, name);
	text_append(text, "\":");
	text_append_u64(text, value);
}

static void append_json(struct text *text, const struct watch *watch) {
	const struct newest *newest = &watch->newest;
	const struct counters *counters = &newest->counters;
	text_append(text, "{\"campaign_id\":\"");
	text_append(text, watch->campaign);
	text_append(text, "\",\"state\":\"");
	text_append(text, campaign_state_name(newest->state));
	text_append(text, "\"");
	append_member(
		text, "total", (uint64_t)counters->available + counters->held + counters->sold);
	append_member(text, "available", counters->available);
	append_member(text, "held", counters->held);
	append_member(text, "sold", counters->sold);
	append_member(text, "waiting", counters->waiting);
	append_member(text, "requests", newest->line_position);
	append_member(text, "sold_a_second", watch->sold_a_second);
	append_member(text, "as_of", newest->n);
	text_append(text, ",\"decided_at\":\"");
	timestamp_append(text, newest->time_ms, 0);
	text_append(text, "\"}");
}

static uint32_t terminal_columns(void) {
	struct winsize size;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
		return size.ws_col;
	}
	return COLUMNS_OTHERWISE;
}

static void end(struct watch *watch) {
	watch->over = true;
	uv_stop(session_loop(watch->session));
}

static void print_line(struct watch *watch) {
	char bytes[LINE_BYTES];
	struct text text = text_init(bytes, sizeof bytes);
	if (watch->cli->output == CLI_JSON) {
		append_json(&text, watch);
	} else {
		const struct progress progress = {
			.campaign = watch->campaign,
			.state = watch->newest.state,
			.counters = watch->newest.counters,
			.sold_a_second = watch->sold_a_second,
		};
		progress_append(&text, &progress, terminal_columns() - 1);
	}
	/* Back to the first column, the line, and nothing of the line before it. */
	printf(watch->terminal ? "\r%s\033[K" : "%s\n", text.start);
	if (fflush(stdout) != 0) {
		end(watch); /* nobody reads any more */
	}
}

static void on_timer(uv_timer_t *timer) {
	struct watch *watch = timer->data;
	measure_rate(watch);
	print_line(watch);
	bool last = watch->lines_left > 0 && --watch->lines_left == 0;
	if (last || watch->newest.state == CAMPAIGN_CLOSED) {
		end(watch);
	}
	if (clock_monotonic_us() - watch->heard_us > LINE_MS * 1000) {
		ask_newest(watch);
	}
}

/* ---- the command ------------------------------------------------------------------------------- */

static bool read_newest(struct watch *watch) {
	struct session_reply reply;
	enum stream_outcome outcome = session_get(watch->session,
		&(struct stream_get){.stream = watch->stream, .last_by_subject = watch->subject},
		&reply);
	if (outcome == STREAM_MISSING) {
		fprintf(stderr,
			"firstcome: there is no campaign %s with a decision in it: see firstcome "
			"campaign list\n",
			watch->campaign);
		return false;
	}
	if (outcome == STREAM_STORED) {
		hear(watch, (const uint8_t *)reply.data, reply.size);
	}
	if (watch->newest.n == 0) {
		fprintf(stderr,
			"firstcome: cannot read the newest decision of %s (%s): try again; if that "
			"does not help, compare the versions of sequencer and firstcome\n",
			watch->campaign, stream_outcome_name(outcome));
		return false;
	}
	return true;
}

static void follow(struct watch *watch) {
	char decided[SUBJECT_BYTES_MAX];
	subject_decided(decided, watch->campaign);
	struct uv_loop_s *loop = session_loop(watch->session);
	bus_subscribe(session_bus(watch->session), decided, NULL, on_decided, watch);
	uv_timer_init(loop, &watch->timer);
	watch->timer.data = watch;
	uv_timer_start(
		&watch->timer, on_timer, 0, (uint64_t)(watch->terminal ? REDRAW_MS : LINE_MS));
	while (!watch->over) {
		uv_run(loop, UV_RUN_ONCE);
	}
	uv_close((uv_handle_t *)&watch->timer, NULL);
	if (watch->terminal) {
		printf("\n");
	}
}

int watch_main(struct cli *cli, int argc, char **argv) {
	static struct watch watch;
	const struct option options[] = {
		{"count", OPTION_NUMBER, &watch.lines_left, 1, COUNT_MAX,
			"Ends after so many lines."},
	};
	struct arguments arguments = {
		.usage = "watch CAMPAIGN [--count NUMBER]",
		.purpose = "Shows the counts of a campaign as they change: a bar on a terminal, "
			   "else a "
			   "line every second. Ends when the campaign is closed.",
		.options = options,
		.options_count = 1,
		.operands_wanted = 1,
	};
	int status;
	if (!arguments_read(&arguments, cli, argc, argv, &status)) {
		return status;
	}
	watch.cli = cli;
	watch.campaign = arguments.operands[0];
	if (!campaign_id_is_valid(watch.campaign, strlen(watch.campaign))) {
		fprintf(stderr, "firstcome: \"%s\" cannot be the id of a campaign\n",
			watch.campaign);
		return CLI_WRONG_USAGE;
	}
	watch.terminal =
		cli->output == CLI_TABLE && watch.lines_left == 0 && isatty(STDOUT_FILENO) != 0;
	stream_decisions(watch.stream, watch.campaign);
	subject_decision(watch.subject, watch.campaign);
	watch.session = session_open(cli);
	if (watch.session == NULL) {
		return CLI_NOT_DONE;
	}
	status = CLI_NOT_DONE;
	if (read_newest(&watch)) {
		follow(&watch);
		status = CLI_DONE;
	}
	session_close(watch.session);
	return status;
}
