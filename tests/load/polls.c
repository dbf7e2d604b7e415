#include "tests/load/polls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/booking_id.h"
#include "common/keys.h"
#include "common/memory.h"
#include "tests/load/crowd.h"
#include "tests/load/request.h"
#include "tests/load/target.h"

/* The definition and the start stand before the first booking. */
#define FIRST_BOOKING_N 3u

/* Books as somebody: the booking's ID holds the number of the campaign. */
static uint32_t find_ordinal(const struct options *options) {
	struct crowd one;
	struct request request;
	struct target_call call;
	struct key key;
	struct booking_name name;
	char id[BOOKING_ID_SIZE];
	crowd_init(&one, &(struct crowd_options){.count = 1, .keys_dir = options->keys_dir});
	keys_load(&key, options->keys_dir, "booking.key");
	request_book(&request, options);
	request_set_person(&request, &one, 0);
	target_ask(&call, options->address, request.bytes, request.size);
	crowd_finish(&one);
	if (!reply_member(&call.reply, "booking_id", id, sizeof id) ||
		!booking_id_read(&name, &key, id, strlen(id))) {
		fprintf(stderr,
			"load: tickets need a campaign in which one can still book, and its keys. "
			"The answer was: %.*s\n",
			(int)call.reply.body_size, call.reply.body);
		exit(EX_UNAVAILABLE);
	}
	return name.campaign_ordinal;
}

static uint64_t find_newest(const struct polls *polls, const struct options *options) {
	struct request request;
	struct target_call call;
	request_get(&request, options, polls->availability, "");
	target_ask(&call, options->address, request.bytes, request.size);
	return target_number(&call, "as_of");
}

void polls_init(struct polls *polls, const struct options *options) {
	*polls = (struct polls){.tickets_count = options->tickets};
	snprintf(polls->availability, sizeof polls->availability, "/v1/campaigns/%s/availability",
		options->campaign);
	if (options->tickets == 0) {
		return;
	}
	struct key key;
	keys_load(&key, options->keys_dir, "ticket.key");
	struct ticket ticket = {.campaign_ordinal = find_ordinal(options)};
	uint64_t newest = find_newest(polls, options);
	polls->tickets = memory_new(options->tickets * sizeof *polls->tickets);
	for (size_t i = 0; i < polls->tickets_count; i++) {
		ticket.n = newest < FIRST_BOOKING_N
				   ? FIRST_BOOKING_N
				   : FIRST_BOOKING_N + i % (newest - FIRST_BOOKING_N + 1);
		tickets_write(polls->tickets[i], &key, &ticket);
	}
}

void polls_finish(struct polls *polls) {
	free(polls->tickets);
	*polls = (struct polls){0};
}
