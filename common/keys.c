/*
 * keys - reads the lines of key files.
 */
#include "common/keys.h"

#include <stdbool.h>
#include <string.h>
#include <sysexits.h>

#include "common/log.h"
#include "common/pure/text.h"
#include "common/secret_file.h"

#define PATH_BYTES_MAX 1024u
#define KEY_DIGITS (KEY_BYTES * 2u)

static void join_path(char path[PATH_BYTES_MAX], const char *directory, const char *name) {
	struct text text = text_init(path, PATH_BYTES_MAX);
	text_append(&text, directory);
	text_append_char(&text, '/');
	text_append(&text, name);
	if (text.failed) {
		log_fatal(EX_CONFIG, "path_too_long", "name=%s hint=\"shorten FIRSTCOME_KEYS_DIR\"",
			name);
	}
}

_Noreturn static void refuse(const char *path, unsigned line, const char *problem) {
	log_fatal(EX_CONFIG, "key_unreadable", "path=\"%s\" line=%u error=\"%s\"", path, line,
		problem);
}

/* Cuts the first line off *rest; NULL when nothing is left. The last line may lack its end. */
static char *next_line(char **rest) {
	if (**rest == '\0') {
		return NULL;
	}
	char *line = *rest;
	char *end = strchr(line, '\n');
	if (end == NULL) {
		*rest = line + strlen(line);
	} else {
		*end = '\0';
		*rest = end + 1;
	}
	return line;
}

static void parse_key(struct key *key, const char *digits, const char *path, unsigned line) {
	if (!text_parse_hex(digits, strlen(digits), key->bytes, KEY_BYTES)) {
		refuse(path, line,
			"a key is 64 hexadecimal digits and nothing else: openssl rand -hex 32");
	}
}

void keys_load(struct key *key, const char *directory, const char *name) {
	char path[PATH_BYTES_MAX];
	join_path(path, directory, name);
	char content[SECRET_FILE_BYTES_MAX + 1];
	secret_file_read(content, path);

	char *rest = content;
	const char *line = next_line(&rest);
	if (line == NULL || *rest != '\0') {
		refuse(path, 1, "the file must have exactly one line");
	}
	parse_key(key, line, path, 1);
	crypto_forget(content, sizeof content);
}

static bool id_is_taken(const struct token_keys *keys, uint8_t id) {
	for (uint32_t i = 0; i < keys->count; i++) {
		if (keys->keys[i].id == id) {
			return true;
		}
	}
	return false;
}

/* "<id> <64 digits>" */
static void parse_token_key(
	struct token_keys *keys, char *line, const char *path, unsigned number) {
	char *blank = strchr(line, ' ');
	uint64_t id = 0;
	if (blank == NULL || !text_parse_u64(line, (size_t)(blank - line), 255, &id) || id == 0) {
		refuse(path, number, "a line is a number from 1 to 255, a blank, and 64 digits");
	}
	if (id_is_taken(keys, (uint8_t)id)) {
		refuse(path, number, "this number stands above already: give each key its own");
	}
	if (keys->count == TOKEN_KEYS_MAX) {
		refuse(path, number, "too many keys: remove the oldest, whose tokens have expired");
	}
	struct token_key *key = &keys->keys[keys->count++];
	key->id = (uint8_t)id;
	parse_key(&key->key, blank + 1, path, number);
}

void keys_load_tokens(struct token_keys *keys, const char *directory) {
	char path[PATH_BYTES_MAX];
	join_path(path, directory, "token.keys");
	char content[SECRET_FILE_BYTES_MAX + 1];
	secret_file_read(content, path);

	keys->count = 0;
	char *rest = content;
	unsigned number = 1;
	for (char *line = next_line(&rest); line != NULL; line = next_line(&rest)) {
		parse_token_key(keys, line, path, number);
		number++;
	}
	if (keys->count == 0) {
		refuse(path, 1, "the file must have at least one line");
	}
	crypto_forget(content, sizeof content);
}
