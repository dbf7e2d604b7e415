/*
 * json_test - what is refused, and with which sentence.
 */
#include "common/json.h"

#include "common/pure/text.h"
#include "tests/unit/unit.h"

/* Parses and finishes; "" where nothing was wrong. */
static const char *error_of(const char *bytes, size_t size) {
	static struct json_object object;
	json_init(&object, bytes, size);
	assert_int_equal(object.failed, object.error[0] != '\0');
	json_finish(&object);
	return object.error;
}

static void takes_objects(void **state) {
	(void)state;
	static const char *const right[] = {
		"{}", " \t\r\n{ } \n", "{\"a\":1}",
		"{\"a\":{\"a\":[{\"a\":[]}]}}", /* the same key, in other objects */
		"{\"a\":[1,-1,0,-0,1.5,1e3,1E+3,1e-3,true,false,null,\"\"]}",
		"{\"\\u00e9\\n\\\\\\\"\\/\\b\\f\\r\\t\":\"\\ud83c\\udf54\"}",
		"{\"\xe0\xa4\xac\":\"\xf0\x9f\x8d\x94\"}",
		"{\"a\":[[[[[[[]]]]]]]}",  /* as deep as allowed */
		"{\"a\":\"{[[[[[[[[[[\"}", /* brackets in a string are no depth */
	};
	for (size_t i = 0; i < COUNT_OF(right); i++) {
		assert_string_equal(error_of(right[i], strlen(right[i])), "");
	}
}

