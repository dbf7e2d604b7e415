/*
 * journey - what trace found out about one booking, and how it is printed.
 *
 * Times are microseconds since 1970; 0 is a time that is not known. The time at the ingress is that
 * of the first request of the booking's batch, by the clock of the ingress; the others are by the
 * clocks of the broker and of the database.
 */
#ifndef CLI_JOURNEY_H
#define CLI_JOURNEY_H

#include <stdint.h>

#include "cli/cli.h"
#include "common/booking_id.h"
#include "common/pure/limits.h"
#include "common/pure/messages.h"

#define JOURNEY_STEPS_MAX 64u
#define JOURNEY_WORDS_BYTES 200u

struct journey_step {
	int64_t time_us;
	char words[JOURNEY_WORDS_BYTES];
};

struct journey {
	char booking_id[BOOKING_ID_SIZE];
	char campaign[CAMPAIGN_ID_BYTES_MAX + 1];
	char title[CAMPAIGN_TITLE_BYTES_MAX + 1];
	char time_zone[CAMPAIGN_ZONE_BYTES_MAX + 1];
	enum booking_status status;
	uint64_t place;
	uint32_t units;
	uint64_t n; /* of its request and of its decision */
	int64_t opened_us;
	int64_t stored_us;
	int64_t decided_us;
	int64_t persisted_us;
	int64_t notified_us; /* when the first message to its person was sent */
	/* Changes and notices, by time; what is beyond the limit is left out. */
	uint32_t steps_count;
	struct journey_step steps[JOURNEY_STEPS_MAX];
};

void journey_add(struct journey *journey, int64_t time_us, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void journey_print(const struct journey *journey, enum cli_output output);

#endif
