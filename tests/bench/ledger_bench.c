/*
 * ledger_bench - what a booking costs on its way into the ledger.
 *
 *	ledger_bench [BOOKINGS [BATCH [PLAN]]]		1000000, 250 and PLAN_ROWS_FULL if left out
 *
 * Writes bookings of as many people, in decisions of BATCH answers, by the fulfiller's own plans of
 * PLAN rows and its store, one transaction after the other, into a campaign of its own in the
 * database that FIRSTCOME_DATABASE_URL names: the owner's, of a copy that nobody needs, for its
 * tables are full of strangers afterwards. Prints one figure a line; those of the server are of its
 * processes on this machine, as /proc counts them, while nobody else works for it.
 */
#include <assert.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/crypto.h"
#include "common/database.h"
#include "fulfiller/plan.h"
#include "fulfiller/store.h"

#define NAME "ledger_bench"
#define ID_BYTES 32u
#define JSON_BYTES 512u
#define TEXT_BYTES 256u
#define DIE(...) (fprintf(stderr, __VA_ARGS__), fputc('\n', stderr), exit(1))

static struct plan plan;
static struct decision decision;
static char id[ID_BYTES];
static char json[JSON_BYTES];

/* ---- processor time ---------------------------------------------------------------------------- */

/* The fields of /proc/PID/stat that are wanted, by proc(5): 4, 14 and 15. False if it is gone. */
static bool read_stat(long pid, long *parent, long *ticks) {
	char path[TEXT_BYTES];
	char line[1024] = "";
	snprintf(path, sizeof path, "/proc/%ld/stat", pid);
	FILE *file = fopen(path, "r");
	if (file == NULL) {
		return false;
	}
	bool read = fgets(line, sizeof line, file) != NULL;
	fclose(file);
	const char *rest = read ? strrchr(line, ')') : NULL;
	unsigned long user;
	unsigned long system;
	if (rest == NULL || sscanf(rest, ") %*c %ld %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
				    parent, &user, &system) != 3) {
		return false;
	}
	*ticks = (long)(user + system);
	return true;
}

static long ask_number(struct database *database, const char *sql) {
	struct database_rows *rows = NULL;
	if (database_query(database, sql, NULL, 0, 60000, &rows) != DATABASE_OK) {
		DIE("%s: %s", sql, database_error(database));
	}
	long number = (long)database_value_i64(rows, 0, 0);
	database_rows_free(rows);
	return number;
}

struct spent {
	double backend; /* seconds, of the store's connection */
	double others;  /* of all other processes of the server */
	double client;  /* of this process */
	int64_t wall_us;
	int64_t wal_bytes;
};

static struct spent measure(struct database *database) {
	long pid = ask_number(
		database, "select pid from pg_stat_activity where application_name = '" NAME "'");
	double tick = 1.0 / (double)sysconf(_SC_CLK_TCK);
	struct spent spent = {
		.wall_us = clock_monotonic_us(),
		.wal_bytes = ask_number(database, "select (pg_current_wal_lsn() - '0/0')::bigint"),
	};
	long server = 0;
	long parent;
	long ticks;
	if (!read_stat(pid, &server, &ticks)) {
		DIE("the server is not on this machine: process %ld", pid);
	}
	DIR *folder = opendir("/proc");
	const struct dirent *entry;
	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		long other = strtol(entry->d_name, NULL, 10);
		if (other > 0 && read_stat(other, &parent, &ticks) && parent == server) {
			*(other == pid ? &spent.backend : &spent.others) += (double)ticks * tick;
		}
	}
	closedir(folder);
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	spent.client = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
	return spent;
}

/* ---- bookings ---------------------------------------------------------------------------------- */

static void decide(enum message_kind kind, uint32_t ordinal) {
	decision.n++;
	decision.time_ms = clock_wall_ms();
	decision.request_kind = kind;
	decision.state = CAMPAIGN_OPEN;
	decision.ordinal = ordinal;
	decision.count = 0;
	decision.definition = NULL;
}

