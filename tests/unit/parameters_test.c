/*
 * parameters_test - precedence, and what a person reads who got it wrong.
 */
#include "common/parameters.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "tests/unit/child.h"
#include "tests/unit/unit.h"

static const char *url;
static const char *password;
static const char *note;
static int64_t wait_ms;

static const struct parameter common_rows[] = {
	{.name = "FIRSTCOME_NATS_URL",
		.type = PARAMETER_STRING,
		.target = &url,
		.help = "Where the broker is."},
	{.name = "FIRSTCOME_NATS_PASSWORD",
		.type = PARAMETER_SECRET,
		.target = &password,
		.otherwise = "",
		.help = "For the broker."},
	{.type = PARAMETER_END},
};

static const struct parameter own_rows[] = {
	{.name = "FIRSTCOME_WAIT_MS",
		.type = PARAMETER_NUMBER,
		.target = &wait_ms,
		.otherwise = "250",
		.min = -5,
		.max = 1000,
		.help = "How long to wait, in milliseconds."},
	{.name = "FIRSTCOME_NOTE",
		.type = PARAMETER_STRING,
		.target = &note,
		.otherwise = "none",
		.help = "Shown to operators."},
	{.type = PARAMETER_END},
};

/* What a case sets; a row of it ends with NULL. */
struct invocation {
	const char *environment[4];
	const char *arguments[5];
};

static void run(void *context) {
	const struct invocation *invocation = context;
	clearenv();
	for (size_t i = 0; i < COUNT_OF(invocation->environment) && invocation->environment[i];
		i++) {
		putenv(strdup(invocation->environment[i]));
	}
	char *argv[COUNT_OF(invocation->arguments) + 1] = {strdup("probe")};
	int argc = 1;
	while (argc <= (int)COUNT_OF(invocation->arguments) && invocation->arguments[argc - 1]) {
		argv[argc] = strdup(invocation->arguments[argc - 1]);
		argc++;
	}
	const struct parameter *const tables[] = {common_rows, own_rows};
	parameters_read(tables, COUNT_OF(tables), argc, argv, "probe", "Tries things.");
	printf("url=%s password=%s wait=%lld note=%s", url, password, (long long)wait_ms, note);
}

