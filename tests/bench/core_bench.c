/*
 * core_bench - how fast the core decides, and how many bytes it needs for a booking.
 *
 *	core_bench [BOOKINGS [BATCH]]		6000000 and 250 if left out
 *
 * Bookings of as many people with one identity each, in batches, from memory: decode, step, encode,
 * seal, as the sequencer does when it replays a campaign. Prints one figure a line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/crypto.h"
#include "common/pure/bytes.h"
#include "common/pure/messages.h"
#include "sequencer/core/campaign.h"
#include "sequencer/seal.h"
#include "sequencer/tables.h"

static struct request request;
static struct decision decision;
static uint8_t bytes[DECISION_BYTES_MAX];
static uint8_t batch[BATCH_BYTES_MAX];

static struct campaign campaign;
static struct tables tables;
static struct seal seal;

/* What was spent where: processor time in nanoseconds, so that a busy machine does not matter. */
static int64_t spent_decode;
static int64_t spent_step;
static int64_t spent_encode;
static int64_t spent_seal;

static int64_t processor_ns(void) {
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static size_t resident_bytes(void) {
	FILE *file = fopen("/proc/self/statm", "r");
	unsigned long pages = 0;
	unsigned long resident = 0;
	if (file != NULL) {
		if (fscanf(file, "%lu %lu", &pages, &resident) != 2) {
			resident = 0;
		}
		fclose(file);
	}
	return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static void step(const struct definition *definition) {
	request.n = campaign.n + 1;
	request.time_ms = INT64_C(1700000000000) + (int64_t)request.n;
	struct campaign_capacity capacity = campaign_capacity(&campaign, definition);
	tables_provide(&tables, &campaign, &capacity);
	campaign_step(&campaign, &request, definition, &decision);
}

static void open_campaign(uint32_t units) {
	static const char json[] = "{}";
	const struct definition definition = {
		.id = "bench",
		.units = units,
		.units_per_person = 1,
		.rules = RULES_NEWEST,
		.opens_by_command = true,
		.closes_by_command = true,
	};
	campaign_init(&campaign);
	tables_init(&tables);
	seal_init(&seal);
	request.kind = MESSAGE_DEFINE;
	request.define = (struct define_request){.ordinal = 1, .json = json, .json_size = 2};
	step(&definition);
	request.kind = MESSAGE_CONTROL;
	request.command = CONTROL_START;
	step(NULL);
}

/* A batch as an ingress would publish it; not counted in the times. */
static size_t make_batch(uint32_t first, uint16_t count) {
	struct bytes_writer writer = bytes_writer_init(batch, sizeof batch);
	const struct batch_id id = {{1}};
	batch_head_encode(&writer, MESSAGE_BOOK, &id, 0);
	for (uint32_t i = 0; i < count; i++) {
		struct book_request entry = {.units = 1};
		uint32_t number = first + i;
		const struct part part = {&number, sizeof number};
		uint8_t hash[48];
		crypto_digest(hash, sizeof hash, &part, 1);
		memcpy(entry.person.account.bytes, hash, 16);
		memcpy(entry.person.identities[0].bytes, hash + 16, 16);
		memcpy(entry.key.bytes, hash + 32, 16);
		entry.person.identities_count = 1;
		book_request_encode(&writer, &entry);
	}
	batch_head_finish(&writer, count);
	return writer.used;
}

static void decide_batch(size_t size) {
	int64_t start = processor_ns();
	if (!request_decode(&request, batch, size)) {
		abort();
	}
	int64_t decoded = processor_ns();
	step(NULL);
	int64_t stepped = processor_ns();
	size_t body = decision_encode_body(&decision, bytes, sizeof bytes - DIGEST_BYTES);
	int64_t encoded = processor_ns();
	seal_append(&seal, batch, size, bytes, body);
	spent_decode += decoded - start;
	spent_step += stepped - decoded;
	spent_encode += encoded - stepped;
	spent_seal += processor_ns() - encoded;
}

int main(int argc, char **argv) {
	uint32_t bookings = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 6000000;
	uint32_t per_batch = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 250;
	if (bookings == 0 || bookings > UNITS_MAX || per_batch == 0 ||
		per_batch > BATCH_REQUESTS_MAX) {
		fprintf(stderr, "usage: core_bench [BOOKINGS [BATCH]]\n");
		return 2;
	}
	crypto_init();
	open_campaign(bookings);
	size_t resident = resident_bytes();
	for (uint32_t first = 0; first < bookings; first += per_batch) {
		uint32_t left = bookings - first;
		decide_batch(make_batch(first, (uint16_t)(left < per_batch ? left : per_batch)));
	}
	double each = (double)bookings;
	int64_t spent = spent_decode + spent_step + spent_encode + spent_seal;
	printf("bookings %u\n", campaign.bookings.count);
	printf("decided_per_second %.0f\n", each / (double)spent * 1e9);
	printf("decode_ns %.0f\n", (double)spent_decode / each);
	printf("step_ns %.0f\n", (double)spent_step / each);
	printf("encode_ns %.0f\n", (double)spent_encode / each);
	printf("seal_ns %.0f\n", (double)spent_seal / each);
	printf("bytes_per_booking %.1f\n", (double)(resident_bytes() - resident) / each);
	tables_finish(&tables);
	return 0;
}
