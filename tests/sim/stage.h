/*
 * stage - the campaigns of a run, and who is not simulated as a program: the admin and the cashier.
 *
 * The admin publishes, starts, pauses, resumes and closes by appending to the line what the control
 * desk would append; the cashier does the same with payments: in time, late, twice, of the wrong
 * amount, failed, for bookings that do not exist. Nothing goes wrong with these themselves.
 */
#ifndef TESTS_SIM_STAGE_H
#define TESTS_SIM_STAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/pure/definition.h"
#include "common/pure/subjects.h"

#define STAGE_CAMPAIGNS_MAX 2u

struct stage_campaign {
	char id[CAMPAIGN_ID_BYTES_MAX + 1]; /* "c1" */
	uint32_t ordinal;                   /* 0: not published yet */
	bool is_defined;                    /* the admin has published a definition */
	struct definition definition; /* the last one that was accepted, as the cashier saw it */
	int64_t opens_us;             /* about, in the world's time */
	char requests[SUBJECT_BYTES_MAX]; /* names of its streams */
	char decisions[SUBJECT_BYTES_MAX];
};

/* Makes the streams, and sets the admin and the cashier to work. Until until_us they act. */
void stage_begin(int64_t until_us);
uint32_t stage_count(void);
struct stage_campaign *stage_campaign(uint32_t index);
/* Neither has anything to do any more. */
bool stage_is_done(void);

#endif