static void finds_values(void **state) {
	(void)state;
	static const struct {
		struct invocation invocation;
		const char *want;
	} cases[] = {
		{{{"FIRSTCOME_NATS_URL=env"}, {NULL}}, "url=env password= wait=250 note=none"},
		{{{NULL}, {"--nats-url", "flag"}}, "url=flag password= wait=250 note=none"},
		{{{NULL}, {"--nats-url=flag=x", "--wait-ms=-5"}},
			"url=flag=x password= wait=-5 note=none"},
		{{{"FIRSTCOME_NATS_URL=env", "FIRSTCOME_WAIT_MS=7", "FIRSTCOME_NATS_PASSWORD=p"},
			 {"--nats-url", "flag", "--wait-ms", "1000"}},
			"url=flag password=p wait=1000 note=none"},
		{{{"FIRSTCOME_NATS_URL=env"}, {"--note", "a", "--note=b"}},
			"url=env password= wait=250 note=b"},
		/* Variables of other programs, and of nobody, are none of our business. */
		{{{"FIRSTCOME_NATS_URL=env", "FIRSTCOME_SMTP_URL=x", "FIRSTCOME_=y", "FIRST=z"},
			 {NULL}},
			"url=env password= wait=250 note=none"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		static struct child_result result;
		struct invocation invocation = cases[i].invocation;
		child_run(&result, run, &invocation);
		assert_string_equal(result.output, cases[i].want);
		assert_int_equal(result.status, 0);
	}
}

static void says_what_to_do(void **state) {
	(void)state;
	static const struct {
		struct invocation invocation;
		int status;
		const char *want;
	} cases[] = {
		{{{NULL}, {NULL}}, EX_CONFIG,
			"probe: FIRSTCOME_NATS_URL is missing: set it in the environment, or give "
			"--nats-url. Where the broker is.\n"},
		{{{"FIRSTCOME_NATS_URL="}, {NULL}}, EX_CONFIG,
			"probe: FIRSTCOME_NATS_URL is missing: set it in the environment, or give "
			"--nats-url. Where the broker is.\n"},
		{{{"FIRSTCOME_NATS_URL=x", "FIRSTCOME_WAIT_MS=soon"}, {NULL}}, EX_CONFIG,
			"probe: FIRSTCOME_WAIT_MS is \"soon\", but must be a whole number from -5 "
			"to "
			"1000. How long to wait, in milliseconds.\n"},
		{{{"FIRSTCOME_NATS_URL=x"}, {"--wait-ms=1001"}}, EX_USAGE,
			"probe: FIRSTCOME_WAIT_MS is \"1001\", but must be a whole number from -5 "
			"to "
			"1000. How long to wait, in milliseconds.\n"},
		{{{"FIRSTCOME_NATS_URL=x"}, {"--wait-ms=-6"}}, EX_USAGE,
			"probe: FIRSTCOME_WAIT_MS is \"-6\", but must be a whole number from -5 to "
			"1000. How long to wait, in milliseconds.\n"},
		{{{"FIRSTCOME_NATS_URL=x"}, {"--wait-ms=99999999999999999999"}}, EX_USAGE,
			"probe: FIRSTCOME_WAIT_MS is \"99999999999999999999\", but must be a whole "
			"number from -5 to 1000. How long to wait, in milliseconds.\n"},
		{{{"FIRSTCOME_NATS_URL=x", "FIRSTCOME_WAIT_MSEC=1"}, {NULL}}, EX_CONFIG,
			"probe: there is no setting FIRSTCOME_WAIT_MSEC: do you mean "
			"FIRSTCOME_WAIT_MS?\n"},
		{{{"FIRSTCOME_NATSURL=x"}, {NULL}}, EX_CONFIG,
			"probe: there is no setting FIRSTCOME_NATSURL: do you mean "
			"FIRSTCOME_NATS_URL?\n"},
		{{{"FIRSTCOME_NATS_URL=x"}, {"--wait", "1"}}, EX_USAGE,
			"probe: cannot do anything with --wait: see probe --help\n"},
		{{{"FIRSTCOME_NATS_URL=x"}, {"--wait-mss=1"}}, EX_USAGE,
			"probe: there is no flag --wait-mss=1: do you mean --wait-ms?\n"},
		{{{"FIRSTCOME_NATS_URL=x"}, {"wait-ms"}}, EX_USAGE,
			"probe: cannot do anything with wait-ms: see probe --help\n"},
		{{{"FIRSTCOME_NATS_URL=x"}, {"--"}}, EX_USAGE,
			"probe: cannot do anything with --: see probe --help\n"},
		{{{"FIRSTCOME_NATS_URL=x"}, {"--note"}}, EX_USAGE, "probe: --note needs a value\n"},
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		static struct child_result result;
		struct invocation invocation = cases[i].invocation;
		child_run(&result, run, &invocation);
		assert_string_equal(result.output, cases[i].want);
		assert_int_equal(result.status, cases[i].status);
	}
}

static void prints_help(void **state) {
	(void)state;
	static struct child_result result;
	struct invocation invocation = {{NULL}, {"--help"}};
	child_run(&result, run, &invocation);
	assert_int_equal(result.status, 0);
	assert_string_equal(result.output,
		"probe: Tries things.\n"
		"\n"
		"Settings, as flag or environment variable:\n"
		"  --nats-url, FIRSTCOME_NATS_URL\n"
		"      Where the broker is. Required.\n"
		"  --nats-password, FIRSTCOME_NATS_PASSWORD\n"
		"      For the broker.\n"
		"  --wait-ms, FIRSTCOME_WAIT_MS\n"
		"      How long to wait, in milliseconds. Default: 250\n"
		"  --note, FIRSTCOME_NOTE\n"
		"      Shown to operators. Default: none\n"
		"\n"
		"  --help          print this\n"
		"  --version       print the version\n"
		"  --check-config  read all settings, print them, and exit\n");
}

static void prints_version_and_configuration(void **state) {
	(void)state;
	static struct child_result result;
	struct invocation version = {{NULL}, {"--version"}};
	child_run(&result, run, &version);
	assert_int_equal(result.status, 0);
	assert_string_equal(result.output, "probe " FIRSTCOME_VERSION "\n");

	struct invocation check = {{"FIRSTCOME_NATS_URL=nats://x", "FIRSTCOME_NATS_PASSWORD=hush"},
		{"--check-config", "--wait-ms=1"}};
	child_run(&result, run, &check);
	assert_int_equal(result.status, 0);
	assert_string_equal(result.output, "FIRSTCOME_NATS_URL=nats://x (environment)\n"
					   "FIRSTCOME_NATS_PASSWORD=(secret) (environment)\n"
					   "FIRSTCOME_WAIT_MS=1 (flag)\n"
					   "FIRSTCOME_NOTE=none (default)\n");
	struct invocation wrong = {{"FIRSTCOME_NATS_URL=x"}, {"--check-config", "--wait-ms=x"}};
	child_run(&result, run, &wrong);
	assert_int_equal(result.status, EX_USAGE);
}

static void read_secret(void *context) {
	char *secret = parameters_read_secret_file(context);
	printf("<%s>", secret);
	free(secret);
}

static void reads_the_first_line_of_a_secret(void **state) {
	(void)state;
	static const struct {
		const char *content;
		const char *want; /* NULL: refused */
	} cases[] = {{"hush", "<hush>"}, {"hush\n", "<hush>"}, {"hush\r\nmore\n", "<hush>"},
		{" a b \n", "< a b >"}, {"", NULL}, {"\nhush\n", NULL}};
	char path[] = "/tmp/firstcome-secret-XXXXXX";
	int file = mkstemp(path);
	assert_true(file >= 0);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		static struct child_result result;
		size_t size = strlen(cases[i].content);
		assert_int_equal(ftruncate(file, 0), 0);
		assert_int_equal(pwrite(file, cases[i].content, size, 0), size);
		child_run(&result, read_secret, path);
		if (cases[i].want == NULL) {
			assert_int_equal(result.status, EX_CONFIG);
			assert_non_null(strstr(result.output, "secret_empty"));
		} else {
			assert_string_equal(result.output, cases[i].want);
		}
	}
	assert_int_equal(fchmod(file, 0644), 0);
	static struct child_result result;
	child_run(&result, read_secret, path);
	assert_int_equal(result.status, EX_CONFIG);
	close(file);
	unlink(path);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_values),
		cmocka_unit_test(says_what_to_do),
		cmocka_unit_test(prints_help),
		cmocka_unit_test(prints_version_and_configuration),
		cmocka_unit_test(reads_the_first_line_of_a_secret),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
