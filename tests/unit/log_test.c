/*
 * log_test - lines to the letter, in a child whose standard error is a pipe.
 */
#include "common/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/json.h"
#include "tests/unit/child.h"
#include "tests/unit/unit.h"

static struct child_result result;

/* The n-th line of the output, from 0, without its end. */
static const char *line(int n) {
	static char buffer[4096];
	const char *start = result.output;
	for (; n > 0 && start != NULL; n--) {
		start = strchr(start, '\n');
		start = start == NULL ? NULL : start + 1;
	}
	assert_non_null(start);
	size_t size = strcspn(start, "\n");
	assert_true(size < sizeof buffer);
	memcpy(buffer, start, size);
	buffer[size] = '\0';
	return buffer;
}

static size_t count_of(const char *needle) {
	size_t count = 0;
	for (const char *at = result.output; (at = strstr(at, needle)) != NULL; at++) {
		count++;
	}
	return count;
}

static void write_text(void *context) {
	(void)context;
	log_info("before_init", "key=%d", 1);
	log_init("sequencer-1", LOG_INFO, LOG_FORMAT_TEXT);
	log_debug("hidden", "key=1");
	log_warn("odd", "campaign=%s error=\"%s\"", "burger", "no such file");
	log_set_level(LOG_DEBUG);
	log_debug("shown", "%s", "");
	log_info("lines", "value=a\nb\rc\x1b\x7f");
	log_info("not_utf8", "value=\xff\xe0\xa4\xac");
	log_info("utf8", "value=\xe0\xa4\xac");
	log_fatal(EX_UNAVAILABLE, "gone", "url=%s", "nats://x");
}

static void writes_text(void **state) {
	(void)state;
	child_run(&result, write_text, NULL);
	assert_int_equal(result.status, EX_UNAVAILABLE);
	static const char *const want[] = {"info - before_init key=1",
		"warn sequencer-1 odd campaign=burger error=\"no such file\"",
		"debug sequencer-1 shown", "info sequencer-1 lines value=a?b?c??",
		"info sequencer-1 not_utf8 value=????", "info sequencer-1 utf8 value=\xe0\xa4\xac",
		"fatal sequencer-1 gone url=nats://x"};
	for (int i = 0; i < (int)COUNT_OF(want); i++) {
		const char *got = line(i);
		assert_int_equal(got[4], '-'); /* 2026-11-22T16:05:59.123Z */
		assert_int_equal(got[23], 'Z');
		assert_int_equal(got[24], ' ');
		assert_string_equal(got + 25, want[i]);
	}
	assert_int_equal(count_of("\n"), COUNT_OF(want));
}

static void write_json(void *context) {
	(void)context;
	log_init("ingress-2", LOG_INFO, LOG_FORMAT_JSON);
	log_info("pairs", "campaign=burger seq=17 error=\"no \\ such\" empty= last=\"\"");
	log_info("prose", "this is no pair");
	log_info("quotes", "value=\"a\"b\"");
	log_info("reserved", "level=1");
	log_info("nothing", "%s", "");
}

static void writes_json(void **state) {
	(void)state;
	child_run(&result, write_json, NULL);
	static const char *const want[] = {"\"event\":\"pairs\",\"campaign\":\"burger\",\"seq\":"
					   "\"17\",\"error\":\"no \\\\ such\","
					   "\"empty\":\"\",\"last\":\"\"}",
		"\"event\":\"prose\",\"msg\":\"this is no pair\"}",
		"\"event\":\"quotes\",\"msg\":\"value=\\\"a\\\"b\\\"\"}",
		"\"event\":\"reserved\",\"msg\":\"level=1\"}", "\"event\":\"nothing\"}"};
	for (int i = 0; i < (int)COUNT_OF(want); i++) {
		const char *got = line(i);
		struct json_object object;
		json_init(&object, got, strlen(got));
		assert_string_equal(json_string(&object, "level", 9), "info");
		assert_string_equal(json_string(&object, "svc", 9), "ingress-2");
		assert_int_equal(strlen(json_string(&object, "ts", 30)), 24);
		assert_false(object.failed);
		json_finish(&object);
		assert_non_null(strstr(got, want[i]));
	}
}

static void write_long(void *context) {
	log_init("x", LOG_INFO, *(enum log_format *)context);
	char value[8000];
	memset(value, '"', sizeof value);
	value[sizeof value - 1] = '\0';
	log_info("long", "value=%s", value);
	log_info("next", "key=1");
}

static void cuts_long_lines(void **state) {
	(void)state;
	enum log_format formats[] = {LOG_FORMAT_TEXT, LOG_FORMAT_JSON};
	for (size_t i = 0; i < COUNT_OF(formats); i++) {
		child_run(&result, write_long, &formats[i]);
		assert_int_equal(count_of("\n"), 2);
		assert_int_equal(count_of("long"), 1);
		assert_int_equal(count_of("next"), 1);
	}
}

/* Begins right after a second began, so that the calls fall into one. */
static void wait_for_a_new_second(void) {
	int64_t second = clock_monotonic_us() / 1000000;
	while (clock_monotonic_us() / 1000000 == second) {
		usleep(1000);
	}
}

