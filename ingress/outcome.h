/*
 * outcome - what an answer of the line means to a client: a booking, or a refusal.
 *
 * Used wherever answers are shown: at once (201, 4xx) and to polls (200).
 */
#ifndef INGRESS_OUTCOME_H
#define INGRESS_OUTCOME_H

#include "common/pure/messages.h"
#include "common/pure/text.h"
#include "ingress/application.h"
#include "ingress/booking_json.h"
#include "ingress/campaigns.h"
#include "ingress/problem.h"

/* PROBLEM_COUNT if the verdict is no refusal. */
enum problem outcome_problem(enum verdict verdict);

/* The booking that an answer is about; false if it names none. */
bool outcome_booking(struct booking_json *booking, const struct application *application,
	const struct campaign *campaign, const struct answer *answer);

/* The members that explain a refusal, beginning with ',': "booking", "opens_at". */
void outcome_append_members(struct text *text, const struct application *application,
	const struct campaign *campaign, enum problem problem, const struct answer *answer);
#define OUTCOME_MEMBERS_BYTES_MAX (BOOKING_JSON_BYTES_MAX + 64u)

/* Seconds until a refused client should ask again; 0: it should not. */
int outcome_retry_after(const struct campaign *campaign, enum problem problem);

/* Answers a booking request with a refusal. answer: NULL, if the line was not asked. */
void outcome_refuse(const struct call *call, const struct campaign *campaign, enum problem problem,
	const struct answer *answer);

/* Counts an answer. */
void outcome_count(const struct answer *answer);

/* Answers a call with 202 and a ticket for the entry index of request n. */
struct outcome_place {
	uint64_t n;
	uint16_t index;
};
void outcome_queue(const struct call *call, const struct campaign *campaign,
	const struct outcome_place *place, const char *preference_applied);

/* Appends {"ticket","status":"queued","ahead"}. */
#define OUTCOME_QUEUED_BYTES_MAX 128u
void outcome_append_queued(struct text *text, const char *ticket, const struct campaign *campaign,
	const struct outcome_place *place);

/* Seconds after which a poll is worth its while, by how fast decisions come at the moment. */
int outcome_poll_after(const struct application *application);

#endif