static void refuses_with_a_sentence(void **state) {
	(void)state;
	static const struct {
		const char *bytes;
		const char *error;
	} cases[] = {
		{"", "not valid JSON at byte 1"},
		{" ", "not valid JSON at byte 1"},
		{"[]", "must be one JSON object and nothing else"},
		{"1", "must be one JSON object and nothing else"},
		{"\"a\"", "must be one JSON object and nothing else"},
		{"null", "must be one JSON object and nothing else"},
		{"{}{}", "must be one JSON object and nothing else"},
		{"{} x", "unexpected character at byte 4"},
		{"{},", "must be one JSON object and nothing else"},
		{"{\"a\":1}}", "must be one JSON object and nothing else"},
		{"{b:1}", "unexpected character at byte 2"},
		{"{'a':1}", "unexpected character at byte 2"},
		{"{\"a\":01}", "number with a leading zero at byte 8"},
		{"{\"a\":-}", "malformed number at byte 7"},
		{"{\"a\":1.}", "malformed number at byte 8"},
		{"{\"a\":1e}", "malformed number at byte 8"},
		{"{\"a\":.5}", "unexpected character at byte 6"},
		{"{\"a\":+1}", "unexpected character at byte 6"},
		{"{\"a\":0x10}", "unexpected character at byte 7"},
		{"{\"a\":NaN}", "unexpected character at byte 6"},
		{"{\"a\":\"\n\"}", "control character in a string at byte 8"},
		{"{\"a\":\"\\x\"}", "unknown escape in a string at byte 9"},
		{"{\"a\":\"\\u12g4\"}", "\\u without four hexadecimal digits at byte 12"},
		{"{\"a\":\"\\u0000\"}", "\\u0000 is not allowed at byte 13"},
		{"{\"a\":\"", "a string without an end at byte 7"},
		{"{\"a\":\"\\", "unknown escape in a string at byte 8"},
		{"{\"a\":\"\\u00", "\\u without four hexadecimal digits at byte 11"},
		{"{\"a\":[[[[[[[[]]]]]]]]}", "nested too deeply at byte 14"},
		{"{\"a\":1,\"b\":2,\"a\":3}", "a: is given twice"},
		{"{\"a\":[{\"b\":1,\"b\":1}]}", "b: is given twice"},
		{"{\"a\":1,\"\\u0061\":1}", "a: is given twice"},
		{"{\"a\":\"\xff\"}", "not valid UTF-8"},
		{"\xef\xbb\xbf{}", "unexpected character at byte 1"}, /* a byte order mark */
		{"{\x01}", "unexpected character at byte 2"},
		{"// {}\n{}", "unexpected character at byte 1"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_string_equal(
			error_of(cases[i].bytes, strlen(cases[i].bytes)), cases[i].error);
	}
	static const char *const malformed[] = {"{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{",
		"}", "{\"a\":1", "{\"a\":[1}", "{\"a\":[1,]}", "{\"a\" 1}", "{\"a\":1 2}",
		"{\"a\":tru}", "{\"a\":truefalse}", "{\"a\":nulll}", "{\"a\":\"\\ud83c\"}",
		"{\"a\":\"\\udf54\"}"};
	for (size_t i = 0; i < COUNT_OF(malformed); i++) {
		const char *error = error_of(malformed[i], strlen(malformed[i]));
		if (strncmp(error, "not valid JSON", 14) != 0) {
			fail_msg("%s: %s", malformed[i], error);
		}
	}
	assert_string_equal(error_of("{}\0", 3), "unexpected character at byte 3");
	assert_string_equal(
		error_of("{\"a\":\"\0\"}", 9), "control character in a string at byte 8");
}

static void refuses_too_many_keys(void **state) {
	(void)state;
	char buffer[1024];
	for (size_t count = JSON_KEYS_MAX; count <= JSON_KEYS_MAX + 1; count++) {
		struct text text = text_init(buffer, sizeof buffer);
		for (size_t i = 0; i < count; i++) {
			text_append(&text, i == 0 ? "{\"" : ",\"");
			text_append_u64(&text, i);
			text_append(&text, "\":1");
		}
		text_append_char(&text, '}');
		assert_string_equal(error_of(buffer, text.used),
			count == JSON_KEYS_MAX ? "" : "an object has too many keys");
	}
}

static struct json_object parsed(const char *bytes) {
	struct json_object object;
	json_init(&object, bytes, strlen(bytes));
	assert_false(object.failed);
	return object;
}

static void gives_values(void **state) {
	(void)state;
	struct json_object object =
		parsed("{\"s\":\"a\\u00e9\",\"n\":9007199254740991,\"zero\":-0,\"e\":1e3,"
		       "\"t\":true,\"f\":false,\"null\":null}");
	assert_string_equal(json_string(&object, "s", 3), "a\xc3\xa9");
	assert_true(json_u64(&object, "n", 0, UINT64_MAX) == UINT64_C(9007199254740991));
	assert_int_equal(json_u64(&object, "zero", 0, 0), 0);
	assert_int_equal(json_u64(&object, "e", 1000, 1000), 1000);
	assert_true(json_bool(&object, "t"));
	assert_false(json_bool(&object, "f"));
	assert_true(json_has(&object, "t"));
	assert_false(json_has(&object, "null"));
	assert_false(json_has(&object, "T")); /* case counts */
	assert_string_equal(json_string_or(&object, "null", 10, "otherwise"), "otherwise");
	assert_int_equal(json_u64_or(&object, "absent", 1, 2, 77), 77);
	assert_true(json_bool_or(&object, "absent", true));
	assert_false(object.failed);
	json_refuse_unknown(&object); /* "null" was asked for */
	assert_false(object.failed);
	json_finish(&object);
}

/* One way to ask for the key k, and the sentence when the value is wrong. */
static void ask_string(struct json_object *object) {
	assert_string_equal(json_string(object, "k", 3), "");
}

static void ask_u64(struct json_object *object) {
	assert_int_equal(json_u64(object, "k", 1, 9), 0);
}

static void ask_large_u64(struct json_object *object) {
	assert_int_equal(json_u64(object, "k", 0, UINT64_MAX), 0);
}

static void ask_bool(struct json_object *object) {
	assert_false(json_bool(object, "k"));
}

static void ask_bool_or(struct json_object *object) {
	assert_false(json_bool_or(object, "k", true));
}

static void says_what_is_wrong(void **state) {
	(void)state;
#define WHOLE_NUMBER "k: must be a whole number from 1 to 9"
	static const struct {
		const char *bytes;
		void (*ask)(struct json_object *object);
		const char *error;
	} cases[] = {
		{"{}", ask_string, "k: is missing"},
		{"{\"k\":null}", ask_u64, "k: is missing"},
		{"{\"k\":1}", ask_string, "k: must be a text of at most 3 bytes"},
		{"{\"k\":\"four\"}", ask_string, "k: must be a text of at most 3 bytes"},
		{"{\"k\":0}", ask_u64, WHOLE_NUMBER},
		{"{\"k\":10}", ask_u64, WHOLE_NUMBER},
		{"{\"k\":-1}", ask_u64, WHOLE_NUMBER},
		{"{\"k\":1.5}", ask_u64, WHOLE_NUMBER},
		{"{\"k\":\"1\"}", ask_u64, WHOLE_NUMBER},
		{"{\"k\":true}", ask_u64, WHOLE_NUMBER},
		{"{\"k\":[1]}", ask_u64, WHOLE_NUMBER},
		{"{\"k\":1e300}", ask_u64, WHOLE_NUMBER},
		{"{\"k\":1e999}", ask_u64, WHOLE_NUMBER},
		{"{\"k\":9007199254740992}", ask_large_u64,
			"k: must be a whole number from 0 to 9007199254740991"},
		{"{\"k\":18446744073709551616}", ask_large_u64,
			"k: must be a whole number from 0 to 9007199254740991"},
		{"{\"k\":1}", ask_bool, "k: must be true or false"},
		{"{\"k\":\"true\"}", ask_bool_or, "k: must be true or false"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct json_object object = parsed(cases[i].bytes);
		cases[i].ask(&object);
		assert_true(object.failed);
		assert_string_equal(object.error, cases[i].error);
		/* The first sentence stays; nothing has a value any more. */
		json_fail(&object, "other", "problem");
		assert_string_equal(json_string_or(&object, "absent", 3, "x"), "");
		assert_int_equal(json_u64_or(&object, "absent", 1, 9, 5), 0);
		assert_false(json_bool_or(&object, "absent", true));
		assert_false(json_has(&object, "k"));
		json_refuse_unknown(&object);
		assert_string_equal(object.error, cases[i].error);
		json_finish(&object);
	}
}

static void refuses_unknown_keys(void **state) {
	(void)state;
	struct json_object object = parsed("{\"units\":1,\"unit\":2}");
	json_u64(&object, "units", 1, 9);
	json_refuse_unknown(&object);
	assert_string_equal(object.error, "unit: is not a key of this object");
	json_finish(&object);
}

/* Keys come from outside: an error must stay short, harmless and valid UTF-8. */
static void repeats_only_the_beginning_of_a_key(void **state) {
	(void)state;
	struct json_object object = parsed("{\"0123456789012345678901234567890123456789_more\":1}");
	json_refuse_unknown(&object);
	assert_string_equal(object.error,
		"0123456789012345678901234567890123456789: is not a key of this object");
	json_finish(&object);

	object = parsed("{\"012345678901234567890123456789012345678\xe0\xa4\xac\":1}");
	json_refuse_unknown(&object);
	assert_string_equal(object.error,
		"012345678901234567890123456789012345678: is not a key of this object");
	json_finish(&object);

	object = parsed("{\"a\\n\\u001b[31m\":1}");
	json_refuse_unknown(&object);
	assert_string_equal(object.error, "a??[31m: is not a key of this object");
	json_finish(&object);
}

static void looks_into_objects(void **state) {
	(void)state;
	struct json_object object = parsed("{\"config\":{\"name\":\"x\"},\"n\":1}");
	struct json_object inner;
	assert_true(json_inner(&inner, &object, "config"));
	assert_string_equal(json_string(&inner, "name", 9), "x");
	json_u64(&inner, "absent", 0, 1);
	assert_string_equal(inner.error, "absent: is missing");
	assert_false(object.failed);

	assert_false(json_inner(&inner, &object, "absent"));
	assert_false(object.failed);
	assert_string_equal(json_string_or(&inner, "name", 9, "x"), ""); /* harmless */
	assert_false(json_inner(&inner, &object, "n"));
	assert_string_equal(object.error, "n: must be a JSON object");
	assert_false(json_inner(&inner, &object, "config")); /* outer has failed */
	json_finish(&object);
}

static void looks_into_arrays(void **state) {
	(void)state;
	struct json_object object =
		parsed("{\"list\":[{\"n\":1},{\"n\":2},3],\"none\":[],\"no\":{\"a\":1}}");
	struct json_object inner;
	assert_int_equal(json_array_count(&object, "list"), 3);
	assert_int_equal(json_array_count(&object, "none"), 0);
	assert_int_equal(json_array_count(&object, "no"), 0);
	assert_int_equal(json_array_count(&object, "absent"), 0);
	assert_true(json_array_item(&inner, &object, "list", 1));
	assert_int_equal(json_u64(&inner, "n", 0, 9), 2);
	assert_false(json_array_item(&inner, &object, "absent", 0));
	assert_false(object.failed);
	assert_false(json_array_item(&inner, &object, "list", 2));
	assert_string_equal(object.error, "list: must be an array of JSON objects");
	json_finish(&object);
}

static void a_failed_object_is_harmless(void **state) {
	(void)state;
	struct json_object object;
	json_init(&object, "[", 1);
	assert_true(object.failed);
	struct json_object inner;
	assert_string_equal(json_string(&object, "a", 9), "");
	assert_false(json_inner(&inner, &object, "a"));
	assert_int_equal(json_array_count(&object, "a"), 0);
	assert_false(json_array_item(&inner, &object, "a", 0));
	json_refuse_unknown(&object);
	json_finish(&object);
	json_finish(&object); /* twice does no harm */
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_objects),
		cmocka_unit_test(refuses_with_a_sentence),
		cmocka_unit_test(refuses_too_many_keys),
		cmocka_unit_test(gives_values),
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(refuses_unknown_keys),
		cmocka_unit_test(repeats_only_the_beginning_of_a_key),
		cmocka_unit_test(looks_into_objects),
		cmocka_unit_test(looks_into_arrays),
		cmocka_unit_test(a_failed_object_is_harmless),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
