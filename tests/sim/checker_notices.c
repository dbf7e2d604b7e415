/*
 * checker_notices - everybody who is owed a message got it, and nobody got it twice.
 *
 * A message that the provider took twice is a bug, unless the notifier could not know of the first
 * taking: the provider did not say so, or said the opposite, or the notifier died before it could write
 * it down. Then the second one bears the same name, which it does by how it is found here, and the
 * ledger has counted that nobody knew (notices.ambiguous), except for a lie, which nobody can notice.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "notifier/notice.h"
#include "tests/sim/checker.h"
#include "tests/sim/ledger.h"
#include "tests/sim/notifier_node.h"
#include "tests/sim/provider.h"

#define NOTICES_MAX 16384u
/* More than a message needs to the provider, and its answer back into the ledger. */
#define WAY_US INT64_C(2000000)

/* Of the messages, by the index of their notices. */
static char names[NOTICES_MAX][MESSAGE_NAME_BYTES];

static const struct ledger_notice *notice_at(size_t index) {
	return ledger_row(LEDGER_NOTICES, index);
}

static void write_names(void) {
	assert(ledger_count(LEDGER_NOTICES) <= NOTICES_MAX);
	for (size_t i = 0; i < ledger_count(LEDGER_NOTICES); i++) {
		const struct ledger_notice *notice = notice_at(i);
		const struct ledger_campaign *campaign = ledger_campaign(notice->campaign);
		snprintf(names[i], MESSAGE_NAME_BYTES, "%s-%" PRIu32 "-%s",
			campaign == NULL ? "?" : campaign->id, notice->number,
			template_name(notice->template));
	}
}

static const char *channel_name(int channel) {
	return channel == CHANNEL_EMAIL ? "email" : "SMS";
}

/* ---- people ------------------------------------------------------------------------------------ */

static const struct ledger_contact *contact_of(const struct ledger_booking *booking, int channel) {
	struct account_id account = ledger_account_now(&booking->account);
	for (size_t i = 0; i < ledger_count(LEDGER_CONTACTS); i++) {
		const struct ledger_contact *contact = ledger_row(LEDGER_CONTACTS, i);
		if (memcmp(&contact->account, &account, sizeof account) == 0 &&
			(int)contact->channel == channel) {
			return contact;
		}
	}
	return NULL;
}

bool checker_notices_are_done(void) {
	if (ledger_has_news()) {
		return false;
	}
	for (size_t i = 0; i < ledger_count(LEDGER_NOTICES); i++) {
		const struct ledger_notice *notice = notice_at(i);
		if (notice->state == DELIVERY_DUE || notice->state == DELIVERY_CLAIMED) {
			return false;
		}
	}
	return true;
}

/* ---- owed -------------------------------------------------------------------------------------- */

static bool has_notice(const struct ledger_booking *booking, enum template template, int channel) {
	for (size_t i = 0; i < ledger_count(LEDGER_NOTICES); i++) {
		const struct ledger_notice *notice = notice_at(i);
		if (notice->campaign == booking->campaign && notice->number == booking->number &&
			notice->template == template && notice->channel == channel) {
			return true;
		}
	}
	return false;
}

/* By all channels of its person that the campaign insists on, and by one at least; by none if there is
 * none. */
static void check_owed(const struct ledger_booking *booking, enum template template) {
	const struct ledger_campaign *campaign = ledger_campaign(booking->campaign);
	bool may_be_told = false;
	bool any = false;
	for (int channel = CHANNEL_EMAIL; channel <= CHANNEL_SMS; channel++) {
		bool has = has_notice(booking, template, channel);
		bool knows = contact_of(booking, channel) != NULL;
		may_be_told |= knows;
		any |= has;
		if (knows && !has && ledger_insists_on(campaign, channel)) {
			violation(ZERO_LOST,
				"%s-%" PRIu32 "-%s is owed by %s, but there is no notice",
				campaign->id, booking->number, template_name(template),
				channel_name(channel));
		}
	}
	if (may_be_told && !any) {
		violation(ZERO_LOST, "%s-%" PRIu32 "-%s is owed, but there is no notice",
			campaign->id, booking->number, template_name(template));
	}
}

static enum template template_of_booking(const struct ledger_booking *booking) {
	if (booking->rank != 0) {
		return TEMPLATE_WAITLISTED;
	}
	return ledger_campaign(booking->campaign)->has_price ? TEMPLATE_HELD : TEMPLATE_BOOKED;
}