static void repeat(int times) {
	for (int i = 0; i < times; i++) {
		log_info("burst", "i=%d", i);
	}
}

static void write_burst(void *context) {
	(void)context;
	wait_for_a_new_second();
	repeat(1000);
	log_info("another_site", "key=1");
	wait_for_a_new_second();
	repeat(1);
}

static void silences_a_site_that_repeats(void **state) {
	(void)state;
	child_run(&result, write_burst, NULL);
	assert_int_equal(count_of("burst"), LOG_BURST + 1);
	assert_int_equal(count_of("another_site"), 1);
	assert_int_equal(count_of("burst i=0 silenced=980"), 1);
}

#define THREADS 4
#define LINES_EACH 200

static void *write_from_a_thread(void *context) {
	for (int i = 0; i < LINES_EACH; i++) {
		struct log_site site = {0};
		log_write(&site, LOG_INFO, "thread", "name=%s fill=%0500d", (char *)context, i);
	}
	return NULL;
}

static void write_from_threads(void *context) {
	(void)context;
	pthread_t threads[THREADS];
	static char names[THREADS][2] = {"a", "b", "c", "d"};
	for (int i = 0; i < THREADS; i++) {
		pthread_create(&threads[i], NULL, write_from_a_thread, names[i]);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
	}
}

/* The pipe takes 64 KB and child_run reads all the time: nothing is lost, nothing is mixed. */
static void lines_of_threads_stay_whole(void **state) {
	(void)state;
	static char output[THREADS * LINES_EACH * 600];
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		close(ends[0]);
		dup2(ends[1], STDERR_FILENO);
		write_from_threads(NULL);
		_exit(0);
	}
	close(ends[1]);
	size_t used = 0;
	ssize_t got;
	while ((got = read(ends[0], output + used, sizeof output - 1 - used)) > 0) {
		used += (size_t)got;
	}
	close(ends[0]);
	output[used] = '\0';
	size_t lines = 0;
	for (char *rest = output, *start;
		(start = strsep(&rest, "\n")) != NULL && *start != '\0';) {
		assert_int_equal(strlen(start), strlen("2026-11-22T16:05:59.123Z info - thread "
						       "name=a fill=") +
							500);
		lines++;
	}
	assert_int_equal(lines, THREADS * LINES_EACH);
}

/* Standard error is a full pipe that nobody reads. */
static void a_stalled_reader_does_not_stop_us(void **state) {
	(void)state;
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	int flags = fcntl(ends[1], F_GETFL);
	assert_int_equal(fcntl(ends[1], F_SETFL, flags | O_NONBLOCK), 0);
	while (write(ends[1], "x", 1) == 1) {
	}
	assert_int_equal(fcntl(ends[1], F_SETFL, flags), 0); /* as it is in production */
	int saved = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
	int64_t begin_us = clock_monotonic_us();
	for (int i = 0; i < 100; i++) {
		struct log_site site = {0};
		log_write(&site, LOG_INFO, "stalled", "i=%d", i);
	}
	int64_t took_us = clock_monotonic_us() - begin_us;

	static char drained[1 << 17];
	assert_true(read(ends[0], drained, sizeof drained) > 60000);
	struct log_site site = {0};
	log_write(&site, LOG_INFO, "flowing", "key=1");
	dup2(saved, STDERR_FILENO);
	close(saved);
	ssize_t got = read(ends[0], drained, sizeof drained - 1);
	assert_true(got > 0);
	drained[got] = '\0';
	close(ends[0]);
	close(ends[1]);
	assert_true(took_us < 1000000);
	assert_non_null(strstr(drained, "log_lines_dropped lines=100"));
	assert_non_null(strstr(drained, "flowing key=1"));
}

static void write_as_a_strange_instance(void *context) {
	log_init(context, LOG_INFO, LOG_FORMAT_TEXT);
	log_info("event", "key=1");
}

static void instances_are_harmless(void **state) {
	(void)state;
	char name[8000];
	memset(name, 'x', sizeof name);
	name[0] = '\n';
	name[sizeof name - 1] = '\0';
	child_run(&result, write_as_a_strange_instance, name);
	assert_int_equal(strlen(result.output), 25 + strlen("info  event key=1\n") + 64);
	assert_int_equal(count_of("info ?xxx"), 1);
}

static void knows_levels(void **state) {
	(void)state;
	enum log_level level;
	assert_true(log_level_parse("warn", &level));
	assert_int_equal(level, LOG_WARN);
	assert_true(log_level_parse("debug", &level));
	assert_int_equal(level, LOG_DEBUG);
	assert_false(log_level_parse("WARN", &level));
	assert_false(log_level_parse("", &level));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_text),
		cmocka_unit_test(writes_json),
		cmocka_unit_test(cuts_long_lines),
		cmocka_unit_test(silences_a_site_that_repeats),
		cmocka_unit_test(lines_of_threads_stay_whole),
		cmocka_unit_test(a_stalled_reader_does_not_stop_us),
		cmocka_unit_test(instances_are_harmless),
		cmocka_unit_test(knows_levels),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
