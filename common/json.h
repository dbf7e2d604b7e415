/*
 * json - reads JSON objects from outside strictly, on top of cJSON (the only file that includes it).
 *
 * Refused: anything but one object, bytes after it, invalid UTF-8, NUL, nesting deeper than
 * JSON_DEPTH_MAX, duplicate keys, keys that were not asked for, wrong types, numbers that are not
 * integers or out of range. The first thing wrong is kept as a sentence for a person
 * ("units: must be a whole number from 1 to 1000000000"); later calls do nothing.
 */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_DEPTH_MAX 8u
#define JSON_KEYS_MAX 64u
#define JSON_ERROR_BYTES 200u

struct json; /* a parsed tree */

struct json_object {
	struct json *tree;       /* owned; NULL if it could not be parsed */
	const struct json *node; /* the object that the calls below look into */
	bool failed;
	char error[JSON_ERROR_BYTES];
	uint64_t seen; /* bit i: key i of the object was asked for */
};

/* Parses bytes; check failed, or go on and check at the end. */
void json_init(struct json_object *object, const char *bytes, size_t size);
void json_finish(struct json_object *object);

/* True if the key is there (and not null). */
bool json_has(const struct json_object *object, const char *key);

/* Required values. On any error the result is "", 0 or false. A string is borrowed from the tree, has
 * at most size_max bytes and no NUL in it. */
const char *json_string(struct json_object *object, const char *key, size_t size_max);
uint64_t json_u64(struct json_object *object, const char *key, uint64_t min, uint64_t max);
bool json_bool(struct json_object *object, const char *key);

/* The same with a value for a key that is not there. */
const char *json_string_or(
	struct json_object *object, const char *key, size_t size_max, const char *otherwise);
uint64_t json_u64_or(struct json_object *object, const char *key, uint64_t min, uint64_t max,
	uint64_t otherwise);
bool json_bool_or(struct json_object *object, const char *key, bool otherwise);

/* An object or an array of objects inside, for replies from the broker and webhooks. inner borrows
 * from outer and needs no finish; an error in it is reported there. False if it is not there. */
bool json_inner(struct json_object *inner, struct json_object *outer, const char *key);
size_t json_array_count(const struct json_object *object, const char *key);
bool json_array_item(
	struct json_object *inner, struct json_object *outer, const char *key, size_t index);

/* Marks the object as failed with an own sentence: "key: problem". */
void json_fail(struct json_object *object, const char *key, const char *problem);
/* Fails if a key was not asked for. For objects that people write, not for replies that may grow. */
void json_refuse_unknown(struct json_object *object);

#endif
