/*
 * decisions - a ring of bytes, a direct-mapped index, and the list of gets under way.
 */
#include "ingress/decisions.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "common/pure/limits.h"
#include "common/pure/subjects.h"
#include "common/stream.h"

#define INDEX_SLOTS 65536u

struct index_slot {
	struct decision_name name;
	uint32_t size;     /* 0: empty */
	uint64_t position; /* of its first byte among all bytes ever put */
};

/* One get from the stream. */
struct fetch {
	struct fetch *next;
	struct decisions *decisions;
	struct decision_name name;
	struct asker *askers;
};

/* One who asked for it. */
struct asker {
	struct asker *next;
	decisions_handler handler;
	void *context;
};

struct decisions {
	struct bus *bus;
	uint64_t position; /* bytes ever put, with the ends of the ring that were left empty */
	struct fetch *fetches;
	uint32_t askers_count;
	struct index_slot slots[INDEX_SLOTS];
	uint8_t ring[DECISIONS_BYTES];
};

static_assert(DECISION_BYTES_MAX * 16 <= DECISIONS_BYTES, "the ring holds many decisions");

struct decisions *decisions_create(struct bus *bus) {
	struct decisions *decisions = memory_new(sizeof *decisions);
	decisions->bus = bus;
	return decisions;
}

static void free_fetch(struct fetch *fetch) {
	while (fetch->askers != NULL) {
		struct asker *asker = fetch->askers;
		fetch->askers = asker->next;
		fetch->decisions->askers_count--;
		free(asker);
	}
	free(fetch);
}

void decisions_destroy(struct decisions *decisions) {
	if (decisions == NULL) {
		return;
	}
	while (decisions->fetches != NULL) {
		struct fetch *fetch = decisions->fetches;
		decisions->fetches = fetch->next;
		free_fetch(fetch);
	}
	free(decisions);
}

/* ---- the ring -------------------------------------------------------------------------------- */

static bool is_same(const struct decision_name *a, const struct decision_name *b) {
	return a->campaign_ordinal == b->campaign_ordinal && a->n == b->n;
}

/* Neighbours in a line get neighbouring places; lines begin at scattered ones. */
static size_t slot_index(const struct decision_name *name) {
	return (name->campaign_ordinal * UINT64_C(0x9e3779b97f4a7c15) / 65536 + name->n) %
	       INDEX_SLOTS;
}

static bool is_overwritten(const struct decisions *decisions, const struct index_slot *slot) {
	return decisions->position - slot->position > DECISIONS_BYTES;
}

void decisions_put(struct decisions *decisions, const struct decision_name *name,
	const uint8_t *bytes, size_t size) {
	if (size == 0 || size > DECISION_BYTES_MAX) {
		return;
	}
	struct index_slot *slot = &decisions->slots[slot_index(name)];
	if (is_same(&slot->name, name) && slot->size == size && !is_overwritten(decisions, slot)) {
		return;
	}
	size_t offset = decisions->position % DECISIONS_BYTES;
	if (offset + size > DECISIONS_BYTES) {
		decisions->position += DECISIONS_BYTES - offset;
		offset = 0;
	}
	memcpy(decisions->ring + offset, bytes, size);
	*slot = (struct index_slot){
		.name = *name, .size = (uint32_t)size, .position = decisions->position};
	decisions->position += size;
}

const uint8_t *decisions_get(
	const struct decisions *decisions, const struct decision_name *name, size_t *size) {
	const struct index_slot *slot = &decisions->slots[slot_index(name)];
	if (slot->size == 0 || !is_same(&slot->name, name) || is_overwritten(decisions, slot)) {
		return NULL;
	}
	*size = slot->size;
	return decisions->ring + slot->position % DECISIONS_BYTES;
}

/* ---- gets ------------------------------------------------------------------------------------ */

static void unlink_fetch(struct fetch *fetch) {
	struct fetch **link = &fetch->decisions->fetches;
	while (*link != fetch) {
		link = &(*link)->next;
	}
	*link = fetch->next;
}

static void on_message(
	void *context, enum stream_outcome outcome, const struct bus_message *message) {
	struct fetch *fetch = context;
	unlink_fetch(fetch);
	bool found = outcome == STREAM_STORED;
	if (found) {
		decisions_put(fetch->decisions, &fetch->name, message->data, message->size);
	}
	for (const struct asker *asker = fetch->askers; asker != NULL; asker = asker->next) {
		asker->handler(
			asker->context, found ? message->data : NULL, found ? message->size : 0);
	}
	free_fetch(fetch);
}

static struct fetch *find_fetch(struct decisions *decisions, const struct decision_name *name) {
	struct fetch *fetch = decisions->fetches;
	while (fetch != NULL && !is_same(&fetch->name, name)) {
		fetch = fetch->next;
	}
	return fetch;
}

static struct fetch *begin_fetch(
	struct decisions *decisions, const struct decision_name *name, const char *campaign_id) {
	struct fetch *fetch = memory_new(sizeof *fetch);
	fetch->decisions = decisions;
	fetch->name = *name;
	fetch->next = decisions->fetches;
	decisions->fetches = fetch;
	char stream[SUBJECT_BYTES_MAX];
	stream_decisions(stream, campaign_id);
	const struct stream_get get = {.stream = stream, .sequence = name->n};
	stream_get(decisions->bus, &get, DECISIONS_FETCH_MS, on_message, fetch);
	return fetch;
}

bool decisions_fetch(struct decisions *decisions, const struct decision_name *name,
	const char *campaign_id, decisions_handler handler, void *context) {
	if (decisions->askers_count >= DECISIONS_FETCHES_MAX) {
		return false;
	}
	struct fetch *fetch = find_fetch(decisions, name);
	if (fetch == NULL) {
		fetch = begin_fetch(decisions, name, campaign_id);
	}
	struct asker *asker = memory_new(sizeof *asker);
	*asker = (struct asker){.next = fetch->askers, .handler = handler, .context = context};
	fetch->askers = asker;
	decisions->askers_count++;
	return true;
}
