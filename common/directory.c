#include "common/directory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/crypto.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/pure/backoff.h"
#include "common/pure/subjects.h"
#include "common/stream.h"
#include "common/wakeup.h"

#define GET_MS_MAX 2000
/* An announcement is heard before the broker has stored it. */
#define ANNOUNCED_MS 50
static const struct backoff_range pause_range = {.ms_min = 100, .ms_max = 2000};

struct known_id {
	char id[CAMPAIGN_ID_BYTES_MAX + 1];
};

struct directory {
	struct bus *bus;
	directory_handler handler;
	void *context;
	uint64_t position; /* the next sequence in CAMPAIGNS */
	uint64_t request;
	struct wakeup *wakeup;
	struct backoff backoff;
	bool complete;
	bool announced; /* since the last look */
	struct known_id *known;
	size_t known_count;
};

/* A campaign has one message, but a publisher that lost an acknowledgement may have sent two. */
static bool is_known(const struct directory *directory, const char *id) {
	for (size_t i = 0; i < directory->known_count; i++) {
		if (strcmp(directory->known[i].id, id) == 0) {
			return true;
		}
	}
	return false;
}

static void remember(struct directory *directory, const char *id) {
	struct known_id *grown =
		realloc(directory->known, (directory->known_count + 1) * sizeof(*grown));
	if (grown == NULL) {
		log_fatal(EX_OSERR, "out_of_memory", "hint=\"give the machine more memory\"");
	}
	directory->known = grown;
	snprintf(grown[directory->known_count].id, sizeof(grown->id), "%s", id);
	directory->known_count++;
}

static void tell(struct directory *directory, const struct bus_message *message) {
	const char *id = subject_campaign_id(message->subject, "campaigns.");
	if (id == NULL || message->sequence > CAMPAIGN_ORDINAL_MAX) {
		log_warn("directory_unreadable",
			"sequence=%" PRIu64 " hint=\"message in " STREAM_CAMPAIGNS
			" is no campaign; ignored: find out who wrote it\"",
			message->sequence);
		return;
	}
	if (is_known(directory, id)) {
		log_warn("directory_twice", "id=%s sequence=%" PRIu64, id, message->sequence);
		return;
	}
	remember(directory, id);
	directory->handler(directory->context, id, (uint32_t)message->sequence);
}

static void look(struct directory *directory);

static void on_got(void *context, enum stream_outcome outcome, const struct bus_message *message) {
	struct directory *directory = context;
	directory->request = 0;
	switch (outcome) {
	case STREAM_STORED:
		backoff_reset(&directory->backoff);
		directory->position = message->sequence + 1;
		tell(directory, message);
		look(directory);
		break;
	case STREAM_MISSING:
		backoff_reset(&directory->backoff);
		directory->complete = true;
		wakeup_after(
			directory->wakeup, directory->announced ? ANNOUNCED_MS : DIRECTORY_POLL_MS);
		directory->announced = false;
		break;
	case STREAM_CONFLICT:
	case STREAM_UNKNOWN:
	case STREAM_FULL:
	case STREAM_REFUSED:
		wakeup_after(directory->wakeup, backoff_next_ms(&directory->backoff));
		break;
	}
}

static void look(struct directory *directory) {
	struct stream_get get = {.stream = STREAM_CAMPAIGNS, .sequence = directory->position};
	wakeup_cancel(directory->wakeup);
	directory->request = stream_get(directory->bus, &get, GET_MS_MAX, on_got, directory);
}

static void on_wakeup(void *context) {
	look(context);
}

static void on_announced(void *context, const struct bus_message *message) {
	(void)message;
	struct directory *directory = context;
	directory->announced = true;
	if (directory->request == 0) {
		wakeup_after(directory->wakeup, ANNOUNCED_MS);
	}
}

static void on_state(void *context, bool connected) {
	struct directory *directory = context;
	if (connected && directory->request == 0) {
		look(directory);
	}
}

struct directory *directory_create(struct bus *bus, directory_handler handler, void *context) {
	struct directory *directory = memory_new(sizeof(*directory));
	directory->bus = bus;
	directory->handler = handler;
	directory->context = context;
	directory->position = 1;
	directory->backoff = backoff_init(pause_range, crypto_random_below(UINT32_MAX));
	directory->wakeup = wakeup_create(bus_loop(bus), on_wakeup, directory);
	bus_subscribe(bus, SUBJECT_CAMPAIGNS_ALL, NULL, on_announced, directory);
	bus_on_state(bus, on_state, directory);
	look(directory);
	return directory;
}

void directory_destroy(struct directory *directory) {
	if (directory == NULL) {
		return;
	}
	bus_cancel(directory->bus, directory->request);
	bus_off_state(directory->bus, on_state, directory);
	wakeup_destroy(directory->wakeup);
	free(directory->known);
	free(directory);
}

bool directory_is_complete(const struct directory *directory) {
	return directory->complete;
}
