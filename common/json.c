/*
 * json - a strict scan of the bytes first, then cJSON, then typed access.
 *
 * cJSON takes more than JSON has (control characters, leading zeroes, "\uZZZZ", bytes after the end,
 * the same key twice) and cuts strings at "\u0000". The scan refuses all that can be seen without
 * knowing the structure; the structure is left to cJSON; keys are compared afterwards.
 */
#include "common/json.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "common/pure/text.h"

/* The largest whole number up to which a double holds every one: 2^53 - 1. */
#define INTEGER_MAX UINT64_C(9007199254740991)
/* How much of a key an error repeats: it may be anybody's bytes. */
#define KEY_SHOWN_BYTES_MAX 40u

/* ---- errors ------------------------------------------------------------------------------------ */

static struct text begin_error(struct json_object *object) {
	assert(!object->failed);
	object->failed = true;
	return text_init(object->error, sizeof object->error);
}

/* At most KEY_SHOWN_BYTES_MAX bytes of valid UTF-8, cut between characters, without controls. */
static void append_key(struct text *text, const char *key) {
	size_t size = strlen(key);
	if (size > KEY_SHOWN_BYTES_MAX) {
		size = KEY_SHOWN_BYTES_MAX;
		while (size > 0 && ((unsigned char)key[size] & 0xc0) == 0x80) {
			size--;
		}
	}
	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)key[i];
		bool control = byte < 0x20 || byte == 0x7f;
		text_append_bytes(text, control ? "?" : key + i, 1);
	}
}

void json_fail(struct json_object *object, const char *key, const char *problem) {
	if (object->failed) {
		return;
	}
	struct text text = begin_error(object);
	append_key(&text, key);
	text_append(&text, ": ");
	text_append(&text, problem);
}

static void fail_whole(struct json_object *object, const char *problem) {
	struct text text = begin_error(object);
	text_append(&text, problem);
}

static void fail_at(struct json_object *object, const char *problem, size_t offset) {
	struct text text = begin_error(object);
	text_append(&text, problem);
	text_append(&text, " at byte ");
	text_append_u64(&text, offset + 1);
}

/* ---- scan -------------------------------------------------------------------------------------- */

struct scan {
	const char *bytes;
	size_t size;
	size_t at;
	uint32_t depth;
	const char *problem; /* NULL: none so far */
};

static char peek(const struct scan *scan) {
	if (scan->at >= scan->size) {
		return '\0';
	}
	return scan->bytes[scan->at];
}

static bool is_digit(char c) {
	return c >= '0' && c <= '9';
}

