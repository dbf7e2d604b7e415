/*
 * child - fork, a pipe, and wait.
 */
#include "tests/unit/child.h"

#include <assert.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void run_in_child(int output, void (*run)(void *context), void *context) {
	dup2(output, STDOUT_FILENO);
	dup2(output, STDERR_FILENO);
	close(output);
	run(context);
	fflush(stdout);
	_exit(0);
}

static size_t read_to_end(int input, char *target, size_t capacity) {
	size_t used = 0;
	for (;;) {
		ssize_t got = read(input, target + used, capacity - used);
		if (got <= 0) {
			return used;
		}
		used += (size_t)got;
	}
}

void child_run(struct child_result *result, void (*run)(void *context), void *context) {
	int ends[2];
	int failed = pipe(ends);
	assert(!failed);
	fflush(stdout); /* or both processes print what is in there */
	pid_t child = fork();
	assert(child >= 0);
	if (child == 0) {
		close(ends[0]);
		run_in_child(ends[1], run, context);
	}
	close(ends[1]);
	size_t size = read_to_end(ends[0], result->output, sizeof result->output - 1);
	result->output[size] = '\0';
	close(ends[0]);
	int status;
	waitpid(child, &status, 0);
	result->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
