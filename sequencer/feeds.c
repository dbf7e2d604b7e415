#include "sequencer/feeds.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "common/directory.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/service.h"

/* Whether all is well may be told a tenth of a second late. */
#define PATROLS_UNTIL_TOLD (100 / FEED_PATROL_MS)

struct feeds {
	struct service *service;
	struct directory *directory;
	uv_timer_t patrol;
	uint32_t patrols;
	bool ready; /* and it stays so */
	uint32_t count;
	char note[96];
	struct feed *rows[FEEDS_MAX];
};

static void on_campaign(void *context, const char *id, uint32_t ordinal) {
	struct feeds *feeds = context;
	if (feeds->count == FEEDS_MAX) {
		log_warn("too_many_campaigns", "campaign=%s max=%u", id, FEEDS_MAX);
		return;
	}
	feeds->rows[feeds->count++] = feed_create(&(struct feed_options){
		.bus = service_bus(feeds->service),
		.campaign = id,
		.ordinal = ordinal,
	});
}

/* Ready once everything that was there at the start has been decided; a campaign that is published
 * later starts with an empty line. */
static bool has_caught_up(const struct feeds *feeds, uint32_t *behind, uint32_t *stopped) {
	*behind = 0;
	*stopped = 0;
	for (uint32_t i = 0; i < feeds->count; i++) {
		struct feed_view view = feed_view(feeds->rows[i]);
		if (view.stopped != NULL) {
			++*stopped;
		} else if (!view.caught_up) {
			++*behind;
		}
	}
	return feeds->ready || (directory_is_complete(feeds->directory) && *behind == 0);
}

static void tell_readiness(struct feeds *feeds) {
	uint32_t behind;
	uint32_t stopped;
	char *note = feeds->note;
	note[0] = '\0';
	feeds->ready = has_caught_up(feeds, &behind, &stopped);
	if (!directory_is_complete(feeds->directory)) {
		snprintf(note, sizeof feeds->note, "reading the directory of campaigns");
	} else if (!feeds->ready) {
		snprintf(note, sizeof feeds->note, "%u of %u campaigns are catching up", behind,
			feeds->count);
	} else if (stopped > 0) {
		snprintf(note, sizeof feeds->note, "%u of %u campaigns have stopped", stopped,
			feeds->count);
	}
	service_set_ready(feeds->service, feeds->ready, note[0] == '\0' ? NULL : note);
}

static void on_patrol(uv_timer_t *timer) {
	struct feeds *feeds = timer->data;
	for (uint32_t i = 0; i < feeds->count; i++) {
		feed_patrol(feeds->rows[i]);
	}
	if (++feeds->patrols % PATROLS_UNTIL_TOLD == 0 && !service_is_draining(feeds->service)) {
		tell_readiness(feeds);
	}
}

struct feeds *feeds_create(struct service *service) {
	struct feeds *feeds = memory_new(sizeof *feeds);
	feeds->service = service;
	uv_timer_init(service_loop(service), &feeds->patrol);
	feeds->patrol.data = feeds;
	uv_timer_start(&feeds->patrol, on_patrol, FEED_PATROL_MS, FEED_PATROL_MS);
	feeds->directory = directory_create(service_bus(service), on_campaign, feeds);
	return feeds;
}

static void on_patrol_closed(uv_handle_t *handle) {
	free(handle->data);
}

void feeds_destroy(struct feeds *feeds) {
	if (feeds == NULL) {
		return;
	}
	directory_destroy(feeds->directory);
	for (uint32_t i = 0; i < feeds->count; i++) {
		feed_destroy(feeds->rows[i]);
	}
	uv_close((uv_handle_t *)&feeds->patrol, on_patrol_closed);
}

struct feed *feeds_find(const struct feeds *feeds, const char *campaign) {
	for (uint32_t i = 0; i < feeds->count; i++) {
		if (strcmp(feed_view(feeds->rows[i]).campaign, campaign) == 0) {
			return feeds->rows[i];
		}
	}
	return NULL;
}

uint32_t feeds_count(const struct feeds *feeds) {
	return feeds->count;
}

struct feed *feeds_at(const struct feeds *feeds, uint32_t index) {
	assert(index < feeds->count);
	return feeds->rows[index];
}
