/*
 * keys_test - key files as they should be, and every way in which they make a program stop.
 */
#include "common/keys.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/secret_file.h"
#include "tests/unit/child.h"
#include "tests/unit/unit.h"

#define DIGITS_A "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"
#define DIGITS_B "1111111111111111111111111111111111111111111111111111111111111111"

static char directory[] = "/tmp/firstcome-keys-XXXXXX";

static int make_directory(void **state) {
	(void)state;
	crypto_init();
	return mkdtemp(directory) == NULL;
}

static void path_of(char path[128], const char *name) {
	snprintf(path, 128, "%s/%s", directory, name);
}

static int remove_directory(void **state) {
	(void)state;
	char path[128];
	path_of(path, "identity.key");
	unlink(path);
	path_of(path, "token.keys");
	unlink(path);
	return rmdir(directory);
}

static void write_file(const char *name, const char *content, size_t size, mode_t mode) {
	char path[128];
	path_of(path, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(content, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void load_identity_key(void *context) {
	struct key key;
	keys_load(&key, context, "identity.key");
}

static void load_token_keys(void *context) {
	struct token_keys keys;
	keys_load_tokens(&keys, context);
}

static void assert_refused(void (*load)(void *context), void *context, const char *reason) {
	static struct child_result result;
	child_run(&result, load, context);
	assert_int_equal(result.status, EX_CONFIG);
	if (strstr(result.output, reason) == NULL) {
		fail_msg("\"%s\" is not in: %s", reason, result.output);
	}
	assert_null(strstr(result.output, "1111111111")); /* keys are never logged */
}

static void loads_a_key(void **state) {
	(void)state;
	static const char *const contents[] = {DIGITS_A "\n", DIGITS_A};
	for (size_t i = 0; i < COUNT_OF(contents); i++) {
		write_file("identity.key", contents[i], strlen(contents[i]), 0600);
		struct key key;
		keys_load(&key, directory, "identity.key");
		for (size_t byte = 0; byte < KEY_BYTES; byte++) {
			assert_int_equal(key.bytes[byte], 0x11 * (byte % 16));
		}
	}
	write_file("identity.key", DIGITS_A, strlen(DIGITS_A), 0400); /* as systemd gives them */
	struct key key;
	keys_load(&key, directory, "identity.key");
}

static void refuses_wrong_keys(void **state) {
	(void)state;
	static const struct {
		const char *content;
		const char *reason;
	} cases[] = {
		{"", "exactly one line"},
		{"\n", "64 hexadecimal digits"},
		{DIGITS_B "\n\n", "exactly one line"},
		{DIGITS_B "\n" DIGITS_B "\n", "exactly one line"},
		{DIGITS_B " \n", "64 hexadecimal digits"},
		{DIGITS_B "1\n", "64 hexadecimal digits"},
		{"0x" DIGITS_B, "64 hexadecimal digits"},
		{DIGITS_B "\r\n", "64 hexadecimal digits"},
		{"secret\n", "64 hexadecimal digits"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		write_file("identity.key", cases[i].content, strlen(cases[i].content), 0600);
		assert_refused(load_identity_key, directory, cases[i].reason);
	}
	write_file("identity.key", DIGITS_B "\0", KEY_BYTES * 2 + 1, 0600);
	assert_refused(load_identity_key, directory, "not a text");
}

static void refuses_exposed_files(void **state) {
	(void)state;
	static const mode_t modes[] = {0644, 0640, 0604, 0660, 0601, 0610};
	for (size_t i = 0; i < COUNT_OF(modes); i++) {
		write_file("identity.key", DIGITS_B "\n", strlen(DIGITS_B) + 1, modes[i]);
		assert_refused(load_identity_key, directory, "chmod 600");
	}
}

static void refuses_what_is_no_file(void **state) {
	(void)state;
	char path[128];
	path_of(path, "identity.key");
	unlink(path);
	assert_refused(load_identity_key, directory, "No such file");
	assert_int_equal(mkfifo(path, 0600), 0); /* must not wait for somebody to write */
	assert_refused(load_identity_key, directory, "not a plain file");
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_refused(load_identity_key, directory, "not a plain file");
	rmdir(path);

	static char large[SECRET_FILE_BYTES_MAX + 1];
	memset(large, '1', sizeof large);
	write_file("identity.key", large, sizeof large, 0600);
	assert_refused(load_identity_key, directory, "at most 4096 bytes");

	char long_directory[2000];
	memset(long_directory, 'x', sizeof long_directory);
	long_directory[sizeof long_directory - 1] = '\0';
	assert_refused(load_identity_key, long_directory, "path_too_long");
}

static void loads_token_keys(void **state) {
	(void)state;
	static const char content[] = "7 " DIGITS_A "\n3 " DIGITS_B "\n255 " DIGITS_A;
	write_file("token.keys", content, strlen(content), 0600);
	struct token_keys keys;
	keys_load_tokens(&keys, directory);
	assert_int_equal(keys.count, 3);
	assert_int_equal(keys.keys[0].id, 7);
	assert_int_equal(keys.keys[1].id, 3);
	assert_int_equal(keys.keys[2].id, 255);
	assert_int_equal(keys.keys[0].key.bytes[1], 0x11);
	assert_int_equal(keys.keys[1].key.bytes[0], 0x11);
}

static void refuses_wrong_token_keys(void **state) {
	(void)state;
#define LINE(id) #id " " DIGITS_B "\n"
	static const struct {
		const char *content;
		const char *reason;
	} cases[] = {
		{"", "at least one line"},
		{DIGITS_B "\n", "a number from 1 to 255"},
		{"0 " DIGITS_B "\n", "a number from 1 to 255"},
		{"256 " DIGITS_B "\n", "a number from 1 to 255"},
		{"01 " DIGITS_B "\n", "a number from 1 to 255"},
		{"-1 " DIGITS_B "\n", "a number from 1 to 255"},
		{" 1 " DIGITS_B "\n", "a number from 1 to 255"},
		{"1  " DIGITS_B "\n", "64 hexadecimal digits"},
		{"1\t" DIGITS_B "\n", "a number from 1 to 255"},
		{"1 \n", "64 hexadecimal digits"},
		{LINE(1) LINE(1), "line=2 error=\"this number stands above already"},
		{LINE(1) "\n" LINE(2), "line=2"},
		{LINE(1) LINE(2) LINE(3) LINE(4) LINE(5) LINE(6) LINE(7) LINE(8) LINE(9),
			"too many keys"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		write_file("token.keys", cases[i].content, strlen(cases[i].content), 0600);
		assert_refused(load_token_keys, directory, cases[i].reason);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_a_key),
		cmocka_unit_test(refuses_wrong_keys),
		cmocka_unit_test(refuses_exposed_files),
		cmocka_unit_test(refuses_what_is_no_file),
		cmocka_unit_test(loads_token_keys),
		cmocka_unit_test(refuses_wrong_token_keys),
	};
	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
