/*
 * clock_step - moves the wall clock of one process: preloaded into it, adds what a file says.
 *
 * The file named by FAULTS_CLOCK holds a signed 64-bit number of microseconds in this machine's byte
 * order; it is mapped, so a change counts from the next call on. Monotonic clocks stay, as they do when
 * somebody sets the time. (libfaketime 0.9.10 cannot do this: where it leaves the monotonic clock alone,
 * waiting for a condition with a deadline on that clock returns at once.)
 *
 * Anything that is wrong here leaves the clock as it is: a test that relies on the step sees that.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset_us;

__attribute__((constructor)) static void map_offset(void) {
	const char *name = getenv("FAULTS_CLOCK");
	int file = name == NULL ? -1 : open(name, O_RDONLY | O_CLOEXEC);
	if (file < 0) {
		return;
	}
	void *start = mmap(NULL, sizeof *offset_us, PROT_READ, MAP_SHARED, file, 0);
	offset_us = start == MAP_FAILED ? NULL : start;
	close(file);
}

static int64_t now_us(clockid_t clock) {
	struct timespec now;
	syscall(SYS_clock_gettime, clock, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000 +
	       (offset_us == NULL ? 0 : *offset_us);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
	if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE) {
		return (int)syscall(SYS_clock_gettime, clock, time);
	}
	int64_t us = now_us(clock);
	*time = (struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
	return 0;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
	int64_t us = now_us(CLOCK_REALTIME);
	(void)zone;
	*time = (struct timeval){.tv_sec = us / 1000000, .tv_usec = us % 1000000};
	return 0;
}

time_t time(time_t *target) {
	time_t seconds = now_us(CLOCK_REALTIME) / 1000000;
	if (target != NULL) {
		*target = seconds;
	}
	return seconds;
}
