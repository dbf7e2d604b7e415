/*
 * broker_story - the beginning and the end of every test that plays on a broker in memory.
 *
 * Such a test has a struct story whose first member is its struct bus *, and gives STORY its functions
 * begin and end, which call these.
 */
#ifndef TESTS_UNIT_BROKER_STORY_H
#define TESTS_UNIT_BROKER_STORY_H

#include <stdlib.h>

#include "common/log.h"
#include "tests/fake/fake_broker.h"
#include "tests/unit/unit.h"

/* size: of the test's struct story, which is zeroed. */
static inline int broker_story_begin(void **state, size_t size) {
	struct bus **story = calloc(1, size);
	*story = fake_broker_create();
	log_set_level(LOG_FATAL);
	*state = story;
	return 0;
}

/* After everything that was made on the bus is gone. */
static inline int broker_story_end(void **state) {
	struct bus **story = *state;
	fake_broker_destroy(*story);
	free(story);
	return 0;
}

#define STORY(name) cmocka_unit_test_setup_teardown(name, begin, end)

#endif
