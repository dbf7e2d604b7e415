/*
 * outcome - what a provider said to a message, in three words; retries read nothing else.
 */
#ifndef NOTIFIER_OUTCOME_H
#define NOTIFIER_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

enum outcome {
	OUTCOME_OK,       /* the provider has taken it over */
	OUTCOME_TEMPFAIL, /* not now: the same again later may go through */
	OUTCOME_PERMFAIL, /* never: the same again would be refused again */
	OUTCOME_COUNT,
};

#define PROVIDER_ID_BYTES 72u
#define OUTCOME_ERROR_BYTES 160u

struct send_result {
	enum outcome outcome;
	/* The connection broke after the message had left: it may have been taken. */
	bool unsure;
	int64_t retry_after_ms; /* what the provider asked for, else 0 */
	char provider_id
		[PROVIDER_ID_BYTES];     /* what the provider calls the message, "" if nothing */
	char error[OUTCOME_ERROR_BYTES]; /* for operators; never holds a contact; "" if none */
};

/* Keeps what a server said, cleaned (common/pure/reason.h): servers repeat the recipient. */
void outcome_set_error(struct send_result *result, const char *words);
/* Keeps an id of letters, digits and "-_.": anything else in it ends it. */
void outcome_set_provider_id(struct send_result *result, const char *id);

#endif
