/*
 * child - runs a function in a process of its own: for code that exits, or writes to standard error.
 */
#ifndef TESTS_UNIT_CHILD_H
#define TESTS_UNIT_CHILD_H

#define CHILD_OUTPUT_BYTES 65536

struct child_result {
	int status;                      /* exit status; -1 if a signal ended it */
	char output[CHILD_OUTPUT_BYTES]; /* of both standard output and error; NUL-terminated */
};

/* The child exits with 0 where run returns. */
void child_run(struct child_result *result, void (*run)(void *context), void *context);

#endif