static bool is_hex_digit(char c) {
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Behind a backslash. Pairs of surrogates are checked by cJSON. */
static void scan_escape(struct scan *scan) {
	char c = peek(scan);
	scan->at++;
	if (c != 'u') {
		if (c == '\0' || strchr("\"\\/bfnrt", c) == NULL) {
			scan->problem = "unknown escape in a string";
		}
		return;
	}
	bool zero = true;
	for (int i = 0; i < 4; i++) {
		c = peek(scan);
		scan->at++;
		if (!is_hex_digit(c)) {
			scan->problem = "\\u without four hexadecimal digits";
			return;
		}
		zero = zero && c == '0';
	}
	if (zero) {
		scan->problem = "\\u0000 is not allowed";
	}
}

static void scan_string(struct scan *scan) {
	scan->at++;
	while (scan->problem == NULL) {
		if (scan->at >= scan->size) {
			scan->problem = "a string without an end";
			return;
		}
		char c = scan->bytes[scan->at++];
		if (c == '"') {
			return;
		}
		if ((unsigned char)c < 0x20) {
			scan->problem = "control character in a string";
		} else if (c == '\\') {
			scan_escape(scan);
		}
	}
}

static void scan_digits(struct scan *scan) {
	if (!is_digit(peek(scan))) {
		scan->problem = "malformed number";
	}
	while (is_digit(peek(scan))) {
		scan->at++;
	}
}

/* RFC 8259 section 6. */
static void scan_number(struct scan *scan) {
	if (peek(scan) == '-') {
		scan->at++;
	}
	bool leading_zero = peek(scan) == '0';
	size_t first = scan->at;
	scan_digits(scan);
	if (leading_zero && scan->at - first > 1) {
		scan->problem = "number with a leading zero";
	}
	if (peek(scan) == '.') {
		scan->at++;
		scan_digits(scan);
	}
	if (peek(scan) == 'e' || peek(scan) == 'E') {
		scan->at++;
		if (peek(scan) == '+' || peek(scan) == '-') {
			scan->at++;
		}
		scan_digits(scan);
	}
}

static void scan_token(struct scan *scan) {
	char c = peek(scan);
	if (c == '"') {
		scan_string(scan);
	} else if (c == '-' || is_digit(c)) {
		scan_number(scan);
	} else if (c == '\0' || strchr(" \t\r\n{}[]:,truefalsn", c) == NULL) {
		scan->problem = "unexpected character";
	} else {
		if (c == '{' || c == '[') {
			scan->depth++;
		} else if ((c == '}' || c == ']') && scan->depth > 0) {
			scan->depth--;
		}
		if (scan->depth > JSON_DEPTH_MAX) {
			scan->problem = "nested too deeply";
		}
		scan->at++;
	}
}

static bool scan_is_clean(struct json_object *object, const char *bytes, size_t size) {
	struct scan scan = {.bytes = bytes, .size = size};
	while (scan.problem == NULL && scan.at < size) {
		scan_token(&scan);
	}
	if (scan.problem != NULL) {
		fail_at(object, scan.problem, scan.at < size ? scan.at : size);
		return false;
	}
	return true;
}

/* ---- parse ------------------------------------------------------------------------------------- */

static const cJSON *cjson(const struct json *node) {
	return (const cJSON *)(const void *)node;
}

static const struct json *node_of(const cJSON *item) {
	return (const struct json *)(const void *)item;
}

static bool keys_are_unique(struct json_object *object, const cJSON *node) {
	size_t count = 0;
	for (const cJSON *item = node->child; item != NULL; item = item->next) {
		if (++count > JSON_KEYS_MAX) {
			fail_whole(object, "an object has too many keys");
			return false;
		}
		for (const cJSON *other = node->child; other != item; other = other->next) {
			if (strcmp(other->string, item->string) == 0) {
				json_fail(object, item->string, "is given twice");
				return false;
			}
		}
	}
	return true;
}

/* Recursion is bounded by JSON_DEPTH_MAX. */
static bool all_keys_are_unique(struct json_object *object, const cJSON *node) {
	if (cJSON_IsObject(node) && !keys_are_unique(object, node)) {
		return false;
	}
	for (const cJSON *item = node->child; item != NULL; item = item->next) {
		if (!all_keys_are_unique(object, item)) {
			return false;
		}
	}
	return true;
}

static bool only_blanks(const char *bytes, const char *end) {
	while (bytes < end && strchr(" \t\r\n", *bytes) != NULL) {
		bytes++;
	}
	return bytes == end;
}

void json_init(struct json_object *object, const char *bytes, size_t size) {
	*object = (struct json_object){0};
	if (!text_is_utf8(bytes, size)) {
		fail_whole(object, "not valid UTF-8");
		return;
	}
	if (!scan_is_clean(object, bytes, size)) {
		return;
	}
	const char *end = NULL;
	cJSON *tree = cJSON_ParseWithLengthOpts(bytes, size, &end, false);
	object->tree = (struct json *)(void *)tree;
	object->node = object->tree;
	if (tree == NULL) {
		size_t offset = end == NULL ? 0 : (size_t)(end - bytes);
		fail_at(object, "not valid JSON", offset);
	} else if (!cJSON_IsObject(tree) || !only_blanks(end, bytes + size)) {
		fail_whole(object, "must be one JSON object and nothing else");
	} else {
		all_keys_are_unique(object, tree);
	}
}

void json_finish(struct json_object *object) {
	cJSON_Delete((cJSON *)(void *)object->tree);
	object->tree = NULL;
	object->node = NULL;
}

/* ---- access ------------------------------------------------------------------------------------ */

/* The item with this key and its position; NULL where there is none, or it is null. */
static const cJSON *find(const struct json_object *object, const char *key, uint32_t *position) {
	*position = 0;
	if (object->failed) {
		return NULL;
	}
	const cJSON *item = cjson(object->node)->child;
	while (item != NULL && strcmp(item->string, key) != 0) {
		item = item->next;
		(*position)++;
	}
	return item;
}

/* The same, and remembers that the key was asked for. */
static const cJSON *ask(struct json_object *object, const char *key) {
	uint32_t position;
	const cJSON *item = find(object, key, &position);
	if (item == NULL) {
		return NULL;
	}
	assert(position < JSON_KEYS_MAX);
	object->seen |= UINT64_C(1) << position;
	return cJSON_IsNull(item) ? NULL : item;
}

static_assert(JSON_KEYS_MAX == 64, "seen has a bit for each key");

bool json_has(const struct json_object *object, const char *key) {
	uint32_t position;
	const cJSON *item = find(object, key, &position);
	return item != NULL && !cJSON_IsNull(item);
}

static const char *string_value(
	struct json_object *object, const cJSON *item, const char *key, size_t size_max) {
	if (cJSON_IsString(item) && strlen(item->valuestring) <= size_max) {
		return item->valuestring;
	}
	struct text text = begin_error(object);
	append_key(&text, key);
	text_append(&text, ": must be a text of at most ");
	text_append_u64(&text, size_max);
	text_append(&text, " bytes");
	return "";
}

static uint64_t u64_value(struct json_object *object, const cJSON *item, const char *key,
	uint64_t min, uint64_t max) {
	double value = item->valuedouble;
	if (cJSON_IsNumber(item) && value >= 0 && value <= (double)INTEGER_MAX &&
		floor(value) == value && (uint64_t)value >= min && (uint64_t)value <= max) {
		return (uint64_t)value;
	}
	struct text text = begin_error(object);
	append_key(&text, key);
	text_append(&text, ": must be a whole number from ");
	text_append_u64(&text, min);
	text_append(&text, " to ");
	text_append_u64(&text, max < INTEGER_MAX ? max : INTEGER_MAX);
	return 0;
}

static bool bool_value(struct json_object *object, const cJSON *item, const char *key) {
	if (!cJSON_IsBool(item)) {
		json_fail(object, key, "must be true or false");
		return false;
	}
	return cJSON_IsTrue(item);
}

/* An item that has to be there. */
static const cJSON *require(struct json_object *object, const char *key) {
	const cJSON *item = ask(object, key);
	if (item == NULL) {
		json_fail(object, key, "is missing");
	}
	return item;
}

const char *json_string(struct json_object *object, const char *key, size_t size_max) {
	const cJSON *item = require(object, key);
	return item == NULL ? "" : string_value(object, item, key, size_max);
}

uint64_t json_u64(struct json_object *object, const char *key, uint64_t min, uint64_t max) {
	const cJSON *item = require(object, key);
	return item == NULL ? 0 : u64_value(object, item, key, min, max);
}

bool json_bool(struct json_object *object, const char *key) {
	const cJSON *item = require(object, key);
	return item != NULL && bool_value(object, item, key);
}

const char *json_string_or(
	struct json_object *object, const char *key, size_t size_max, const char *otherwise) {
	const cJSON *item = ask(object, key);
	if (item == NULL) {
		return object->failed ? "" : otherwise;
	}
	return string_value(object, item, key, size_max);
}

uint64_t json_u64_or(struct json_object *object, const char *key, uint64_t min, uint64_t max,
	uint64_t otherwise) {
	const cJSON *item = ask(object, key);
	if (item == NULL) {
		return object->failed ? 0 : otherwise;
	}
	return u64_value(object, item, key, min, max);
}

bool json_bool_or(struct json_object *object, const char *key, bool otherwise) {
	const cJSON *item = ask(object, key);
	if (item == NULL) {
		return !object->failed && otherwise;
	}
	return bool_value(object, item, key);
}

/* ---- inside ------------------------------------------------------------------------------------ */

/* inner looks into node, or has failed where node is no object. */
static bool look_into(struct json_object *inner, const cJSON *node) {
	*inner = (struct json_object){0};
	if (!cJSON_IsObject(node)) {
		fail_whole(inner, "must be a JSON object");
		return false;
	}
	inner->node = node_of(node);
	return true;
}

bool json_inner(struct json_object *inner, struct json_object *outer, const char *key) {
	const cJSON *item = ask(outer, key);
	if (!look_into(inner, item)) {
		if (item != NULL) {
			json_fail(outer, key, "must be a JSON object");
		}
		return false;
	}
	return true;
}

size_t json_array_count(const struct json_object *object, const char *key) {
	uint32_t position;
	const cJSON *item = find(object, key, &position);
	return cJSON_IsArray(item) ? (size_t)cJSON_GetArraySize(item) : 0;
}

bool json_array_item(
	struct json_object *inner, struct json_object *outer, const char *key, size_t index) {
	const cJSON *array = ask(outer, key);
	const cJSON *item = cJSON_IsArray(array) ? array->child : NULL;
	for (size_t i = 0; i < index && item != NULL; i++) {
		item = item->next;
	}
	if (!look_into(inner, item)) {
		if (array != NULL) {
			json_fail(outer, key, "must be an array of JSON objects");
		}
		return false;
	}
	return true;
}

void json_refuse_unknown(struct json_object *object) {
	if (object->failed) {
		return;
	}
	uint32_t position = 0;
	for (const cJSON *item = cjson(object->node)->child; item != NULL; item = item->next) {
		if ((object->seen >> position & 1) == 0) {
			json_fail(object, item->string, "is not a key of this object");
			return;
		}
		position++;
	}
}