static void define(uint32_t ordinal) {
	snprintf(id, sizeof id, "bench-%" PRIu32, ordinal);
	int size = snprintf(json, sizeof json,
		"{\"id\":\"%s\",\"title\":\"Bench\",\"units\":1000000,\"units_per_person\":1}", id);
	decide(MESSAGE_DEFINE, ordinal);
	decision.definition = json;
	decision.definition_size = (uint32_t)size;
}

static void book(uint32_t ordinal, uint32_t first, uint16_t count) {
	decide(MESSAGE_BOOK, ordinal);
	decision.count = count;
	for (uint16_t i = 0; i < count; i++) {
		struct answer *answer = &decision.answers[i];
		*answer = (struct answer){
			.verdict = VERDICT_BOOKED,
			.units = 1,
			.number = first + i,
			.place = first + i,
			.time_ms = decision.time_ms,
		};
		crypto_random(&answer->account, sizeof answer->account);
	}
}

static void add(void) {
	const char *problem = plan_add(&plan, &decision);
	if (problem != NULL) {
		DIE("%s", problem);
	}
}

static void write_plan(struct store *store, struct store_claim *claim) {
	if (store_write(store, claim, &plan) != STORE_DONE) {
		DIE("%s", store_error(store));
	}
	plan_restart(&plan, claim->n);
}

static uint32_t argument(int argc, char **argv, int place, uint32_t otherwise) {
	return argc > place ? (uint32_t)strtoul(argv[place], NULL, 10) : otherwise;
}

int main(int argc, char **argv) {
	uint32_t bookings = argument(argc, argv, 1, 1000000);
	uint32_t batch = argument(argc, argv, 2, 250);
	uint32_t rows = argument(argc, argv, 3, PLAN_ROWS_FULL);
	const char *url = getenv("FIRSTCOME_DATABASE_URL");
	if (url == NULL || batch == 0 || batch > BATCH_REQUESTS_MAX) {
		DIE("usage: FIRSTCOME_DATABASE_URL=... ledger_bench [BOOKINGS [BATCH [PLAN]]]");
	}
	struct database *database = database_create(url, NAME "_watch");
	struct store *store = store_create(url, NAME);
	uint32_t ordinal = (uint32_t)ask_number(
		database, "select greatest(1000000, max(ordinal) + 1) from campaigns");
	plan_init(&plan, ordinal);
	plan_restart(&plan, 0);
	define(ordinal);
	struct store_claim claim;
	if (store_claim(store, id, ordinal, &claim) != STORE_DONE) {
		DIE("%s", store_error(store));
	}
	add();
	write_plan(store, &claim);
	struct spent before = measure(database);
	uint32_t transactions = 0;
	for (uint32_t first = 1; first <= bookings; first += batch) {
		uint32_t left = bookings - first + 1;
		book(ordinal, first, (uint16_t)(left < batch ? left : batch));
		add();
		if (plan.bookings.count >= rows || left <= batch) {
			write_plan(store, &claim);
			transactions++;
		}
	}
	struct spent after = measure(database);
	double each = 1e6 / bookings;
	double seconds = (double)(after.wall_us - before.wall_us) / 1e6;
	printf("transactions %" PRIu32 "\n", transactions);
	printf("bookings_per_second %.0f\n", bookings / seconds);
	printf("backend_us_per_booking %.2f\n", (after.backend - before.backend) * each);
	printf("other_server_us_per_booking %.2f\n", (after.others - before.others) * each);
	printf("client_us_per_booking %.2f\n", (after.client - before.client) * each);
	printf("wal_bytes_per_booking %.0f\n",
		(double)(after.wal_bytes - before.wal_bytes) / bookings);
	store_destroy(store);
	database_destroy(database);
	plan_finish(&plan);
	return 0;
}
