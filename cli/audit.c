/*
 * audit - recomputes a whole campaign from its two streams, and says whether anything is wrong.
 *
 * Every request is decided a second time by the referee, which shares no line with the sequencer's
 * core; the digests are computed again; and PostgreSQL is compared row by row. Reading only: it can
 * run beside a campaign that sells (then what is decided after it began is not looked at).
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/audit_ledger.h"
#include "cli/audit_report.h"
#include "cli/comparison.h"
#include "cli/referee.h"
#include "cli/session.h"
#include "cli/tape.h"
#include "common/crypto.h"
#include "common/definition_json.h"
#include "common/pure/subjects.h"

struct audit {
	struct audit_report report;
	struct referee *referee;
	struct request request;
	struct decision expected;
	struct decision decision;
	uint8_t digest[DIGEST_BYTES]; /* of the decision before */
	uint32_t number_last;         /* of the last fresh booking */
	uint64_t place_last;
};

static bool gives(const struct answer *answer) {
	return !answer->repeated &&
	       (answer->verdict == VERDICT_BOOKED || answer->verdict == VERDICT_HELD ||
		       answer->verdict == VERDICT_WAITLISTED);
}

static bool gives_units(const struct answer *answer) {
	return gives(answer) && answer->verdict != VERDICT_WAITLISTED;
}

static bool says_has_already(const struct answer *answer) {
	return answer->repeated || answer->verdict == VERDICT_ALREADY_BOOKED ||
	       answer->verdict == VERDICT_OVER_LIMIT;
}

/* Puts a wrong answer on one of the counts. True if it was wrong in one of these ways. */
static bool judge_answer(
	struct audit_report *report, const struct answer *expected, const struct answer *actual) {
	if (gives(actual) && says_has_already(expected)) {
		report->duplicated++;
	} else if (gives_units(actual) && !gives_units(expected)) {
		report->oversold++;
	} else if (gives(expected) && !gives(actual)) {
		report->undersold++;
	} else {
		return false;
	}
	return true;
}

static void count_answers(struct audit *audit) {
	struct audit_report *report = &audit->report;
	const struct decision *decision = &audit->decision;
	for (uint16_t i = 0; i < decision->count; i++) {
		const struct answer *answer = &decision->answers[i];
		if (decision->request_kind != MESSAGE_BOOK) {
			continue;
		}
		report->requests++;
		if (answer->repeated) {
			report->repeated++;
		} else {
			report->verdicts[answer->verdict]++;
		}
		if (!gives(answer)) {
			continue;
		}
		if (answer->number != audit->number_last + 1 ||
			answer->place <= audit->place_last) {
			report->inversions++;
			audit_complain(report,
				"decision %" PRIu64 ": booking %u at place %" PRIu64
				" comes out of order",
				decision->n, answer->number, answer->place);
		}
		audit->number_last = answer->number;
		audit->place_last = answer->place;
	}
}

static void count_units(struct audit *audit) {
	const struct definition *definition = referee_definition(audit->referee);
	const struct counters *counters = &audit->decision.counters;
	uint64_t given = (uint64_t)counters->held + counters->sold;
	if (definition != NULL && given > definition->units) {
		audit->report.oversold += given - definition->units;
		audit_complain(&audit->report,
			"decision %" PRIu64 ": %" PRIu64 " of %u units given", audit->decision.n,
			given, definition->units);
	}
	audit->report.counters = *counters;
}

static void judge(struct audit *audit) {
	struct audit_report *report = &audit->report;
	char buffer[256];
	struct text problem = text_init(buffer, sizeof buffer);
	if (comparison_equal(&audit->expected, &audit->decision, &problem)) {
		return;
	}
	audit_complain(report, "decision %" PRIu64 ": %s", audit->decision.n, problem.start);
	bool counted = false;
	if (audit->expected.count == audit->decision.count) {
		for (uint16_t i = 0; i < audit->decision.count; i++) {
			counted |= judge_answer(
				report, &audit->expected.answers[i], &audit->decision.answers[i]);
		}
	}
	if (!counted) {
		report->differences++;
	}
}

static void check_digest(struct audit *audit, const struct tape_message *request,
	const struct tape_message *decision) {
	const struct part parts[] = {
		{audit->digest, sizeof audit->digest},
		{request->data, request->size},
		{decision->data, decision->size - DIGEST_BYTES},
	};
	uint8_t digest[DIGEST_BYTES];
	crypto_digest(digest, sizeof digest, parts, 3);
	if (memcmp(digest, audit->decision.digest, sizeof digest) != 0) {
		audit->report.broken_digests++;
		audit_complain(&audit->report, "decision %" PRIu64 ": its digest is broken",
			decision->sequence);
	}
	memcpy(audit->digest, audit->decision.digest, sizeof audit->digest);
}

