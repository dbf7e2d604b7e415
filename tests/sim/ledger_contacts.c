/*
 * ledger_contacts - what remember_contact and merge_accounts (deploy/postgres/0002_people.sql) do.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/json.h"
#include "common/memory.h"
#include "common/pure/text.h"
#include "tests/sim/database.h"
#include "tests/sim/ledger.h"

static bool is_same(const struct account_id *a, const struct account_id *b) {
	return memcmp(a, b, sizeof *a) == 0;
}

static struct ledger_merge *merge_of(const struct account_id *old_account) {
	for (size_t i = 0; i < ledger_count(LEDGER_MERGES); i++) {
		struct ledger_merge *merge = ledger_row(LEDGER_MERGES, i);
		if (is_same(&merge->old_account, old_account)) {
			return merge;
		}
	}
	return NULL;
}

/* Everything of old_account belongs to new_account from now on. */
static void merge_accounts(struct account_id old_account, struct account_id new_account) {
	for (size_t i = 0; i < ledger_count(LEDGER_MERGES); i++) {
		struct ledger_merge *merge = ledger_row(LEDGER_MERGES, i);
		if (is_same(&merge->new_account, &old_account)) {
			ledger_touch(LEDGER_MERGES, merge);
			merge->new_account = new_account;
		}
	}
	struct ledger_merge *merge = merge_of(&old_account);
	if (merge == NULL) {
		merge = ledger_insert(LEDGER_MERGES);
		merge->old_account = old_account;
	} else {
		ledger_touch(LEDGER_MERGES, merge);
	}
	merge->new_account = new_account;
	for (size_t i = 0; i < ledger_count(LEDGER_CONTACTS); i++) {
		struct ledger_contact *contact = ledger_row(LEDGER_CONTACTS, i);
		if (is_same(&contact->account, &old_account)) {
			ledger_touch(LEDGER_CONTACTS, contact);
			contact->account = new_account;
		}
	}
}

static struct ledger_contact *contact_of(const struct identity *identity) {
	for (size_t i = 0; i < ledger_count(LEDGER_CONTACTS); i++) {
		struct ledger_contact *contact = ledger_row(LEDGER_CONTACTS, i);
		if (memcmp(&contact->identity, identity, sizeof *identity) == 0) {
			return contact;
		}
	}
	return NULL;
}

static void remember_contact(const struct verified_contact *said) {
	struct account_id proven = ledger_account_now(&said->account);
	struct ledger_contact *contact = contact_of(&said->identity);
	int64_t verified_at_us = said->verified_at_ms * 1000;
	bool merges = contact != NULL && !is_same(&contact->account, &proven);
	if (merges) {
		if (said->linked) {
			merge_accounts(contact->account, proven);
		} else {
			merge_accounts(proven, contact->account);
			proven = contact->account;
		}
	}
	if (contact == NULL || merges) {
		struct ledger_news *news = ledger_insert(LEDGER_NEWS);
		news->account = proven;
	}
	if (contact == NULL) {
		contact = ledger_insert(LEDGER_CONTACTS);
		contact->identity = said->identity;
		contact->account = proven;
		contact->channel = said->channel;
	} else if (contact->verified_at_us > verified_at_us) {
		return;
	} else {
		ledger_touch(LEDGER_CONTACTS, contact);
	}
	int size = snprintf(contact->contact, sizeof contact->contact, "%s", said->contact);
	assert((size_t)size < sizeof contact->contact);
	snprintf(contact->locale, sizeof contact->locale, "%s", said->locale);
	contact->verified_at_us = verified_at_us;
}

static void read_hex(uint8_t *target, size_t size, const char *digits) {
	bool read = text_parse_hex(digits, strlen(digits), target, size);
	assert(read);
}

static enum database_outcome remember_contacts(struct statement_call *call) {
	static char wrapped[STATEMENT_TEXT_BYTES_MAX];
	int size = snprintf(wrapped, sizeof wrapped, "{\"contacts\":%s}", call_text(call, 1));
	assert((size_t)size < sizeof wrapped);
	struct json_object all;
	json_init(&all, wrapped, (size_t)size);
	size_t count = json_array_count(&all, "contacts");
	for (size_t i = 0; i < count; i++) {
		struct json_object one;
		bool found = json_array_item(&one, &all, "contacts", i);
		assert(found);
		struct verified_contact said = {0};
		read_hex(said.identity.bytes, IDENTITY_BYTES, json_string(&one, "identity", 64));
		read_hex(said.account.bytes, ACCOUNT_BYTES, json_string(&one, "account", 64));
		said.channel = (enum channel)json_u64(&one, "channel", 1, 2);
		said.verified_at_ms = (int64_t)json_u64(&one, "verified_ms", 0, INT64_MAX / 1000);
		said.linked = json_bool(&one, "linked");
		snprintf(said.contact, sizeof said.contact, "%s",
			json_string(&one, "contact", CONTACT_BYTES_MAX));
		snprintf(said.locale, sizeof said.locale, "%s",
			json_string(&one, "locale", sizeof said.locale - 1));
		assert(!one.failed);
		remember_contact(&said);
	}
	assert(!all.failed && count > 0);
	json_finish(&all);
	return DATABASE_OK;
}

const struct statement ledger_contacts_statements[] = {
	{"select remember_contact", UINT64_C(0xf79e5c68386ab3cd), remember_contacts},
	{NULL, 0, NULL},
};
