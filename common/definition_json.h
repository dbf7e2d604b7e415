/*
 * definition_json - reads and checks a campaign definition as an admin wrote it.
 *
 * One JSON object with the keys of struct definition. Unknown or duplicate keys, wrong types and
 * values out of range are errors; so is what contradicts itself (closes before it opens, hold_seconds
 * without a price). The sentence in error says which key, and what would be right.
 */
#ifndef COMMON_DEFINITION_JSON_H
#define COMMON_DEFINITION_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/json.h"
#include "common/pure/definition.h"

/* Loop thread only (it asks zone.h). On false error says why, and definition is worthless. */
bool definition_read(struct definition *definition, char error[JSON_ERROR_BYTES], const char *bytes,
	size_t size);

/* The same, but any time_zone that has the shape of a name will do: what a definition in the line means
 * must not depend on the zones that the machine of its reader knows. Any thread. */
bool definition_read_stored(struct definition *definition, char error[JSON_ERROR_BYTES],
	const char *bytes, size_t size);

/* BLAKE2b-256 of the bytes as published. */
void definition_hash(uint8_t hash[DEFINITION_HASH_BYTES], const char *bytes, size_t size);

#endif
