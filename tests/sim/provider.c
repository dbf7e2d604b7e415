#include "tests/sim/provider.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/transfers.h"
#include "tests/sim/trouble.h"
#include "tests/sim/world.h"

#define PAUSE_US_MIN 300
#define PAUSE_US_MAX 60000
#define SECOND_US INT64_C(1000000)

struct list {
	struct delivered *items;
	size_t count;
	size_t capacity;
};

static struct list inbox;
static struct list rejected;
static struct chance chance;

void provider_begin(void) {
	chance = chance_for("provider");
}

void provider_end(void) {
	free(inbox.items);
	free(rejected.items);
	inbox = (struct list){0};
	rejected = (struct list){0};
}

static void append(struct list *list, const struct mail_item *item, enum provider_fate fate) {
	if (list->count == list->capacity) {
		list->capacity = list->capacity == 0 ? 256 : 2 * list->capacity;
		list->items = realloc(list->items, list->capacity * sizeof *list->items);
		assert(list->items != NULL);
	}
	list->items[list->count++] =
		(struct delivered){.item = *item, .fate = fate, .time_us = world_now_us()};
}

static enum provider_fate draw(void) {
	if (trouble_strikes(TROUBLE_PROVIDER_REJECTS)) {
		return PROVIDER_REJECTS;
	}
	if (trouble_strikes(TROUBLE_PROVIDER_REFUSES)) {
		return chance_ppm(&chance, 500000) ? PROVIDER_REFUSES : PROVIDER_UNREACHED;
	}
	if (trouble_strikes(TROUBLE_PROVIDER_HANGS)) {
		return PROVIDER_HANGS;
	}
	if (trouble_strikes(TROUBLE_PROVIDER_SILENT)) {
		return PROVIDER_TAKES_SILENTLY;
	}
	return trouble_strikes(TROUBLE_PROVIDER_LIES) ? PROVIDER_TAKES_AND_DENIES : PROVIDER_TAKES;
}

static bool takes(enum provider_fate fate) {
	return fate == PROVIDER_TAKES || fate == PROVIDER_TAKES_SILENTLY ||
	       fate == PROVIDER_TAKES_AND_DENIES;
}

enum provider_fate provider_receive(const struct mail_item *item) {
	enum provider_fate fate = draw();
	if (takes(fate)) {
		append(&inbox, item, fate);
	} else if (fate == PROVIDER_REJECTS) {
		append(&rejected, item, fate);
	}
	world_note(item->name, strlen(item->name));
	trace("provider: %s %s to %s", takes(fate) ? "takes" : "does not take", item->name,
		item->to);
	return fate;
}

int64_t provider_pause_us(void) {
	return chance_duration_us(&chance, PAUSE_US_MIN, PAUSE_US_MAX);
}

int64_t provider_patience_us(void) {
	return chance_between(&chance, SECOND_US, TRANSFERS_SECONDS_MAX * SECOND_US);
}

size_t provider_delivered_count(void) {
	return inbox.count;
}

const struct delivered *provider_delivered(size_t index) {
	assert(index < inbox.count);
	return &inbox.items[index];
}

uint32_t provider_rejections(enum channel channel, const char *name) {
	uint32_t count = 0;
	for (size_t i = 0; i < rejected.count; i++) {
		const struct mail_item *item = &rejected.items[i].item;
		count += item->channel == channel && strcmp(item->name, name) == 0;
	}
	return count;
}
