/*
 * fields - reads what answers and webhooks of providers are made of, strictly; for providers.
 *
 * On top of common/json.h, and sticky like it: the first thing wrong marks the object as failed,
 * and the value is "" or 0. All texts that come out are within objects.h.
 */
#ifndef COMMON_PAYMENT_FIELDS_H
#define COMMON_PAYMENT_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/json.h"
#include "common/payment/objects.h"

/* One of the words that a field may have, and what it means. Tables of them end with NULL. */
struct payment_word {
	const char *word;
	int meaning; /* of some enum; not 0 */
};

/* The meaning of word; 0 if it is none of them. */
int payment_word_find(const struct payment_word *words, const char *word);

/* Letters, digits, '_' and '-', size_min to size_max of them. NULL is none. */
bool payment_id_is_valid(const char *id, size_t size_min, size_t size_max);
/* Three capital letters. NULL is none. */
bool payment_currency_is_valid(const char *currency);

void payment_field_id(
	struct json_object *object, const char *key, char target[PAYMENT_ID_BYTES_MAX + 1]);
/* The same for one that may be null or not there, which is "". */
void payment_field_id_or_none(
	struct json_object *object, const char *key, char target[PAYMENT_ID_BYTES_MAX + 1]);
/* Takes small letters too. */
void payment_field_currency(
	struct json_object *object, const char *key, char target[PAYMENT_CURRENCY_BYTES]);
/* Any text or null; "" if it is no receipt of ours. */
void payment_field_receipt(
	struct json_object *object, const char *key, char target[PAYMENT_RECEIPT_BYTES_MAX + 1]);
uint64_t payment_field_amount(struct json_object *object, const char *key);
/* Seconds since 1970 in the field, milliseconds returned. */
int64_t payment_field_time(struct json_object *object, const char *key);
/* The meaning of a word; fails on one that is not in the table. */
int payment_field_word(
	struct json_object *object, const char *key, const struct payment_word *words);
/* Fails unless the field is this word. */
void payment_field_is(struct json_object *object, const char *key, const char *word);

/* After json_inner or json_array_item and whatever was read then: hands what went wrong in inner,
 * or that it is not there, to outer. */
void payment_field_close(
	const struct json_object *inner, struct json_object *outer, const char *key);

#endif
