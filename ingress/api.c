/*
 * api - the table of handlers, and what many handlers ask first.
 */
#include "ingress/api.h"

#include <assert.h>
#include <string.h>

#include "common/clock.h"
#include "common/pure/subjects.h"
#include "ingress/address.h"
#include "ingress/application.h"
#include "ingress/campaigns.h"
#include "ingress/news.h"
#include "ingress/files.h"
#include "ingress/measures.h"
#include "ingress/problem.h"
#include "ingress/reply.h"
#include "ingress/server.h"

typedef void (*handler)(const struct call *call);

static void unknown_path(const struct call *call) {
	problem_answer(call, PROBLEM_UNKNOWN_PATH, NULL);
}

static void file(const struct call *call) {
	struct http_response response = {0};
	if (files_respond(call->application->files, exchange_request(call->exchange), &response)) {
		reply_send(call, &response);
	} else {
		unknown_path(call);
	}
}

static const handler handlers[ROUTE_COUNT] = {
	[ROUTE_BOOK] = api_book,
	[ROUTE_REQUEST] = api_request,
	[ROUTE_AVAILABILITY] = api_availability,
	[ROUTE_CAMPAIGN] = api_campaign,
	[ROUTE_CAMPAIGNS] = api_campaigns,
	[ROUTE_DEFINITION] = api_definition,
	[ROUTE_REGISTER] = api_register,
	[ROUTE_LOGIN] = api_login,
	[ROUTE_BOOKINGS] = api_bookings,
	[ROUTE_BOOKING] = api_booking,
	[ROUTE_CANCEL] = api_cancel,
	[ROUTE_FILE] = file,
	[ROUTE_NONE] = unknown_path,
};

/* How long who is turned away is asked to stay away, and up to twice that. */
#define TURNED_AWAY_SECONDS 2

/* Before anything is done for the call: who is refused must cost as little as can be. */
static bool admit_now(const struct call *call) {
	if (congestion_admit(&call->application->congestion, call->began_us)) {
		return true;
	}
	ingress_measures.turned_away++;
	problem_answer(call, PROBLEM_OVERLOADED,
		&(struct problem_extra){.retry_after = reply_spread(TURNED_AWAY_SECONDS)});
	return false;
}

/* Everything that comes from one address, and, more narrowly, what costs messages or guesses. */
static bool admit_address(const struct call *call) {
	const struct address client = exchange_client(call->exchange);
	uint8_t prefix[ADDRESS_PREFIX_BYTES];
	if (!address_prefix(prefix, &client)) {
		return true;
	}
	uint64_t who =
		crypto_short_mac(&call->application->secrets.admission, prefix, sizeof prefix);
	if (!api_admit(call, ADMISSION_ADDRESS, who)) {
		return false;
	}
	bool about_codes = call->route == ROUTE_REGISTER || call->route == ROUTE_LOGIN;
	return !about_codes || api_admit(call, ADMISSION_ADDRESS_CODES, who);
}

void api_dispatch(void *context, struct exchange *exchange) {
	const struct http_request *request = exchange_request(exchange);
	struct route_match match;
	enum route_outcome outcome = routes_match(&match, request->method, request->path);
	const struct call call = {
		.application = context,
		.exchange = exchange,
		.route = match.route,
		.parameter = match.parameter,
		.began_us = clock_monotonic_us(),
	};
	if (!admit_now(&call) || !admit_address(&call)) {
		return;
	}
	if (outcome == ROUTE_OTHER_METHOD) {
		problem_answer(&call, PROBLEM_METHOD_NOT_ALLOWED,
			&(struct problem_extra){.allow = match.allow});
		return;
	}
	handlers[match.route](&call);
}

bool api_require_json(const struct call *call) {
	struct http_slice type = exchange_request(call->exchange)->content_type;
	struct http_slice essence = {NULL, 0};
	if (type.start != NULL && http_slice_next(&type, ';', &essence) &&
		http_slice_is_word(essence, REPLY_JSON)) {
		return true;
	}
	problem_answer(call, PROBLEM_NOT_JSON, NULL);
	return false;
}

uint64_t api_who(const uint8_t *hash) {
	uint64_t who;
	memcpy(&who, hash, sizeof who);
	return who;
}

bool api_admit(const struct call *call, enum admission_rule rule, uint64_t who) {
	const struct admission_request request = {
		.rule = rule, .who = who, .now_us = call->began_us};
	int64_t retry_after_us;
	if (admission_take(&call->application->admission, &request, &retry_after_us)) {
		return true;
	}
	ingress_measures.limited++;
	problem_answer(call, PROBLEM_TOO_MANY_REQUESTS,
		&(struct problem_extra){.retry_after = (int)((retry_after_us + 999999) / 1000000)});
	return false;
}

struct campaign *api_require_campaign(const struct call *call, const char *id, size_t size) {
	struct campaign *campaign = NULL;
	if (campaign_id_is_valid(id, size)) {
		char name[CAMPAIGN_ID_BYTES_MAX + 1] = {0};
		memcpy(name, id, size);
		campaign = campaigns_find(call->application->campaigns, name);
	}
	if (campaign != NULL && campaign_is_known(campaign)) {
		return campaign;
	}
	if (campaign != NULL || !news_is_complete(call->application->news)) {
		problem_answer(call, PROBLEM_STARTING,
			&(struct problem_extra){.retry_after = reply_spread(1)});
	} else {
		problem_answer(call, PROBLEM_UNKNOWN_CAMPAIGN, NULL);
	}
	return NULL;
}
