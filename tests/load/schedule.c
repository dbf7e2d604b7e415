#include "tests/load/schedule.h"

#include <assert.h>
#include <math.h>

uint64_t schedule_total(const struct schedule *schedule) {
	assert(schedule->worker < schedule->workers);
	if (schedule->count <= schedule->worker) {
		return 0;
	}
	return (schedule->count - schedule->worker - 1) / schedule->workers + 1;
}

uint64_t schedule_index(const struct schedule *schedule, uint64_t nth) {
	return nth * schedule->workers + schedule->worker;
}

int64_t schedule_due_us(const struct schedule *schedule, uint64_t nth) {
	assert(nth < schedule_total(schedule));
	double index = (double)schedule_index(schedule, nth);
	switch (schedule->kind) {
	case SCHEDULE_STEADY:
		return (int64_t)(index * 1e6 / (double)schedule->rate);
	case SCHEDULE_RUSH:
		/* The middle of its share: the last one would come never. */
		return (int64_t)(-schedule->mean_us *
				 log(1 - (index + 0.5) / (double)schedule->count));
	case SCHEDULE_CLOSED:
		break;
	}
	return 0;
}
