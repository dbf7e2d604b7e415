#include "common/errand.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <uv.h>

#include "common/memory.h"

struct errand {
	uv_work_t request;
	uv_sem_t ended; /* posted by the thread, so that the loop thread can wait without turning */
	errand_handler work;
	errand_handler done; /* NULL: abandoned */
	void *context;
};

static void on_thread(uv_work_t *request) {
	struct errand *errand = request->data;
	errand->work(errand->context);
	uv_sem_post(&errand->ended);
}

static void on_end(uv_work_t *request, int status) {
	struct errand *errand = request->data;
	errand_handler done = errand->done;
	void *context = errand->context;
	assert(status == 0 || done == NULL); /* only who abandons cancels */
	uv_sem_destroy(&errand->ended);
	free(errand);
	if (done != NULL) {
		done(context);
	}
}

struct errand *errand_begin(
	struct uv_loop_s *loop, errand_handler work, errand_handler done, void *context) {
	assert(done != NULL);
	struct errand *errand = memory_new(sizeof *errand);
	errand->work = work;
	errand->done = done;
	errand->context = context;
	errand->request.data = errand;
	int error = uv_sem_init(&errand->ended, 0);
	assert(error == 0);
	error = uv_queue_work(loop, &errand->request, on_thread, on_end);
	assert(error == 0);
	return errand;
}

void errand_abandon(struct errand *errand) {
	if (errand == NULL) {
		return;
	}
	errand->done = NULL;
	bool has_begun = uv_cancel((uv_req_t *)&errand->request) != 0;
	if (has_begun) {
		uv_sem_wait(&errand->ended);
	}
}
