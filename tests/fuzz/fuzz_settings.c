/*
 * fuzz_settings - what an operator writes: flags, addresses, URLs, key files, template ids.
 *
 * The first byte says which. What is wrong ends a program, so log_fatal() and exit() lead back here.
 * Beyond not crashing: a program ends with a status that says "configuration" or "usage", and what
 * is accepted is what it should be.
 */
#include <assert.h>
#include <ctype.h>
#include <dlfcn.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/keys.h"
#include "common/log.h"
#include "common/parameters.h"
#include "common/pure/text.h"
#include "ingress/address.h"
#include "notifier/mime.h"
#include "notifier/settings.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ARGUMENTS_MAX 8
#define ARGUMENT_BYTES 64u

/* ---- programs that end ----------------------------------------------------------------------- */

static jmp_buf after_exit;
static bool exit_leads_back;
static int exit_status;

/* In place of the one of the C library. */
void exit(int status) {
	if (exit_leads_back) {
		exit_status = status;
		longjmp(after_exit, 1);
	}
	void (*real_exit)(int);
	*(void **)&real_exit = dlsym(RTLD_NEXT, "exit"); /* as POSIX does it */
	real_exit(status);
	abort();
}

/* In place of common/log.c, which would fill the terminal. */
void log_write(
	struct log_site *site, enum log_level level, const char *event, const char *format, ...) {
	(void)site;
	(void)level;
	(void)event;
	(void)format;
}

void log_fatal(int status, const char *event, const char *format, ...) {
	(void)event;
	(void)format;
	exit(status);
}

/* True if the program came to its end without ending the process; what it prints is dropped. */
static bool survives(void (*program)(struct input *), struct input *input) {
	static FILE *nowhere;
	FILE *output = stdout;
	FILE *errors = stderr;
	if (nowhere == NULL) {
		nowhere = fopen("/dev/null", "w");
		assert(nowhere != NULL);
	}
	stdout = nowhere;
	stderr = nowhere;
	exit_status = -1;
	exit_leads_back = true;
	if (setjmp(after_exit) == 0) {
		program(input);
	}
	exit_leads_back = false;
	stdout = output;
	stderr = errors;
	assert(exit_status == -1 || exit_status == EX_CONFIG || exit_status == EX_USAGE ||
		exit_status == EX_OK);
	return exit_status == -1;
}

/* ---- key files ------------------------------------------------------------------------------- */

static int file = -1;   /* in memory, with what the input says */
static char folder[64]; /* has that file in it, as token.keys */
static struct key key;
static struct token_keys tokens;
static char *secret;

static void remove_folder(void) {
	char path[128];
	snprintf(path, sizeof path, "%s/token.keys", folder);
	unlink(path);
	rmdir(folder);
}

static void prepare_folder(void) {
	char target[64];
	char path[128];
	file = memfd_create("input", MFD_CLOEXEC);
	assert(file >= 0);
	int failed = fchmod(file, 0600);
	assert(failed == 0);
	snprintf(folder, sizeof folder, "/tmp/fuzz_settings.XXXXXX");
	char *made = mkdtemp(folder);
	assert(made == folder);
	atexit(remove_folder);
	snprintf(target, sizeof target, "/proc/self/fd/%d", file);
	snprintf(path, sizeof path, "%s/token.keys", folder);
	failed = symlink(target, path);
	assert(failed == 0);
}

static void fill_file(const struct input *input) {
	if (file < 0) {
		prepare_folder();
	}
	int failed = ftruncate(file, 0);
	assert(failed == 0);
	ssize_t written = pwrite(file, input->bytes, input->size, 0);
	assert(written == (ssize_t)input->size);
}

static void load_key(struct input *input) {
	(void)input;
	keys_load(&key, folder, "token.keys");
}

static void load_tokens(struct input *input) {
	(void)input;
	keys_load_tokens(&tokens, folder);
}

static void load_secret(struct input *input) {
	(void)input;
	char path[128];
	snprintf(path, sizeof path, "%s/token.keys", folder);
	secret = parameters_read_secret_file(path);
}

/* The key is what the file says, in hexadecimal digits. */
static void try_key(struct input *input) {
	fill_file(input);
	if (survives(load_key, input)) {
		uint8_t bytes[KEY_BYTES];
		assert(input->size == 2 * KEY_BYTES || input->bytes[2 * KEY_BYTES] == '\n');
		bool valid =
			text_parse_hex((const char *)input->bytes, 2 * KEY_BYTES, bytes, KEY_BYTES);
		assert(valid);
		assert(memcmp(bytes, key.bytes, KEY_BYTES) == 0);
	}
}

