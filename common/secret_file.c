/*
 * secret_file - opens, checks and reads, on one file descriptor so that nothing changes in between.
 */
#include "common/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/log.h"

static int open_checked(const char *path) {
	/* O_NONBLOCK: somebody may have put a named pipe there, which would wait for a writer. */
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (file < 0) {
		log_fatal(EX_CONFIG, "secret_unreadable",
			"path=\"%s\" error=\"%s\" hint=\"create it, readable by this user only\"",
			path, strerror(errno));
	}
	struct stat status;
	if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
		log_fatal(EX_CONFIG, "secret_unreadable",
			"path=\"%s\" error=\"not a plain file\" hint=\"put a file there\"", path);
	}
	if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
		log_fatal(EX_CONFIG, "secret_exposed",
			"path=\"%s\" mode=%03o hint=\"chmod 600 it: others must have no right to "
			"it\"",
			path, (unsigned)status.st_mode & 0777u);
	}
	return file;
}

/* Reads until the end or until target is full. */
static size_t read_all(int file, char *target, size_t capacity, const char *path) {
	size_t used = 0;
	while (used < capacity) {
		ssize_t got = read(file, target + used, capacity - used);
		if (got == 0) {
			break;
		}
		if (got < 0 && errno != EINTR) {
			log_fatal(EX_CONFIG, "secret_unreadable", "path=\"%s\" error=\"%s\"", path,
				strerror(errno));
		}
		used += got > 0 ? (size_t)got : 0;
	}
	return used;
}

size_t secret_file_read(char target[SECRET_FILE_BYTES_MAX + 1], const char *path) {
	int file = open_checked(path);
	size_t size = read_all(file, target, SECRET_FILE_BYTES_MAX + 1, path);
	close(file);
	if (size > SECRET_FILE_BYTES_MAX || memchr(target, '\0', size) != NULL) {
		log_fatal(EX_CONFIG, "secret_unreadable",
			"path=\"%s\" error=\"not a text of at most %u bytes\"", path,
			SECRET_FILE_BYTES_MAX);
	}
	target[size] = '\0';
	return size;
}
