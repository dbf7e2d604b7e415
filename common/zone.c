/*
 * zone - asks the C library, one zone at a time.
 */
#include "common/zone.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/pure/limits.h"
#include "common/pure/text.h"

#define ZONE_DIRECTORY "/usr/share/zoneinfo/"
#define QUARTER_MS INT64_C(900000)
#define CACHE_ENTRIES 64u

/* The variable TZ is put into the environment once, before the first thread, and only its content
 * changes later: a setenv() while a thread calls getenv() would be a race. */
static char variable[3 + CAMPAIGN_ZONE_BYTES_MAX + 1] = "TZ=UTC";

__attribute__((constructor)) static void own_the_variable(void) {
	putenv(variable);
}

static bool is_name_char(char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == '+' || c == '/';
}

/* Characters of IANA names only: no dot, so no way out of the directory. posix/ and right/ are copies,
 * the latter with leap seconds; localtime is whatever the machine's owner chose. */
bool zone_is_plain(const char *name) {
	size_t size = strnlen(name, CAMPAIGN_ZONE_BYTES_MAX + 1);
	if (size < 1 || size > CAMPAIGN_ZONE_BYTES_MAX || name[0] == '/') {
		return false;
	}
	for (size_t i = 0; i < size; i++) {
		if (!is_name_char(name[i])) {
			return false;
		}
	}
	return strncmp(name, "posix", 5) != 0 && strncmp(name, "right/", 6) != 0 &&
	       strcmp(name, "localtime") != 0;
}

bool zone_is_known(const char *name) {
	if (!zone_is_plain(name)) {
		return false;
	}
	char path[sizeof ZONE_DIRECTORY + CAMPAIGN_ZONE_BYTES_MAX];
	struct text text = text_init(path, sizeof path);
	text_append(&text, ZONE_DIRECTORY);
	text_append(&text, name);
	assert(!text.failed);
	int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0) {
		return false;
	}
	char magic[4];
	bool known = read(file, magic, sizeof magic) == sizeof magic &&
		     memcmp(magic, "TZif", sizeof magic) == 0;
	close(file);
	return known;
}

static int ask_library(const char *name, int64_t time_ms) {
	if (!zone_is_known(name)) {
		return 0;
	}
	memcpy(variable + 3, name, strlen(name) + 1);
	tzset();
	time_t seconds = (time_t)(time_ms / 1000);
	struct tm local;
	return localtime_r(&seconds, &local) == NULL ? 0 : (int)(local.tm_gmtoff / 60);
}

struct cache_entry {
	int64_t quarter;
	int offset_minutes;
	char name[CAMPAIGN_ZONE_BYTES_MAX + 1]; /* "": free */
};

static struct cache_entry cache[CACHE_ENTRIES];

/* FNV-1a over the name, mixed with the quarter of an hour. */
static struct cache_entry *cache_slot(const char *name, int64_t quarter) {
	uint32_t hash = UINT32_C(2166136261) ^ (uint32_t)quarter;
	for (const char *c = name; *c != '\0'; c++) {
		hash = (hash ^ (unsigned char)*c) * UINT32_C(16777619);
	}
	return &cache[(hash ^ hash >> 16) % CACHE_ENTRIES];
}

int zone_offset_minutes(const char *name, int64_t time_ms) {
	if (!zone_is_plain(name)) {
		return 0;
	}
	int64_t quarter = time_ms / QUARTER_MS;
	struct cache_entry *entry = cache_slot(name, quarter);
	if (entry->quarter != quarter || strcmp(entry->name, name) != 0) {
		*entry = (struct cache_entry){
			.quarter = quarter, .offset_minutes = ask_library(name, time_ms)};
		memcpy(entry->name, name, strlen(name) + 1);
	}
	return entry->offset_minutes;
}