static void try_tokens(struct input *input) {
	fill_file(input);
	if (survives(load_tokens, input)) {
		assert(tokens.count >= 1);
		assert(tokens.count <= TOKEN_KEYS_MAX);
		for (uint32_t i = 0; i < tokens.count; i++) {
			assert(tokens.keys[i].id >= 1);
			for (uint32_t j = 0; j < i; j++) {
				assert(tokens.keys[i].id != tokens.keys[j].id);
			}
		}
	}
}

static void try_secret(struct input *input) {
	fill_file(input);
	if (survives(load_secret, input)) {
		assert(secret[0] != '\0');
		assert(strpbrk(secret, "\r\n") == NULL);
		free(secret);
	}
}

/* ---- flags ----------------------------------------------------------------------------------- */

static const char *url;
static const char *name;
static int64_t number;

/* Each line is an argument. */
static void read_flags(struct input *input) {
	static const struct parameter parameters[] = {
		{"FIRSTCOME_NATS_URL", PARAMETER_SECRET, &url, NULL, 0, 0, "Where."},
		{"FIRSTCOME_INSTANCE", PARAMETER_STRING, &name, "", 0, 0, "Who."},
		{"FIRSTCOME_NUMBER", PARAMETER_NUMBER, &number, "5", -3, 90000, "How many."},
		{NULL, PARAMETER_END, NULL, NULL, 0, 0, NULL},
	};
	static const struct parameter *const tables[] = {parameters};
	static char arguments[ARGUMENTS_MAX][ARGUMENT_BYTES];
	char *vector[ARGUMENTS_MAX + 2] = {"program"};
	int count = 1;
	while (input->size > 0 && count <= ARGUMENTS_MAX) {
		input_line(input, arguments[count - 1], ARGUMENT_BYTES);
		vector[count] = arguments[count - 1];
		count++;
	}
	parameters_read(tables, 1, count, vector, "program", "does something");
}

static void try_flags(struct input *input) {
	if (survives(read_flags, input)) {
		assert(url[0] != '\0');
		assert(name != NULL);
		assert(number >= -3);
		assert(number <= 90000);
	}
}

/* ---- texts ----------------------------------------------------------------------------------- */

static void try_url(struct input *input) {
	char text[512];
	char host[DOMAIN_BYTES];
	input_rest(input, text, sizeof text);
	if (settings_url_host(host, text)) {
		assert(host[0] != '\0');
		assert(strpbrk(host, "/?#@ \r\n") == NULL);
		assert(strstr(text, host) != NULL);
		(void)settings_is_loopback(host);
	}
}

static void try_from(struct input *input) {
	char text[512];
	char from_name[NAME_BYTES_MAX + 1];
	char address[CONTACT_BYTES_MAX + 1];
	input_rest(input, text, sizeof text);
	if (!settings_read_from(text, from_name, address)) {
		return;
	}
	assert(mime_address_is_plain(address));
	char again[NAME_BYTES_MAX + CONTACT_BYTES_MAX + 4];
	char same_name[NAME_BYTES_MAX + 1];
	char same_address[CONTACT_BYTES_MAX + 1];
	snprintf(again, sizeof again, "%s <%s>", from_name, address);
	bool valid = settings_read_from(again, same_name, same_address);
	assert(valid);
	assert(strcmp(same_name, from_name) == 0);
	assert(strcmp(same_address, address) == 0);
}

static void try_address(struct input *input) {
	char text[128];
	struct sockaddr_storage address;
	socklen_t size;
	input_rest(input, text, sizeof text);
	if (address_parse(text, &address, &size)) {
		assert(address.ss_family == AF_INET || address.ss_family == AF_INET6);
		assert(size <= sizeof address);
	}
}

static void try_templates(struct input *input) {
	static char lines[8192];
	struct sms_templates templates;
	char error[SMS_TEMPLATES_ERROR_BYTES];
	input_rest(input, lines, sizeof lines);
	if (!sms_templates_read(&templates, lines, error)) {
		assert(error[0] != '\0');
		return;
	}
	for (enum template which = 0; which < TEMPLATE_COUNT; which++) {
		for (enum language language = 0; language < LANGUAGE_COUNT; language++) {
			const char *id = templates.ids[which][language];
			assert(id[0] != '\0');
			for (; *id != '\0'; id++) {
				assert(isgraph((unsigned char)*id));
			}
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static void (*const tries[])(struct input *) = {try_flags, try_key, try_tokens, try_secret,
		try_url, try_from, try_address, try_templates};
	struct input input = {data, size};
	uint32_t which = (uint32_t)(input_byte(&input) - '0') & 0xff;
	tries[which % (sizeof tries / sizeof tries[0])](&input);
	return 0;
}
