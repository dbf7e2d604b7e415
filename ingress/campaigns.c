/*
 * campaigns - a table by id and one by ordinal, and the rule that news only go forward.
 */
#include "ingress/campaigns.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/definition_json.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/pure/text.h"
#include "common/zone.h"

/* Lists stay short up to some thousand campaigns; an id comes from an admin, so nobody can choose
 * ids that collide. */
#define BUCKETS 4096u

struct entry {
	struct campaign *campaign;
};

struct campaigns {
	struct campaign *buckets[BUCKETS];
	struct entry *by_ordinal;
	size_t count;
	size_t capacity;
	uint64_t version;
};

struct campaigns *campaigns_create(void) {
	return memory_new(sizeof(struct campaigns));
}

void campaigns_destroy(struct campaigns *campaigns) {
	if (campaigns == NULL) {
		return;
	}
	for (size_t i = 0; i < campaigns->count; i++) {
		free(campaigns->by_ordinal[i].campaign->json);
		free(campaigns->by_ordinal[i].campaign);
	}
	free(campaigns->by_ordinal);
	free(campaigns);
}

/* FNV-1a. */
static size_t bucket_of(const char *id) {
	uint32_t hash = 2166136261u;
	for (const char *c = id; *c != '\0'; c++) {
		hash = (hash ^ (uint8_t)*c) * 16777619u;
	}
	return hash % BUCKETS;
}

/* Room for one more in by_ordinal. */
static void make_room(struct campaigns *campaigns) {
	if (campaigns->count < campaigns->capacity) {
		return;
	}
	size_t capacity = campaigns->capacity == 0 ? 64 : campaigns->capacity * 2;
	struct entry *grown = memory_new(capacity * sizeof *grown);
	for (size_t i = 0; i < campaigns->count; i++) {
		grown[i] = campaigns->by_ordinal[i];
	}
	free(campaigns->by_ordinal);
	campaigns->by_ordinal = grown;
	campaigns->capacity = capacity;
}

struct campaign *campaigns_add(struct campaigns *campaigns, const char *id, uint32_t ordinal) {
	assert(strlen(id) <= CAMPAIGN_ID_BYTES_MAX);
	assert(campaigns->count == 0 ||
		campaigns->by_ordinal[campaigns->count - 1].campaign->ordinal < ordinal);
	make_room(campaigns);
	struct campaign *campaign = memory_new(sizeof *campaign);
	memcpy(campaign->id, id, strlen(id) + 1);
	campaign->ordinal = ordinal;
	size_t bucket = bucket_of(id);
	campaign->next = campaigns->buckets[bucket];
	campaigns->buckets[bucket] = campaign;
	campaigns->by_ordinal[campaigns->count++].campaign = campaign;
	return campaign;
}

struct campaign *campaigns_find(const struct campaigns *campaigns, const char *id) {
	struct campaign *campaign = campaigns->buckets[bucket_of(id)];
	while (campaign != NULL && strcmp(campaign->id, id) != 0) {
		campaign = campaign->next;
	}
	return campaign;
}

struct campaign *campaigns_find_ordinal(const struct campaigns *campaigns, uint32_t ordinal) {
	size_t low = 0;
	size_t high = campaigns->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (campaigns->by_ordinal[middle].campaign->ordinal < ordinal) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	if (low == campaigns->count || campaigns->by_ordinal[low].campaign->ordinal != ordinal) {
		return NULL;
	}
	return campaigns->by_ordinal[low].campaign;
}

size_t campaigns_count(const struct campaigns *campaigns) {
	return campaigns->count;
}

struct campaign *campaigns_get(const struct campaigns *campaigns, size_t index) {
	assert(index < campaigns->count);
	return campaigns->by_ordinal[index].campaign;
}

uint64_t campaigns_version(const struct campaigns *campaigns) {
	return campaigns->version;
}

bool campaigns_update(
	struct campaigns *campaigns, struct campaign *campaign, const struct decision *head) {
	if (head->n <= campaign->newest_n) {
		return false;
	}
	campaign->newest_n = head->n;
	campaign->define_n = head->define_n;
	campaign->line_position = head->line_position;
	campaign->state = head->state;
	campaign->counters = head->counters;
	campaign->batch_mean_16 += head->count - campaign->batch_mean_16 / 16;
	campaigns->version++;
	return true;
}

bool campaigns_define(
	struct campaigns *campaigns, struct campaign *campaign, const struct decision *decision) {
	if (decision->n <= campaign->definition_n) {
		return true;
	}
	char error[JSON_ERROR_BYTES] = "no definition";
	struct definition definition;
	if (decision->definition == NULL ||
		!definition_read_stored(
			&definition, error, decision->definition, decision->definition_size)) {
		log_warn("definition_unreadable",
			"campaign=%s n=%llu reason=\"%s\" do=\"run a newer ingress\"", campaign->id,
			(unsigned long long)decision->n, error);
		return false;
	}
	free(campaign->json);
	campaign->json = memory_copy(decision->definition, decision->definition_size);
	campaign->json_size = decision->definition_size;
	campaign->definition = definition;
	campaign->definition_n = decision->n;
	uint8_t hash[DEFINITION_HASH_BYTES];
	definition_hash(hash, campaign->json, campaign->json_size);
	struct text text = text_init(campaign->hash, sizeof campaign->hash);
	text_append_hex(&text, hash, sizeof hash);
	campaigns->version++;
	return true;
}

bool campaign_is_known(const struct campaign *campaign) {
	return campaign->newest_n > 0 && campaign->definition_n > 0;
}

enum campaign_state campaign_state_at(const struct campaign *campaign, int64_t wall_ms) {
	const struct definition *definition = &campaign->definition;
	enum campaign_state state = campaign->state;
	if (state == CAMPAIGN_SCHEDULED && !definition->opens_by_command &&
		wall_ms >= definition->opens_at_ms) {
		state = CAMPAIGN_OPEN;
	}
	if (state == CAMPAIGN_OPEN && !definition->closes_by_command &&
		wall_ms >= definition->closes_at_ms) {
		state = CAMPAIGN_CLOSED;
	}
	return state;
}

int campaign_offset_minutes(const struct campaign *campaign, int64_t time_ms) {
	return zone_offset_minutes(campaign->definition.time_zone, time_ms);
}
