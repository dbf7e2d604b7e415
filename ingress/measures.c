/*
 * measures - the table of metrics.
 */
#include "ingress/measures.h"

struct ingress_measures ingress_measures;

#define COUNTER(name, labels, help, field)                                                         \
	{ "firstcome_ingress_" name, labels, help, METRIC_COUNTER, &ingress_measures.field, NULL }
#define GAUGE(name, help, field)                                                                   \
	{ "firstcome_ingress_" name, "", help, METRIC_GAUGE, &ingress_measures.field, NULL }
#define HISTOGRAM(name, help, field)                                                               \
	{ "firstcome_ingress_" name, "", help, METRIC_HISTOGRAM, NULL, &ingress_measures.field }

#define RESPONSE(route, text, digit)                                                               \
	COUNTER("responses_total", "route=\"" text "\",status=\"" #digit "xx\"",                   \
		"Responses by call and class of status.", responses[route][digit])
#define RESPONSES(route, text)                                                                     \
	RESPONSE(route, text, 2), RESPONSE(route, text, 3), RESPONSE(route, text, 4),              \
		RESPONSE(route, text, 5)

#define VERDICT(name, verdict)                                                                     \
	COUNTER("verdicts_total", "verdict=\"" name "\"",                                          \
		"Answers of the line that reached a waiting client or a poll.", verdicts[verdict])

const struct metric ingress_measures_table[] = {
	RESPONSES(ROUTE_BOOK, "POST /v1/bookings"),
	RESPONSES(ROUTE_REQUEST, "GET /v1/requests/{ticket}"),
	RESPONSES(ROUTE_AVAILABILITY, "GET /v1/campaigns/{id}/availability"),
	RESPONSES(ROUTE_CAMPAIGN, "GET /v1/campaigns/{id}"),
	RESPONSES(ROUTE_CAMPAIGNS, "GET /v1/campaigns"),
	RESPONSES(ROUTE_DEFINITION, "GET /v1/campaigns/{id}/definition"),
	RESPONSES(ROUTE_REGISTER, "POST /v1/register"),
	RESPONSES(ROUTE_LOGIN, "POST /v1/login"),
	RESPONSES(ROUTE_BOOKINGS, "GET /v1/bookings"),
	RESPONSES(ROUTE_BOOKING, "GET /v1/bookings/{id}"),
	RESPONSES(ROUTE_CANCEL, "DELETE /v1/bookings/{id}"),
	RESPONSES(ROUTE_FILE, "file"),
	RESPONSES(ROUTE_NONE, "none"),
	VERDICT("booked", VERDICT_BOOKED),
	VERDICT("held", VERDICT_HELD),
	VERDICT("waitlisted", VERDICT_WAITLISTED),
	VERDICT("sold_out", VERDICT_SOLD_OUT),
	VERDICT("already_booked", VERDICT_ALREADY_BOOKED),
	VERDICT("over_limit", VERDICT_OVER_LIMIT),
	VERDICT("not_open", VERDICT_NOT_OPEN),
	VERDICT("paused", VERDICT_PAUSED),
	VERDICT("closed", VERDICT_CLOSED),
	VERDICT("bad_units", VERDICT_BAD_UNITS),
	VERDICT("not_verified", VERDICT_NOT_VERIFIED),
	VERDICT("cancelled", VERDICT_CANCELLED),
	VERDICT("not_found", VERDICT_NOT_FOUND),
	VERDICT("not_cancellable", VERDICT_NOT_CANCELLABLE),
	COUNTER("repeated_total", "", "Answers that were given before: a retry with its key.",
		repeated),
	COUNTER("tickets_total", "", "Answers with a ticket: stored, not decided in time.",
		tickets),
	COUNTER("late_total", "", "Requests not known to be stored when patience ended.", late),
	COUNTER("refused_at_the_door_total", "", "Booking requests answered without the line.",
		refused_at_the_door),
	COUNTER("line_full_total", "", "Booking requests refused because too many wait.",
		line_full),
	GAUGE("entries_waiting", "Requests that wait to be sent.", entries_waiting),
	GAUGE("waiters", "Clients that wait for an answer of the line.", waiters),
	COUNTER("batches_total", "", "Batches published, tries included.", batches_sent),
	COUNTER("batch_entries_total", "", "Requests in these batches.", batch_entries),
	COUNTER("batches_retried_total", "", "Batches that were not acknowledged at once.",
		batches_retried),
	COUNTER("decisions_asked_total", "", "Decisions that had to be asked for.",
		decisions_asked),
	COUNTER("polls_from_memory_total", "", "Polls answered from memory.",
		decisions_from_memory),
	COUNTER("polls_from_stream_total", "", "Polls that needed the stream.",
		decisions_from_stream),
	HISTOGRAM("store_seconds", "From sending a batch to its acknowledgement.", store_time),
	HISTOGRAM("decide_seconds", "From sending a batch to its decision.", decide_time),
	HISTOGRAM("answer_seconds", "From a booking request to its answer.", answer_time),
	COUNTER("codes_sent_total", "", "One-time codes handed to the notifier.", codes_sent),
	COUNTER("logins_total", "", "Logins with a right code.", logins),
	COUNTER("logins_refused_total", "", "Logins with a wrong code or too many tries.",
		logins_refused),
	COUNTER("lookups_total", "", "Reads from the database.", lookups),
	COUNTER("lookups_failed_total", "", "Reads without an answer in time.", lookups_failed),
	HISTOGRAM("lookup_seconds", "Reads from the database.", lookup_time),
	COUNTER("limited_total", "", "Requests refused because one asks too often.", limited),
	COUNTER("turned_away_total", "", "Requests refused because too many come at once.",
		turned_away),
	GAUGE("socket_wait_microseconds",
		"How long a request waits in its socket before it is looked at, measured lately.",
		socket_wait_us),
	GAUGE("linger_microseconds",
		"How long batches wait for company, because the processors are busy.", linger_us),
	GAUGE("connections", "Open connections.", connections),
	COUNTER("connections_accepted_total", "", "Connections accepted.", connections_accepted),
	COUNTER("connections_refused_total", "", "Connections that could not be accepted.",
		connections_refused),
	COUNTER("requests_bad_total", "", "Requests that were no HTTP.", requests_bad),
	COUNTER("requests_timed_out_total", "", "Requests that did not arrive in time.",
		requests_timed_out),
};

const size_t ingress_measures_count =
	sizeof ingress_measures_table / sizeof ingress_measures_table[0];