/* TEMPLATE_CODE: nobody is told. */
static enum template template_of_change(const struct ledger_change *change) {
	if (change->cause == EFFECT_PROMOTED_BOOKED || change->cause == EFFECT_PROMOTED_HELD) {
		return TEMPLATE_PROMOTED;
	}
	return change->status == BOOKING_BOOKED      ? TEMPLATE_BOOKED
	       : change->status == BOOKING_RELEASED  ? TEMPLATE_RELEASED
	       : change->status == BOOKING_CANCELLED ? TEMPLATE_CANCELLED
						     : TEMPLATE_CODE;
}

static void check_all_owed(void) {
	for (size_t i = 0; i < ledger_count(LEDGER_BOOKINGS); i++) {
		const struct ledger_booking *booking = ledger_row(LEDGER_BOOKINGS, i);
		check_owed(booking, template_of_booking(booking));
	}
	for (size_t i = 0; i < ledger_count(LEDGER_CHANGES); i++) {
		const struct ledger_change *change = ledger_row(LEDGER_CHANGES, i);
		const struct ledger_booking *booking =
			ledger_booking(change->campaign, change->number);
		enum template template = template_of_change(change);
		if (!change->removed && booking != NULL && template != TEMPLATE_CODE) {
			check_owed(booking, template);
		}
	}
}

static bool is_owed(const struct ledger_notice *notice, const struct ledger_booking *booking) {
	if (template_of_booking(booking) == notice->template) {
		return true;
	}
	for (size_t i = 0; i < ledger_count(LEDGER_CHANGES); i++) {
		const struct ledger_change *change = ledger_row(LEDGER_CHANGES, i);
		if (!change->removed && change->campaign == notice->campaign &&
			change->number == notice->number &&
			template_of_change(change) == notice->template) {
			return true;
		}
	}
	return false;
}

/* ---- its end ----------------------------------------------------------------------------------- */

static size_t count_delivered(const struct ledger_notice *notice, const char *name) {
	size_t count = 0;
	for (size_t i = 0; i < provider_delivered_count(); i++) {
		const struct mail_item *item = &provider_delivered(i)->item;
		count += (int)item->channel == notice->channel && strcmp(item->name, name) == 0;
	}
	return count;
}

static bool may_have_failed(const struct ledger_notice *notice, const char *name) {
	return notice->attempts >= DELIVERY_ATTEMPTS_MAX ||
	       notice->ambiguous >= DELIVERY_AMBIGUOUS_MAX ||
	       provider_rejections((enum channel)notice->channel, name) > 0;
}

static bool is_true(const struct ledger_notice *notice, enum booking_status status) {
	return notice_is_true(&(struct notice){.template = notice->template, .status = status});
}

static enum booking_status status_at_first(const struct ledger_booking *booking) {
	static const enum booking_status statuses[] = {
		[TEMPLATE_BOOKED] = BOOKING_BOOKED,
		[TEMPLATE_HELD] = BOOKING_HELD,
		[TEMPLATE_WAITLISTED] = BOOKING_WAITING,
	};
	return statuses[template_of_booking(booking)];
}

/* It was owed once, and untrue later: a later notice told more. It may be true again by now: a hold
 * that was released, and paid all the same. Changes are in their order. */
static bool became_untrue(
	const struct ledger_notice *notice, const struct ledger_booking *booking) {
	bool was_owed = template_of_booking(booking) == notice->template;
	bool untrue = was_owed && !is_true(notice, status_at_first(booking));
	for (size_t i = 0; i < ledger_count(LEDGER_CHANGES) && !untrue; i++) {
		const struct ledger_change *change = ledger_row(LEDGER_CHANGES, i);
		if (!change->removed && change->campaign == notice->campaign &&
			change->number == notice->number) {
			was_owed |= template_of_change(change) == notice->template;
			untrue = was_owed && !is_true(notice, change->status);
		}
	}
	return untrue;
}

