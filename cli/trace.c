/*
 * trace - the life of one booking: when it was where, from the ingress to the inbox.
 *
 * The booking ID holds campaign and number, the ledger has the decision, the decision and its request
 * have their places in the streams.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/journey.h"
#include "cli/session.h"
#include "common/booking_id.h"
#include "common/crypto.h"
#include "common/database.h"
#include "common/keys.h"
#include "common/pure/messages.h"
#include "common/pure/subjects.h"

#define QUERY_MS 10000
#define INTEGER_TEXT_BYTES 24u
/* notices.state in deploy/postgres. */
#define NOTICE_SENT 3
#define NOTICE_FAILED 4

struct trace {
	struct journey journey;
	struct booking_name name;
	char ordinal[INTEGER_TEXT_BYTES];
	char number[INTEGER_TEXT_BYTES];
};

/* ---- the ledger -------------------------------------------------------------------------------- */

/* False, and a sentence, if the database did not answer. */
static bool query(struct trace *trace, struct database *database, const char *sql,
	struct database_rows **rows) {
	const char *values[] = {trace->ordinal, trace->number};
	*rows = NULL;
	if (database_query(database, sql, values, 2, QUERY_MS, rows) == DATABASE_OK) {
		return true;
	}
	fprintf(stderr, "firstcome: the database: %s\n", database_error(database));
	return false;
}

static bool read_booking(struct trace *trace, struct database *database) {
	struct database_rows *rows;
	if (!query(trace, database,
		    "select c.id, c.title, c.time_zone, b.place, b.units, b.status, b.decision_n,"
		    " (select (extract(epoch from persisted_at) * 1000000)::bigint from drains"
		    "  where campaign = $1 and last_n >= b.decision_n order by last_n limit 1)"
		    " from bookings b join campaigns c on c.ordinal = b.campaign"
		    " where b.campaign = $1 and b.number = $2",
		    &rows)) {
		return false;
	}
	struct journey *journey = &trace->journey;
	bool found = database_rows_count(rows) == 1;
	if (found) {
		snprintf(journey->campaign, sizeof journey->campaign, "%s",
			database_value(rows, 0, 0));
		snprintf(journey->title, sizeof journey->title, "%s", database_value(rows, 0, 1));
		snprintf(journey->time_zone, sizeof journey->time_zone, "%s",
			database_value(rows, 0, 2));
		journey->place = (uint64_t)database_value_i64(rows, 0, 3);
		journey->units = (uint32_t)database_value_i64(rows, 0, 4);
		journey->status = (enum booking_status)database_value_i64(rows, 0, 5);
		journey->n = (uint64_t)database_value_i64(rows, 0, 6);
		journey->persisted_us = database_value_i64(rows, 0, 7);
	} else {
		fprintf(stderr,
			"firstcome: the ledger has no booking %" PRIu32 " of campaign %" PRIu32
			" (yet): wait until the fulfiller has caught up, and try again\n",
			trace->name.number, trace->name.campaign_ordinal);
	}
	database_rows_free(rows);
	return found;
}

static bool read_changes(struct trace *trace, struct database *database) {
	struct database_rows *rows;
	if (!query(trace, database,
		    "select status, (extract(epoch from changed_at) * 1000000)::bigint"
		    " from booking_changes where campaign = $1 and number = $2"
		    " order by decision_n, position",
		    &rows)) {
		return false;
	}
	for (size_t i = 0; i < database_rows_count(rows); i++) {
		enum booking_status status = (enum booking_status)database_value_i64(rows, i, 0);
		journey_add(&trace->journey, database_value_i64(rows, i, 1), "became %s",
			booking_status_name(status));
	}
	database_rows_free(rows);
	return true;
}

