/*
 * ledger_bench - what a booking costs on its way into the ledger, and out of it as a confirmation.
 *
 *	ledger_bench [BOOKINGS [BATCH [PLAN [CONTACTS]]]]
 *
 * Writes BOOKINGS (1000000) of as many people, in decisions of BATCH (250) answers, by the fulfiller's
 * own plans of PLAN (PLAN_ROWS_FULL) rows and its store, one transaction after the other; after each, the
 * notifier's own ledger looks at them until there is nothing more to do. CONTACTS (0) of a hundred people
 * have a mail box, and their mail counts as sent as soon as it is claimed. Into a campaign of its own in
 * the database that FIRSTCOME_DATABASE_URL names: the owner's, of a copy that nobody needs, for its
 * tables are full of strangers afterwards.
 *
 * Prints one figure a line, of all bookings and of each sixth of them: what grows is seen there. Those of
 * the server are of its processes on this machine, as /proc counts them, while nobody else works for it;
 * without those of this program, others are what it does for itself: its vacuum, its log, its pages.
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
#include "notifier/ledger.h"

#define NAME "ledger_bench"
#define WATCH NAME "_watch"
#define NOTIFIER NAME "_notifier"
#define TIMEOUT_MS 60000
#define SIXTHS 6u
/* Half of the window that a notifier has by default: so many are claimed at once. */
#define ROOM 1000u
#define CLAIM_SECONDS 60u
#define ID_BYTES 32u
#define JSON_BYTES 512u
#define TEXT_BYTES 256u
#define DIE(...) (fprintf(stderr, __VA_ARGS__), fputc('\n', stderr), exit(1))

static struct plan plan;
static struct decision decision;
static char id[ID_BYTES];
static char json[JSON_BYTES];
static struct notice notices[CHANNELS * ROOM];
static struct notice_list empty;
static uint64_t confirmations;
static int64_t contacts_wal_bytes; /* what the bench wrote itself */

/* ---- processor time ---------------------------------------------------------------------------- */

struct process {
	long parent;
	long ticks;
	long ticks_of_the_dead; /* children that it waited for */
};

/* The fields of /proc/PID/stat that are wanted, by proc(5): 4, 14 to 17. False if it is gone. */
static bool read_stat(long pid, struct process *process) {
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
	long ticks[4];
	if (rest == NULL ||
		sscanf(rest, ") %*c %ld %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld %ld %ld",
			&process->parent, &ticks[0], &ticks[1], &ticks[2], &ticks[3]) != 5) {
		return false;
	}
	process->ticks = ticks[0] + ticks[1];
	process->ticks_of_the_dead = ticks[2] + ticks[3];
	return true;
}

static int64_t ask_number(struct database *database, const char *sql) {
	struct database_rows *rows = NULL;
	if (database_query(database, sql, NULL, 0, TIMEOUT_MS, &rows) != DATABASE_OK) {
		DIE("%s: %s", sql, database_error(database));
	}
	int64_t number = database_value_i64(rows, 0, 0);
	database_rows_free(rows);
	return number;
}

static long ask_pid(struct database *database, const char *name) {
	char sql[TEXT_BYTES];
	snprintf(sql, sizeof sql, "select pid from pg_stat_activity where application_name = '%s'",
		name);
	return (long)ask_number(database, sql);
}

static int64_t ask_wal_bytes(struct database *database) {
	return ask_number(database, "select (pg_current_wal_lsn() - '0/0')::bigint");
}

struct spent {
	double fulfiller; /* seconds, of the store's connection */
	double notifier;  /* of the notifier's */
	double others;    /* of all other processes of the server */
	double client;    /* of this process */
	int64_t wall_us;
	int64_t wal_bytes;
	uint64_t confirmations;
};

static struct spent measure(struct database *database) {
	long fulfiller = ask_pid(database, NAME);
	long notifier = ask_pid(database, NOTIFIER);
	long watch = ask_pid(database, WATCH);
	double tick = 1.0 / (double)sysconf(_SC_CLK_TCK);
	struct spent spent = {
		.wall_us = clock_monotonic_us(),
		.wal_bytes = ask_wal_bytes(database) - contacts_wal_bytes,
		.confirmations = confirmations,
	};
	struct process backend;
	struct process server;
	struct process process;
	if (!read_stat(fulfiller, &backend) || !read_stat(backend.parent, &server)) {
		DIE("the server is not on this machine: process %ld", fulfiller);
	}
	spent.others = (double)server.ticks_of_the_dead * tick;
	DIR *folder = opendir("/proc");
	const struct dirent *entry;
	while (folder != NULL && (entry = readdir(folder)) != NULL) {
		long pid = strtol(entry->d_name, NULL, 10);
		if (pid > 0 && pid != watch && read_stat(pid, &process) &&
			process.parent == backend.parent) {
			double *share = pid == fulfiller  ? &spent.fulfiller
					: pid == notifier ? &spent.notifier
							  : &spent.others;
			*share += (double)process.ticks * tick;
		}
	}
	closedir(folder);
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	spent.client = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
	return spent;
}

static void print_sixth(
	uint32_t sixth, const struct spent *from, const struct spent *to, double each) {
	printf("sixth_%" PRIu32 "_backend_us_per_booking %.2f\n", sixth,
		(to->fulfiller - from->fulfiller) * each);
	printf("sixth_%" PRIu32 "_notifier_us_per_booking %.2f\n", sixth,
		(to->notifier - from->notifier) * each);
	printf("sixth_%" PRIu32 "_other_server_us_per_booking %.2f\n", sixth,
		(to->others - from->others) * each);
}

