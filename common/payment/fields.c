#include "common/payment/fields.h"

#include <string.h>

#include "common/pure/timestamp.h"

#define WORD_BYTES_MAX 64u
/* Foreign receipts may be longer than ours. */
#define RECEIPT_READ_BYTES_MAX 512u

int payment_word_find(const struct payment_word *words, const char *word) {
	for (; words->word != NULL; words++) {
		if (strcmp(words->word, word) == 0) {
			return words->meaning;
		}
	}
	return 0;
}

/* ---- checks ---------------------------------------------------------------------------------- */

static bool is_id_character(char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

bool payment_id_is_valid(const char *id, size_t size_min, size_t size_max) {
	if (id == NULL) {
		return false;
	}
	size_t size = 0;
	while (size <= size_max && is_id_character(id[size])) {
		size++;
	}
	return id[size] == '\0' && size >= size_min && size <= size_max;
}

bool payment_currency_is_valid(const char *currency) {
	if (currency == NULL) {
		return false;
	}
	size_t size = 0;
	while (size < PAYMENT_CURRENCY_BYTES && currency[size] >= 'A' && currency[size] <= 'Z') {
		size++;
	}
	return size == PAYMENT_CURRENCY_BYTES - 1 && currency[size] == '\0';
}

/* ---- fields ---------------------------------------------------------------------------------- */

/* target has room: the reader has looked at the size. */
static void copy(char *target, const char *value) {
	memcpy(target, value, strlen(value) + 1);
}

void payment_field_id(
	struct json_object *object, const char *key, char target[PAYMENT_ID_BYTES_MAX + 1]) {
	const char *value = json_string(object, key, PAYMENT_ID_BYTES_MAX);
	if (!object->failed && !payment_id_is_valid(value, 1, PAYMENT_ID_BYTES_MAX)) {
		json_fail(object, key, "must be an id: letters, digits, '_' and '-'");
	}
	copy(target, object->failed ? "" : value);
}

void payment_field_id_or_none(
	struct json_object *object, const char *key, char target[PAYMENT_ID_BYTES_MAX + 1]) {
	target[0] = '\0';
	if (json_has(object, key)) {
		payment_field_id(object, key, target);
	}
}

void payment_field_currency(
	struct json_object *object, const char *key, char target[PAYMENT_CURRENCY_BYTES]) {
	char currency[PAYMENT_CURRENCY_BYTES] = {0};
	copy(currency, json_string(object, key, PAYMENT_CURRENCY_BYTES - 1));
	for (char *c = currency; *c >= 'a' && *c <= 'z'; c++) {
		*c = (char)(*c - 'a' + 'A');
	}
	if (!object->failed && !payment_currency_is_valid(currency)) {
		json_fail(object, key, "must be a currency: three letters");
	}
	copy(target, object->failed ? "" : currency);
}

void payment_field_receipt(
	struct json_object *object, const char *key, char target[PAYMENT_RECEIPT_BYTES_MAX + 1]) {
	const char *value = json_string_or(object, key, RECEIPT_READ_BYTES_MAX, "");
	bool ours = payment_id_is_valid(value, 1, PAYMENT_RECEIPT_BYTES_MAX);
	copy(target, ours ? value : "");
}

uint64_t payment_field_amount(struct json_object *object, const char *key) {
	return json_u64(object, key, 1, PAYMENT_AMOUNT_MAX);
}

int64_t payment_field_time(struct json_object *object, const char *key) {
	return (int64_t)json_u64(object, key, 0, TIMESTAMP_MS_MAX / 1000) * 1000;
}

int payment_field_word(
	struct json_object *object, const char *key, const struct payment_word *words) {
	int meaning = payment_word_find(words, json_string(object, key, WORD_BYTES_MAX));
	if (meaning == 0) {
		json_fail(object, key, "is not a word that we know");
	}
	return meaning;
}

void payment_field_is(struct json_object *object, const char *key, const char *word) {
	if (strcmp(json_string(object, key, WORD_BYTES_MAX), word) != 0) {
		json_fail(object, key, "is not what it should be here");
	}
}

void payment_field_close(
	const struct json_object *inner, struct json_object *outer, const char *key) {
	if (inner->failed) {
		json_fail(outer, key, inner->error);
	}
}