static bool read_notices(struct trace *trace, struct database *database) {
	struct database_rows *rows;
	if (!query(trace, database,
		    "select template, channel, state,"
		    " coalesce((extract(epoch from settled_at) * 1000000)::bigint, 0), error"
		    " from notices where campaign = $1 and number = $2"
		    " order by settled_at nulls last, template, channel",
		    &rows)) {
		return false;
	}
	for (size_t i = 0; i < database_rows_count(rows); i++) {
		const char *channel =
			database_value_i64(rows, i, 1) == CHANNEL_EMAIL ? "email" : "SMS";
		int64_t state = database_value_i64(rows, i, 2);
		const char *what = state == NOTICE_SENT     ? "notified"
				   : state == NOTICE_FAILED ? "could not be notified"
							    : "to be notified";
		int64_t settled_us = database_value_i64(rows, i, 3);
		if (state == NOTICE_SENT && trace->journey.notified_us == 0) {
			trace->journey.notified_us = settled_us; /* rows come by time */
		}
		journey_add(&trace->journey, settled_us, "%s by %s (%s)%s%s", what, channel,
			database_value(rows, i, 0), database_value_is_null(rows, i, 4) ? "" : ": ",
			database_value(rows, i, 4));
	}
	database_rows_free(rows);
	return true;
}

/* ---- the streams ------------------------------------------------------------------------------- */

static bool get(
	struct trace *trace, struct session *session, bool decision, struct session_reply *reply) {
	char stream[SUBJECT_BYTES_MAX];
	if (decision) {
		stream_decisions(stream, trace->journey.campaign);
	} else {
		stream_requests(stream, trace->journey.campaign);
	}
	enum stream_outcome outcome = session_get(session,
		&(struct stream_get){.stream = stream, .sequence = trace->journey.n}, reply);
	if (outcome == STREAM_STORED) {
		return true;
	}
	fprintf(stderr,
		"firstcome: message %" PRIu64 " of %s: %s; is this the broker of that ledger?\n",
		trace->journey.n, stream, stream_outcome_name(outcome));
	return false;
}

static bool read_streams(struct trace *trace, struct session *session) {
	static struct decision decision; /* too large for a stack */
	struct session_reply reply;
	struct journey *journey = &trace->journey;
	if (!get(trace, session, false, &reply)) {
		return false;
	}
	journey->stored_us = reply.time_ms * 1000;
	if (!get(trace, session, true, &reply)) {
		return false;
	}
	if (!decision_decode_head(&decision, (const uint8_t *)reply.data, reply.size)) {
		fprintf(stderr,
			"firstcome: decision %" PRIu64 " cannot be read: compare the "
			"versions of sequencer and firstcome\n",
			journey->n);
		return false;
	}
	journey->opened_us = decision.opened_at_us;
	journey->decided_us = reply.time_ms * 1000;
	return true;
}

/* ---- the command ------------------------------------------------------------------------------- */

static bool read_name(struct trace *trace, const struct cli *cli, const char *id) {
	struct key key;
	crypto_init();
	keys_load(&key, cli->keys_dir, "booking.key");
	bool good = booking_id_read(&trace->name, &key, id, strlen(id));
	if (good) {
		booking_id_write(trace->journey.booking_id, &key, trace->name);
	} else {
		fprintf(stderr,
			"firstcome: \"%s\" is no booking ID of this service: is there a typing "
			"error in it?\n",
			id);
	}
	crypto_forget(&key, sizeof key);
	snprintf(trace->ordinal, sizeof trace->ordinal, "%" PRIu32, trace->name.campaign_ordinal);
	snprintf(trace->number, sizeof trace->number, "%" PRIu32, trace->name.number);
	return good;
}

static bool read_ledger(struct trace *trace, const struct cli *cli) {
	struct database *database = database_create(cli->database_url, "firstcome trace");
	bool good = read_booking(trace, database) && read_changes(trace, database) &&
		    read_notices(trace, database);
	database_destroy(database);
	return good;
}

int trace_main(struct cli *cli, int argc, char **argv) {
	struct arguments arguments = {
		.usage = "trace BOOKING-ID",
		.purpose = "Shows when a booking reached the ingress, the line, its decision, the "
			   "ledger and its person.",
		.operands_wanted = 1,
	};
	int status;
	if (!arguments_read(&arguments, cli, argc, argv, &status)) {
		return status;
	}
	static struct trace trace;
	if (!read_name(&trace, cli, arguments.operands[0]) || !read_ledger(&trace, cli)) {
		return CLI_NOT_DONE;
	}
	struct session *session = session_open(cli);
	if (session == NULL) {
		return CLI_NOT_DONE;
	}
	bool good = read_streams(&trace, session);
	session_close(session);
	if (good) {
		journey_print(&trace.journey, cli->output);
	}
	return good ? CLI_DONE : CLI_NOT_DONE;
}