static const struct definition *read_definition(
	const struct audit *audit, struct definition *definition) {
	const struct define_request *define = &audit->request.define;
	char error[JSON_ERROR_BYTES];
	if (audit->request.kind == MESSAGE_DEFINE &&
		definition_read_stored(definition, error, define->json, define->json_size) &&
		strcmp(definition->id, audit->report.campaign) == 0) {
		return definition;
	}
	return NULL;
}

static void check_message(struct audit *audit, const struct tape_message *request,
	const struct tape_message *decision) {
	struct definition definition;
	if (request_decode(&audit->request, request->data, request->size)) {
		audit->request.n = request->sequence;
		audit->request.time_ms = request->time_ms;
		referee_decide(audit->referee, &audit->request, read_definition(audit, &definition),
			&audit->expected);
	} else {
		referee_decide_unreadable(
			audit->referee, request->sequence, request->time_ms, &audit->expected);
	}
	if (!decision_decode(&audit->decision, decision->data, decision->size)) {
		audit->report.differences++;
		audit_complain(
			&audit->report, "decision %" PRIu64 " cannot be read", decision->sequence);
		return;
	}
	check_digest(audit, request, decision);
	judge(audit);
	count_answers(audit);
	count_units(audit);
}

static void show_progress(const struct audit_report *report, enum cli_output output) {
	if (output == CLI_TABLE && report->decided % 1000 == 0) {
		fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " messages", report->decided,
			report->messages);
	}
}

/* Walks along both streams. False if they could not be read to their ends. */
static bool check_line(struct audit *audit, struct session *session, const char *campaign,
	enum cli_output output) {
	char name[SUBJECT_BYTES_MAX];
	stream_requests(name, campaign);
	struct tape *requests = tape_open(session, name);
	stream_decisions(name, campaign);
	struct tape *decisions = requests == NULL ? NULL : tape_open(session, name);
	bool good = decisions != NULL;
	if (good) {
		struct tape_message request;
		struct tape_message decision;
		audit->report.messages = tape_last(requests);
		while (tape_next(decisions, &decision)) {
			if (!tape_next(requests, &request)) {
				break; /* decided after the requests' end was looked up */
			}
			audit->report.decided++;
			check_message(audit, &request, &decision);
			show_progress(&audit->report, output);
		}
		good = !tape_failed(requests) && !tape_failed(decisions);
		if (output == CLI_TABLE && audit->report.decided >= 1000) {
			fprintf(stderr, "\r%40s\r", "");
		}
	}
	tape_close(requests);
	tape_close(decisions);
	return good;
}

static void count_undecided(struct audit_report *report) {
	if (report->decided < report->messages) {
		report->lost += report->messages - report->decided;
		audit_complain(report,
			"%" PRIu64 " requests have no decision: is a sequencer running?",
			report->messages - report->decided);
	}
}

int audit_main(struct cli *cli, int argc, char **argv) {
	int64_t wait_seconds = 10;
	bool without_database = false;
	const struct option options[] = {
		{"wait", OPTION_NUMBER, &wait_seconds, 0, 3600,
			"Seconds to wait until PostgreSQL has every decision (10)."},
		{"without-database", OPTION_FLAG, &without_database, 0, 0,
			"Only checks the two streams."},
	};
	struct arguments arguments = {
		.usage = "audit CAMPAIGN [--wait SECONDS] [--without-database]",
		.purpose =
			"Recomputes every answer of a campaign with an independent implementation, "
			"compares\nPostgreSQL, and counts what must be zero. Exit status 0 only if "
			"it is.",
		.options = options,
		.options_count = 2,
		.operands_wanted = 1,
	};
	int status;
	if (!arguments_read(&arguments, cli, argc, argv, &status)) {
		return status;
	}
	const char *campaign = arguments.operands[0];
	if (!campaign_id_is_valid(campaign, strlen(campaign))) {
		fprintf(stderr, "firstcome: %s is not a campaign's id\n", campaign);
		return CLI_WRONG_USAGE;
	}
	struct session *session = session_open(cli);
	if (session == NULL) {
		return CLI_NOT_DONE;
	}
	static struct audit audit;
	audit.report.campaign = campaign;
	audit.referee = referee_create();
	bool good = check_line(&audit, session, campaign, cli->output);
	session_close(session);
	if (good) {
		count_undecided(&audit.report);
		good = without_database ||
		       audit_ledger_compare(cli, &audit.report, audit.referee, (int)wait_seconds);
	}
	good = good && audit_report_print(&audit.report, cli->output);
	referee_destroy(audit.referee);
	return good ? CLI_DONE : CLI_NOT_DONE;
}