static void print_all(const struct spent *from, const struct spent *to, uint32_t bookings) {
	double each = 1e6 / bookings;
	printf("bookings_per_second %.0f\n",
		bookings / ((double)(to->wall_us - from->wall_us) / 1e6));
	printf("backend_us_per_booking %.2f\n", (to->fulfiller - from->fulfiller) * each);
	printf("notifier_us_per_booking %.2f\n", (to->notifier - from->notifier) * each);
	printf("other_server_us_per_booking %.2f\n", (to->others - from->others) * each);
	printf("client_us_per_booking %.2f\n", (to->client - from->client) * each);
	printf("wal_bytes_per_booking %.0f\n",
		(double)(to->wal_bytes - from->wal_bytes) / bookings);
	uint64_t sent = to->confirmations - from->confirmations;
	printf("confirmations %" PRIu64 "\n", sent);
	if (sent > 0) {
		printf("notifier_us_per_confirmation %.2f\n",
			(to->notifier - from->notifier) * 1e6 / (double)sent);
	}
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

/* ---- confirmations ----------------------------------------------------------------------------- */

static void know_contacts(
	struct database *database, uint32_t ordinal, uint32_t first, uint32_t share) {
	char texts[3][TEXT_BYTES];
	snprintf(texts[0], TEXT_BYTES, "%" PRIu32, ordinal);
	snprintf(texts[1], TEXT_BYTES, "%" PRIu32, first);
	snprintf(texts[2], TEXT_BYTES, "%" PRIu32, share);
	const char *values[] = {texts[0], texts[1], texts[2]};
	int64_t before = ask_wal_bytes(database);
	if (database_query(database,
		    "insert into contacts (identity, account, channel, contact, locale, "
		    "verified_at)"
		    " select account, account, 1, 'someone-' || number || '@example.test', 'en', "
		    "now()"
		    " from bookings where campaign = $1 and number >= $2 and number % 100 < $3",
		    values, 3, TIMEOUT_MS, NULL) != DATABASE_OK) {
		DIE("%s", database_error(database));
	}
	contacts_wal_bytes += ask_wal_bytes(database) - before;
}

static void send_claimed(struct notice_list *claimed, struct notice_list *sent) {
	struct notice *notice;
	while ((notice = notice_list_pop(claimed)) != NULL) {
		delivery_move(&notice->delivery, DELIVERY_TAKEN, NULL);
		snprintf(notice->provider_id, sizeof notice->provider_id, "queued as A1B2C3D4E5");
		notice_list_push(sent, notice);
		confirmations++;
	}
}

static void notify(struct ledger *ledger) {
	struct notice_list sent;
	bool more = true;
	notice_list_init(&sent);
	while (more || sent.count > 0) {
		struct ledger_round round = {.room = {ROOM, ROOM}, .holds_back = {true, true}};
		notice_list_init(&round.empty);
		notice_list_init(&round.unsettled);
		notice_list_move(&round.empty, &empty);
		notice_list_move(&round.unsettled, &sent);
		ledger_round(ledger, &round);
		if (round.outcome != DATABASE_OK) {
			DIE("%s", ledger_error(ledger));
		}
		more = round.more[0];
		notice_list_move(&empty, &round.empty);
		send_claimed(&round.claimed, &sent);
	}
}

/* ---- all --------------------------------------------------------------------------------------- */

static uint32_t argument(int argc, char **argv, int place, uint32_t otherwise) {
	return argc > place ? (uint32_t)strtoul(argv[place], NULL, 10) : otherwise;
}

int main(int argc, char **argv) {
	uint32_t bookings = argument(argc, argv, 1, 1000000);
	uint32_t batch = argument(argc, argv, 2, 250);
	uint32_t rows = argument(argc, argv, 3, PLAN_ROWS_FULL);
	uint32_t contacts = argument(argc, argv, 4, 0);
	const char *url = getenv("FIRSTCOME_DATABASE_URL");
	if (url == NULL || batch == 0 || batch > BATCH_REQUESTS_MAX || bookings < SIXTHS) {
		DIE("usage: FIRSTCOME_DATABASE_URL=... ledger_bench [BOOKINGS [BATCH [PLAN "
		    "[CONTACTS]]]]");
	}
	struct database *database = database_create(url, WATCH);
	struct store *store = store_create(url, NAME);
	struct ledger *ledger = ledger_create(&(struct ledger_options){
		.database_url = url,
		.claimed_by = NOTIFIER,
		.claim_seconds = CLAIM_SECONDS,
	});
	notice_list_init(&empty);
	for (size_t i = 0; i < sizeof notices / sizeof *notices; i++) {
		notice_list_push(&empty, &notices[i]);
	}
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
	notify(ledger);
	struct spent before = measure(database);
	struct spent last = before;
	uint32_t transactions = 0;
	uint32_t written = 0;
	uint32_t last_written = 0;
	uint32_t sixth = 1;
	for (uint32_t first = 1; first <= bookings; first += batch) {
		uint32_t left = bookings - first + 1;
		book(ordinal, first, (uint16_t)(left < batch ? left : batch));
		add();
		if (plan.bookings.count < rows && left > batch) {
			continue;
		}
		uint32_t count = plan.bookings.count;
		write_plan(store, &claim);
		transactions++;
		if (contacts > 0) {
			know_contacts(database, ordinal, written + 1, contacts);
		}
		notify(ledger);
		written += count;
		if (written >= (uint64_t)bookings * sixth / SIXTHS) {
			struct spent now = measure(database);
			print_sixth(sixth++, &last, &now, 1e6 / (written - last_written));
			last = now;
			last_written = written;
		}
	}
	printf("transactions %" PRIu32 "\n", transactions);
	print_all(&before, &last, bookings);
	ledger_destroy(ledger);
	store_destroy(store);
	database_destroy(database);
	plan_finish(&plan);
	return 0;
}
