#include "tests/fake/fake_ledger.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct store {
	struct fake_ledger ledger;
};

struct fake_ledger *fake_ledger(struct store *store) {
	return &store->ledger;
}

struct store *store_create(const char *url, const char *name) {
	(void)url;
	(void)name;
	return calloc(1, sizeof(struct store));
}

void store_destroy(struct store *store) {
	free(store);
}

__attribute__((format(printf, 2, 3))) static void note(
	struct store *store, const char *format, ...) {
	char *transcript = store->ledger.transcript;
	size_t used = strlen(transcript);
	if (used > 0) {
		used += (size_t)snprintf(
			transcript + used, sizeof store->ledger.transcript - used, "; ");
	}
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(transcript + used, sizeof store->ledger.transcript - used, format, arguments);
	va_end(arguments);
}

static const char *name_of(enum store_outcome outcome) {
	static const char *const names[] = {
		[STORE_DONE] = "done",
		[STORE_BUSY] = "busy",
		[STORE_MOVED] = "moved",
		[STORE_UNAVAILABLE] = "unavailable",
		[STORE_BROKEN] = "broken",
	};
	return names[outcome];
}

static enum store_outcome take_fault(struct fake_ledger *ledger, enum store_outcome *fault) {
	enum store_outcome outcome = *fault;
	if (outcome != STORE_DONE && --ledger->faults_count == 0) {
		*fault = STORE_DONE;
	}
	return outcome;
}

enum store_outcome store_claim(
	struct store *store, const char *id, uint32_t ordinal, struct store_claim *claim) {
	(void)id;
	(void)ordinal;
	struct fake_ledger *ledger = &store->ledger;
	enum store_outcome outcome = take_fault(ledger, &ledger->claim_fault);
	if (outcome != STORE_DONE) {
		note(store, "claim %s", name_of(outcome));
		return outcome;
	}
	note(store, "claim %" PRIu64, ledger->n);
	*claim = (struct store_claim){
		.defined = ledger->defined,
		.n = ledger->n,
		.digest = {ledger->digest},
	};
	return STORE_DONE;
}

enum store_outcome store_write(struct store *store, struct store_claim *claim, struct plan *plan) {
	struct fake_ledger *ledger = &store->ledger;
	enum store_outcome outcome = take_fault(ledger, &ledger->write_fault);
	if (outcome == STORE_DONE && claim->n != ledger->n) {
		outcome = STORE_MOVED;
	}
	if (outcome == STORE_DONE || ledger->doubtful) {
		ledger->n = plan->last_n;
		ledger->digest = plan->digest[0];
		ledger->defined = ledger->defined || plan->definition_size > 0;
		ledger->doubtful = false;
	}
	note(store, "write %" PRIu64 "-%" PRIu64 "%s%s", plan->base_n + 1, plan->last_n,
		outcome == STORE_DONE ? "" : " ", outcome == STORE_DONE ? "" : name_of(outcome));
	if (outcome == STORE_DONE) {
		claim->n = ledger->n;
		claim->defined = ledger->defined;
		memset(claim->digest, 0, sizeof claim->digest);
		claim->digest[0] = ledger->digest;
	}
	return outcome;
}

int store_pause_ms(const struct store *store) {
	(void)store;
	return 1;
}

const char *store_error(const struct store *store) {
	(void)store;
	return "the ledger said no";
}