static void check_end(const struct ledger_notice *notice, const struct ledger_booking *booking,
	const char *name) {
	const char *channel = channel_name(notice->channel);
	switch (notice->state) {
	case DELIVERY_SENT:
		if (count_delivered(notice, name) == 0) {
			violation(ZERO_LOST, "%s by %s counts as sent, but nobody got it", name,
				channel);
		}
		return;
	case DELIVERY_FAILED:
		if (!may_have_failed(notice, name)) {
			violation(ZERO_LOST, "%s by %s was given up after %" PRIu32 " attempts: %s",
				name, channel, notice->attempts, notice->error);
		}
		return;
	case DELIVERY_OVERTAKEN:
		if (!became_untrue(notice, booking)) {
			violation(ZERO_LOST,
				"%s by %s counts as overtaken, but never became untrue", name,
				channel);
		}
		return;
	case DELIVERY_DUE:
	case DELIVERY_CLAIMED:
		break;
	}
	violation(ZERO_STUCK, "%s by %s was never sent: it is %s since %" PRId64 " ms", name,
		channel, notice->state == DELIVERY_DUE ? "due" : "claimed",
		(ledger_now_us() - notice->due_at_us) / 1000);
}

/* ---- twice ------------------------------------------------------------------------------------- */

/* Told that it was taken, and there long enough to write that down; and whoever sent it again was there
 * all the time, or it had claimed it before, and did not know what had become of its claim. */
static bool was_known(const struct delivered *first, const struct delivered *second) {
	const struct mail_item *by = &first->item;
	return first->fate == PROVIDER_TAKES &&
	       !notifier_node_died(by->node, by->incarnation, second->time_us) &&
	       !notifier_node_was_absent(
		       by->node, first->time_us - WAY_US, first->time_us + WAY_US) &&
	       !notifier_node_was_absent(
		       second->item.node, first->time_us - WAY_US, second->time_us);
}

static void check_twice(const struct ledger_notice *notice, const char *name) {
	const struct delivered *first = NULL;
	uint32_t unknown = 0;
	for (size_t i = 0; i < provider_delivered_count(); i++) {
		const struct delivered *next = provider_delivered(i);
		if ((int)next->item.channel != notice->channel ||
			strcmp(next->item.name, name) != 0) {
			continue;
		}
		if (first != NULL && was_known(first, next)) {
			violation(ZERO_NOTIFIED_TWICE,
				"%s was delivered by %s again %" PRId64
				" ms after its notifier had been told that it was taken",
				name, channel_name(notice->channel),
				(next->time_us - first->time_us) / 1000);
		}
		unknown += first != NULL && first->fate != PROVIDER_TAKES_AND_DENIES;
		first = next;
	}
	if (notice->ambiguous < unknown) {
		violation(ZERO_NOTIFIED_TWICE,
			"%s was sent again %" PRIu32
			" times without anybody knowing whether it had "
			"been taken, but only %" PRIu32 " are counted",
			name, unknown, notice->ambiguous);
	}
}

/* ---- all --------------------------------------------------------------------------------------- */

static void check_notice(const struct ledger_notice *notice, const char *name) {
	const struct ledger_booking *booking = ledger_booking(notice->campaign, notice->number);
	if (booking == NULL || !is_owed(notice, booking)) {
		violation(ZERO_DIVERGED, "%s by %s is a notice that nobody is owed", name,
			channel_name(notice->channel));
		return;
	}
	check_end(notice, booking, name);
	check_twice(notice, name);
}

/* What was delivered was owed, to that person. */
static void check_delivered(const struct delivered *delivered) {
	const struct mail_item *item = &delivered->item;
	for (size_t i = 0; i < ledger_count(LEDGER_NOTICES); i++) {
		const struct ledger_notice *notice = notice_at(i);
		if (notice->channel != (int)item->channel || strcmp(names[i], item->name) != 0) {
			continue;
		}
		const struct ledger_booking *booking =
			ledger_booking(notice->campaign, notice->number);
		struct account_id account = ledger_account_now(&booking->account);
		for (size_t j = 0; j < ledger_count(LEDGER_CONTACTS); j++) {
			const struct ledger_contact *contact = ledger_row(LEDGER_CONTACTS, j);
			if (memcmp(&contact->account, &account, sizeof account) == 0 &&
				strstr(contact->contact, item->to) != NULL) {
				return;
			}
		}
		violation(ZERO_DIVERGED, "%s went to %s, which is no contact of its person",
			item->name, item->to);
		return;
	}
	violation(ZERO_DIVERGED, "%s was delivered to %s, but there is no such notice", item->name,
		item->to);
}

void checker_notices(void) {
	write_names();
	check_all_owed();
	for (size_t i = 0; i < ledger_count(LEDGER_NOTICES); i++) {
		check_notice(notice_at(i), names[i]);
	}
	for (size_t i = 0; i < provider_delivered_count(); i++) {
		check_delivered(provider_delivered(i));
	}
}
