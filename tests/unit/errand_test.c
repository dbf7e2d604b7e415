/*
 * errand_test - work on threads, its end on the loop, and what becomes of it when it is abandoned.
 */
#include "common/errand.h"

#include <stdatomic.h>
#include <uv.h>

#include "tests/unit/unit.h"

/* More than libuv has threads. */
#define ERRANDS 16

struct story {
	uv_loop_t loop;
	uv_thread_t loop_thread;
	uv_sem_t release; /* work waits for it */
	atomic_int begun;
	atomic_int ended;
	int told;
};

static int begin(void **state) {
	static struct story story;
	story = (struct story){.loop_thread = uv_thread_self()};
	uv_loop_init(&story.loop);
	uv_sem_init(&story.release, 0);
	*state = &story;
	return 0;
}

static int end(void **state) {
	struct story *story = *state;
	uv_run(&story->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&story->loop), 0);
	uv_sem_destroy(&story->release);
	return 0;
}

static void work(void *context) {
	struct story *story = context;
	uv_thread_t self = uv_thread_self();
	assert_false(uv_thread_equal(&self, &story->loop_thread));
	atomic_fetch_add(&story->begun, 1);
	uv_sem_wait(&story->release);
	atomic_fetch_add(&story->ended, 1);
}

static void done(void *context) {
	struct story *story = context;
	uv_thread_t self = uv_thread_self();
	assert_true(uv_thread_equal(&self, &story->loop_thread));
	assert_true(atomic_load(&story->ended) > story->told);
	story->told++;
}

static void release(struct story *story, int count) {
	for (int i = 0; i < count; i++) {
		uv_sem_post(&story->release);
	}
}

static void its_end_is_told_once_on_the_loop(void **state) {
	struct story *story = *state;
	release(story, ERRANDS);
	for (int i = 0; i < ERRANDS; i++) {
		assert_non_null(errand_begin(&story->loop, work, done, story));
	}
	assert_int_equal(story->told, 0);
	uv_run(&story->loop, UV_RUN_DEFAULT);
	assert_int_equal(story->told, ERRANDS);
}

static void the_next_may_begin_where_one_ends(void *context) {
	struct story *story = context;
	done(story);
	if (story->told < ERRANDS) {
		errand_begin(&story->loop, work, the_next_may_begin_where_one_ends, story);
	}
}

static void one_after_the_other(void **state) {
	struct story *story = *state;
	release(story, ERRANDS);
	errand_begin(&story->loop, work, the_next_may_begin_where_one_ends, story);
	uv_run(&story->loop, UV_RUN_DEFAULT);
	assert_int_equal(story->told, ERRANDS);
}

static void release_soon(void *context) {
	struct story *story = context;
	uv_sleep(20);
	release(story, 1);
}

static void who_abandons_waits_for_what_has_begun(void **state) {
	struct story *story = *state;
	struct errand *errand = errand_begin(&story->loop, work, done, story);
	while (atomic_load(&story->begun) == 0) {
		uv_sleep(1);
	}
	uv_thread_t thread;
	uv_thread_create(&thread, release_soon, story);
	errand_abandon(errand);
	assert_int_equal(atomic_load(&story->ended), 1);
	uv_thread_join(&thread);
	uv_run(&story->loop, UV_RUN_DEFAULT);
	assert_int_equal(story->told, 0);
}

static void what_ended_untold_stays_untold(void **state) {
	struct story *story = *state;
	release(story, 1);
	struct errand *errand = errand_begin(&story->loop, work, done, story);
	while (atomic_load(&story->ended) == 0) {
		uv_sleep(1);
	}
	errand_abandon(errand);
	uv_run(&story->loop, UV_RUN_DEFAULT);
	assert_int_equal(story->told, 0);
}

static void what_has_not_begun_never_does(void **state) {
	struct story *story = *state;
	struct errand *errands[ERRANDS];
	for (int i = 0; i < ERRANDS; i++) {
		errands[i] = errand_begin(&story->loop, work, done, story);
	}
	while (atomic_load(&story->begun) == 0) {
		uv_sleep(1);
	}
	errand_abandon(errands[ERRANDS - 1]);
	release(story, ERRANDS);
	uv_run(&story->loop, UV_RUN_DEFAULT);
	assert_int_equal(atomic_load(&story->begun), ERRANDS - 1);
	assert_int_equal(story->told, ERRANDS - 1);
}

static void nobody_may_be_abandoned(void **state) {
	(void)state;
	errand_abandon(NULL);
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
	const struct CMUnitTest tests[] = {
		STORY(its_end_is_told_once_on_the_loop),
		STORY(one_after_the_other),
		STORY(who_abandons_waits_for_what_has_begun),
		STORY(what_ended_untold_stays_untold),
		STORY(what_has_not_begun_never_does),
		STORY(nobody_may_be_abandoned),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
